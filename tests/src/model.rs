//! A model in plain integers, before it is written to an artifact, and random valid ones.
//!
//! [`crate::artifact`] writes a model as the core's format wants it; [`crate::oracle`] computes
//! with it as it stands here.

use proptest::{collection::vec, prelude::*, strategy::ValueTree, test_runner::TestRunner};
use spinet_core::{
    Readout,
    text::{PerfectHash, special},
};

/// The largest sum of one product of a weight and a state: `127 * 32767`.
const PRODUCT: i64 = 127 * 32_767;
/// The most that sums may reach.
const SUM_MAX: i64 = i32::MAX as i64;

/// A network with its vocabulary and labels.
#[derive(Debug, Clone)]
pub struct Model {
    /// The names of the classes.
    pub labels: Vec<String>,
    /// From a word to a token.
    pub vocabulary: Vocabulary,
    /// Whether a sequence begins with the start token.
    pub start: bool,
    /// How many tokens the model looks back; 0 for all of them.
    pub window: u16,
    /// From a token to the cell's input.
    pub input: Input,
    /// The width of the hidden state.
    pub hidden_size: u16,
    /// `W_hh (hidden, hidden)`.
    pub recurrent: Matrix,
    /// Multipliers and `b_h (hidden,)`.
    pub cell_rows: Rows,
    /// From the hidden states to the head.
    pub readout: Readout,
    /// `W (outputs, hidden)` of the head.
    pub head: Matrix,
    /// Multipliers and biases of the head `(outputs,)`.
    pub head_rows: Rows,
}

/// A table of words.
#[derive(Debug, Clone)]
pub enum Vocabulary {
    /// Words share buckets.
    Hashed {
        /// Number of buckets.
        buckets: u16,
    },
    /// A perfect hash. Which words it knows is up to chance here.
    PerfectHash {
        /// Number of words.
        words: u16,
        /// Stirred into every hash.
        seed: u32,
        /// Width of a fingerprint.
        fingerprint_bits: u8,
        /// A displacement per bucket.
        pilots: Vec<u16>,
        /// Packed fingerprints.
        fingerprints: Vec<u8>,
    },
}

/// The input side.
#[derive(Debug, Clone)]
pub enum Input {
    /// `W_xh` transposed, `(tokens, hidden)`.
    OneHot(Matrix),
    /// The embedding `(tokens, input_size)` in Q0.7, and `W_xh (hidden, input_size)`.
    Embedding {
        /// The width of `x_t`.
        input_size: u16,
        /// A row per token.
        table: Vec<i8>,
        /// `W_xh`.
        weights: Matrix,
    },
}

/// Row-major weights in units of the rows' scales times `2^shift`.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// -127 ..= 127.
    pub weights: Vec<i8>,
    /// 0 ..= 8.
    pub shift: u8,
}

/// Multipliers and biases, one of each per row.
#[derive(Debug, Clone)]
pub struct Rows {
    /// At least 1.
    pub multipliers: Vec<i32>,
    /// In units of the accumulators.
    pub biases: Vec<i32>,
}

impl Model {
    /// Rows of the input table: the words and the three special tokens.
    pub fn tokens(&self) -> usize {
        usize::from(special::FIRST_WORD) + usize::from(self.vocabulary.words())
    }

    /// Number of logits.
    pub fn outputs(&self) -> usize {
        outputs(self.labels.len())
    }

    /// The largest bias with which no sum of the cell overflows.
    pub fn cell_room(&self) -> i32 {
        let input = match &self.input {
            Input::OneHot(table) => table_bound(table.shift),
            Input::Embedding {
                input_size,
                weights,
                ..
            } => matrix_bound(*input_size, weights.shift),
        };
        room(input + matrix_bound(self.hidden_size, self.recurrent.shift))
    }

    /// The largest bias with which no sum of the head overflows.
    pub fn head_room(&self) -> i32 {
        room(matrix_bound(self.hidden_size, self.head.shift))
    }
}

impl Vocabulary {
    /// Number of words or buckets.
    pub fn words(&self) -> u16 {
        match *self {
            Self::Hashed { buckets } => buckets,
            Self::PerfectHash { words, .. } => words,
        }
    }
}

fn outputs(labels: usize) -> usize {
    if labels == 2 { 1 } else { labels }
}

fn matrix_bound(columns: u16, shift: u8) -> i64 {
    (PRODUCT * i64::from(columns)) << shift
}

/// What a token's row of a one-hot table adds at most: `127 * 2^(15 + shift)`.
fn table_bound(shift: u8) -> i64 {
    127 << (15 + shift)
}

fn room(bound: i64) -> i32 {
    (SUM_MAX - bound).try_into().expect("sums fit 32 bits")
}

/// A model with one-hot input and one with an embedding of width 3, each with a perfect hash of
/// 6 words, 4 units, 3 classes and no window.
pub fn examples() -> [Model; 2] {
    let mut runner = TestRunner::new(crate::cases(1));
    [0, 3].map(|input_size| {
        let strategy = model(4, input_size, 6, 3).prop_filter("a perfect hash", |model| {
            model.window == 0 && matches!(model.vocabulary, Vocabulary::PerfectHash { .. })
        });
        strategy.new_tree(&mut runner).expect("a model").current()
    })
}

/// The [`examples`] with weights up to 1 in magnitude, so that their states wander.
pub fn wandering() -> [Model; 2] {
    let mix = |weights: &mut [i8]| {
        for (index, weight) in weights.iter_mut().enumerate() {
            *weight = ((index * 89 % 255) as i16 - 127) as i8;
        }
    };
    examples().map(|mut model| {
        let input = match &mut model.input {
            Input::OneHot(table) => table,
            Input::Embedding { table, weights, .. } => {
                mix(table);
                weights
            }
        };
        for matrix in [input, &mut model.recurrent] {
            mix(&mut matrix.weights);
            matrix.shift = 0;
        }
        // A scale of 2^-7.
        model.cell_rows.multipliers.fill(1 << 22);
        model.cell_rows.biases.fill(0);
        model
    })
}

/// Any valid model of up to 24 units, 12 inputs and 40 words.
pub fn models() -> impl Strategy<Value = Model> {
    let sizes = (1u16..=24, 0u16..=12, 1u16..=40, 2usize..=5);
    sizes.prop_flat_map(|(hidden, input, words, labels)| model(hidden, input, words, labels))
}

/// Any valid model of these sizes; one-hot if `input_size` is 0.
pub fn model(
    hidden_size: u16,
    input_size: u16,
    words: u16,
    labels: usize,
) -> impl Strategy<Value = Model> {
    let tokens = usize::from(special::FIRST_WORD + words);
    let frame = (
        vec("[a-zé ]{0,6}", labels),
        vocabularies(words),
        any::<bool>(),
        prop_oneof![Just(0), 1u16..=9],
        readouts(),
    );
    let outputs = outputs(labels);
    let head = matrices(outputs, hidden_size)
        .prop_flat_map(move |head| {
            let room = room(matrix_bound(hidden_size, head.shift));
            (Just(head), rows(outputs, room))
        })
        .boxed();
    (frame, cells(tokens, hidden_size, input_size), head).prop_map(
        move |(
            (labels, vocabulary, start, window, readout),
            (input, recurrent, cell_rows),
            (head, head_rows),
        )| {
            Model {
                labels,
                vocabulary,
                start,
                window,
                input,
                hidden_size,
                recurrent,
                cell_rows,
                readout,
                head,
                head_rows,
            }
        },
    )
}

/// The input side, the recurrent weights, and rows that leave them room.
fn cells(
    tokens: usize,
    hidden: u16,
    input_size: u16,
) -> impl Strategy<Value = (Input, Matrix, Rows)> {
    let input = match input_size {
        0 => (weights(tokens * usize::from(hidden)), 0u8..=8)
            .prop_map(|(weights, shift)| Input::OneHot(Matrix { weights, shift }))
            .boxed(),
        _ => {
            let table = weights(tokens * usize::from(input_size));
            (table, matrices(hidden.into(), input_size))
                .prop_map(move |(table, weights)| Input::Embedding {
                    input_size,
                    table,
                    weights,
                })
                .boxed()
        }
    };
    (input, matrices(hidden.into(), hidden)).prop_flat_map(move |(input, recurrent)| {
        let added = match &input {
            Input::OneHot(table) => table_bound(table.shift),
            Input::Embedding { weights, .. } => matrix_bound(input_size, weights.shift),
        };
        let room = room(added + matrix_bound(hidden, recurrent.shift));
        (Just(input), Just(recurrent), rows(hidden.into(), room))
    })
}

/// A matrix `(rows, columns)` that takes less than half of an accumulator.
fn matrices(rows: usize, columns: u16) -> impl Strategy<Value = Matrix> {
    let largest = (0..=8)
        .rev()
        .find(|&shift| matrix_bound(columns, shift) < SUM_MAX / 2)
        .unwrap_or(0);
    (weights(rows * usize::from(columns)), 0..=largest)
        .prop_map(|(weights, shift)| Matrix { weights, shift })
}

fn weights(count: usize) -> impl Strategy<Value = Vec<i8>> {
    prop_oneof![
        4 => vec(-127i8..=127, count),
        1 => vec(prop_oneof![Just(-127i8), Just(127)], count),
        1 => vec(prop_oneof![4 => Just(0i8), 1 => -127i8..=127], count),
        1 => prop_oneof![Just(-127i8), Just(0), Just(127)].prop_map(move |w| vec![w; count]),
    ]
}

/// Multipliers of every magnitude and biases within `room`.
fn rows(count: usize, room: i32) -> impl Strategy<Value = Rows> {
    let multiplier = prop_oneof![
        6 => (10u32..=24, any::<u32>()).prop_map(|(bits, noise)| 1 << bits | (noise >> (32 - bits)) as i32),
        1 => 1..=i32::MAX,
        1 => prop_oneof![Just(1), Just(i32::MAX)],
    ];
    let bias = prop_oneof![
        4 => -(room.min(1 << 22))..=room.min(1 << 22),
        1 => -room..=room,
        1 => prop_oneof![Just(-room), Just(0), Just(room)],
    ];
    (vec(multiplier, count), vec(bias, count)).prop_map(|(multipliers, biases)| Rows {
        multipliers,
        biases,
    })
}

fn vocabularies(words: u16) -> impl Strategy<Value = Vocabulary> {
    let perfect = (any::<u32>(), 1u8..=16).prop_flat_map(move |(seed, fingerprint_bits)| {
        let pilots = vec(any::<u16>(), usize::from(PerfectHash::buckets(words)));
        let bytes = PerfectHash::fingerprint_bytes(words, fingerprint_bits);
        (pilots, vec(any::<u8>(), bytes)).prop_map(move |(pilots, fingerprints)| {
            Vocabulary::PerfectHash {
                words,
                seed,
                fingerprint_bits,
                pilots,
                fingerprints,
            }
        })
    });
    prop_oneof![Just(Vocabulary::Hashed { buckets: words }), perfect]
}

fn readouts() -> impl Strategy<Value = Readout> {
    prop_oneof![Just(Readout::Last), Just(Readout::Mean), Just(Readout::Max)]
}
