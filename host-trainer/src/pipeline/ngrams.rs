//! Labelled texts, read as the n-grams that say most.
//!
//! The n-grams are chosen by linear models in rounds, and found on the device through a perfect
//! hash. Each has a weight that goes straight to the logits, if the recipe is a wide one; the
//! network reads them in the order in which they first occur, and learns what is left to know.

use super::{
    Event, PipelineError, Produced, Start, Trained, distillation,
    distillation::{Targets, Unlabelled},
    material::{Material, Sequences, origin, sample},
    produce, settings, words,
};
use crate::{
    batch::Example,
    data::{self, Corpus, Splits},
    linear::{self, Codebook, Lessons, Linear, Method, Scaling, Sparse},
    network::Network,
    ngrams::{self, OwnedNgrams, encode_all},
    progress::during,
    quantize::{self, Calibration, FrontSource, Quantized, WideSource},
    recipe::{Recipe, TaskName},
    teacher,
    training::Score,
};
use rayon::prelude::*;
use spinet_core::{
    Token,
    fixed::LOGIT_FRACTION,
    text::{Marks, Ngrams, WordHash, special},
    wide::{self, VALUES},
};
use std::cell::LazyCell;

/// Texts that an n-gram must be in.
const FEWEST: usize = 2;
/// A logit of one in Q16.15.
const ONE: f32 = (1u32 << LOGIT_FRACTION) as f32;
/// The last fit. Chosen on held-out reviews and the soft labels of teachers: penalties a third or
/// three times as large are worse by 0.001 to 0.002 nats, half as many iterations by as much.
const METHOD: Method = Method {
    scaling: Scaling::NaiveBayes,
    penalty: 3e-5,
    iterations: 120,
};

pub(super) fn train(
    mut corpus: Corpus,
    recipe: &Recipe,
    start: Start,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Trained, PipelineError> {
    if recipe.task == TaskName::Generate {
        return Err(PipelineError::Task(
            "n-grams can be classified, not generated: generate characters or bytes",
        ));
    }
    let mut unlabelled = Unlabelled::of(std::mem::take(&mut corpus.unlabelled), recipe);
    let (splits, own) = distillation::split(corpus, recipe, tell)?;
    let outputs = settings::outputs(splits.labels.len());
    let taught = distillation::targets(&splits, &unlabelled, recipe, &start, &own, tell)?;
    if taught.is_none() {
        unlabelled = Unlabelled::of(Vec::new(), recipe);
    }
    let texts: Vec<&str> = (splits.train.iter().map(|example| example.text.as_str()))
        .chain(unlabelled.texts.iter().map(String::as_str))
        .collect();
    let targets = goal(&splits, taught.as_ref(), outputs);
    let lessons = Lessons {
        targets: &targets,
        weights: &vec![1.0; texts.len()],
        outputs,
    };
    let ngrams = choose(&texts, splits.train.len(), lessons, recipe)?;
    let events = encode_all(ngrams.view(), &texts);
    let held_out = encode_all(ngrams.view(), &splits.validation);
    tell(Event::Ngrams {
        ngrams: ngrams.view().hash.words.into(),
        events: events.iter().map(Vec::len).sum::<usize>() as f64 / events.len().max(1) as f64,
    });
    let x = LazyCell::new(|| matrix(&events, ngrams.view().hash.words.into()));
    let wide = match recipe.wide {
        true => Some(during("weighing", || Wide::fit(&x, lessons))?),
        false => None,
    };
    let origin = origin(recipe, &own.sha256, own.shares[1]);
    let front = FrontSource::Ngrams(&ngrams);
    if let (0, Some(wide)) = (recipe.layers, &wide) {
        let quantized = Quantized {
            artifact: quantize::linear(front, &splits.labels, wide.source(), &wide.bias, origin)?,
            report: Vec::new(),
        };
        let float = wide.score(&held_out, &splits.validation);
        let produced = Produced::linear(quantized, float, settings::threads(recipe))?;
        return produced.judged(own.sha256, splits);
    }
    let judged = wide.as_ref().map(|wide| wide.offsets(&held_out));
    let learnt = match recipe.wide {
        true => Some(during("weighing apart", || {
            let groups = groups(&splits.train, &unlabelled.origins);
            linear::judged_apart(&*x, lessons, &groups, METHOD)
        })?),
        false => None,
    };
    let bias = wide.as_ref().map_or(&[][..], |wide| &wide.bias);
    // A network that training goes on with has an embedding.
    let coordinates = match recipe.spectral_start && start.network.is_none() {
        true => coordinates(
            &x,
            usize::from(recipe.embedding_size).saturating_sub(bias.len()),
        ),
        false => Vec::new(),
    };
    let (labelled, more) = events.split_at(splits.train.len());
    let training = distillation::examples(labelled, &splits.train, more, taught.as_ref());
    let validation = distillation::examples(&held_out, &splits.validation, &[], None);
    let task = settings::classify(recipe, splits.labels.len());
    let material = Material {
        config: settings::network(recipe, recipe.input_kind(), ngrams.view().tokens(), task),
        sequences: Sequences::Examples {
            training: beside(training, learnt.as_deref(), outputs),
            validation: beside(validation, judged.as_deref(), outputs),
        },
        mode: settings::batch_mode(0, recipe.max_length),
        front,
        wide: wide.as_ref().map(Wide::source),
        bias,
        coordinates: &coordinates,
        labels: &splits.labels,
        window: 0,
        calibration: Calibration::Tokens(sample(labelled, recipe.calibration)),
    };
    let produced = produce(&material, recipe, start, origin, tell)?;
    produced.judged(own.sha256, splits)
}

/// What the float network of an artifact is worth on examples, beside the artifact's own weights
/// from n-grams to logits.
pub(super) fn evaluate_float(
    network: &Network,
    ngrams: Ngrams<'_>,
    wide: Option<&wide::Wide<'_>>,
    examples: &[data::Example],
) -> Result<Score, PipelineError> {
    let outputs = network.config().outputs();
    let events = encode_all(ngrams, examples);
    let sums = |events: &Vec<Token>| -> Vec<f32> {
        let mut sums = vec![0; outputs];
        for &token in events {
            wide.iter().for_each(|wide| wide.add_to(token, &mut sums));
        }
        sums.into_iter().map(|sum| sum as f32 / ONE).collect()
    };
    let offsets: Vec<f32> = events.par_iter().flat_map_iter(sums).collect();
    let examples = distillation::examples(&events, examples, &[], None);
    let examples = beside(examples, Some(&offsets), outputs);
    words::float_score(network, &examples, 0)
}

/// What is to be learnt of all texts, `(texts, outputs)`.
fn goal(splits: &Splits, taught: Option<&Targets>, outputs: usize) -> Vec<f32> {
    match taught {
        Some(targets) => [&*targets.labelled, &*targets.unlabelled].concat(),
        None => {
            let labels: Vec<usize> = splits.train.iter().map(|example| example.label).collect();
            teacher::one_hot(&labels, outputs)
        }
    }
}

/// Where so many columns of the embedding of each token begin.
fn coordinates(x: &Sparse, columns: usize) -> Vec<f32> {
    if columns == 0 {
        return Vec::new();
    }
    let own = during("finding directions", || linear::coordinates(x, columns));
    let special = usize::from(special::FIRST_WORD) * columns;
    std::iter::repeat_n(0.0, special).chain(own).collect()
}

/// What must not be torn apart: the groups of the examples, and each text without a label with its
/// halves.
fn groups(examples: &[data::Example], origins: &[u32]) -> Vec<u32> {
    let own = examples.iter().map(|example| example.group);
    let next = own.clone().max().map_or(0, |last| last + 1);
    own.chain(origins.iter().map(|origin| next + origin))
        .collect()
}

/// The n-grams that say most of the classes, among those that several of the first `labelled`
/// texts have.
fn choose(
    texts: &[&str],
    labelled: usize,
    lessons: Lessons<'_>,
    recipe: &Recipe,
) -> Result<OwnedNgrams, PipelineError> {
    let (order, marks) = (recipe.ngram_order, Marks::kept(recipe.marks));
    let count = recipe.num_words - usize::from(special::FIRST_WORD);
    let kept: Vec<WordHash> = during("choosing n-grams", || -> Result<_, PipelineError> {
        let keys: Vec<Vec<u32>> = texts
            .par_iter()
            .map(|text| ngrams::distinct_keys(text, order, marks))
            .collect();
        let known = teacher::frequent(&keys[..labelled], FEWEST);
        let x = Sparse::of_keys(&keys, &known);
        let best = linear::select(&x, lessons, count)?;
        let key = |index: u32| WordHash(known[index as usize]);
        Ok(best.into_iter().map(key).collect())
    })?;
    let bits = recipe.fingerprint_bits;
    Ok(during("hashing n-grams", || {
        OwnedNgrams::new(&kept, order, bits, marks)
    })?)
}

/// Examples beside what is known of them already.
fn beside<'e>(
    examples: Vec<Example<'e>>,
    offsets: Option<&'e [f32]>,
    outputs: usize,
) -> Vec<Example<'e>> {
    let Some(offsets) = offsets else {
        return examples;
    };
    let pairs = examples.into_iter().zip(offsets.chunks(outputs));
    pairs
        .map(|(example, offset)| Example {
            offset: Some(offset),
            ..example
        })
        .collect()
}

/// The weights that go straight to the logits.
struct Wide {
    /// A place in the codebook for each token and output.
    codes: Vec<u8>,
    /// Q16.15.
    codebook: [i32; VALUES],
    /// The weights of the n-grams before they shared their values.
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Wide {
    /// Fits them to the events that a device sees, as the matrix `x`, and gives each one of 16
    /// values.
    fn fit(x: &Sparse, lessons: Lessons<'_>) -> Result<Self, PipelineError> {
        let outputs = lessons.outputs;
        let Linear { weights, bias } = linear::fit(x, lessons, METHOD)?;
        let importance: Vec<f64> = (x.frequencies().into_iter())
            .flat_map(|df| std::iter::repeat_n(df as f64, outputs))
            .collect();
        let book = Codebook::fit(&weights, &importance);
        // No event is a special token; whatever their weight is, it is never added.
        let unused = usize::from(special::FIRST_WORD) * outputs;
        let codes = std::iter::repeat_n(0, unused).chain(book.codes).collect();
        Ok(Self {
            codes,
            codebook: book.values.map(|value| (value * ONE).round() as i32),
            weights,
            bias,
        })
    }

    /// What the float weights are worth.
    fn score(&self, events: &[Vec<Token>], examples: &[data::Example]) -> Score {
        let outputs = self.bias.len();
        let x = matrix(events, self.weights.len() / outputs);
        let labels: Vec<usize> = examples.iter().map(|example| example.label).collect();
        teacher::score(&x.product(&self.weights, &self.bias), &labels, outputs)
    }

    fn source(&self) -> WideSource<'_> {
        WideSource {
            codes: &self.codes,
            codebook: self.codebook,
        }
    }

    /// What the device adds to the logits of each text, `(texts, outputs)`.
    fn offsets(&self, events: &[Vec<Token>]) -> Vec<f32> {
        let outputs = self.bias.len();
        let of_text = |events: &Vec<Token>| -> Vec<f32> {
            let mut sums = vec![0i64; outputs];
            for &token in events {
                let codes = &self.codes[usize::from(token) * outputs..][..outputs];
                let weights = codes.iter().map(|&code| self.codebook[usize::from(code)]);
                sums.iter_mut()
                    .zip(weights)
                    .for_each(|(sum, w)| *sum += i64::from(w));
            }
            sums.into_iter().map(|sum| sum as f32 / ONE).collect()
        };
        events.par_iter().flat_map_iter(of_text).collect()
    }
}

/// Which n-grams the texts have, by their events.
fn matrix(events: &[Vec<Token>], ngrams: usize) -> Sparse {
    let slot = |&token: &Token| u32::from(token - special::FIRST_WORD);
    Sparse::new(events.iter().map(|events| events.iter().map(slot)), ngrams)
}
