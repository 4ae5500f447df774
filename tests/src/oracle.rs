//! The whole network once more, naively, in integers that cannot overflow.
//!
//! Written from the documented equations and Q formats alone. Nothing of the core's is used but
//! `tanh` of a Q16.15 value, which the core proves against `libm`.
//!
//! ```text
//! sum_j    = b_j + sum_k W_xh[j][k] x_k 2^shift + sum_k W_hh[j][k] h_k 2^shift    2^-15 s_j
//! h_j      = tanh(floor(sum_j m_j / 2^32 + 1/2))                                  Q0.15
//! logit_o  = floor((b_o + sum_k W[o][k] p_k 2^shift) m_o / 2^32 + 1/2)            Q16.15
//! ```
//!
//! `x_k` is 2^15 at the token and 0 elsewhere (one-hot), or the Q0.7 embedding as Q0.15; `p` is
//! the read-out of all states.

use crate::model::{Input, Matrix, Model, Rows};
use spinet_core::{Readout, Token, activation::tanh};

/// What fills a window in front.
const PAD: Token = 0;
/// What a token outside of the table counts as.
const UNKNOWN: Token = 2;

/// A sequence that has been read, with every state on the way.
#[derive(Debug, Clone)]
pub struct Oracle<'m> {
    model: &'m Model,
    tokens: Vec<Token>,
    states: Vec<Vec<i16>>,
}

impl<'m> Oracle<'m> {
    /// An oracle that has read nothing.
    pub fn new(model: &'m Model) -> Self {
        Self {
            model,
            tokens: Vec::new(),
            states: Vec::new(),
        }
    }

    /// Reads a token.
    pub fn step(&mut self, token: Token) {
        self.tokens.push(token);
        if self.model.window == 0 {
            self.states.push(step(self.model, &self.hidden(), token));
        }
    }

    /// `h_t` of a model without a window; zero before the first token.
    pub fn hidden(&self) -> Vec<i16> {
        self.states.last().cloned().unwrap_or(zero(self.model))
    }

    /// What the head sees, Q0.15.
    pub fn pooled(&self) -> Vec<i16> {
        match self.model.window {
            0 => pool(self.model, &self.states),
            window => pool(self.model, &self.replayed(window.into())),
        }
    }

    /// The logits, Q16.15.
    pub fn logits(&self) -> Vec<i32> {
        let mut sums = biases(&self.model.head_rows);
        add_product(&self.model.head, &self.pooled(), &mut sums);
        requantize(&self.model.head_rows, &sums)
    }

    /// The states of the last `window` tokens, padded in front.
    fn replayed(&self, window: usize) -> Vec<Vec<i16>> {
        let mut padded = vec![PAD; window];
        padded.extend(&self.tokens);
        let mut states = Vec::new();
        let mut hidden = zero(self.model);
        for &token in &padded[padded.len() - window..] {
            hidden = step(self.model, &hidden, token);
            states.push(hidden.clone());
        }
        states
    }
}

/// `h_t` from `h_{t-1} (hidden,)` and a token.
pub fn step(model: &Model, hidden: &[i16], token: Token) -> Vec<i16> {
    let mut sums = biases(&model.cell_rows);
    match &model.input {
        Input::OneHot(table) => {
            let row = row(&table.weights, usize::from(model.hidden_size), token);
            for (sum, &weight) in sums.iter_mut().zip(row) {
                *sum += i128::from(weight) * 32_768 * power(table.shift);
            }
        }
        Input::Embedding {
            input_size,
            table,
            weights,
        } => {
            let row = row(table, usize::from(*input_size), token);
            let x: Vec<i16> = row.iter().map(|&value| i16::from(value) * 256).collect();
            add_product(weights, &x, &mut sums);
        }
    }
    add_product(&model.recurrent, hidden, &mut sums);
    let preactivations = requantize(&model.cell_rows, &sums);
    preactivations.into_iter().map(tanh).collect()
}

fn zero(model: &Model) -> Vec<i16> {
    vec![0; model.hidden_size.into()]
}

fn row(table: &[i8], columns: usize, token: Token) -> &[i8] {
    let rows: Vec<&[i8]> = table.chunks(columns).collect();
    rows.get(usize::from(token))
        .unwrap_or(&rows[usize::from(UNKNOWN)])
}

fn biases(rows: &Rows) -> Vec<i128> {
    rows.biases.iter().map(|&bias| bias.into()).collect()
}

fn power(shift: u8) -> i128 {
    2i128.pow(shift.into())
}

/// `W (rows, columns) @ x (columns,)` times `2^shift`, added to `sums (rows,)`.
fn add_product(matrix: &Matrix, x: &[i16], sums: &mut [i128]) {
    for (sum, row) in sums.iter_mut().zip(matrix.weights.chunks(x.len())) {
        for (&weight, &x) in row.iter().zip(x) {
            *sum += i128::from(weight) * i128::from(x) * power(matrix.shift);
        }
    }
}

/// `floor(sum * multiplier / 2^32 + 1/2)`, of sums that fit 32 bits as the core promises.
fn requantize(rows: &Rows, sums: &[i128]) -> Vec<i32> {
    let pairs = sums.iter().zip(&rows.multipliers);
    let rounded = pairs.map(|(&sum, &multiplier)| {
        assert!(i32::try_from(sum).is_ok(), "the sum {sum} overflows");
        (2 * sum * i128::from(multiplier) + (1 << 32)).div_euclid(1 << 33)
    });
    rounded
        .map(|value| value.try_into().expect("a Q16.15 value"))
        .collect()
}

/// The read-out of all `states`.
fn pool(model: &Model, states: &[Vec<i16>]) -> Vec<i16> {
    let unit = |j: usize| states.iter().map(move |state| i128::from(state[j]));
    let pooled = |j: usize| match model.readout {
        _ if states.is_empty() => 0,
        Readout::Last => states.last().map_or(0, |state| state[j].into()),
        Readout::Mean => unit(j).sum::<i128>() / states.len() as i128,
        Readout::Max => unit(j).max().unwrap_or(0),
    };
    (0..usize::from(model.hidden_size))
        .map(|j| pooled(j).try_into().expect("a Q0.15 value"))
        .collect()
}
