//! FastGRNN (Kusupati et al., NeurIPS 2018), whose gate and candidate share their kernels:
//!
//! ```text
//! s  = W x + U h                          z = sigmoid(s + b_z)        n = tanh(s + b_h)
//! h' = (zeta * (1 - z) + nu) * n + z * h
//! ```
//!
//! `zeta` and `nu` are sigmoids of two trained scalars that start at 1 and -4. With a rank, `U`
//! is the product of `recurrent_down` (H, R) and `recurrent_kernel` (R, H), and `W` likewise
//! that of `input_down` and `input_kernel`. Backwards, with `dh` the gradient of `h'`:
//!
//! ```text
//! a_n = dh * (zeta * (1 - z) + nu) * (1 - n^2)     a_z = dh * (h - zeta * n) * z * (1 - z)
//! dzeta = sum of dh * (1 - z) * n                  dnu = sum of dh * n
//! dh (previous) = dh * z + (a_n + a_z) U^T
//! ```

use ndarray::Array2;

use super::activation::{sigmoid, sigmoid_all, tanh_all};
use super::cell::Cell;
use super::config::{Arithmetic, NetworkConfig};
use super::device::{narrow, real, wide};
use super::layout::{DeviceLayout, Sum, Written};
use super::product::{add_product, product, transposed};
use super::tensor::{Initializer, Tensor, TensorSpec};
use super::vector::{Vectorised, sum_rows, vectorised};
use super::workspace::LayerSpace;
use crate::batch::Batch;
use spinet_core::cell::{CellSpec, FastGrnnSpec, FastGrnnUnit, Mix};

/// The cell; its state is its output. Memory: z and n, on the way back their sums' gradients.
pub(crate) struct FastGrnn;

/// The cell's own tensors.
struct Own<'a> {
    /// `(H, R)`, of a low-rank cell.
    down: Option<&'a Tensor>,
    /// `(H, H)` or `(R, H)`.
    kernel: &'a Tensor,
    /// `b_z`, `b_h`.
    bias: &'a [f32],
    mixture: Mixture,
}

#[derive(Clone, Copy)]
struct Mixture {
    zeta: f32,
    nu: f32,
}

impl Mixture {
    fn on_device(self, state_shift: u8) -> Mix {
        Mix {
            zeta: narrow(self.zeta),
            nu: narrow(self.nu),
            state_shift: state_shift.into(),
        }
    }
}

impl<'a> Own<'a> {
    fn new(tensors: &'a [Tensor]) -> Self {
        let low = tensors.len() - 3;
        let mixture = tensors[low + 2].as_slice();
        Self {
            down: (low > 0).then(|| &tensors[0]),
            kernel: &tensors[low],
            bias: tensors[low + 1].as_slice(),
            mixture: Mixture {
                zeta: sigmoid(mixture[0]),
                nu: sigmoid(mixture[1]),
            },
        }
    }
}

/// One sequence's step; z and n go to `memory` (2H). One short loop after the other over rows that
/// stay in the first-level cache: the compiler vectorises each of them.
#[inline(always)]
fn step(
    sums: &[f32],
    bias: &[f32],
    before: &[f32],
    memory: &mut [f32],
    state: &mut [f32],
    mixture: Mixture,
) {
    let (z, n) = memory.split_at_mut(state.len());
    let (bz, bh) = bias.split_at(state.len());
    for (((z, n), sum), (bz, bh)) in z.iter_mut().zip(&mut *n).zip(sums).zip(bz.iter().zip(bh)) {
        (*z, *n) = (sum + bz, sum + bh);
    }
    sigmoid_all(z);
    tanh_all(n);
    for (((h, h0), z), n) in state.iter_mut().zip(before).zip(z).zip(n) {
        *h = (mixture.zeta * (1.0 - *z) + mixture.nu) * *n + *z * h0;
    }
}

/// One sequence's step back: `memory` (2H) becomes `a_z` and `a_n`, `sums` their sum, and `above`
/// what `h` gets past the kernel. Each unit's shares of `dzeta` and `dnu` are added to `shares`
/// (2H).
#[inline(always)]
// One index for all gates; a closure over it would not be inlined.
#[allow(clippy::needless_range_loop)]
fn step_back(
    memory: &mut [f32],
    sums: &mut [f32],
    before: &[f32],
    above: &mut [f32],
    shares: &mut [f32],
    mixture: Mixture,
) {
    let units = above.len();
    let (z, n) = memory[..2 * units].split_at_mut(units);
    let (of_zeta, of_nu) = shares[..2 * units].split_at_mut(units);
    let (sums, before) = (&mut sums[..units], &before[..units]);
    let Mixture { zeta, nu } = mixture;
    for j in 0..units {
        let (dh, gate, candidate) = (above[j], z[j], n[j]);
        of_zeta[j] += dh * (1.0 - gate) * candidate;
        of_nu[j] += dh * candidate;
        let an = dh * (zeta * (1.0 - gate) + nu) * (1.0 - candidate * candidate);
        let az = dh * (before[j] - zeta * candidate) * gate * (1.0 - gate);
        above[j] = dh * gate;
        (z[j], n[j], sums[j]) = (az, an, az + an);
    }
}

/// All sequences' step: the sums (n, H), the bias (2H), `h` (n, H), memory (n, 2H), `h'` (n, H).
struct Steps<'a> {
    sums: &'a [f32],
    bias: &'a [f32],
    before: &'a [f32],
    memory: &'a mut [f32],
    states: &'a mut [f32],
    mixture: Mixture,
}

impl Vectorised for Steps<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            sums,
            bias,
            before,
            memory,
            states,
            mixture,
        } = self;
        let units = bias.len() / 2;
        for (k, state) in states.chunks_exact_mut(units).enumerate() {
            let at = k * units..(k + 1) * units;
            let memory = &mut memory[2 * at.start..2 * at.end];
            let (sums, before) = (&sums[at.clone()], &before[at]);
            step(sums, bias, before, memory, state, mixture);
        }
    }
}

impl Steps<'_> {
    /// The same with the device's functions, whose states are divided by two to the power
    /// `state_shift`.
    fn on_device(self, state_shift: u8) {
        let (units, power) = (self.bias.len() / 2, f32::from(1u16 << state_shift));
        let mix = self.mixture.on_device(state_shift);
        for (k, state) in self.states.chunks_exact_mut(units).enumerate() {
            let memory = &mut self.memory[2 * k * units..][..2 * units];
            for (j, h) in state.iter_mut().enumerate() {
                let (at, n) = (k * units + j, units + j);
                // The device's biases join the requantised sum.
                let sum = wide(self.sums[at]);
                let z = [j, n].map(|place| sum.saturating_add(wide(self.bias[place])));
                let unit = FastGrnnUnit::new(z, narrow(self.before[at] / power), mix);
                (memory[j], memory[n]) = (real(unit.gate), real(unit.candidate));
                *h = real(unit.hidden) * power;
            }
        }
    }
}

/// All sequences' step back: memory (n, 2H), the sums, `h` and `dh` (n, H), and the shares (2H).
struct StepsBack<'a> {
    memory: &'a mut [f32],
    sums: &'a mut [f32],
    before: &'a [f32],
    above: &'a mut [f32],
    shares: &'a mut [f32],
    mixture: Mixture,
}

impl Vectorised for StepsBack<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            memory,
            sums,
            before,
            above,
            shares,
            mixture,
        } = self;
        let units = shares.len() / 2;
        for (k, above) in above.chunks_exact_mut(units).enumerate() {
            let at = k * units..(k + 1) * units;
            let memory = &mut memory[2 * at.start..2 * at.end];
            let (sums, before) = (&mut sums[at.clone()], &before[at]);
            step_back(memory, sums, before, above, shares, mixture);
        }
    }
}

impl Cell for FastGrnn {
    fn gates(&self) -> usize {
        1
    }

    fn memory_width(&self, config: &NetworkConfig) -> usize {
        2 * config.hidden_size
    }

    fn tensors(&self, config: &NetworkConfig) -> Vec<TensorSpec> {
        let (hidden, rank) = (config.hidden_size, config.recurrent_rank);
        let orthogonal = |name, rows, columns| {
            TensorSpec::matrix(name, rows, columns, Initializer::Orthogonal(1))
        };
        let mut tensors = match rank {
            0 => vec![orthogonal("recurrent_kernel", hidden, hidden)],
            _ => vec![
                orthogonal("recurrent_down", hidden, rank),
                orthogonal("recurrent_kernel", rank, hidden),
            ],
        };
        let start = Initializer::Blocks(&[1.0, -4.0]);
        tensors.push(TensorSpec::bias("bias", 2 * hidden));
        tensors.push(TensorSpec::matrix("mixture", 1, 2, start));
        tensors
    }

    fn forward(
        &self,
        own: &[Tensor],
        batch: &Batch,
        space: &mut LayerSpace,
        arithmetic: Arithmetic,
    ) {
        let own = Own::new(own);
        for t in 0..batch.steps() {
            let (row, active) = (t * batch.sequences(), batch.active(t));
            let rows = row..row + active;
            let (before, after) = space.states.split_at_row(row + batch.sequences());
            let (kernel, sums) = (
                own.kernel.values.view(),
                space.projection.rows_mut(rows.clone()),
            );
            match own.down {
                // h (n, H) @ U (H, H) is added to the sums (n, H).
                None => add_product(&before.rows(row, active), &kernel, sums),
                Some(down) => {
                    let low = space.low.rows_mut(rows.clone());
                    product(&before.rows(row, active), &down.values.view(), low);
                    add_product(&space.low.rows(rows.clone()), &kernel, sums);
                }
            }
            let sums = space.projection.slice(rows.clone());
            let memory = space.memory.slice_mut(rows);
            let before = before.slice(row, active);
            let states = after.first_rows(active);
            let steps = Steps {
                sums,
                bias: own.bias,
                before,
                memory,
                states,
                mixture: own.mixture,
            };
            match arithmetic {
                Arithmetic::Float => vectorised(steps),
                Arithmetic::Device { state_shift } => steps.on_device(state_shift),
            }
        }
    }

    fn backward(
        &self,
        own: &[Tensor],
        batch: &Batch,
        space: &mut LayerSpace,
        gradients: &mut [Array2<f32>],
    ) {
        let own = Own::new(own);
        let back = transposed(&own.kernel.values.view());
        let down_back = own.down.map(|down| transposed(&down.values.view()));
        let hidden = own.bias.len() / 2;
        let sequences = batch.sequences();
        let mut shares = vec![0.0; 2 * hidden];
        space.low_gradients.fill_zero();
        for t in (0..batch.steps()).rev() {
            let (row, active) = (t * sequences, batch.active(t));
            let rows = row..row + active;
            let memory = space.memory.slice_mut(rows.clone());
            let sums = space.projection.slice_mut(rows.clone());
            let before = space.states.slice(rows.clone());
            let above = space.state_gradients.slice_mut(rows.clone());
            vectorised(StepsBack {
                memory,
                sums,
                before,
                above,
                shares: &mut shares,
                mixture: own.mixture,
            });
            let sums = space.projection.rows(rows.clone());
            if own.down.is_some() {
                let low = space.low_gradients.rows_mut(rows.clone());
                product(&sums, &back.view(), low);
            }
            if t > 0 {
                space
                    .state_gradients
                    .add_rows(rows.clone(), row - sequences);
                let earlier = row - sequences..row - sequences + active;
                let earlier = space.state_gradients.rows_mut(earlier);
                // The sums' gradient (n, H) @ U^T (H, H) is added to that of h (n, H).
                match &down_back {
                    None => add_product(&sums, &back.view(), earlier),
                    Some(down) => {
                        add_product(&space.low_gradients.rows(rows), &down.view(), earlier);
                    }
                }
            }
        }
        finish(&own, batch, space, &shares, gradients);
    }
}

/// The gradients of the cell's own tensors, once those of all sums are known.
fn finish(
    own: &Own,
    batch: &Batch,
    space: &LayerSpace,
    shares: &[f32],
    gradients: &mut [Array2<f32>],
) {
    let tokens = 0..batch.rows();
    let sums = space.projection.rows(tokens.clone());
    let before = space.states.rows(tokens.clone());
    let low = usize::from(own.down.is_some());
    if low == 0 {
        product(&before.t(), &sums, gradients[0].view_mut());
    } else {
        let low_gradients = space.low_gradients.rows(tokens.clone());
        product(&before.t(), &low_gradients, gradients[0].view_mut());
        let low = space.low.rows(tokens.clone());
        product(&low.t(), &sums, gradients[1].view_mut());
    }
    let bias = gradients[low + 1].as_slice_mut().unwrap_or_default();
    sum_rows(space.memory.slice(tokens), bias);
    let (of_zeta, of_nu) = shares.split_at(shares.len() / 2);
    let Mixture { zeta, nu } = own.mixture;
    let mixture = &mut gradients[low + 2];
    mixture[[0, 0]] = of_zeta.iter().sum::<f32>() * zeta * (1.0 - zeta);
    mixture[[0, 1]] = of_nu.iter().sum::<f32>() * nu * (1.0 - nu);
}

impl DeviceLayout for FastGrnn {
    fn sums(&self) -> &'static [Sum] {
        // The two biases differ, so they join the requantised sum.
        const {
            &[Sum {
                input: Some(0),
                recurrent: Some(0),
                bias: None,
            }]
        }
    }

    fn spec(&self, written: Written<'_>) -> CellSpec {
        let own = Own::new(written.own);
        let biases: Vec<i32> = own.bias.iter().map(|&bias| wide(bias)).collect();
        let mix = own.mixture.on_device(written.state_shift);
        CellSpec::FastGrnn(FastGrnnSpec {
            hidden_size: written.hidden_size,
            input_weights: written.input,
            recurrent_weights: written.recurrent,
            rows: written.rows,
            biases: (written.push)(&biases),
            zeta: mix.zeta,
            nu: mix.nu,
            state_shift: written.state_shift,
        })
    }

    fn shifts_states(&self) -> bool {
        true
    }
}
