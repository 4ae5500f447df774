//! `--data`: where examples come from, and of which kind they are.

use crate::{
    data::{
        self, Columns, Corpus, DataError, Example, Series, Source, TextCorpus,
        series::{SeriesColumns, SeriesSource},
        text::{self, TextShares},
    },
    pipeline::Data,
    recipe::ReadName,
};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use std::path::{Path, PathBuf};

/// Where examples come from.
#[derive(Args)]
pub(super) struct DataArgs {
    /// Labelled texts: `builtin`, the IMDB reviews (directory or .tar.gz), or a .csv, .tsv or
    /// .jsonl file. A text to continue: any text file, .txt or .txt.gz. Series: .npy, .npz, .csv
    /// or .tsv, `waveform` or `glyphs`
    #[arg(long = "data", value_name = "PATH")]
    pub data: PathBuf,
    #[command(flatten)]
    form: FormArgs,
}

/// The same for commands that need no data where texts are given.
#[derive(Args)]
pub(super) struct SeriesDataArgs {
    /// Series of vectors: .npy, .npz, .csv or .tsv, `waveform` or `glyphs`; of the data of the
    /// training their test part
    #[arg(long = "data", value_name = "PATH")]
    data: Option<PathBuf>,
    #[command(flatten)]
    form: FormArgs,
}

impl SeriesDataArgs {
    /// The data, if there are any.
    pub fn given(&self) -> Option<DataArgs> {
        let (data, form) = (self.data.clone()?, self.form.clone());
        Some(DataArgs { data, form })
    }
}

/// In what form they come.
#[derive(Args, Clone)]
struct FormArgs {
    /// Another such source, read as the test examples
    #[arg(long, value_name = "PATH")]
    test_data: Option<PathBuf>,
    /// Column (or key) of the text
    #[arg(long, default_value = "text", value_name = "NAME")]
    text_column: String,
    /// Column (or key) of the label
    #[arg(long, default_value = "label", value_name = "NAME")]
    label_column: String,
    /// Column that tells the sequences of a table of series apart
    #[arg(long, default_value = "example", value_name = "NAME")]
    example_column: String,
    /// Column of the time in a table of series, which is not a feature
    #[arg(long, default_value = "time", value_name = "NAME")]
    time_column: String,
}

/// What a file's name says of its content.
fn kind(path: &Path) -> ReadName {
    let name = path.to_string_lossy().to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    if ends(&[".npy", ".npz"]) || ["waveform", "glyphs"].contains(&&*name) {
        ReadName::Series
    } else if ends(&[".txt", ".txt.gz"]) {
        ReadName::Characters
    } else {
        ReadName::Words
    }
}

impl DataArgs {
    /// Reads the data as the recipe says, or as their name does. `shares` are those of a running
    /// text.
    pub fn load(&self, reads: ReadName, shares: TextShares) -> Result<Data, DataError> {
        let reads = match reads {
            ReadName::Auto => kind(&self.data),
            reads => reads,
        };
        Ok(match reads {
            ReadName::Characters | ReadName::Bytes => Data::Text(self.load_text(shares)?),
            ReadName::Series => Data::Series(self.load_series()?),
            ReadName::Words | ReadName::Ngrams | ReadName::Auto => Data::Texts(self.load_texts()?),
        })
    }

    /// Reads labelled texts.
    pub fn load_texts(&self) -> Result<Corpus, DataError> {
        let (columns, bar) = (self.columns(), bar());
        let corpus = data::load(&source(&self.data), &columns, &bar)?;
        let corpus = match &self.form.test_data {
            None => corpus,
            Some(test) => data::load_test(corpus, &source(test), &columns, &bar)?,
        };
        bar.finish_and_clear();
        Ok(corpus)
    }

    /// Reads labelled texts of known classes, none of which were trained on.
    pub fn load_as_test(&self, labels: Vec<String>) -> Result<Vec<Example>, DataError> {
        let known = Corpus::new(labels, Vec::new(), Vec::new());
        let source = source(self.form.test_data.as_ref().unwrap_or(&self.data));
        let bar = bar();
        let corpus = data::load_test(known, &source, &self.columns(), &bar)?;
        bar.finish_and_clear();
        Ok(corpus.test)
    }

    /// Reads a running text.
    pub fn load_text(&self, shares: TextShares) -> Result<TextCorpus, DataError> {
        let bar = bar();
        let mut corpus = text::load(&self.data, shares, &bar)?;
        if let Some(test) = &self.form.test_data {
            let whole = TextShares {
                validation: 0.0,
                test: 0.0,
            };
            corpus.test = text::load(test, whole, &bar)?.train;
        }
        bar.finish_and_clear();
        Ok(corpus)
    }

    /// Reads series.
    pub fn load_series(&self) -> Result<Series, DataError> {
        let bar = bar();
        let columns = SeriesColumns {
            example: self.form.example_column.clone(),
            label: self.form.label_column.clone(),
            time: self.form.time_column.clone(),
        };
        let read = |path: &Path| -> Result<Series, DataError> {
            let source: SeriesSource = path.to_string_lossy().parse()?;
            data::series::load(&source, &columns, &bar)
        };
        let mut series = read(&self.data)?;
        if let Some(test) = &self.form.test_data {
            let other = read(test)?;
            if other.features != series.features || other.labels != series.labels {
                return Err(DataError::OtherSeries {
                    path: test.clone(),
                    features: (other.features, series.features),
                });
            }
            series.test = other.train.into_iter().chain(other.test).collect();
        }
        bar.finish_and_clear();
        Ok(series)
    }

    fn columns(&self) -> Columns {
        Columns {
            text: self.form.text_column.clone(),
            label: self.form.label_column.clone(),
        }
    }
}

fn bar() -> ProgressBar {
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
}

fn source(path: &Path) -> Source {
    let Ok(source) = path.to_string_lossy().parse();
    source
}
