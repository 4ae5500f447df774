//! Recipes: everything that decides how a model is trained, in one flat list.
//!
//! A recipe is a small TOML file, each of its fields a flag of `spinet train`. What neither says
//! has a default; a flag wins over the file. `names` holds the words that a field can be,
//! `check` the ranges.

mod check;
mod names;

pub use names::{
    InputName, ReadName, ReadoutName, ScheduleName, TaskName, TeacherName, WeightName,
};

use crate::{
    network::InputKind, quantize::Precision, training::Selection, vocabulary::VocabularyKind,
};
use serde::{Deserialize, Serialize};
use spinet_core::{cell::CellKind, matrix::Encoding};
use std::path::{Path, PathBuf};

/// The recipes that come with the program.
pub const SHIPPED: [(&str, &str); 15] = [
    ("default", include_str!("../../recipes/default.toml")),
    ("demo", include_str!("../../recipes/demo.toml")),
    ("imdb", include_str!("../../recipes/imdb.toml")),
    ("imdb-gru", include_str!("../../recipes/imdb-gru.toml")),
    ("imdb-lstm", include_str!("../../recipes/imdb-lstm.toml")),
    ("imdb-4k", include_str!("../../recipes/imdb-4k.toml")),
    ("imdb-16k", include_str!("../../recipes/imdb-16k.toml")),
    ("imdb-64k", include_str!("../../recipes/imdb-64k.toml")),
    (
        "imdb-64k-words",
        include_str!("../../recipes/imdb-64k-words.toml"),
    ),
    ("imdb-100k", include_str!("../../recipes/imdb-100k.toml")),
    (
        "imdb-512k-ngrams",
        include_str!("../../recipes/imdb-512k-ngrams.toml"),
    ),
    ("keras-imdb", include_str!("../../recipes/keras-imdb.toml")),
    (
        "shakespeare",
        include_str!("../../recipes/shakespeare.toml"),
    ),
    ("waveform", include_str!("../../recipes/waveform.toml")),
    ("glyphs", include_str!("../../recipes/glyphs.toml")),
];

/// Defines [`Recipe`] and, with every field optional, [`RecipeFields`] for files and flags.
macro_rules! recipe {
    ($(#[doc = $doc:literal] $field:ident: $type:ty = $default:expr, $shown:literal;)*) => {
        /// A complete recipe.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub struct Recipe { $(#[doc = $doc] pub $field: $type,)* }

        /// The fields that a file or a command line names.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, clap::Args)]
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
    /// What the model reads: words, n-grams, characters or bytes of a text, or series of vectors (auto: as the data is).
    reads: ReadName = ReadName::Auto, "auto";
    /// What the model does with it (auto: classify what has labels, generate what has none).
    task: TaskName = TaskName::Auto, "auto";
    /// Recurrent cell (simple-rnn, gru, lstm, fast-grnn).
    cell: CellKind = CellKind::SimpleRnn, "simple-rnn";
    /// How a token enters the cell.
    input: InputName = InputName::Embedding, "embedding";
    /// Width of the embedding.
    embedding_size: u16 = 16, "16";
    /// Width of the hidden state of each layer.
    hidden_size: u16 = 32, "32";
    /// Recurrent layers (1 to 4; 0 for a linear model of n-grams).
    layers: usize = 1, "1";
    /// Rank of the input weights (fast-grnn only; 0: full).
    input_rank: u16 = 0, "0";
    /// Rank of the recurrent weights (fast-grnn only; 0: full).
    recurrent_rank: u16 = 0, "0";
    /// What the head sees of the hidden states, in a classifier.
    readout: ReadoutName = ReadoutName::Mean, "mean";
    /// Number of tokens, words or n-grams, the three special ones included; the rarest words become unknown.
    num_words: usize = 10_000, "10000";
    /// How a word finds its token.
    vocabulary: VocabularyKind = VocabularyKind::PerfectHash, "perfect-hash";
    /// Bits that tell a known word from an unknown one (1 to 16).
    fingerprint_bits: u8 = 10, "10";
    /// Punctuation marks are words of their own.
    marks: bool = false, "false";
    /// Words of the longest n-gram (1 to 4).
    ngram_order: u8 = 3, "3";
    /// Give every n-gram a weight that goes straight to the logits, beside the network.
    wide: bool = false, "false";
    /// Begin the embedding of n-grams where the texts that they come in put them, instead of at random.
    spectral_start: bool = false, "false";
    /// Begin every sequence of words with the start token.
    start: bool = false, "false";
    /// Look at the last so many words only, padded in front (0: stream over all).
    window: u16 = 0, "0";
    /// Cut longer sequences to so many steps while training, at a random place.
    max_length: usize = 400, "400";
    /// Steps of a text between two truncations of back-propagation (generate text).
    truncation: usize = 100, "100";
    /// Passes over the training examples.
    epochs: usize = 10, "10";
    /// Examples per step of the optimiser; for a text, places that are read at once.
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
    /// Keep a running mean of the weights with this decay a step (0: the weights themselves).
    average: f32 = 0.0, "0";
    /// Share of the embedding's components dropped.
    embedding_dropout: f32 = 0.2, "0.2";
    /// Share of what the head sees dropped.
    hidden_dropout: f32 = 0.2, "0.2";
    /// Share of the words read as unknown.
    word_dropout: f32 = 0.05, "0.05";
    /// First vectors of a series that are given: training does not count how well they are predicted.
    given: usize = 0, "0";
    /// Standard deviation of the noise added to vectors, in units of their calibrated range.
    input_noise: f32 = 0.0, "0";
    /// Stop after so many epochs without a better one (0: never).
    patience: usize = 3, "3";
    /// Who teaches beside the labels, and labels texts without one (classifiers of texts).
    teacher: TeacherName = TeacherName::None, "none";
    /// Let teachers label the halves of texts without a label, too.
    halves: bool = false, "false";
    /// Share of the true label in what is learnt of a text with one; the rest is the teacher's.
    hard_labels: f32 = 0.5, "0.5";
    /// What makes an epoch the best, on the validation examples (a generator: always the loss).
    select_by: Selection = Selection::Accuracy, "accuracy";
    /// Share of the training examples held out to validate.
    validation: f32 = 0.1, "0.1";
    /// Share held out to test, where the data has no test examples of its own.
    test: f32 = 0.1, "0.1";
    /// Training sequences that calibrate the quantisation.
    calibration: usize = 512, "512";
    /// How weights are stored (int8 or int4, a scale for each row).
    weights: Encoding = Encoding::Int8, "int8";
    /// How the input table (embedding, one-hot weights) is stored.
    table_weights: WeightName = WeightName::Same, "same";
    /// How the input weights of vectors are stored.
    input_weights: WeightName = WeightName::Same, "same";
    /// How the recurrent weights are stored.
    recurrent_weights: WeightName = WeightName::Same, "same";
    /// How the head's weights are stored.
    head_weights: WeightName = WeightName::Same, "same";
    /// Passes of quantisation-aware training behind the others (0: quantise after training).
    qat_epochs: usize = 0, "0";
    /// Learning rate of quantisation-aware training, at its highest.
    qat_learning_rate: f32 = 0.0005, "0.0005";
    /// Seed of the split, the initial weights, the order and the dropout.
    seed: u64 = 1, "1";
    /// Threads (0: one per core). The same number gives the same model, bit for bit.
    threads: usize = 0, "0";
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
    /// The shipped recipe of that name, or the file at that path, with the fields that `fields`
    /// names replaced.
    ///
    /// # Errors
    /// As [`RecipeFields::load`].
    pub fn named(name: &str, fields: RecipeFields) -> Result<Self, RecipeError> {
        Ok(Self::default().with(RecipeFields::load(name)?).with(fields))
    }

    /// The network's input behind tokens.
    pub fn input_kind(&self) -> InputKind {
        match self.input {
            InputName::OneHot => InputKind::OneHot,
            InputName::Embedding => InputKind::Embedding {
                dim: self.embedding_size.into(),
            },
        }
    }

    /// How each tensor is stored.
    pub fn precision(&self) -> Precision {
        Precision {
            table: self.table_weights.or(self.weights),
            input: self.input_weights.or(self.weights),
            recurrent: self.recurrent_weights.or(self.weights),
            head: self.head_weights.or(self.weights),
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
