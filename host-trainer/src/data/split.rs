//! Holding examples out: by whole groups, class by class, the same on every machine.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;

use super::{Corpus, DataError, Example, Series, SeriesExample};

/// Something that can be held out.
pub trait Separable {
    /// The class; 0 where there are none.
    fn label(&self) -> usize;
    /// What must not be torn apart, such as duplicates.
    fn group(&self) -> u32;
}

/// How much of the training data to hold out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SplitSpec {
    /// Decides which groups are held out.
    pub seed: u64,
    /// The fraction of the training examples held out for validation; 0 for none.
    pub validation: f32,
    /// The fraction of the training examples held out for the test; not used if the data come
    /// with a test set of their own.
    pub test: f32,
}

/// Data held apart; within each set the examples keep their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splits<T = Example> {
    /// The names of the classes; empty if there are none.
    pub labels: Vec<String>,
    /// What the weights are fitted to.
    pub train: Vec<T>,
    /// What choices are made on: when to stop, which model to keep. Empty if none was asked for.
    pub validation: Vec<T>,
    /// What is looked at once. Empty if there is none and none was asked for.
    pub test: Vec<T>,
}

/// The sets a training example may go to, in the order in which they are served.
const HELD_OUT: [&str; 2] = ["validation", "test"];
const VALIDATION: usize = 0;
const TEST: usize = 1;

/// Splits a corpus. The fractions are met, class by class, to within a group; a class with too
/// few groups for all sets goes to training first and to validation second.
pub fn split(corpus: Corpus, spec: SplitSpec) -> Result<Splits, DataError> {
    part(corpus.labels, corpus.train, corpus.test, spec)
}

/// Splits series in the same way; without classes, by groups alone.
pub fn split_series(series: Series, spec: SplitSpec) -> Result<Splits<SeriesExample>, DataError> {
    part(series.labels, series.train, series.test, spec)
}

fn part<T: Separable>(
    labels: Vec<String>,
    examples: Vec<T>,
    test: Vec<T>,
    spec: SplitSpec,
) -> Result<Splits<T>, DataError> {
    let fractions = fractions(spec, test.is_empty())?;
    let mut rng = Pcg64::seed_from_u64(spec.seed);
    let mut held_out = BTreeMap::new();
    for mut groups in strata(labels.len().max(1), &examples) {
        groups.shuffle(&mut rng);
        for (set, chosen) in hold_out(&groups, fractions) {
            held_out.extend(chosen.iter().map(|(group, _)| (*group, set)));
        }
    }
    let mut splits = Splits {
        labels,
        train: Vec::new(),
        validation: Vec::new(),
        test,
    };
    for example in examples {
        match held_out.get(&example.group()) {
            Some(&VALIDATION) => splits.validation.push(example),
            Some(_) => splits.test.push(example),
            None => splits.train.push(example),
        }
    }
    enough(&splits, fractions).map(|()| splits)
}

/// The fractions that apply, in the order of `HELD_OUT`.
fn fractions(spec: SplitSpec, needs_test: bool) -> Result<[f64; 2], DataError> {
    let SplitSpec {
        validation, test, ..
    } = spec;
    let whole = f64::from(validation) + f64::from(test);
    // Written so that a NaN fails it.
    if !(validation >= 0.0 && test >= 0.0 && whole < 1.0) {
        return Err(DataError::Fractions { validation, test });
    }
    let test = if needs_test { test } else { 0.0 };
    Ok([validation.into(), test.into()])
}

/// The groups of each class with their sizes, in the order of their numbers; a group whose
/// examples differ in class counts for the class of its first.
fn strata<T: Separable>(classes: usize, examples: &[T]) -> Vec<Vec<(u32, usize)>> {
    let mut groups: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
    for example in examples {
        groups
            .entry(example.group())
            .or_insert((example.label(), 0))
            .1 += 1;
    }
    let mut strata = vec![Vec::new(); classes];
    for (group, (label, size)) in groups {
        strata[label].push((group, size));
    }
    strata
}

/// Cuts the shuffled groups of one class: each set takes at least one group, as long as one
/// remains for every set that comes before it in line, training being the first.
fn hold_out(groups: &[(u32, usize)], fractions: [f64; 2]) -> Vec<(usize, &[(u32, usize)])> {
    let total: usize = groups.iter().map(|(_, size)| size).sum();
    let mut rest = groups;
    let mut sets = Vec::new();
    for set in (0..HELD_OUT.len())
        .rev()
        .filter(|&set| fractions[set] > 0.0)
    {
        let kept_back = 1 + fractions[..set].iter().filter(|&&f| f > 0.0).count();
        let available = rest.len().saturating_sub(kept_back);
        let wanted = nearest(rest, fractions[set] * total as f64).max(1);
        let (chosen, left) = rest.split_at(wanted.min(available));
        sets.push((set, chosen));
        rest = left;
    }
    sets
}

/// How many groups from the front come nearest to `target` examples.
fn nearest(groups: &[(u32, usize)], target: f64) -> usize {
    let mut taken = 0.0;
    for (count, (_, size)) in groups.iter().enumerate() {
        if taken + *size as f64 / 2.0 > target {
            return count;
        }
        taken += *size as f64;
    }
    groups.len()
}

/// Refuses a split in which a set that was asked for is empty.
fn enough<T>(splits: &Splits<T>, fractions: [f64; 2]) -> Result<(), DataError> {
    let asked = fractions.iter().filter(|&&fraction| fraction > 0.0).count();
    let needed = 1 + asked;
    if splits.train.is_empty() {
        let set = "training";
        return Err(DataError::TooFew { set, needed });
    }
    let sets = [&splits.validation, &splits.test];
    let empty = |&set: &usize| fractions[set] > 0.0 && sets[set].is_empty();
    match [VALIDATION, TEST].iter().find(|set| empty(set)) {
        Some(&set) => Err(DataError::TooFew {
            set: HELD_OUT[set],
            needed,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// `sizes[class]` examples a class, in groups of `of`.
    fn corpus(sizes: &[usize], of: usize) -> Corpus {
        let labels = (0..sizes.len()).map(|class| class.to_string()).collect();
        let mut train = Vec::new();
        for (label, &size) in sizes.iter().enumerate() {
            train.extend((0..size).map(|i| Example {
                text: format!("{label} {i}"),
                label,
                group: (i / of * sizes.len() + label) as u32,
            }));
        }
        Corpus::new(labels, train, Vec::new())
    }

    fn spec(validation: f32, test: f32) -> SplitSpec {
        SplitSpec {
            seed: 7,
            validation,
            test,
        }
    }

    fn count(set: &[Example], label: usize) -> usize {
        set.iter().filter(|example| example.label == label).count()
    }

    #[test]
    fn every_example_is_in_one_set_and_no_group_is_torn() {
        let whole = corpus(&[930, 470], 50);
        let splits = split(whole.clone(), spec(0.1, 0.2)).expect("split");
        let sets = [&splits.train, &splits.validation, &splits.test];
        let groups = sets.map(|set| set.iter().map(|e| e.group).collect::<HashSet<_>>());
        assert!(groups[0].is_disjoint(&groups[1]));
        assert!(groups[0].is_disjoint(&groups[2]));
        assert!(groups[1].is_disjoint(&groups[2]));
        let mut all: Vec<&str> = sets
            .into_iter()
            .flatten()
            .map(|e| e.text.as_str())
            .collect();
        let mut expected: Vec<&str> = whole.train.iter().map(|e| e.text.as_str()).collect();
        all.sort_unstable();
        expected.sort_unstable();
        assert_eq!(all, expected);
        for (label, size) in [(0, 930.0), (1, 470.0)] {
            let off = |set: &[Example], fraction: f64| count(set, label) as f64 - size * fraction;
            assert!(off(&splits.validation, 0.1).abs() <= 25.0);
            assert!(off(&splits.test, 0.2).abs() <= 25.0);
        }
    }

    #[test]
    fn single_examples_meet_the_fraction_exactly() {
        let splits = split(corpus(&[100, 300], 1), spec(0.1, 0.25)).expect("split");
        let counts = |set: &[Example]| [count(set, 0), count(set, 1)];
        assert_eq!(counts(&splits.validation), [10, 30]);
        assert_eq!(counts(&splits.test), [25, 75]);
        assert_eq!(counts(&splits.train), [65, 195]);
    }

    #[test]
    fn the_seed_decides_and_nothing_else() {
        let held = |seed| {
            let spec = SplitSpec {
                seed,
                ..spec(0.5, 0.0)
            };
            let splits = split(corpus(&[6, 6], 1), spec).expect("split");
            splits
                .validation
                .into_iter()
                .map(|e| e.text)
                .collect::<Vec<_>>()
        };
        assert_eq!(held(1), held(1));
        assert_ne!(held(1), held(2));
        // Pinned: another machine or a new version of the generator must not move the border.
        assert_eq!(held(1), ["0 0", "0 3", "0 4", "1 1", "1 2", "1 3"]);
    }

    #[test]
    fn the_corpus_s_own_test_set_is_left_alone() {
        let mut whole = corpus(&[40, 40], 1);
        whole.test = whole.train.split_off(60);
        let own = whole.test.clone();
        let splits = split(whole, spec(0.1, 0.3)).expect("split");
        assert_eq!(splits.test, own);
        assert_eq!(splits.train.len() + splits.validation.len(), 60);
    }

    #[test]
    fn a_small_class_is_in_every_set_if_it_can_be() {
        let splits = split(corpus(&[1000, 3, 2, 1], 1), spec(0.01, 0.01)).expect("split");
        for label in 0..4 {
            let sets = [&splits.train, &splits.validation, &splits.test];
            let counts = sets.map(|set| count(set, label).min(1));
            let expected = [[1, 1, 1], [1, 1, 1], [1, 1, 0], [1, 0, 0]][label];
            assert_eq!(counts, expected, "class {label}");
        }
    }

    #[test]
    fn series_without_classes_are_split_by_groups() {
        let example = |index: u32| SeriesExample {
            values: vec![index as f32],
            label: 0,
            group: index / 5,
        };
        let whole = Series::new(1, Vec::new(), (0..100).map(example).collect(), Vec::new());
        let splits = split_series(whole, spec(0.2, 0.1)).expect("split");
        let sets = [&splits.train, &splits.validation, &splits.test];
        assert_eq!(sets.map(Vec::len), [70, 20, 10]);
        let groups = sets.map(|set| set.iter().map(|e| e.group).collect::<HashSet<_>>());
        assert_eq!(groups.map(|set| set.len()), [14, 4, 2]);
    }

    #[test]
    fn nothing_is_held_out_unasked() {
        let whole = corpus(&[3, 3], 1);
        let splits = split(whole.clone(), spec(0.0, 0.0)).expect("split");
        assert_eq!(splits.train, whole.train);
        assert!(splits.validation.is_empty() && splits.test.is_empty());
    }

    #[test]
    fn too_few_examples_and_impossible_fractions_are_errors() {
        let error = split(corpus(&[1, 1], 1), spec(0.5, 0.0)).expect_err("one each");
        assert!(
            error
                .to_string()
                .contains("too few examples for a validation set"),
            "{error}"
        );
        let error = split(corpus(&[50, 50], 50), spec(0.5, 0.0)).expect_err("one group");
        assert!(
            matches!(error, DataError::TooFew { needed: 2, .. }),
            "{error}"
        );
        let error = split(corpus(&[2, 2], 1), spec(0.3, 0.3)).expect_err("two each");
        assert!(error.to_string().contains("test set"), "{error}");
        for (validation, test) in [(-0.1, 0.0), (0.0, 1.0), (0.6, 0.4), (f32::NAN, 0.0)] {
            let error = split(corpus(&[9, 9], 1), spec(validation, test)).expect_err("fractions");
            assert!(matches!(error, DataError::Fractions { .. }), "{error}");
        }
    }
}
