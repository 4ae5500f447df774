//! From the states over time to the one vector the head reads, and back.

use super::workspace::{Buffer, LayerSpace};
use crate::batch::Batch;
use spinet_core::Readout;

/// Condenses `states` ((T+1)*B, H) into `target` (B, H). Only a sequence's own tokens count; an
/// empty sequence gives zeros. For [`Readout::Max`], `winners` (B, H) gets the steps.
pub(crate) fn forward(
    kind: Readout,
    batch: &Batch,
    states: &Buffer,
    target: &mut Buffer,
    winners: &mut [u32],
) {
    let sequences = batch.sequences();
    for sequence in 0..sequences {
        let length = batch.lengths()[sequence];
        let target = target.slice_mut(sequence..sequence + 1);
        let state = |step: usize| {
            let row = (step + 1) * sequences + sequence;
            states.slice(row..row + 1)
        };
        match kind {
            // The block before the first step holds the initial state, zeros.
            Readout::Last => {
                let row = length * sequences + sequence;
                target.copy_from_slice(states.slice(row..row + 1));
            }
            Readout::Mean => mean((0..length).map(state), target),
            Readout::Max => {
                let width = target.len();
                let winners = &mut winners[sequence * width..][..width];
                maximum((0..length).map(state), target, winners);
            }
        }
    }
}

fn mean<'a>(states: impl ExactSizeIterator<Item = &'a [f32]>, target: &mut [f32]) {
    let share = 1.0 / states.len().max(1) as f32;
    target.fill(0.0);
    for state in states {
        for (sum, h) in target.iter_mut().zip(state) {
            *sum += h;
        }
    }
    for sum in target {
        *sum *= share;
    }
}

fn maximum<'a>(states: impl Iterator<Item = &'a [f32]>, target: &mut [f32], winners: &mut [u32]) {
    target.fill(0.0);
    for (step, state) in states.enumerate() {
        for ((best, winner), &h) in target.iter_mut().zip(winners.iter_mut()).zip(state) {
            // A NaN wins, so that it is noticed.
            if step == 0 || h > *best || h.is_nan() {
                (*best, *winner) = (h, step as u32);
            }
        }
    }
}

/// Spreads the readout's gradient (B, H) over `layer.state_gradients` (T*B, H).
pub(crate) fn backward(
    kind: Readout,
    batch: &Batch,
    gradient: &Buffer,
    winners: &[u32],
    layer: &mut LayerSpace,
) {
    let sequences = batch.sequences();
    let target = &mut layer.state_gradients;
    target.fill_zero();
    for (sequence, &length) in batch.lengths().iter().enumerate() {
        let gradient = gradient.slice(sequence..sequence + 1);
        match kind {
            _ if length == 0 => {}
            Readout::Last => {
                let row = (length - 1) * sequences + sequence;
                target.slice_mut(row..row + 1).copy_from_slice(gradient);
            }
            Readout::Mean => {
                let share = 1.0 / length as f32;
                for row in (0..length).map(|step| step * sequences + sequence) {
                    for (target, g) in target.slice_mut(row..row + 1).iter_mut().zip(gradient) {
                        *target = g * share;
                    }
                }
            }
            Readout::Max => {
                let width = gradient.len();
                let winners = &winners[sequence * width..][..width];
                for (unit, (&g, &step)) in gradient.iter().zip(winners).enumerate() {
                    let row = step as usize * sequences + sequence;
                    target.slice_mut(row..row + 1)[unit] = g;
                }
            }
        }
    }
}
