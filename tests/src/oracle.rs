//! The whole network once more, naively, in integers that cannot overflow.
//!
//! Written from the documented equations and Q formats alone. Nothing of the core's is used but
//! `tanh` and `sigmoid` of a Q16.15 value, which the core proves against `libm`.
//!
//! ```text
//! z_s      = floor(sum_s m_s / 2^32 + 1/2)                                        Q16.15
//! sum_s    = b_s + (W_x x)_j 2^shift + (W_h h)_j 2^shift                          2^-15 s_j
//! logit_o  = floor((b_o + sum_k W[o][k] p_k 2^shift) m_o / 2^32 + 1/2)            Q16.15
//! ```
//!
//! To a logit, each token adds its wide weight, and what exceeds 32 bits is cut off at once.
//!
//! What comes in is Q0.15: 2^15 at a one-hot token, an embedding of 8 bits (Q0.7) or 4 (Q0.3),
//! a vector, or the states of the layer below; `p` is the read-out of the last layer's states.

use crate::model::{Cell, Dense, Front, Input, Layer, Matrix, Mix, Model, Product, Rows};
use spinet_core::{
    Readout, Token,
    activation::{sigmoid, tanh},
    matrix::Encoding,
};
use std::collections::VecDeque;

/// What fills a window in front.
const PAD: Token = 0;
/// What a word outside of the table counts as.
const UNKNOWN: Token = 2;
/// The largest state.
const STATE_MAX: i128 = 32_767;

/// A sequence that has been read. What it takes does not grow with the sequence.
#[derive(Debug, Clone)]
pub struct Oracle<'m> {
    model: &'m Model,
    /// The last `window` tokens.
    window: VecDeque<Token>,
    run: Run,
    /// What the tokens have added to each logit.
    wide: Vec<i32>,
}

/// What a step changes.
#[derive(Debug, Clone)]
struct Run {
    /// `h_t` of every layer.
    hidden: Vec<Vec<i16>>,
    /// `c_t` of every layer, empty but for LSTMs.
    memory: Vec<Vec<i32>>,
    /// The last layer's states: their number, and sum and maximum of each unit.
    steps: i128,
    sums: Vec<i128>,
    maxima: Vec<i16>,
}

impl Run {
    fn new(model: &Model) -> Self {
        let top = usize::from(model.top());
        Self {
            hidden: (model.layers.iter())
                .map(|layer| vec![0; layer.hidden_size.into()])
                .collect(),
            memory: (model.layers.iter())
                .map(|layer| vec![0; layer.memory()])
                .collect(),
            steps: 0,
            sums: vec![0; top],
            maxima: vec![i16::MIN; top],
        }
    }
}

impl<'m> Oracle<'m> {
    /// An oracle that has read nothing.
    pub fn new(model: &'m Model) -> Self {
        Self {
            model,
            window: VecDeque::new(),
            run: Run::new(model),
            wide: vec![0; model.head.rows.biases.len()],
        }
    }

    /// Reads a token.
    pub fn step(&mut self, token: Token) {
        self.widen(token);
        match usize::from(self.model.window()) {
            0 => self.run.step_token(self.model, token),
            window => {
                self.window.push_back(token);
                if self.window.len() > window {
                    self.window.pop_front();
                }
            }
        }
    }

    fn widen(&mut self, token: Token) {
        let Some(wide) = &self.model.wide else {
            return;
        };
        let known = usize::from(token) < self.model.tokens();
        let row = usize::from(if known { token } else { UNKNOWN });
        let outputs = self.wide.len();
        for (sum, &code) in self.wide.iter_mut().zip(&wide.codes[row * outputs..]) {
            let exact = i64::from(*sum) + i64::from(wide.codebook[usize::from(code)]);
            *sum = cut_off(exact);
        }
    }

    /// Reads a vector `(features,)`.
    pub fn step_vector(&mut self, x: &[i16]) {
        self.run.step(self.model, From::Vector(x.to_vec()));
    }

    /// Reads what the logits are now, as a vector, and returns it.
    pub fn step_prediction(&mut self) -> Vec<i16> {
        let predicted: Vec<i16> = (self.logits().into_iter())
            .map(|logit| saturate(logit.into()))
            .collect();
        self.step_vector(&predicted);
        predicted
    }

    /// `h_t` of all layers of a model without a window; zero before the first token.
    pub fn hidden(&self) -> Vec<i16> {
        self.run.hidden.concat()
    }

    /// `c_t` of all layers of a model without a window.
    pub fn memory(&self) -> Vec<i32> {
        self.run.memory.concat()
    }

    /// What the head sees, Q0.15.
    pub fn pooled(&self) -> Vec<i16> {
        match usize::from(self.model.window()) {
            0 => self.run.pooled(self.model),
            window => {
                let mut run = Run::new(self.model);
                let padding = std::iter::repeat_n(PAD, window - self.window.len());
                for token in padding.chain(self.window.iter().copied()) {
                    run.step_token(self.model, token);
                }
                run.pooled(self.model)
            }
        }
    }

    /// The logits, Q16.15.
    pub fn logits(&self) -> Vec<i32> {
        let head = dense(&self.model.head, &self.pooled());
        let logits = head.iter().zip(&self.wide);
        logits
            .map(|(&logit, &wide)| cut_off(i64::from(logit) + i64::from(wide)))
            .collect()
    }
}

/// The nearest number of 32 bits.
fn cut_off(exact: i64) -> i32 {
    exact.clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

/// What a layer receives.
enum From<'m> {
    /// A row of a one-hot table.
    Table(&'m [i8], u8),
    /// `x_t`, Q0.15.
    Vector(Vec<i16>),
}

impl Run {
    fn step_token(&mut self, model: &Model, token: Token) {
        let fallback = match &model.front {
            Front::Symbols { codes, .. } => codes.len(),
            _ => UNKNOWN.into(),
        };
        let row = |table: &'_ Matrix| match usize::from(token) < model.tokens() {
            true => usize::from(token),
            false => fallback.min(table.weights.len()),
        };
        let from = match &model.input {
            Input::OneHot(table) => From::Table(table.row(row(table)), table.shift),
            Input::Embedding(table) => From::Vector(widened(table, row(table))),
            Input::Vector => panic!("the model reads vectors"),
            Input::None => return,
        };
        self.step(model, from);
    }

    fn step(&mut self, model: &Model, mut from: From<'_>) {
        let states = self.hidden.iter_mut().zip(&mut self.memory);
        for (layer, (hidden, memory)) in model.layers.iter().zip(states) {
            let next = step(layer, &from, hidden, memory);
            hidden.clone_from(&next);
            from = From::Vector(next);
        }
        let From::Vector(top) = from else {
            panic!("there is a layer");
        };
        self.steps += 1;
        for ((sum, max), &h) in self.sums.iter_mut().zip(&mut self.maxima).zip(&top) {
            *sum += i128::from(h);
            *max = h.max(*max);
        }
    }

    /// The read-out of all states of the last layer.
    fn pooled(&self, model: &Model) -> Vec<i16> {
        let mean = |&sum: &i128| (sum / self.steps).try_into().expect("a Q0.15 value");
        match model.readout() {
            _ if self.steps == 0 => vec![0; self.sums.len()],
            Readout::Last => self.hidden.last().expect("a layer").clone(),
            Readout::Mean => self.sums.iter().map(mean).collect(),
            Readout::Max => self.maxima.clone(),
        }
    }
}

/// A row of an embedding, Q0.15.
fn widened(table: &Matrix, row: usize) -> Vec<i16> {
    let unit = match table.encoding {
        Encoding::Int8 | Encoding::Int8Quads => 256,
        Encoding::Int4 | Encoding::Int4Quads => 4_096,
    };
    table
        .row(row)
        .iter()
        .map(|&w| i16::from(w) * unit)
        .collect()
}

/// A SimpleRNN's `h_t` of a one-hot model of one layer, from `h_{t-1}` and a token.
pub fn simple_rnn_step(model: &Model, hidden: &[i16], token: Token) -> Vec<i16> {
    let mut run = Run::new(model);
    run.hidden[0].copy_from_slice(hidden);
    run.step_token(model, token);
    run.hidden.concat()
}

/// `h_t` of a layer; `c_t` is replaced.
fn step(layer: &Layer, from: &From<'_>, hidden: &[i16], memory: &mut [i32]) -> Vec<i16> {
    let x = match (&layer.input, from) {
        (Some(product), From::Vector(x)) => factor(product, x),
        _ => Vec::new(),
    };
    let h = factor(&layer.recurrent, hidden);
    let wx = |row: usize| match (&layer.input, from) {
        (_, From::Table(weights, shift)) => i128::from(weights[row]) * 32_768 * power(*shift),
        (Some(product), From::Vector(_)) => row_product(product.last(), row, &x),
        (None, From::Vector(_)) => panic!("a product is missing"),
    };
    let wh = |row: usize| row_product(layer.recurrent.last(), row, &h);
    let z = |sum: usize, products: i128| requantize(&layer.rows, sum, products);
    let unit = |j: usize| match &layer.cell {
        Cell::SimpleRnn => tanh(z(j, wx(j) + wh(j))),
        Cell::FastGrnn(mix) => fast_grnn(mix, j, z(j, wx(j) + wh(j)), hidden[j]),
        Cell::Gru => {
            let both = |gate: usize| z(4 * j + gate, wx(3 * j + gate) + wh(3 * j + gate));
            let apart = [z(4 * j + 2, wx(3 * j + 2)), z(4 * j + 3, wh(3 * j + 2))];
            gru([both(0), both(1)], apart, hidden[j])
        }
        Cell::Lstm => lstm(
            [0, 1, 2, 3].map(|gate| z(4 * j + gate, wx(4 * j + gate) + wh(4 * j + gate))),
            &mut memory[j],
        ),
    };
    (0..layer.hidden_size.into()).map(unit).collect()
}

/// `h_t = n + z (h_{t-1} - n)`, which is `(1 - z) n + z h_{t-1}`.
fn gru([r, z]: [i32; 2], [from_input, from_hidden]: [i32; 2], h: i16) -> i16 {
    let (r, z) = (i128::from(sigmoid(r)), i128::from(sigmoid(z)));
    let sum = i128::from(from_input) + round(r * i128::from(from_hidden), 15);
    let n = i128::from(tanh(sum.try_into().expect("a Q16.15 value")));
    saturate(n + round(z * (i128::from(h) - n), 15))
}

/// `c_t = f c_{t-1} + i g`, `h_t = o tanh(c_t)`.
fn lstm([i, f, g, o]: [i32; 4], c: &mut i32) -> i16 {
    let [i, f, g, o] = [sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)].map(i128::from);
    let next = round(f * i128::from(*c), 15) + round(i * g, 15);
    assert!(next.abs() <= 1 << 30, "c left its bound: {next}");
    *c = next as i32;
    saturate(round(o * i128::from(tanh(*c)), 15))
}

/// `h_t = (zeta (1 - z) + nu) n + z h_{t-1}`, all of it divided by `2^state_shift`.
fn fast_grnn(mix: &Mix, j: usize, a: i32, h: i16) -> i16 {
    let (b_z, b_h) = mix.biases.split_at(mix.biases.len() / 2);
    let biased = |b: i32| i32::try_from(i64::from(a) + i64::from(b)).expect("a Q16.15 value");
    let z = i128::from(sigmoid(biased(b_z[j])));
    let n = i128::from(tanh(biased(b_h[j])));
    let share = round(i128::from(mix.zeta) * (STATE_MAX - z), 15) + i128::from(mix.nu);
    let fresh = round(share * n, 15 + u32::from(mix.state_shift));
    saturate(fresh + round(z * i128::from(h), 15))
}

/// What a product's last matrix is multiplied with.
fn factor(product: &Product, x: &[i16]) -> Vec<i16> {
    match product {
        Product::Full(_) => x.to_vec(),
        Product::LowRank { down, .. } => (dense(down, x).into_iter())
            .map(|value| saturate(value.into()))
            .collect(),
    }
}

/// `W x + b (outputs,)`, Q16.15.
fn dense(dense: &Dense, x: &[i16]) -> Vec<i32> {
    (0..dense.rows.biases.len())
        .map(|row| requantize(&dense.rows, row, row_product(&dense.weights, row, x)))
        .collect()
}

/// `sum_k W[row][k] x_k 2^shift`.
fn row_product(matrix: &Matrix, row: usize, x: &[i16]) -> i128 {
    assert_eq!(usize::from(matrix.columns), x.len());
    let products = matrix.row(row).iter().zip(x);
    let sum: i128 = products.map(|(&w, &x)| i128::from(w) * i128::from(x)).sum();
    sum * power(matrix.shift)
}

/// `floor((b + products) m / 2^32 + 1/2)`, of a sum that fits 32 bits as the core promises.
fn requantize(rows: &Rows, index: usize, products: i128) -> i32 {
    let sum = i128::from(rows.biases[index]) + products;
    assert!(i32::try_from(sum).is_ok(), "the sum {sum} overflows");
    let value = round(sum * i128::from(rows.multipliers[index]), 32);
    value.try_into().expect("a Q16.15 value")
}

/// `floor(value / 2^bits + 1/2)`.
fn round(value: i128, bits: u32) -> i128 {
    (2 * value + (1 << bits)).div_euclid(1 << (bits + 1))
}

fn power(shift: u8) -> i128 {
    1 << shift
}

/// Q0.15, symmetric.
fn saturate(value: i128) -> i16 {
    value.clamp(-STATE_MAX, STATE_MAX) as i16
}
