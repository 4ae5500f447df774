//! Tensors as rows of weights, and the scales, biases and integers of such rows.

use super::{
    QuantizeError, TensorReport,
    scales::{Part, best_scale, quantize},
};
use ndarray::Array2;
use spinet_core::fixed::{self, STATE_FRACTION};

/// Shifts tried for the tensors of a row: one of them coarser than the others, or none.
const SHIFTS: [u8; 5] = [0, 1, 2, 3, 4];
/// The smallest scale whose multiplier still has 8 significant bits.
const SMALLEST_SCALE: f64 = 5e-7;

/// A tensor `(rows, columns)`.
pub(super) struct Weights {
    pub name: &'static str,
    pub columns: usize,
    values: Vec<f32>,
}

impl Weights {
    /// The transpose of a kernel `[in, out]`.
    pub fn transposed(name: &'static str, kernel: &Array2<f32>) -> Self {
        let values = kernel.t().iter().copied().collect();
        Self {
            name,
            columns: kernel.nrows(),
            values,
        }
    }

    /// The same weights, each column times its factor.
    pub fn scaled_columns(&self, factor: impl Fn(usize) -> f64) -> Self {
        let scaled = |(index, &value): (usize, &f32)| {
            (f64::from(value) * factor(index % self.columns)) as f32
        };
        let values = self.values.iter().enumerate().map(scaled).collect();
        Self {
            name: self.name,
            columns: self.columns,
            values,
        }
    }

    fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.columns..][..self.columns]
    }

    fn largest(&self) -> f64 {
        self.values
            .iter()
            .fold(0.0, |most, &w| most.max(f64::from(w).abs()))
    }
}

/// A tensor and what it is multiplied with.
pub(super) struct Operand<'o> {
    pub weights: &'o Weights,
    /// The mean square of each column's input.
    pub moments: &'o [f64],
    /// The largest sum that a row can reach, in units of its weights.
    pub bound: i64,
}

/// The transpose of a row-major matrix of `rows` rows.
pub(super) fn transposed(values: &[i8], rows: usize) -> Vec<i8> {
    let columns = values.len() / rows;
    (0..columns)
        .flat_map(|column| (0..rows).map(move |row| values[row * columns + column]))
        .collect()
}

/// What the tensors that share a row's sum have in common.
pub(super) struct Rows {
    /// The scale of each row.
    pub scales: Vec<f64>,
    /// The shift of each tensor.
    pub shifts: Vec<u8>,
    /// The scales as the device uses them.
    pub multipliers: Vec<i32>,
    /// The biases in units of the sums.
    pub biases: Vec<i32>,
}

impl Rows {
    /// Chooses shifts and scales for tensors that share their rows. Without a bias the rows are never summed, and neither multipliers nor an
    /// overflow concern them.
    pub fn choose(
        name: &'static str,
        tensors: &[Operand<'_>],
        bias: Option<&Weights>,
    ) -> Result<Self, QuantizeError> {
        check_finite(tensors)?;
        let (shifts, scales, _) = shift_candidates(tensors.len())
            .filter(|shifts| room(tensors, shifts) >= 1 << 23)
            .map(|shifts| {
                let (scales, error) = scales(tensors, &shifts, bias);
                (shifts, scales, error)
            })
            .min_by(|a, b| a.2.total_cmp(&b.2))
            .ok_or(QuantizeError::Range {
                tensor: name,
                row: 0,
                largest: f64::INFINITY,
            })?;
        let mut rows = Self {
            scales,
            shifts,
            multipliers: Vec::new(),
            biases: Vec::new(),
        };
        if let Some(bias) = bias {
            rows.round_to_multipliers(name, bias)?;
        }
        Ok(rows)
    }

    pub fn count(&self) -> usize {
        self.scales.len()
    }

    /// The integers of one of the tensors.
    pub fn integers(&self, part: usize, weights: &Weights) -> Vec<i8> {
        (0..weights.rows())
            .flat_map(|row| {
                let scale = self.scale(row, part);
                weights
                    .row(row)
                    .iter()
                    .map(move |&weight| quantize(weight, scale))
            })
            .collect()
    }

    pub fn report(&self, weights: &Weights, part: usize) -> TensorReport {
        let worst_error = (0..weights.rows())
            .flat_map(|row| {
                let scale = self.scale(row, part);
                weights.row(row).iter().map(move |&weight| {
                    (f64::from(weight) - f64::from(quantize(weight, scale)) * scale).abs()
                })
            })
            .fold(0.0, f64::max);
        TensorReport {
            tensor: weights.name.to_owned(),
            shape: (weights.rows(), weights.columns),
            bytes: weights.values.len(),
            largest: weights.largest(),
            worst_error,
        }
    }

    fn scale(&self, row: usize, part: usize) -> f64 {
        self.scales[row] * f64::from(1u32 << self.shifts[part])
    }

    /// The device multiplies by integers: the scales become theirs, exactly.
    fn round_to_multipliers(
        &mut self,
        tensor: &'static str,
        bias: &Weights,
    ) -> Result<(), QuantizeError> {
        for (row, scale) in self.scales.iter_mut().enumerate() {
            let multiplier = fixed::multiplier(*scale).ok_or(QuantizeError::Range {
                tensor,
                row,
                largest: *scale * 127.0,
            })?;
            *scale = fixed::scale(multiplier);
            let unit = *scale / f64::from(1u32 << STATE_FRACTION);
            self.multipliers.push(multiplier);
            self.biases
                .push((f64::from(bias.row(row)[0]) / unit).round() as i32);
        }
        Ok(())
    }
}

fn check_finite(tensors: &[Operand<'_>]) -> Result<(), QuantizeError> {
    for Operand { weights, .. } in tensors {
        if let Some(at) = weights.values.iter().position(|w| !w.is_finite()) {
            return Err(QuantizeError::Range {
                tensor: weights.name,
                row: at / weights.columns,
                largest: weights.values[at].into(),
            });
        }
    }
    Ok(())
}

/// No shifts, or one tensor shifted.
fn shift_candidates(tensors: usize) -> impl Iterator<Item = Vec<u8>> {
    (0..tensors).flat_map(move |shifted| {
        SHIFTS
            .iter()
            .filter(move |&&shift| shift > 0 || shifted == 0)
            .map(move |&shift| {
                let mut shifts = vec![0; tensors];
                if tensors > 1 {
                    shifts[shifted] = shift;
                }
                shifts
            })
    })
}

/// What a 32-bit sum has left for the bias.
fn room(tensors: &[Operand<'_>], shifts: &[u8]) -> i64 {
    let products: i64 = tensors
        .iter()
        .zip(shifts)
        .map(|(operand, shift)| operand.bound << shift)
        .sum();
    i64::from(i32::MAX) - products
}

/// The scale of every row, and the error that they make together.
fn scales(tensors: &[Operand<'_>], shifts: &[u8], bias: Option<&Weights>) -> (Vec<f64>, f64) {
    let room = room(tensors, shifts) as f64;
    let mut total = 0.0;
    let rows = tensors.first().map_or(0, |operand| operand.weights.rows());
    let scales = (0..rows)
        .map(|row| {
            let parts: Vec<Part> = tensors
                .iter()
                .zip(shifts)
                .map(|(operand, &shift)| Part {
                    weights: operand.weights.row(row),
                    moments: operand.moments,
                    shift,
                })
                .collect();
            // The bias must fit beside the products; a thousandth to spare for rounding.
            let bias = bias.map_or(0.0, |bias| f64::from(bias.row(row)[0]).abs());
            let floor = bias * f64::from(1u32 << STATE_FRACTION) / room * 1.001;
            let (scale, error) = best_scale(&parts, floor.max(SMALLEST_SCALE));
            total += error;
            scale
        })
        .collect();
    (scales, total)
}
