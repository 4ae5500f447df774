//! Batches of every kind, by what lies where.

use super::*;

pub(super) const RAGGED: BatchMode = BatchMode::Ragged {
    max_len: 4,
    cut: Cut::Last,
};

pub(super) fn examples(sequences: &[Vec<u16>]) -> Vec<Example<'_>> {
    sequences
        .iter()
        .map(|tokens| Example::of_tokens(tokens, tokens.len() as u16 % 2))
        .collect()
}

/// Sequence `n` is `n * 100, n * 100 + 1, ..`.
pub(super) fn numbered(lengths: &[usize]) -> Vec<Vec<u16>> {
    let sequence = |(n, &length): (usize, &usize)| (0..length).map(move |t| (n * 100 + t) as u16);
    lengths
        .iter()
        .enumerate()
        .map(|pair| sequence(pair).collect())
        .collect()
}

fn assembled(lengths: &[usize], mode: &BatchMode, pass: Pass) -> Batch {
    let sequences = numbered(lengths);
    let indices: Vec<u32> = (0..lengths.len() as u32).collect();
    let mut batch = Batch::default();
    batch.assemble(&examples(&sequences), &indices, mode, pass, false);
    batch
}

#[test]
fn ragged_batches_are_time_major_and_longest_first() {
    let batch = assembled(&[2, 0, 3], &RAGGED, Pass::Evaluation);
    assert_eq!(batch.examples(), [2, 0, 1]);
    assert_eq!(batch.lengths(), [3, 2, 0]);
    assert_eq!(batch.labels(), [1, 0, 0]);
    assert_eq!(
        [batch.active(0), batch.active(1), batch.active(2)],
        [2, 2, 1]
    );
    assert_eq!(batch.tokens(), [200, 0, 0, 201, 1, 0, 202, 0, 0]);
    assert_eq!(
        (batch.steps(), batch.sequences(), batch.token_count()),
        (3, 3, 5)
    );
}

#[test]
fn windows_are_padded_in_front() {
    let mode = BatchMode::Windowed {
        length: 3,
        pad_id: 9,
    };
    let batch = assembled(&[2, 0, 5], &mode, Pass::Evaluation);
    assert_eq!(batch.examples(), [2, 0, 1]);
    assert_eq!(batch.tokens(), [202, 9, 9, 203, 0, 9, 204, 1, 9]);
    assert_eq!(batch.lengths(), [3, 3, 3]);
    assert_eq!(batch.active(2), 3);
}

#[test]
fn only_training_cuts_and_random_windows_move() {
    let long = [10, 3];
    assert_eq!(
        assembled(&long, &RAGGED, Pass::Evaluation).lengths(),
        [10, 3]
    );
    let last = assembled(&long, &RAGGED, Pass::Training { seed: 1 });
    assert_eq!(last.tokens(), [6, 100, 7, 101, 8, 102, 9, 0]);
    let random = BatchMode::Ragged {
        max_len: 4,
        cut: Cut::RandomWindow,
    };
    let mut starts = [0; 7];
    for seed in 0..700 {
        let batch = assembled(&long, &random, Pass::Training { seed });
        let start = batch.tokens()[0];
        assert_eq!(batch.tokens()[6], start + 3);
        starts[usize::from(start)] += 1;
    }
    assert!(
        starts.iter().all(|&count| (60..140).contains(&count)),
        "{starts:?}"
    );
}

#[test]
fn word_dropout_spares_padding() {
    let mode = BatchMode::Windowed {
        length: 100,
        pad_id: 9,
    };
    let mut batch = assembled(&[50], &mode, Pass::Training { seed: 0 });
    batch.drop_words(0.5, 777, 3);
    assert!(batch.tokens()[..50].iter().all(|&token| token == 9));
    let dropped = batch.tokens()[50..]
        .iter()
        .filter(|&&token| token == 777)
        .count();
    assert!((15..=35).contains(&dropped), "{dropped}");
}
