//! The ranges of a recipe's fields.

use super::{InputName, ReadName, Recipe, RecipeError};
use spinet_core::{cell::MAX_LAYERS, fixed::MAX_COLUMNS, text::MAX_ORDER};

impl Recipe {
    /// Whether every field is in its range.
    ///
    /// # Errors
    /// [`RecipeError::Range`] for the first that is not.
    pub fn check(&self) -> Result<(), RecipeError> {
        self.check_network()?;
        self.check_counts()?;
        self.check_rates()?;
        self.check_shares()
    }

    fn check_network(&self) -> Result<(), RecipeError> {
        const SIZE: &str = "1 to 512";
        let (embedding, hidden) = (self.embedding_size.into(), self.hidden_size.into());
        let columns = match self.input {
            InputName::OneHot => hidden,
            InputName::Embedding => embedding + hidden,
        };
        let linear = self.reads == ReadName::Ngrams && self.wide;
        let (least, expected) = match linear {
            true => (0, "0 to 4"),
            false => (1, "1 to 4, or 0 with --reads ngrams --wide true"),
        };
        let possible = (least..=MAX_LAYERS).contains(&self.layers);
        range("layers", self.layers, possible, expected)?;
        let possible = !self.wide || linear;
        range(
            "wide",
            self.wide,
            possible,
            "false unless --reads is ngrams",
        )?;
        let embedded = self.reads == ReadName::Ngrams && self.input == InputName::Embedding;
        range(
            "spectral-start",
            self.spectral_start,
            !self.spectral_start || embedded,
            "false unless --reads is ngrams and --input embedding",
        )?;
        count("embedding-size", embedding, MAX_COLUMNS, SIZE)?;
        count("hidden-size", hidden, MAX_COLUMNS, SIZE)?;
        let together = "embedding-size + hidden-size";
        count(together, columns, MAX_COLUMNS, "at most 512")
    }

    fn check_counts(&self) -> Result<(), RecipeError> {
        count("truncation", self.truncation, 1 << 16, "1 to 65536")?;
        let possible = (0..=1_000_000).contains(&self.epochs);
        range("epochs", self.epochs, possible, "0 to 1000000")?;
        count("batch-size", self.batch_size, 1 << 16, "1 to 65536")?;
        count("max-length", self.max_length, 1 << 20, "1 to 1048576")?;
        count("calibration", self.calibration, 1 << 20, "1 to 1048576")?;
        count("threads", self.threads.max(1), 256, "0 to 256")?;
        let order = self.ngram_order.into();
        count("ngram-order", order, MAX_ORDER.into(), "1 to 4")?;
        let bits = self.fingerprint_bits;
        count("fingerprint-bits", bits.into(), 16, "1 to 16")?;
        let (words, possible) = (self.num_words, 4..=65_535);
        range("num-words", words, possible.contains(&words), "4 to 65535")
    }

    fn check_rates(&self) -> Result<(), RecipeError> {
        const SIZE: &str = "at least 0 and finite";
        for (field, rate) in [
            ("learning-rate", self.learning_rate),
            ("qat-learning-rate", self.qat_learning_rate),
        ] {
            range(field, rate, rate > 0.0 && rate.is_finite(), "above 0")?;
        }
        let falls = self.decay > 0.0 && self.decay <= 1.0;
        range("decay", self.decay, falls, "above 0, at most 1")?;
        share("weight-decay", self.weight_decay, f32::MAX, SIZE)?;
        share("clip-norm", self.clip_norm, f32::MAX, SIZE)?;
        share("input-noise", self.input_noise, 10.0, "0 to 10")
    }

    fn check_shares(&self) -> Result<(), RecipeError> {
        for (field, dropped) in [
            ("embedding-dropout", self.embedding_dropout),
            ("hidden-dropout", self.hidden_dropout),
            ("word-dropout", self.word_dropout),
        ] {
            share(field, dropped, 0.95, "0 to 0.95")?;
        }
        share("average", self.average, 0.999_999, "0 to 0.999999")?;
        share("hard-labels", self.hard_labels, 1.0, "0 to 1")?;
        let (held, some) = (self.validation, 0.001..=0.5);
        range("validation", held, some.contains(&held), "0.001 to 0.5")?;
        share("test", self.test, 0.5, "0 to 0.5")
    }
}

fn count(
    field: &'static str,
    value: usize,
    most: usize,
    expected: &'static str,
) -> Result<(), RecipeError> {
    range(field, value, (1..=most).contains(&value), expected)
}

fn share(
    field: &'static str,
    value: f32,
    most: f32,
    expected: &'static str,
) -> Result<(), RecipeError> {
    range(field, value, (0.0..=most).contains(&value), expected)
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
