//! Adam (Kingma and Ba, 2015) with decoupled weight decay (Loshchilov and Hutter, 2019) and
//! clipping by the global norm.
//!
//! ```text
//! g   = gradient * min(1, clip / norm)
//! m   = beta1 m + (1 - beta1) g          m^ = m / (1 - beta1^step)
//! v   = beta2 v + (1 - beta2) g^2        v^ = v / (1 - beta2^step)
//! w   = w (1 - rate decay) - rate m^ / (sqrt(v^) + epsilon)
//! ```
//!
//! Rows without a gradient take part with `g = 0`, as if the gradient were dense. Only a row
//! that never had one is left out when nothing decays, for then the step changes no bit of it.

use serde::{Deserialize, Serialize};

use crate::network::{
    Gradient, Gradients, Parameters, RowGradient, Team, Vectorised, Workers, vectorised,
};

/// Numbers a step works on at a time: three arrays of 8 KiB fit the first-level cache.
const BLOCK: usize = 2048;
/// Moments below this are taken for zero, so that no subnormal number slows the step down. At
/// `epsilon = 1e-7` they would move a weight by less than 1e-23 of the rate.
const VANISHED: f32 = 1e-30;

/// What Adam is told once.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdamConfig {
    /// Decay of the first moment per step.
    pub beta1: f32,
    /// Decay of the second moment per step.
    pub beta2: f32,
    /// Added to the root of the second moment.
    pub epsilon: f32,
    /// Share of a weight, times the rate, taken off per step; biases are exempt.
    pub weight_decay: f32,
    /// Gradients with a larger Euclidean norm over all parameters are scaled down to it.
    pub clip_norm: Option<f32>,
}

impl Default for AdamConfig {
    /// Keras's numbers: 0.9, 0.999, 1e-7; no decay, no clipping.
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-7,
            weight_decay: 0.0,
            clip_norm: None,
        }
    }
}

/// The moments of one tensor, in its order.
#[derive(Clone, Debug)]
struct Moments {
    first: Vec<f32>,
    second: Vec<f32>,
    /// For each row, whether it ever had a gradient.
    seen: Vec<bool>,
}

/// Adam's state for one network.
#[derive(Clone, Debug)]
pub struct Adam {
    config: AdamConfig,
    steps: i32,
    moments: Vec<Moments>,
}

/// The numbers that are the same for every weight of a step.
#[derive(Clone, Copy)]
struct Step {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    /// `rate / (1 - beta1^step)`.
    rate: f32,
    /// `1 / sqrt(1 - beta2^step)`.
    root_correction: f32,
    /// Factor of the gradient.
    clip: f32,
    /// Factor of the weight.
    keep: f32,
}

impl Adam {
    /// A fresh optimiser for these parameters.
    pub fn new(config: AdamConfig, parameters: &Parameters) -> Self {
        let moments = parameters.iter().map(|tensor| Moments {
            first: vec![0.0; tensor.values.len()],
            second: vec![0.0; tensor.values.len()],
            seen: vec![false; tensor.values.nrows()],
        });
        Self {
            config,
            steps: 0,
            moments: moments.collect(),
        }
    }

    /// Takes a step along the workers' gradients on the workers' threads; `rate` is the learning
    /// rate. Returns the gradients' norm before clipping; if it is not finite, nothing changes.
    pub fn step(&mut self, parameters: &mut Parameters, workers: &Workers, rate: f32) -> f64 {
        self.apply(parameters, workers.gradients(), workers.team(), rate)
    }

    fn apply(
        &mut self,
        parameters: &mut Parameters,
        gradients: &Gradients,
        team: &Team,
        rate: f32,
    ) -> f64 {
        let norm = gradients.norm();
        if norm.is_finite() {
            self.steps = self.steps.saturating_add(1);
            let step = self.factors(norm, rate);
            let mut parts = self.split(parameters, gradients, team.size());
            team.for_each(&mut parts, |part| {
                for piece in part {
                    vectorised(Update { piece, step });
                }
            });
        }
        norm
    }

    fn factors(&self, norm: f64, rate: f32) -> Step {
        let AdamConfig {
            beta1,
            beta2,
            epsilon,
            weight_decay,
            clip_norm,
        } = self.config;
        let correction = |beta: f32| 1.0 - libm::pow(f64::from(beta), f64::from(self.steps));
        let clip = clip_norm.map_or(1.0, |most| (f64::from(most) / norm).min(1.0));
        Step {
            beta1,
            beta2,
            epsilon,
            rate: (f64::from(rate) / correction(beta1)) as f32,
            root_correction: (1.0 / libm::sqrt(correction(beta2))) as f32,
            clip: clip as f32,
            keep: 1.0 - rate * weight_decay,
        }
    }

    /// Deals all tensors' rows out in `parts` parts of about the same size.
    fn split<'a>(
        &'a mut self,
        parameters: &'a mut Parameters,
        gradients: &'a Gradients,
        parts: usize,
    ) -> Vec<Vec<Piece<'a>>> {
        let mut dealt: Vec<Vec<Piece>> = (0..parts).map(|_| Vec::new()).collect();
        let tensors = parameters.tensors_mut().iter_mut().zip(&mut self.moments);
        for (place, (tensor, moments)) in tensors.enumerate() {
            let (rows, width) = tensor.values.dim();
            let decays = !tensor.is_bias() && self.config.weight_decay > 0.0;
            let count = rows.div_ceil(parts);
            let weights = tensor.values.as_slice_mut().unwrap_or_default();
            let pieces = weights
                .chunks_mut(count * width)
                .zip(moments.first.chunks_mut(count * width))
                .zip(moments.second.chunks_mut(count * width))
                .zip(moments.seen.chunks_mut(count));
            for (number, (((weights, first), second), seen)) in pieces.enumerate() {
                let first_row = number * count;
                let gradient = match gradients.get(place) {
                    Gradient::Rows(rows) => Source::Rows(rows, first_row),
                    Gradient::Dense(values) => {
                        let start = first_row * width;
                        let values = values.as_slice().unwrap_or_default();
                        Source::Dense(&values[start..start + weights.len()])
                    }
                };
                let piece = Piece {
                    weights,
                    first,
                    second,
                    seen,
                    width,
                    decays,
                    gradient,
                };
                dealt[number].push(piece);
            }
        }
        dealt
    }
}

enum Source<'a> {
    /// The tensor's row gradient, and the row of the tensor the piece starts at.
    Rows(&'a RowGradient, usize),
    Dense(&'a [f32]),
}

/// Some rows of one tensor.
struct Piece<'a> {
    weights: &'a mut [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
    seen: &'a mut [bool],
    width: usize,
    decays: bool,
    gradient: Source<'a>,
}

/// A step of some rows.
struct Update<'a, 'b> {
    piece: &'a mut Piece<'b>,
    step: Step,
}

impl Vectorised for Update<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.piece.update(self.step);
    }
}

impl Piece<'_> {
    #[inline(always)]
    fn update(&mut self, step: Step) {
        let step = Step {
            keep: if self.decays { step.keep } else { 1.0 },
            ..step
        };
        match self.gradient {
            Source::Dense(gradient) => {
                let blocks = self
                    .weights
                    .chunks_mut(BLOCK)
                    .zip(self.first.chunks_mut(BLOCK))
                    .zip(self.second.chunks_mut(BLOCK))
                    .zip(gradient.chunks(BLOCK));
                for (((w, m), v), g) in blocks {
                    step.with_gradient(w, m, v, g);
                }
            }
            Source::Rows(gradient, first_row) => self.update_rows(step, gradient, first_row),
        }
    }

    #[inline(always)]
    fn update_rows(&mut self, step: Step, gradient: &RowGradient, first_row: usize) {
        let width = self.width;
        let rows = self
            .weights
            .chunks_exact_mut(width)
            .zip(self.first.chunks_exact_mut(width))
            .zip(self.second.chunks_exact_mut(width))
            .zip(self.seen.iter_mut());
        for (row, (((w, m), v), seen)) in rows.enumerate() {
            match gradient.row(first_row + row) {
                Some(g) => {
                    *seen = true;
                    step.with_gradient(w, m, v, g);
                }
                None if *seen || self.decays => step.without_gradient(w, m, v),
                None => {}
            }
        }
    }
}

impl Step {
    #[inline(always)]
    fn with_gradient(&self, weights: &mut [f32], first: &mut [f32], second: &mut [f32], g: &[f32]) {
        for (((w, m), v), g) in weights.iter_mut().zip(first).zip(second).zip(g) {
            let g = g * self.clip;
            let first = self.beta1 * *m + (1.0 - self.beta1) * g;
            let second = self.beta2 * *v + (1.0 - self.beta2) * (g * g);
            self.move_weight(w, m, v, first, second);
        }
    }

    #[inline(always)]
    fn without_gradient(&self, weights: &mut [f32], first: &mut [f32], second: &mut [f32]) {
        for ((w, m), v) in weights.iter_mut().zip(first).zip(second) {
            let (first, second) = (self.beta1 * *m, self.beta2 * *v);
            self.move_weight(w, m, v, first, second);
        }
    }

    #[inline(always)]
    fn move_weight(&self, w: &mut f32, m: &mut f32, v: &mut f32, first: f32, second: f32) {
        *m = if first.abs() < VANISHED { 0.0 } else { first };
        *v = if second < VANISHED { 0.0 } else { second };
        let root = v.sqrt() * self.root_correction + self.epsilon;
        *w = *w * self.keep - self.rate * *m / root;
    }
}

#[cfg(test)]
// PyTorch's numbers stand as it printed them.
#[allow(clippy::excessive_precision)]
mod tests;
