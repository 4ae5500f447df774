//! How good a quantised model is: the core itself reads every example.

use crate::{data::Example, inference::Model, pipeline::Prepared, symbols::symbols};
use indicatif::ProgressBar;
use rayon::prelude::*;
use serde::Serialize;
use spinet_core::{
    ArtifactError,
    fixed::{LOGIT_FRACTION, STATE_FRACTION},
    generator::Unknown,
    probability::classify,
};

/// Probabilities are kept this far from 0 in a cross-entropy, as Keras does.
const EPSILON: f64 = 1e-7;

/// Means over examples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Score {
    /// Examples read: texts, sequences or symbols.
    pub examples: usize,
    /// Mean cross-entropy in nats, or mean squared error.
    pub loss: f64,
    /// Share of the examples whose class or symbol was found.
    pub accuracy: f64,
    /// Words, symbols or vectors read.
    pub tokens: u64,
}

/// Reads every text with the core, on all cores, and compares the verdicts with the labels.
///
/// # Errors
/// [`ArtifactError::Task`] if the model does not classify texts.
pub fn evaluate(
    model: &Model,
    examples: &[Example],
    progress: &ProgressBar,
) -> Result<Score, ArtifactError> {
    shared(examples, |examples| {
        let mut classifier = model.classifier()?;
        let mut sums = Sums::default();
        for example in examples {
            classifier.reset();
            classifier.feed(example.text.as_bytes());
            let verdict = classifier.finish();
            sums.add(verdict.logits, example.label, verdict.tokens.into());
            progress.inc(1);
        }
        Ok(sums)
    })
}

/// The logits `(texts, outputs)` of every text, in units of one.
///
/// # Errors
/// [`ArtifactError::Task`] if the model does not classify texts.
pub fn logits<T: AsRef<str> + Sync>(
    model: &Model,
    texts: &[T],
    progress: &ProgressBar,
) -> Result<Vec<f32>, ArtifactError> {
    let share = texts.len().div_ceil(rayon::current_num_threads()).max(1);
    let one = (1u32 << LOGIT_FRACTION) as f32;
    let of_texts = |texts: &[T]| -> Result<Vec<f32>, ArtifactError> {
        let mut classifier = model.classifier()?;
        let mut logits = Vec::new();
        for text in texts {
            classifier.reset();
            classifier.feed(text.as_ref().as_bytes());
            logits.extend(classifier.finish().logits.iter().map(|&z| z as f32 / one));
            progress.inc(1);
        }
        Ok(logits)
    };
    let parts: Result<Vec<_>, _> = texts.par_chunks(share).map(of_texts).collect();
    Ok(parts?.concat())
}

/// [`evaluate`] for sequences of vectors.
///
/// # Errors
/// [`ArtifactError::Task`] if the model does not classify vectors.
pub fn evaluate_series(
    model: &Model,
    examples: &[Prepared],
    progress: &ProgressBar,
) -> Result<Score, ArtifactError> {
    shared(examples, |examples| {
        let mut classifier = model.series_classifier()?;
        let features = classifier.series().features().into();
        let mut sums = Sums::default();
        for example in examples {
            classifier.reset();
            (example.vectors.chunks(features)).for_each(|vector| classifier.feed(vector));
            let verdict = classifier.verdict();
            sums.add(verdict.logits, example.label, verdict.tokens.into());
            progress.inc(1);
        }
        Ok(sums)
    })
}

/// How well the core predicts each vector of every sequence from those before it; how well the
/// first one and others of the first `given` are predicted does not count.
///
/// # Errors
/// [`ArtifactError::Task`] if the model does not continue vectors.
pub fn evaluate_vectors(
    model: &Model,
    examples: &[Prepared],
    given: usize,
    progress: &ProgressBar,
) -> Result<Score, ArtifactError> {
    shared(examples, |examples| {
        let mut generator = model.series_generator()?;
        let features = generator.series().features().into();
        let mut sums = Sums::default();
        for example in examples {
            generator.reset();
            for (index, vector) in example.vectors.chunks(features).enumerate() {
                if index >= given.max(1) {
                    sums.add_error(generator.prediction(), vector);
                }
                generator.feed(vector);
            }
            progress.inc(1);
        }
        Ok(sums)
    })
}

/// How well the core predicts each symbol of a text from those before it, in one go. Symbols that
/// it does not know are left out.
///
/// # Errors
/// [`ArtifactError::Task`] if the model does not read symbols.
pub fn evaluate_symbols(
    model: &Model,
    text: &[u8],
    progress: &ProgressBar,
) -> Result<Score, ArtifactError> {
    let mut generator = model.generator()?;
    let known = generator.symbols();
    let mut sums = Sums::default();
    for symbol in symbols(text, known.unit) {
        if let Some(token) = known.token(symbol) {
            sums.add(generator.logits(), token.into(), 1);
            let (bytes, length) = symbol.bytes();
            // Every byte of a known symbol is read; none can be refused.
            let _ = generator.prime(&bytes[..length], Unknown::Skip);
        }
        progress.inc(1);
    }
    Ok(sums.score())
}

/// The work on all cores, a share of the examples each.
fn shared<T: Sync>(
    examples: &[T],
    work: impl Fn(&[T]) -> Result<Sums, ArtifactError> + Sync + Send,
) -> Result<Score, ArtifactError> {
    let share = examples.len().div_ceil(rayon::current_num_threads()).max(1);
    let sums: Vec<Sums> = examples
        .par_chunks(share)
        .map(work)
        .collect::<Result<_, _>>()?;
    Ok(sums.into_iter().fold(Sums::default(), Sums::plus).score())
}

/// The cross-entropy of logits (Q16.15) against a class, in nats.
pub fn cross_entropy(logits: &[i32], class: usize) -> f64 {
    let real = |logit: i32| f64::from(logit) / f64::from(1u32 << LOGIT_FRACTION);
    let probability = match *logits {
        [logit] => {
            let sign = if class == 1 { -1.0 } else { 1.0 };
            1.0 / (1.0 + libm::exp(sign * real(logit)))
        }
        _ => {
            let most = logits.iter().copied().max().map_or(0.0, real);
            let exps = logits.iter().map(|&logit| libm::exp(real(logit) - most));
            libm::exp(real(logits[class]) - most) / exps.sum::<f64>()
        }
    };
    -libm::log(probability.clamp(EPSILON, 1.0))
}

#[derive(Default)]
struct Sums {
    examples: usize,
    loss: f64,
    right: usize,
    tokens: u64,
}

impl Sums {
    /// A class, of the likeliest by the logits.
    fn add(&mut self, logits: &[i32], label: usize, tokens: u64) {
        let (class, _) = classify(logits);
        self.examples += 1;
        self.loss += cross_entropy(logits, label);
        self.right += usize::from(class == label);
        self.tokens += tokens;
    }

    /// A vector (Q0.15) against its prediction (15 fraction bits).
    fn add_error(&mut self, prediction: &[i32], vector: &[i16]) {
        let one = f64::from(1u32 << STATE_FRACTION);
        let error = |(&y, &x): (&i32, &i16)| ((f64::from(y) - f64::from(x)) / one).powi(2);
        let errors: f64 = prediction.iter().zip(vector).map(error).sum();
        self.examples += 1;
        self.loss += errors / vector.len().max(1) as f64;
        self.tokens += 1;
    }

    fn plus(self, other: Self) -> Self {
        Self {
            examples: self.examples + other.examples,
            loss: self.loss + other.loss,
            right: self.right + other.right,
            tokens: self.tokens + other.tokens,
        }
    }

    fn score(&self) -> Score {
        let examples = self.examples.max(1) as f64;
        Score {
            examples: self.examples,
            loss: self.loss / examples,
            accuracy: self.right as f64 / examples,
            tokens: self.tokens,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cross_entropy_is_minus_the_log_of_the_probability() {
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        close(cross_entropy(&[0], 0), 2f64.ln());
        close(
            cross_entropy(&[1 << LOGIT_FRACTION], 1),
            (1.0 + (-1f64).exp()).ln(),
        );
        close(
            cross_entropy(&[1 << LOGIT_FRACTION], 0),
            (1.0 + 1f64.exp()).ln(),
        );
        close(cross_entropy(&[100, 100, 100], 2), 3f64.ln());
        close(cross_entropy(&[i32::MIN], 1), -(1e-7f64).ln());
    }
}
