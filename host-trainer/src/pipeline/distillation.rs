//! What a teacher adds to labelled texts: soft targets, and more texts.

use super::{Event, PipelineError, settings};
use crate::{
    batch::Example,
    data::{self, Splits},
    ngrams,
    progress::during,
    recipe::{Recipe, TeacherName},
    teacher::{self, Pupils},
};
use rayon::prelude::*;
use spinet_core::{Token, text::Marks};

/// Words of a teacher's longest n-gram.
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

/// Lets the recipe's teacher judge the texts; nothing if it has none.
pub(super) fn targets(
    splits: &Splits,
    unlabelled: &[String],
    recipe: &Recipe,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Option<Targets>, PipelineError> {
    if recipe.teacher == TeacherName::None {
        return Ok(None);
    }
    let outputs = settings::outputs(splits.labels.len());
    let keys = |text: &str| ngrams::distinct_keys(text, ORDER, Marks::Kept);
    let texts = |examples: &[data::Example]| -> Vec<Vec<u32>> {
        examples
            .par_iter()
            .map(|example| keys(&example.text))
            .collect()
    };
    let labels: Vec<usize> = splits.train.iter().map(|example| example.label).collect();
    let groups: Vec<u32> = splits.train.iter().map(|example| example.group).collect();
    let taught = during("teaching", || {
        teacher::teach(&Pupils {
            labelled: &texts(&splits.train),
            labels: &labels,
            groups: &groups,
            unlabelled: &unlabelled
                .par_iter()
                .map(|text| keys(text))
                .collect::<Vec<_>>(),
            validation: &texts(&splits.validation),
            outputs,
        })
    })?;
    let truth: Vec<usize> = splits
        .validation
        .iter()
        .map(|example| example.label)
        .collect();
    tell(Event::Teacher {
        unlabelled: unlabelled.len(),
        score: teacher::score(&taught.validation, &truth, outputs),
    });
    let certain = teacher::one_hot(&labels, outputs);
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
