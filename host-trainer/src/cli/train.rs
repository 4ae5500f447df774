//! `spinet train`: from labelled text to a model.

use super::{Outcome, output};
use crate::{
    data::{self, Columns, Corpus, DataError, Example, Source},
    pipeline::{self, Event, Trained},
    recipe::{Recipe, RecipeFields},
    record::ModelFiles,
};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use std::{
    io,
    path::{Path, PathBuf},
};

/// Train a network on labelled text and quantise it
#[derive(Args)]
pub(super) struct Train {
    #[command(flatten)]
    data: DataArgs,
    /// A shipped recipe (default, demo, imdb, keras-imdb) or a TOML file
    #[arg(long, default_value = "default", value_name = "NAME|FILE")]
    recipe: String,
    /// Where the model goes; its float network, curves and provenance go beside it
    #[arg(long, default_value = "model.spinet", value_name = "MODEL")]
    out: PathBuf,
    #[command(flatten)]
    fields: RecipeFields,
}

/// Where labelled text comes from.
#[derive(Args)]
pub(super) struct DataArgs {
    /// `builtin`, the IMDB reviews (directory or .tar.gz), or a .csv, .tsv or .jsonl file
    #[arg(long = "data", value_name = "PATH")]
    pub data: PathBuf,
    /// Another such source, read as the test examples
    #[arg(long, value_name = "PATH")]
    test_data: Option<PathBuf>,
    /// Column (or key) of the text
    #[arg(long, default_value = "text", value_name = "NAME")]
    text_column: String,
    /// Column (or key) of the label
    #[arg(long, default_value = "label", value_name = "NAME")]
    label_column: String,
}

impl DataArgs {
    /// Reads the examples.
    pub fn load(&self) -> Result<Corpus, DataError> {
        let columns = self.columns();
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let corpus = data::load(&source(&self.data), &columns, &bar)?;
        let corpus = match &self.test_data {
            None => corpus,
            Some(test) => data::load_test(corpus, &source(test), &columns, &bar)?,
        };
        bar.finish_and_clear();
        Ok(corpus)
    }

    /// Reads examples of known classes, none of which were trained on.
    pub fn load_as_test(&self, labels: Vec<String>) -> Result<Vec<Example>, DataError> {
        let known = Corpus::new(labels, Vec::new(), Vec::new());
        let source = source(self.test_data.as_ref().unwrap_or(&self.data));
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let corpus = data::load_test(known, &source, &self.columns(), &bar)?;
        bar.finish_and_clear();
        Ok(corpus.test)
    }

    fn columns(&self) -> Columns {
        Columns {
            text: self.text_column.clone(),
            label: self.label_column.clone(),
        }
    }
}

fn source(path: &Path) -> Source {
    let Ok(source) = path.to_string_lossy().parse();
    source
}

impl Train {
    pub fn run(self) -> Outcome {
        let recipe = Recipe::default()
            .with(RecipeFields::load(&self.recipe)?)
            .with(self.fields);
        recipe.check()?;
        let corpus = self.data.load()?;
        let command: Vec<String> = std::env::args().skip(1).collect();
        let command = format!("spinet {}", command.join(" "));
        train(corpus, &recipe, &self.out, &command)?;
        Ok(true)
    }
}

/// Trains, tells how it goes and writes the model's files.
pub(super) fn train(
    corpus: Corpus,
    recipe: &Recipe,
    out: &Path,
    command: &str,
) -> Result<Trained, Box<dyn std::error::Error>> {
    let files = ModelFiles::of(out)?;
    let mut broken = None;
    let checkpoint = Some(files.checkpoint.clone());
    let trained = pipeline::train(corpus, recipe, checkpoint, &mut |event| {
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

fn tell(event: &Event<'_>) -> io::Result<()> {
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
            output::line("epoch    loss  accuracy  val. loss  val. accuracy  tokens/s  seconds")
        }
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
    output::line("\nvalidation     loss  accuracy")?;
    let (float, int8) = (&trained.float, &trained.int8);
    for (name, loss, accuracy) in [
        ("float", float.loss, float.accuracy),
        ("quantised", int8.loss, int8.accuracy),
    ] {
        let accuracy = accuracy * 100.0;
        output::line(format_args!("{name:<12} {loss:.4}  {accuracy:>6.2} %"))?;
    }
    output::line(format_args!(
        "{}: {} bytes",
        out.display(),
        output::thousands(trained.quantized.artifact.len())
    ))
}
