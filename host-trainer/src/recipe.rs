//! Recipes: everything that decides how a model is trained, in one flat list.
//!
//! A recipe is a small TOML file, each of its fields a flag of `spinet train`. What neither says
//! has a default; a flag wins over the file.

use crate::{
    network::{CellKind, InputKind},
    training::Selection,
    vocabulary::VocabularyKind,
};
use serde::{Deserialize, Serialize};
use spinet_core::{Readout, fixed::MAX_COLUMNS};
use std::path::{Path, PathBuf};

/// The recipes that come with the program.
pub const SHIPPED: [(&str, &str); 4] = [
    ("default", include_str!("../recipes/default.toml")),
    ("demo", include_str!("../recipes/demo.toml")),
    ("imdb", include_str!("../recipes/imdb.toml")),
    ("keras-imdb", include_str!("../recipes/keras-imdb.toml")),
];

/// Defines [`Recipe`] and, with every field optional, [`RecipeFields`] for files and flags.
macro_rules! recipe {
    ($(#[doc = $doc:literal] $field:ident: $type:ty = $default:expr, $shown:literal;)*) => {
        /// A complete recipe.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub struct Recipe { $(#[doc = $doc] pub $field: $type,)* }

        /// The fields that a file or a command line names.
        #[derive(Debug, Clone, Default, PartialEq, Deserialize, clap::Args)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        #[command(next_help_heading = "Recipe (each flag overrides the recipe's field)")]
        pub struct RecipeFields {
            $(
                #[doc = $doc]
                #[arg(
                    long,
                    allow_negative_numbers = true,
                    help = concat!($doc, " [default: ", $shown, "]").trim_start(),
                )]
                pub $field: Option<$type>,
            )*
        }

        impl Default for Recipe {
            fn default() -> Self { Self { $($field: $default,)* } }
        }

        /// Field by field, the default that the help shows.
        #[cfg(test)]
        const SHOWN: &[(&str, &str)] = &[$((stringify!($field), $shown)),*];

        impl Recipe {
            /// The recipe with the fields that `fields` names replaced.
            #[must_use]
            pub fn with(mut self, fields: RecipeFields) -> Self {
                $(if let Some(value) = fields.$field { self.$field = value; })*
                self
            }
        }
    };
}

recipe! {
    /// Recurrent cell.
    cell: CellKind = CellKind::SimpleRnn, "simple-rnn";
    /// How a token enters the cell.
    input: InputName = InputName::Embedding, "embedding";
    /// Width of the embedding.
    embedding_size: u16 = 16, "16";
    /// Width of the hidden state.
    hidden_size: u16 = 32, "32";
    /// What the head sees of the hidden states.
    readout: ReadoutName = ReadoutName::Mean, "mean";
    /// Number of tokens, the three special ones included; the rarest words become unknown.
    num_words: usize = 10_000, "10000";
    /// How a word finds its token.
    vocabulary: VocabularyKind = VocabularyKind::PerfectHash, "perfect-hash";
    /// Bits that tell a known word from an unknown one (1 to 16).
    fingerprint_bits: u8 = 10, "10";
    /// Begin every sequence with the start token.
    start: bool = false, "false";
    /// Look at the last so many tokens only, padded in front (0: stream over all).
    window: u16 = 0, "0";
    /// Cut longer sequences to so many tokens while training, at a random place.
    max_length: usize = 400, "400";
    /// Passes over the training examples.
    epochs: usize = 10, "10";
    /// Examples per step of the optimiser.
    batch_size: usize = 32, "32";
    /// Learning rate of Adam, at its highest.
    learning_rate: f32 = 0.002, "0.002";
    /// How the learning rate changes.
    schedule: ScheduleName = ScheduleName::Cosine, "cosine";
    /// Steps over which the learning rate rises at the start (cosine only).
    warmup_steps: usize = 100, "100";
    /// Factor per epoch (exponential only).
    decay: f32 = 0.9, "0.9";
    /// Decoupled weight decay (AdamW), per unit of learning rate.
    weight_decay: f32 = 0.01, "0.01";
    /// Largest norm of all gradients together (0: no limit).
    clip_norm: f32 = 1.0, "1.0";
    /// Share of the embedding's components dropped.
    embedding_dropout: f32 = 0.2, "0.2";
    /// Share of the read-out's components dropped.
    hidden_dropout: f32 = 0.2, "0.2";
    /// Share of the words read as unknown.
    word_dropout: f32 = 0.05, "0.05";
    /// Stop after so many epochs without a better one (0: never).
    patience: usize = 3, "3";
    /// What makes an epoch the best, on the validation examples.
    select_by: Selection = Selection::Accuracy, "accuracy";
    /// Share of the training examples held out to validate.
    validation: f32 = 0.1, "0.1";
    /// Share held out to test, where the data has no test examples of its own.
    test: f32 = 0.1, "0.1";
    /// Training sequences that calibrate the quantisation.
    calibration: usize = 512, "512";
    /// Seed of the split, the initial weights, the order and the dropout.
    seed: u64 = 1, "1";
    /// Threads (0: one per core). The same number gives the same model, bit for bit.
    threads: usize = 0, "0";
}

/// The ways in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum InputName {
    /// A one-hot vector: a row of the input weights is looked up.
    OneHot,
    /// A learned vector, looked up and multiplied.
    Embedding,
}

/// The read-outs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ReadoutName {
    /// The last hidden state.
    Last,
    /// The mean over time.
    Mean,
    /// The maximum over time.
    Max,
}

/// The learning-rate schedules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleName {
    /// Always the same.
    Constant,
    /// Up during the warm-up, then down to nothing along a cosine.
    Cosine,
    /// Times the decay after every epoch.
    Exponential,
}

/// Why a recipe cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// Neither a shipped recipe nor a file.
    #[error("no recipe is called {name:?}, and there is no such file; shipped are {}",
        SHIPPED.map(|(name, _)| name).join(", "))]
    Unknown {
        /// The name given.
        name: String,
    },
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not a recipe.
    #[error("{path}: {reason}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, column and what is wrong there.
        reason: String,
    },
    /// A field has a value that it cannot have.
    #[error("recipe: {field} is {value}, it must be {expected}")]
    Range {
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
}

impl RecipeFields {
    /// The shipped recipe of that name, or the file at that path.
    ///
    /// # Errors
    /// If there is neither, or the file is not a recipe.
    pub fn load(name: &str) -> Result<Self, RecipeError> {
        if let Some((_, text)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
            return Self::parse(Path::new(name), text);
        }
        let path = Path::new(name);
        if !path.exists() {
            return Err(RecipeError::Unknown { name: name.into() });
        }
        let text = std::fs::read_to_string(path).map_err(|source| RecipeError::Read {
            path: path.into(),
            source,
        })?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, RecipeError> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let before = error.span().map_or("", |span| &text[..span.start]);
            let line = 1 + before.matches('\n').count();
            RecipeError::Syntax {
                path: path.into(),
                reason: format!("line {line}: {}", error.message().replace('\n', ", ")),
            }
        })
    }
}

impl Recipe {
    /// Whether every field is in its range.
    ///
    /// # Errors
    /// [`RecipeError::Range`] for the first that is not.
    pub fn check(&self) -> Result<(), RecipeError> {
        let share = |field, value: f32, most: f32, expected| {
            range(field, value, (0.0..=most).contains(&value), expected)
        };
        let count = |field, value: usize, most: usize, expected| {
            range(field, value, (1..=most).contains(&value), expected)
        };
        let columns = match self.input {
            InputName::OneHot => 0,
            InputName::Embedding => usize::from(self.embedding_size),
        } + usize::from(self.hidden_size);
        count(
            "embedding-size",
            self.embedding_size.into(),
            MAX_COLUMNS,
            "1 to 512",
        )?;
        count(
            "hidden-size",
            self.hidden_size.into(),
            MAX_COLUMNS,
            "1 to 512",
        )?;
        count(
            "embedding-size + hidden-size",
            columns,
            MAX_COLUMNS,
            "at most 512",
        )?;
        count("epochs", self.epochs, 1_000_000, "1 to 1000000")?;
        count("batch-size", self.batch_size, 65_536, "1 to 65536")?;
        count("max-length", self.max_length, 1 << 20, "1 to 1048576")?;
        count("calibration", self.calibration, 1 << 20, "1 to 1048576")?;
        count("threads", self.threads.max(1), 256, "0 to 256")?;
        let bits = self.fingerprint_bits;
        range(
            "fingerprint-bits",
            bits,
            (1..=16).contains(&bits),
            "1 to 16",
        )?;
        range(
            "num-words",
            self.num_words,
            (4..=65_535).contains(&self.num_words),
            "4 to 65535",
        )?;
        let rate = self.learning_rate;
        range(
            "learning-rate",
            rate,
            rate > 0.0 && rate.is_finite(),
            "above 0",
        )?;
        let falls = self.decay > 0.0 && self.decay <= 1.0;
        range("decay", self.decay, falls, "above 0, at most 1")?;
        share(
            "weight-decay",
            self.weight_decay,
            f32::MAX,
            "at least 0 and finite",
        )?;
        share(
            "clip-norm",
            self.clip_norm,
            f32::MAX,
            "at least 0 and finite",
        )?;
        share(
            "embedding-dropout",
            self.embedding_dropout,
            0.95,
            "0 to 0.95",
        )?;
        share("hidden-dropout", self.hidden_dropout, 0.95, "0 to 0.95")?;
        share("word-dropout", self.word_dropout, 0.95, "0 to 0.95")?;
        let held = self.validation;
        let some = (0.001..=0.5).contains(&held);
        range("validation", held, some, "0.001 to 0.5")?;
        share("test", self.test, 0.5, "0 to 0.5")
    }
}

fn range(
    field: &'static str,
    value: impl ToString,
    right: bool,
    expected: &'static str,
) -> Result<(), RecipeError> {
    match right {
        true => Ok(()),
        false => Err(RecipeError::Range {
            field,
            value: value.to_string(),
            expected,
        }),
    }
}

impl From<ReadoutName> for Readout {
    fn from(name: ReadoutName) -> Self {
        match name {
            ReadoutName::Last => Self::Last,
            ReadoutName::Mean => Self::Mean,
            ReadoutName::Max => Self::Max,
        }
    }
}

impl Recipe {
    /// The network's input.
    pub fn input_kind(&self) -> InputKind {
        match self.input {
            InputName::OneHot => InputKind::OneHot,
            InputName::Embedding => InputKind::Embedding {
                dim: self.embedding_size.into(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_shows_the_true_defaults() {
        let help = <RecipeFields as clap::Args>::augment_args(clap::Command::new("train"))
            .render_long_help()
            .to_string();
        let defaults = serde_json::to_value(Recipe::default()).unwrap();
        assert_eq!(defaults.as_object().unwrap().len(), SHOWN.len());
        for (field, shown) in SHOWN {
            assert!(help.contains(&format!("[default: {shown}]")), "{field}");
            let value = &defaults[field.replace('_', "-")];
            match value.as_f64() {
                Some(number) => assert_eq!(number as f32, shown.parse::<f32>().unwrap(), "{field}"),
                None => assert_eq!(value.to_string().trim_matches('"'), *shown, "{field}"),
            }
        }
    }

    #[test]
    fn shipped_recipes_are_valid() {
        for (name, _) in SHIPPED {
            let recipe = Recipe::default().with(RecipeFields::load(name).unwrap());
            recipe.check().unwrap();
        }
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let file = RecipeFields::parse(Path::new("r"), "epochs = 3\nseed = 5").unwrap();
        let flags = RecipeFields {
            seed: Some(9),
            ..RecipeFields::default()
        };
        let recipe = Recipe::default().with(file).with(flags);
        assert_eq!((recipe.epochs, recipe.seed, recipe.batch_size), (3, 9, 32));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let error = |text| {
            RecipeFields::parse(Path::new("my.toml"), text)
                .unwrap_err()
                .to_string()
        };
        assert!(
            error("epochs = 3\nepoch = 4").starts_with("my.toml: line 2: unknown field `epoch`")
        );
        assert!(error("\nepochs = \"x\"").starts_with("my.toml: line 2: invalid type"));
        let recipe = Recipe {
            hidden_dropout: 1.5,
            ..Recipe::default()
        };
        assert_eq!(
            recipe.check().unwrap_err().to_string(),
            "recipe: hidden-dropout is 1.5, it must be 0 to 0.95"
        );
        assert!(
            RecipeFields::load("nonesuch")
                .unwrap_err()
                .to_string()
                .contains("keras-imdb")
        );
    }
}
