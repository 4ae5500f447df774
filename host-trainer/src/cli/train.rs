//! `spinet train`: from data to a model.

use super::{Outcome, data::DataArgs, output};
use crate::{
    data::{self, text::TextShares},
    inference::Model,
    pipeline::{self, Data, Event, Measure, SoftLabels, Start, Trained},
    recipe::{Recipe, RecipeFields},
    record::ModelFiles,
    training::{Checkpoint, Score},
};
use clap::Args;
use std::{
    io,
    path::{Path, PathBuf},
};

/// Train a network and quantise it: on labelled texts, a text to continue, or series of vectors
#[derive(Args)]
pub(super) struct Train {
    #[command(flatten)]
    data: DataArgs,
    /// A shipped recipe (a name that is none lists them) or a TOML file
    #[arg(long, default_value = "default", value_name = "NAME|FILE")]
    recipe: String,
    /// Where the model goes; its float network, curves and provenance go beside it
    #[arg(long, default_value = "model.spinet", value_name = "MODEL")]
    out: PathBuf,
    /// Texts of the same kind without labels, one a line, for a teacher to label; those that
    /// come with the data need not be named
    #[arg(long, value_name = "FILE")]
    unlabelled: Option<PathBuf>,
    /// Models (.spinet) that teach a classifier of texts beside the recipe's teacher: the mean of
    /// their logits counts
    #[arg(long, value_name = "FILE,...", value_delimiter = ',')]
    teachers: Vec<PathBuf>,
    /// What teachers said of these texts before (see `spinet distill`), instead of any teacher
    #[arg(long, value_name = "FILE", conflicts_with = "teachers")]
    soft_labels: Option<PathBuf>,
    /// Go on with this float network (a model's .float file) instead of fresh weights; with
    /// `--epochs 0` it is only quantised
    #[arg(long, value_name = "FILE")]
    float: Option<PathBuf>,
    #[command(flatten)]
    fields: RecipeFields,
}

impl Train {
    pub fn run(self) -> Outcome {
        let recipe = Recipe::named(&self.recipe, self.fields)?;
        recipe.check()?;
        let network = match &self.float {
            Some(path) => Some(Checkpoint::read(path)?.network),
            None => None,
        };
        let shares = TextShares {
            validation: recipe.validation,
            test: recipe.test,
        };
        let mut data = self.data.load(recipe.reads, shares)?;
        if let Some(path) = &self.unlabelled {
            let texts = data::load_unlabelled(path)?;
            match &mut data {
                Data::Texts(corpus) => corpus.unlabelled.extend(texts),
                _ => return Err("--unlabelled goes with labelled texts only".into()),
            }
        }
        let command = super::command_line();
        let teachers = self.teachers.iter().map(|path| Model::open(path));
        let start = Start {
            network,
            teachers: teachers.collect::<Result<_, _>>()?,
            soft_labels: match &self.soft_labels {
                Some(path) => Some(SoftLabels::read(path)?),
                None => None,
            },
            checkpoint: None,
        };
        train(data, &recipe, start, &self.out, &command)?;
        Ok(true)
    }
}

/// Trains, tells how it goes and writes the model's files.
pub(super) fn train(
    data: Data,
    recipe: &Recipe,
    start: Start,
    out: &Path,
    command: &str,
) -> Result<Trained, Box<dyn std::error::Error>> {
    let files = ModelFiles::of(out)?;
    let mut broken = None;
    let start = Start {
        checkpoint: Some(files.checkpoint.clone()),
        ..start
    };
    let trained = pipeline::train(data, recipe, start, &mut |event| {
        if let Err(error) = tell(&event) {
            broken.get_or_insert(error);
        }
    })?;
    // Whether or not somebody listens, the model is not lost.
    files.write(command, recipe, &trained)?;
    if let Some(error) = broken {
        return Err(error.into());
    }
    summary(&trained, out)?;
    Ok(trained)
}

const EPOCHS: &str = "epoch    loss  accuracy  val. loss  val. accuracy  tokens/s  seconds";

pub(super) fn tell(event: &Event<'_>) -> io::Result<()> {
    let n = output::thousands;
    match event {
        Event::Split {
            train,
            validation,
            test,
        } => output::line(format_args!(
            "{} examples to train, {} to validate, {} to test",
            n(*train),
            n(*validation),
            n(*test)
        )),
        Event::Teacher {
            unlabelled,
            training,
            validation,
        } => {
            let show = |score: &Score| Measure::Class.show(score.loss, score.accuracy);
            output::line(format_args!(
                "teacher: {} in training; {} in validation; {} texts without a label",
                show(training),
                show(validation),
                n(*unlabelled)
            ))
        }
        Event::Vocabulary {
            words,
            tokens,
            unknown,
        } => {
            output::line(format_args!(
                "{} words; {} tokens, {:.1} % of them unknown",
                n(*words),
                n(*tokens),
                unknown * 100.0
            ))?;
            output::line(EPOCHS)
        }
        Event::Ngrams { ngrams, events } => {
            output::line(format_args!(
                "{} n-grams; {events:.1} of them in a text",
                n(*ngrams)
            ))?;
            output::line(EPOCHS)
        }
        Event::Symbols {
            symbols,
            train,
            validation,
            unknown,
        } => {
            output::line(format_args!(
                "{} symbols; {} to train on, {} to validate on, {} unknown ones left out",
                n(*symbols),
                n(*train),
                n(*validation),
                n(*unknown)
            ))?;
            output::line(EPOCHS)
        }
        Event::Calibrated { features, vectors } => {
            output::line(format_args!(
                "{} features; {} vectors to train on",
                n(*features),
                n(*vectors)
            ))?;
            output::line(EPOCHS)
        }
        Event::QuantizationAware => output::line("with weights rounded as on the device:"),
        Event::Epoch(record) => {
            let validation = record.score();
            output::line(format_args!(
                "{:>5}  {:.4}  {:>6.2} %  {:>9.4}  {:>11.2} %  {:>8}  {:>7.1}{}",
                record.epoch,
                record.training.loss,
                record.training.accuracy * 100.0,
                validation.loss,
                validation.accuracy * 100.0,
                n(record.tokens_per_second as usize),
                record.seconds,
                if record.best_so_far { "  best" } else { "" }
            ))
        }
    }
}

fn summary(trained: &Trained, out: &Path) -> io::Result<()> {
    output::line(format_args!(
        "\n{:<26} {:>13} {:>9} {:>9} {:>12}",
        "tensor", "shape", "bytes", "largest", "worst error"
    ))?;
    for tensor in &trained.quantized.report {
        output::line(format_args!(
            "{:<26} {:>13} {:>9} {:>9.4} {:>12.5}",
            tensor.tensor,
            format!("{} x {}", tensor.shape.0, tensor.shape.1),
            output::thousands(tensor.bytes),
            tensor.largest,
            tensor.worst_error
        ))?;
    }
    output::line("\nvalidation")?;
    let (float, quantized) = (&trained.float, &trained.quantized_score);
    for (name, loss, accuracy) in [
        ("float", float.loss, float.accuracy),
        ("quantised", quantized.loss, quantized.accuracy),
    ] {
        let shown = trained.measure.show(loss, accuracy);
        output::line(format_args!("{name:<10} {shown}"))?;
    }
    output::line(format_args!(
        "{}: {} bytes",
        out.display(),
        output::thousands(trained.quantized.artifact.len())
    ))
}
