//! What a teacher adds to labelled texts: soft targets, and more texts.

use super::{
    Event, PipelineError, Start, settings,
    soft_labels::{SoftLabels, Texts},
};
use crate::{
    batch::Example,
    data::{self, Corpus, Splits},
    evaluation,
    inference::Model,
    ngrams,
    progress::bar,
    recipe::Recipe,
    teacher::{self, Pupils, Taught, Teacher},
};
use rayon::prelude::*;
use spinet_core::{Token, text::Marks};

/// Words of the longest n-gram that teachers look at.
const ORDER: u8 = 3;

/// What is to be learnt of every text.
pub(super) struct Targets {
    /// Numbers of a target: 1 for two classes, otherwise one a class.
    pub outputs: usize,
    /// Of the texts with labels, `(texts, outputs)`.
    pub labelled: Vec<f32>,
    /// Of those without.
    pub unlabelled: Vec<f32>,
}

/// Texts without labels, for teachers to judge.
pub(super) struct Unlabelled {
    /// The texts, and behind them their halves if they are wanted.
    pub texts: Vec<String>,
    /// For each of them, which text it is or is a half of.
    pub origins: Vec<u32>,
    /// How many of them are no halves.
    wholes: usize,
}

impl Unlabelled {
    /// These texts, and if the recipe says so the halves of all that have two words.
    pub fn of(mut texts: Vec<String>, recipe: &Recipe) -> Self {
        let wholes = texts.len();
        let mut origins: Vec<u32> = (0..wholes as u32).collect();
        if recipe.halves {
            for whole in 0..wholes {
                let halves = halves(&texts[whole]);
                origins.extend(halves.iter().map(|_| whole as u32));
                texts.extend(halves);
            }
        }
        Self {
            texts,
            origins,
            wholes,
        }
    }
}

/// The first half of a text's words and the others; none of a text of fewer than two words.
fn halves(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (first, second) = words.split_at(words.len() / 2);
    match first.is_empty() {
        true => Vec::new(),
        false => vec![first.join(" "), second.join(" ")],
    }
}

/// The targets of the texts, by what teachers said before or by the recipe's teacher and the models
/// among the teachers; nothing if there is none of them.
pub(super) fn targets(
    splits: &Splits,
    unlabelled: &Unlabelled,
    recipe: &Recipe,
    start: &Start,
    own: &Own,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Option<Targets>, PipelineError> {
    let taught = match &start.soft_labels {
        Some(said) => {
            let counts = [
                splits.train.len(),
                unlabelled.texts.len(),
                splits.validation.len(),
            ];
            match said.are_of(&own.texts(&unlabelled.texts), counts, splits.labels.len()) {
                true => Some(said.taught.clone()),
                false => return Err(PipelineError::OtherTexts),
            }
        }
        None => judge(splits, unlabelled, recipe, &start.teachers)?,
    };
    let Some(taught) = taught else {
        return Ok(None);
    };
    let outputs = settings::outputs(splits.labels.len());
    tell_teacher(&taught, splits, tell);
    let certain = teacher::one_hot(&labels(&splits.train), outputs);
    let soft = teacher::soft(&taught.labelled, outputs);
    let share = recipe.hard_labels;
    let mixed = certain
        .iter()
        .zip(soft)
        .map(|(hard, soft)| share * hard + (1.0 - share) * soft);
    Ok(Some(Targets {
        outputs,
        labelled: mixed.collect(),
        unlabelled: teacher::soft(&taught.unlabelled, outputs),
    }))
}

/// Lets the teachers of a recipe judge the texts of a corpus, to be learnt from later.
///
/// # Errors
/// If there is no teacher, or one cannot judge these texts.
pub fn distill(
    mut corpus: Corpus,
    recipe: &Recipe,
    teachers: &[Model],
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<SoftLabels, PipelineError> {
    recipe.check()?;
    let unlabelled = Unlabelled::of(std::mem::take(&mut corpus.unlabelled), recipe);
    let (splits, own) = split(corpus, recipe, tell)?;
    let taught = judge(&splits, &unlabelled, recipe, teachers)?;
    let taught = taught.ok_or(PipelineError::NoTeacher)?;
    tell_teacher(&taught, &splits, tell);
    let texts = own.texts(&unlabelled.texts);
    Ok(SoftLabels { texts, taught })
}

/// Where examples come from, and how they were held apart.
pub(super) struct Own {
    pub sha256: [u8; 32],
    pub seed: u64,
    /// Held out to validate and to test, in thousandths.
    pub shares: [u16; 2],
}

impl Own {
    /// What tells them and the texts beside them from others.
    fn texts(&self, unlabelled: &[String]) -> Texts {
        Texts::new(self.sha256, unlabelled, self.seed, self.shares)
    }
}

/// Holds the examples apart.
pub(super) fn split(
    corpus: Corpus,
    recipe: &Recipe,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(Splits, Own), PipelineError> {
    let (sha256, seed) = (corpus.sha256, recipe.seed);
    let validation = settings::permille(recipe.validation);
    let test = settings::test_permille(recipe, !corpus.test.is_empty());
    let splits = data::split(corpus, settings::split_spec(seed, validation, test))?;
    tell(Event::Split {
        train: splits.train.len(),
        validation: splits.validation.len(),
        test: splits.test.len(),
    });
    let shares = [validation, test];
    let own = Own {
        sha256,
        seed,
        shares,
    };
    Ok((splits, own))
}

fn tell_teacher(taught: &Taught, splits: &Splits, tell: &mut dyn FnMut(Event<'_>)) {
    let outputs = settings::outputs(splits.labels.len());
    tell(Event::Teacher {
        unlabelled: taught.unlabelled.len() / outputs,
        training: teacher::score(&taught.labelled, &labels(&splits.train), outputs),
        validation: teacher::score(&taught.validation, &labels(&splits.validation), outputs),
    });
}

fn labels(examples: &[data::Example]) -> Vec<usize> {
    examples.iter().map(|example| example.label).collect()
}

/// Lets the recipe's teacher and the models among `teachers` judge the texts; nothing if there is
/// neither. Of several, the mean of their logits counts.
fn judge(
    splits: &Splits,
    unlabelled: &Unlabelled,
    recipe: &Recipe,
    teachers: &[Model],
) -> Result<Option<Taught>, PipelineError> {
    let mut judgements = Vec::new();
    let own = recipe.teacher.teachers();
    if !own.is_empty() {
        judgements.push(by_linear_models(own, splits, unlabelled)?);
    }
    for model in teachers {
        judgements.push(by_model(model, splits, &unlabelled.texts)?);
    }
    Ok(mean(judgements))
}

/// What linear models of n-grams or of paragraph vectors make of the texts.
fn by_linear_models(
    teachers: &[Teacher],
    splits: &Splits,
    unlabelled: &Unlabelled,
) -> Result<Taught, PipelineError> {
    let outputs = settings::outputs(splits.labels.len());
    let keys = |text: &str| ngrams::distinct_keys(text, ORDER, Marks::Kept);
    let texts = |examples: &[data::Example]| -> Vec<Vec<u32>> {
        let examples = examples.par_iter();
        examples.map(|example| keys(&example.text)).collect()
    };
    let groups: Vec<u32> = splits.train.iter().map(|example| example.group).collect();
    let wholes = unlabelled.wholes;
    let unlabelled = unlabelled.texts.par_iter();
    let unlabelled: Vec<Vec<u32>> = unlabelled.map(|text| keys(text)).collect();
    let pupils = Pupils {
        labelled: &texts(&splits.train),
        labels: &labels(&splits.train),
        groups: &groups,
        unlabelled: &unlabelled,
        wholes,
        validation: &texts(&splits.validation),
        outputs,
    };
    Ok(teacher::teach(teachers, &pupils)?)
}

/// What a model makes of the texts.
fn by_model(
    model: &Model,
    splits: &Splits,
    unlabelled: &[String],
) -> Result<Taught, PipelineError> {
    if !model.artifact().labels.iter().eq(&splits.labels) {
        return Err(PipelineError::OtherLabels(splits.labels.join(", ")));
    }
    let texts = splits.train.len() + unlabelled.len() + splits.validation.len();
    let progress = bar(texts, "teaching");
    let taught = Taught {
        labelled: evaluation::logits(model, &splits.train, &progress)?,
        unlabelled: evaluation::logits(model, unlabelled, &progress)?,
        validation: evaluation::logits(model, &splits.validation, &progress)?,
    };
    progress.finish_and_clear();
    Ok(taught)
}

/// The mean of several judgements.
fn mean(judgements: Vec<Taught>) -> Option<Taught> {
    let count = judgements.len() as f32;
    let add = |sum: &mut [f32], other: &[f32]| {
        sum.iter_mut().zip(other).for_each(|(sum, z)| *sum += z);
    };
    let mut sum = judgements.into_iter().reduce(|mut sum, other| {
        add(&mut sum.labelled, &other.labelled);
        add(&mut sum.unlabelled, &other.unlabelled);
        add(&mut sum.validation, &other.validation);
        sum
    })?;
    for logits in [&mut sum.labelled, &mut sum.unlabelled, &mut sum.validation] {
        logits.iter_mut().for_each(|z| *z /= count);
    }
    Some(sum)
}

/// The examples that are learnt from: those with labels, and behind them, if there is a teacher,
/// those `more` that it has labelled.
pub(super) fn examples<'t>(
    tokens: &'t [Vec<Token>],
    labelled: &[data::Example],
    more: &'t [Vec<Token>],
    targets: Option<&'t Targets>,
) -> Vec<Example<'t>> {
    let examples = tokens.iter().zip(labelled);
    let examples = examples.map(|(tokens, own)| Example::of_tokens(tokens, own.label as u16));
    let Some(targets) = targets else {
        return examples.collect();
    };
    let more = more.iter().zip(targets.unlabelled.chunks(targets.outputs));
    let more = more.map(|(tokens, target)| Example {
        target: Some(target),
        ..Example::of_tokens(tokens, likeliest(target))
    });
    let known = examples.zip(targets.labelled.chunks(targets.outputs));
    let known = known.map(|(example, target)| Example {
        target: Some(target),
        ..example
    });
    known.chain(more).collect()
}

/// The class that a target says is likeliest.
fn likeliest(target: &[f32]) -> u16 {
    match *target {
        [p] => u16::from(p >= 0.5),
        _ => {
            let best = (0..target.len()).max_by(|&a, &b| target[a].total_cmp(&target[b]));
            best.unwrap_or(0) as u16
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_follow_their_texts_and_have_all_words() {
        let texts = ["a b  c", "one", "", "\tw x\ny z "]
            .map(String::from)
            .to_vec();
        let recipe = Recipe {
            halves: true,
            ..Recipe::default()
        };
        let found = Unlabelled::of(texts.clone(), &recipe);
        assert_eq!(found.texts[..4], texts);
        assert_eq!(found.texts[4..], ["a", "b c", "w x", "y z"]);
        assert_eq!(found.origins, [0, 1, 2, 3, 0, 0, 3, 3]);
        assert_eq!(found.wholes, 4);
        assert_eq!(
            Unlabelled::of(texts.clone(), &Recipe::default()).texts,
            texts
        );
    }
}
