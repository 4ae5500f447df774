//! `spinet examples`: labelled text as lines, to be piped into `predict` or `run`.

use super::{
    Outcome, output,
    split::{Part, SplitArgs},
};
use clap::Args;

/// Print the texts of a split, a line each, line breaks as spaces
#[derive(Args)]
pub(super) struct Examples {
    #[command(flatten)]
    split: SplitArgs,
    /// Print the label and a tab in front of each text
    #[arg(long)]
    labels: bool,
}

impl Examples {
    pub fn run(self) -> Outcome {
        let (model, part) = self.split.load()?;
        let Part::Texts(examples) = part else {
            return Err("only labelled texts are printed as lines".into());
        };
        let names = model.artifact().labels;
        for example in examples {
            let text = example.text.replace(['\n', '\r'], " ");
            match self.labels {
                true => output::line(format_args!("{}\t{text}", names.get(example.label)))?,
                false => output::line(text)?,
            }
        }
        Ok(true)
    }
}
