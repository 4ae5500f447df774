//! `spinet ensemble`: two classifiers of texts become one.

use super::{
    Outcome,
    data::DataArgs,
    output,
    split::{Part, SplitName, part},
};
use crate::{
    ensemble::join,
    evaluation::Score,
    inference::Model,
    pipeline::Measure,
    progress::bar,
    record::{EnsembleRecord, ModelFiles},
};
use clap::Args;
use std::path::PathBuf;

/// Join two classifiers of texts: both read a text, and their logits are added
#[derive(Args)]
pub(super) struct Ensemble {
    /// The models (.spinet), of the same classes and trained on the same part of the same data
    #[arg(long, value_name = "FILE,FILE", value_delimiter = ',', num_args = 1.., required = true)]
    models: Vec<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
    /// Where the ensemble goes
    #[arg(long, default_value = "model.spinet", value_name = "FILE")]
    out: PathBuf,
}

impl Ensemble {
    pub fn run(self) -> Outcome {
        let [first, second] = &self.models[..] else {
            let count = self.models.len();
            return Err(format!("--models: an ensemble is of two models, not of {count}").into());
        };
        let paths = [first.as_path(), second.as_path()];
        let files = ModelFiles::of(&self.out)?;
        let [first, second] = [Model::open(first)?, Model::open(second)?];
        let part = part(&first.artifact(), &self.data, SplitName::Validation)?;
        let Part::Texts(validation) = part else {
            return Err("only classifiers of texts can be joined".into());
        };
        // Both logits, and the three scores.
        let progress = bar(5 * validation.len(), "joining");
        let joined = join([&first, &second], &validation, &progress)?;
        progress.finish_and_clear();
        files.write_ensemble(&EnsembleRecord {
            command: &super::command_line(),
            networks: [(paths[0], &first), (paths[1], &second)],
            joined: &joined,
        })?;
        output::line("validation")?;
        let show = |score: &Score| Measure::Class.show(score.loss, score.accuracy);
        for ((path, weight), score) in paths.iter().zip(joined.weights).zip(&joined.single) {
            let path = path.display();
            output::line(format_args!(
                "{}, its logits count {weight:.3}: {path}",
                show(score)
            ))?;
        }
        output::line(format_args!("{}, together", show(&joined.together)))?;
        output::line(format_args!(
            "{}: {} bytes",
            self.out.display(),
            output::thousands(joined.artifact.len())
        ))?;
        Ok(true)
    }
}
