//! FastGRNN of Kusupati et al., "FastGRNN: A Fast, Accurate, Stable and Tiny Kilobyte Sized Gated
//! Recurrent Neural Network", NeurIPS 2018: one matrix pair for gate and candidate.
//!
//! ```text
//! a   = W x_t + U h_{t-1}
//! z   = sigmoid(a + b_z)
//! n   =    tanh(a + b_h)
//! h_t = (zeta (1 - z) + nu) * n + z * h_{t-1}          0 <= zeta, nu <= 1
//! ```
//!
//! `W (hidden, input)` and `U (hidden, hidden)` have one row per unit; either may be a low-rank
//! product `W = W_1 W_2^T`, `U = U_1 U_2^T` ([`LowRankSpec`]), whose inner vector is requantised to
//! Q0.15. The biases `b_z`, `b_h (hidden,)` are Q16.15 and join the requantised sum.
//!
//! `h_t` can leave [-1, 1], by `nu / (1 - z)` in the limit. What is kept is `h_t / 2^state_shift`
//! in Q0.15, saturated; the weights that multiply it are larger by the same factor.

use super::{BLOCK, CellLayout, LayerState, Step};
use crate::{
    activation::{sigmoid, tanh},
    data::{Blob, Data},
    dense::{Dense, DenseSpec},
    emit::parts,
    error::ArtifactError,
    fixed::{STATE_FRACTION, STATE_MAX, product, saturate},
    input::{Input, InputProduct, Source},
    matrix::{Matrix, MatrixSpec},
    rows::{Rows, RowsSpec},
};
use serde::{Deserialize, Serialize};

/// Units of a block: with a row each, as many rows as those of an LSTM.
const UNITS: usize = 4 * BLOCK;

/// The largest `state_shift`.
pub const MAX_STATE_SHIFT: u8 = 7;

/// A low-rank product: `x -> down x (rank,) -> up down x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LowRankSpec {
    /// The inner width.
    pub rank: u16,
    /// `W_2^T (rank, columns)`, its results in Q0.15.
    pub down: DenseSpec,
    /// `W_1 (hidden, rank)`.
    pub up: MatrixSpec,
}

/// A product that adds into the cell's sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProductSpec {
    /// A whole matrix `(hidden, columns)`.
    Full(MatrixSpec),
    /// Two narrow ones.
    LowRank(LowRankSpec),
}

impl ProductSpec {
    /// The inner width, 0 of a whole matrix.
    const fn rank(&self) -> u16 {
        match self {
            Self::Full(_) => 0,
            Self::LowRank(product) => product.rank,
        }
    }
}

/// Where a FastGRNN lies in an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FastGrnnSpec {
    /// The width of `h_t`.
    pub hidden_size: u16,
    /// `W (hidden, input)`; none where the input table holds the product.
    pub input_weights: Option<ProductSpec>,
    /// `U (hidden, hidden)`.
    pub recurrent_weights: ProductSpec,
    /// Scales `(hidden,)`; the biases are zero as a rule.
    pub rows: RowsSpec,
    /// `b_z` and then `b_h`, `(2 hidden,)`, Q16.15, below 2^30 in magnitude.
    pub biases: Blob,
    /// `zeta`, Q0.15.
    pub zeta: i16,
    /// `nu`, Q0.15.
    pub nu: i16,
    /// What is kept of `h_t` is `h_t / 2^state_shift`.
    pub state_shift: u8,
}

impl CellLayout for FastGrnnSpec {
    type Cell<'a> = FastGrnn<'a>;

    fn resolve<'a>(&self, data: Data<'a>, source: Source) -> Result<FastGrnn<'a>, ArtifactError> {
        let hidden = usize::from(self.hidden_size);
        let (down, input) = match (self.input_weights, source) {
            (Some(ProductSpec::LowRank(spec)), Source::Vector { width }) => {
                let down = spec
                    .down
                    .resolve(data, INPUT, spec.rank.into(), width.into())?;
                let source = Source::Vector { width: spec.rank };
                let up = InputProduct::resolve(Some(&spec.up), data, source, hidden)?;
                (Some(down), up)
            }
            (Some(ProductSpec::LowRank(_)), _) => return Err(ArtifactError::OutOfRange(INPUT)),
            (Some(ProductSpec::Full(spec)), _) => (
                None,
                InputProduct::resolve(Some(&spec), data, source, hidden)?,
            ),
            (None, _) => (None, InputProduct::resolve(None, data, source, hidden)?),
        };
        let recurrent = Recurrent::resolve(&self.recurrent_weights, data, hidden)?;
        let bound = recurrent.up.bound() + input.bound();
        Ok(FastGrnn {
            down,
            input_rank: self.input_weights.map_or(0, |spec| spec.rank()).into(),
            input,
            recurrent,
            rows: self.rows.resolve(data, "cell rows", hidden, bound)?,
            biases: biases(data, self.biases, hidden)?,
            mix: self.mix()?,
        })
    }

    fn hidden_size(&self) -> u16 {
        self.hidden_size
    }

    fn input_rows(&self) -> usize {
        self.hidden_size.into()
    }

    fn scratch(&self) -> u16 {
        let input = self.input_weights.map_or(0, |spec| spec.rank());
        input.saturating_add(self.recurrent_weights.rank())
    }
}

const INPUT: &str = "input weights";
const RECURRENT: &str = "recurrent weights";

impl FastGrnnSpec {
    fn mix(&self) -> Result<Mix, ArtifactError> {
        let shares = 0..=STATE_MAX;
        let sound = shares.contains(&self.zeta)
            && shares.contains(&self.nu)
            && self.state_shift <= MAX_STATE_SHIFT;
        match sound {
            true => Ok(Mix {
                zeta: self.zeta,
                nu: self.nu,
                state_shift: self.state_shift.into(),
            }),
            false => Err(ArtifactError::OutOfRange("zeta, nu or state shift")),
        }
    }
}

/// `b_z` and `b_h`, small enough to be added to a requantised sum.
fn biases(data: Data<'_>, blob: Blob, hidden: usize) -> Result<(&[i32], &[i32]), ArtifactError> {
    const NAME: &str = "biases";
    let biases = data.slice::<i32>(blob, 2 * hidden, NAME)?;
    if biases.iter().any(|bias| bias.unsigned_abs() > 1 << 30) {
        return Err(ArtifactError::OutOfRange(NAME));
    }
    biases
        .split_at_checked(hidden)
        .ok_or(ArtifactError::Tensor(NAME))
}

/// `U`, whole or in two halves.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Recurrent<'a> {
    down: Option<Dense<'a>>,
    rank: usize,
    up: Matrix<'a>,
}

parts!("cell::fast_grnn", Recurrent { down: Option<Dense<'a>>, rank: usize, up: Matrix<'a> });

impl<'a> Recurrent<'a> {
    fn resolve(spec: &ProductSpec, data: Data<'a>, hidden: usize) -> Result<Self, ArtifactError> {
        match spec {
            ProductSpec::Full(spec) => Ok(Self {
                down: None,
                rank: 0,
                up: spec.resolve(data, RECURRENT, hidden, hidden)?,
            }),
            ProductSpec::LowRank(spec) => Ok(Self {
                down: Some(
                    spec.down
                        .resolve(data, RECURRENT, spec.rank.into(), hidden)?,
                ),
                rank: spec.rank.into(),
                up: spec.up.resolve(data, RECURRENT, hidden, spec.rank.into())?,
            }),
        }
    }
}

/// A FastGRNN's weights, borrowed from an artifact.
#[derive(Debug, Clone, Copy)]
pub struct FastGrnn<'a> {
    /// `W_2^T`, where `W` is a low-rank product.
    down: Option<Dense<'a>>,
    input_rank: usize,
    /// `W`, or `W_1`.
    input: InputProduct<'a>,
    recurrent: Recurrent<'a>,
    rows: Rows<'a>,
    biases: (&'a [i32], &'a [i32]),
    mix: Mix,
}

parts!(
    "cell",
    FastGrnn {
        down: Option<Dense<'a>>,
        input_rank: usize,
        input: InputProduct<'a>,
        recurrent: Recurrent<'a>,
        rows: Rows<'a>,
        biases: (&'a [i32], &'a [i32]),
        mix: Mix,
    }
);

impl Step for FastGrnn<'_> {
    #[inline]
    fn step(&self, input: Input<'_>, state: LayerState<'_>) {
        let Some((inner_x, rest)) = state.scratch.split_at_mut_checked(self.input_rank) else {
            return;
        };
        // Another layer may need more.
        let Some(inner_h) = rest.get_mut(..self.recurrent.rank) else {
            return;
        };
        let input = match (input, &self.down) {
            (Input::Vector(x), Some(down)) => {
                down.apply_narrow(x, inner_x);
                Input::Vector(inner_x)
            }
            (input, _) => input,
        };
        let factor: &[i16] = match &self.recurrent.down {
            Some(down) => {
                down.apply_narrow(state.hidden, inner_h);
                inner_h
            }
            None => state.hidden,
        };
        let mut sums = [0; UNITS];
        let states = state.next.chunks_mut(UNITS).zip(state.hidden.chunks(UNITS));
        let biases = (self.biases.0.chunks(UNITS)).zip(self.biases.1.chunks(UNITS));
        for (block, ((next, hidden), (b_z, b_h))) in states.zip(biases).enumerate() {
            let (first, Some(sums)) = (block * UNITS, sums.get_mut(..next.len())) else {
                return;
            };
            let recurrent = (&self.recurrent.up, factor);
            (self.input).fill(input, recurrent, &self.rows, first, sums);
            units(sums, (b_z, b_h), self.mix, hidden, next);
        }
    }

    fn macs(&self) -> usize {
        let down = |dense: &Option<Dense<'_>>| dense.map_or(0, |dense| dense.macs());
        let narrow = down(&self.down) + down(&self.recurrent.down);
        narrow + self.input.macs() + self.recurrent.up.macs()
    }
}

/// The element-wise part of a step: `h_t` of each unit from the sum that both pre-activations share,
/// their biases and `h_{t-1}`.
// By itself where the compiler makes vectors of it, which it does not dependably within a step.
#[cfg_attr(mve, inline(never))]
#[cfg_attr(not(mve), inline(always))]
fn units(sums: &[i32], (b_z, b_h): (&[i32], &[i32]), mix: Mix, hidden: &[i16], next: &mut [i16]) {
    let biases = b_z.iter().zip(b_h);
    for (((next, &h), &a), (&b_z, &b_h)) in next.iter_mut().zip(hidden).zip(sums).zip(biases) {
        *next = FastGrnnUnit::new([a + b_z, a + b_h], h, mix).hidden;
    }
}

/// The scalars of a FastGRNN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mix {
    /// `zeta`, Q0.15.
    pub zeta: i16,
    /// `nu`, Q0.15.
    pub nu: i16,
    /// What is kept of `h_t` is `h_t / 2^state_shift`.
    pub state_shift: u32,
}

/// The element-wise part of a step, for one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FastGrnnUnit {
    /// `z`, Q0.15.
    pub gate: i16,
    /// `n`, Q0.15.
    pub candidate: i16,
    /// `h_t / 2^state_shift`, Q0.15.
    pub hidden: i16,
}

impl FastGrnnUnit {
    /// From the pre-activations of gate and candidate (Q16.15) and `h_{t-1} / 2^state_shift`.
    #[inline(always)]
    pub fn new([z, n]: [i32; 2], hidden: i16, mix: Mix) -> Self {
        let (gate, candidate) = (sigmoid(z), tanh(n));
        // zeta (1 - z) + nu is below 2, and 65,534 * 32,767 < 2^31. Rounded half up by the last bit
        // that is dropped: half a unit would not fit beside the product.
        let share = product(mix.zeta, STATE_MAX - gate) + i32::from(mix.nu);
        let doubled = (share * i32::from(candidate)) >> (STATE_FRACTION - 1 + mix.state_shift);
        let fresh = (doubled + 1) >> 1;
        Self {
            gate,
            candidate,
            hidden: saturate(fresh + product(gate, hidden)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed::LOGIT_FRACTION;

    #[test]
    fn a_unit_is_close_to_the_real_equations() {
        let real = |z: i32| f64::from(z) / f64::from(1 << LOGIT_FRACTION);
        let sigmoid = |x: f64| 1.0 / (1.0 + libm::exp(-x));
        for n in 0..2_000i32 {
            let z = |k: i32| (n * 7919 * (k + 1)) % (12 << LOGIT_FRACTION) - (6 << LOGIT_FRACTION);
            for state_shift in 0..=3 {
                let mix = Mix {
                    zeta: 24_000,
                    nu: 600,
                    state_shift,
                };
                let hidden = saturate(z(2) / 12);
                let unit = FastGrnnUnit::new([z(0), z(1)], hidden, mix);
                let (g, c) = (sigmoid(real(z(0))), libm::tanh(real(z(1))));
                let share = real(mix.zeta.into()) * (1.0 - g) + real(mix.nu.into());
                let power = f64::from(1 << state_shift);
                let h = share * c / power + g * real(hidden.into());
                assert!((real(unit.hidden.into()) - h).abs() * 32_768.0 < 6.0);
            }
        }
    }

    #[test]
    fn the_largest_share_does_not_overflow() {
        for state_shift in 0..=MAX_STATE_SHIFT.into() {
            let mix = Mix {
                zeta: 32_767,
                nu: 32_767,
                state_shift,
            };
            for sign in [1, -1] {
                let unit = FastGrnnUnit::new([i32::MIN / 2, sign << 30], 0, mix);
                let real = sign * (65_534 >> state_shift).min(32_767);
                assert!((i32::from(unit.hidden) - real).abs() <= 2);
            }
        }
    }
}
