//! Tensors whose rows add into the same sums, and the scales that they share.
//!
//! A [`Group`] is chosen once for a network's weights; after that it turns weights into integers,
//! and integers back into the weights that they stand for, as often as it is asked.

use super::{
    QuantizeError, TensorReport,
    scales::{RowPart, best_scale, integer},
};
use crate::network::Parameters;
use ndarray::Array2;
use rayon::prelude::*;
use spinet_core::{
    fixed::{self, LOOK_UP_BITS, STATE_FRACTION},
    matrix::{Encoding, MAX_SHIFT},
};

/// The smallest scale whose multiplier still has 8 significant bits.
const SMALLEST_SCALE: f64 = 5e-7;
/// Below the largest scale that has a multiplier.
const LARGEST_SCALE: f64 = 0.499;
/// What a sum keeps for its bias at least.
const BIAS_ROOM: i64 = 1 << 23;

/// A tensor of the network as it will lie on the device.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Its name in the network's parameters: a kernel `[in, out]`.
    pub tensor: String,
    /// How its weights will be stored.
    pub encoding: Encoding,
    /// Row `unit * gates + gate` is the kernel's column `gate * units + unit`.
    pub gates: usize,
    /// For each row, the group's sum that it adds to.
    pub sums: Vec<usize>,
    /// What each column of the device's matrix is multiplied with beyond the kernel's row.
    pub column_factors: Vec<f64>,
    /// What each row is multiplied with beyond the kernel's column.
    pub row_factors: Vec<f64>,
    /// The mean square of each column's input.
    pub moments: Vec<f64>,
    /// Whether one column counts at a time, that of a token.
    pub table: bool,
    /// Its scale is the row's times `2^shift`.
    pub shift: u8,
}

impl Part {
    /// Number of rows on the device.
    pub fn rows(&self) -> usize {
        self.sums.len()
    }

    /// Number of columns on the device.
    pub fn columns(&self) -> usize {
        self.column_factors.len()
    }

    fn weight_max(&self) -> f64 {
        self.encoding.weight_max().into()
    }

    /// The largest sum that a row can reach, in units of its weights.
    fn bound(&self) -> i64 {
        let most = self.encoding.weight_max();
        match self.table {
            true => i64::from(most) << LOOK_UP_BITS,
            false => fixed::product_bound(most, self.columns()),
        }
    }

    /// The kernel's column of a row.
    fn column_of(&self, row: usize) -> usize {
        let units = self.rows() / self.gates;
        row % self.gates * units + row / self.gates
    }

    /// The weights `(rows, columns)` as the device would have them if it had real numbers.
    fn real(&self, parameters: &Parameters) -> Result<Vec<f64>, QuantizeError> {
        let kernel = tensor(parameters, &self.tensor)?;
        let shape = (self.columns(), self.rows());
        if kernel.dim() != shape {
            return Err(QuantizeError::Shape {
                tensor: self.tensor.clone(),
                expected: shape,
                found: kernel.dim(),
            });
        }
        let mut values = Vec::with_capacity(kernel.len());
        for row in 0..self.rows() {
            let column = kernel.column(self.column_of(row));
            let weights = column.iter().zip(&self.column_factors);
            values
                .extend(weights.map(|(&w, factor)| f64::from(w) * factor * self.row_factors[row]));
        }
        Ok(values)
    }
}

/// What a bias of 1 stands for in a sum of this scale.
pub(super) fn bias_unit(scale: f64) -> f64 {
    scale / f64::from(1u32 << STATE_FRACTION)
}

/// The tensor of that name.
pub(super) fn tensor<'p>(
    parameters: &'p Parameters,
    name: &str,
) -> Result<&'p Array2<f32>, QuantizeError> {
    let tensor = parameters.get(name);
    let tensor = tensor.ok_or_else(|| QuantizeError::Missing(name.to_owned()))?;
    Ok(&tensor.values)
}

/// Integers, with what they stand for.
pub(super) struct Integers {
    /// `(rows, columns)`.
    pub values: Vec<i8>,
    /// What quantisation did to the tensor.
    pub report: TensorReport,
}

/// Tensors that share their rows' scales.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// One tensor, or two that are added.
    pub parts: Vec<Part>,
    /// The scale of each sum.
    pub scales: Vec<f64>,
    /// The scales as the device uses them; none of a group that is never summed.
    pub multipliers: Vec<i32>,
}

impl Group {
    /// Chooses shifts and scales for the weights of `parameters`, so that sums have room for
    /// `biases`, one for each of them.
    ///
    /// # Errors
    /// A [`QuantizeError`] that names the tensor.
    pub fn summed(
        parts: Vec<Part>,
        parameters: &Parameters,
        biases: &[f64],
    ) -> Result<Self, QuantizeError> {
        let mut group = Self::choose(parts, parameters, Some(biases))?;
        group.shift_into_range(biases);
        group.round_to_multipliers(parameters, biases)?;
        Ok(group)
    }

    /// Chooses scales for a table that is looked up and never summed.
    ///
    /// # Errors
    /// A [`QuantizeError`] that names the tensor.
    pub fn looked_up(part: Part, parameters: &Parameters) -> Result<Self, QuantizeError> {
        Self::choose(vec![part], parameters, None)
    }

    fn choose(
        mut parts: Vec<Part>,
        parameters: &Parameters,
        biases: Option<&[f64]>,
    ) -> Result<Self, QuantizeError> {
        let real: Vec<Vec<f64>> = parts
            .iter()
            .map(|part| part.real(parameters))
            .collect::<Result<_, _>>()?;
        let sums = 1 + parts
            .iter()
            .flat_map(|part| &part.sums)
            .max()
            .copied()
            .unwrap_or(0);
        let (shifts, scales, _) = shift_candidates(parts.len())
            .into_par_iter()
            .filter_map(|shifts| {
                let room = room(&parts, &shifts);
                let (scales, error) = (room >= BIAS_ROOM)
                    .then(|| scales(&parts, &real, &shifts, sums, room, biases))?;
                Some((shifts, scales, error))
            })
            .min_by(|a, b| a.2.total_cmp(&b.2).then(a.0.cmp(&b.0)))
            .ok_or_else(|| QuantizeError::Room(parts[0].tensor.clone()))?;
        for (part, shift) in parts.iter_mut().zip(shifts) {
            part.shift = shift;
        }
        Ok(Self {
            parts,
            scales,
            multipliers: Vec::new(),
        })
    }

    /// Shifts all tensors where a scale is beyond a multiplier's range: 4-bit weights leave room
    /// in a sum. What has no room is refused when its multiplier is made.
    fn shift_into_range(&mut self, biases: &[f64]) {
        let largest = self.scales.iter().copied().fold(0.0, f64::max);
        let common =
            (0..=MAX_SHIFT).find(|&shift| largest / f64::from(1u32 << shift) < LARGEST_SCALE);
        let Some(common @ 1..) = common else {
            return;
        };
        let shifts: Vec<u8> = self.parts.iter().map(|part| part.shift + common).collect();
        let fits = shifts.iter().all(|&shift| shift <= MAX_SHIFT);
        let room = room(&self.parts, &shifts);
        if fits && room >= BIAS_ROOM {
            for (part, shift) in self.parts.iter_mut().zip(shifts) {
                part.shift = shift;
            }
            let divisor = f64::from(1u32 << common);
            for (scale, &bias) in self.scales.iter_mut().zip(biases) {
                *scale = (*scale / divisor).max(floor(bias, room));
            }
        }
    }

    /// The device multiplies by integers: the scales become theirs, exactly.
    fn round_to_multipliers(
        &mut self,
        parameters: &Parameters,
        biases: &[f64],
    ) -> Result<(), QuantizeError> {
        for (sum, &bias) in biases.iter().enumerate() {
            let Some(multiplier) = fixed::multiplier(self.scales[sum]) else {
                return Err(self.too_large(sum, parameters, bias)?);
            };
            self.scales[sum] = fixed::scale(multiplier);
            self.multipliers.push(multiplier);
        }
        Ok(())
    }

    /// What asks for a scale that the sum cannot have: the largest weight in it, or the bias.
    fn too_large(
        &self,
        sum: usize,
        parameters: &Parameters,
        bias: f64,
    ) -> Result<QuantizeError, QuantizeError> {
        let mut tensor = self.parts[0].tensor.clone();
        let (mut worst, mut blamed) = (0.0, None);
        for part in &self.parts {
            let Some(row) = part.sums.iter().position(|&other| other == sum) else {
                continue;
            };
            let real = part.real(parameters)?;
            let weights = &real[row * part.columns()..][..part.columns()];
            let largest = weights.iter().fold(0.0f64, |most, w| most.max(w.abs()));
            let scale = largest / part.weight_max() / f64::from(1u32 << part.shift);
            if scale >= worst {
                tensor.clone_from(&part.tensor);
                (worst, blamed) = (scale, Some((row, largest)));
            }
        }
        Ok(match blamed {
            Some((row, largest)) if worst >= LARGEST_SCALE => QuantizeError::Range {
                tensor,
                row,
                largest,
            },
            _ => QuantizeError::Bias { tensor, bias },
        })
    }

    /// Biases in units of the sums.
    pub fn bias_integers(&self, biases: &[f64]) -> Vec<i32> {
        biases
            .iter()
            .zip(&self.scales)
            .map(|(bias, &scale)| (bias / bias_unit(scale)).round() as i32)
            .collect()
    }

    /// The integers of one of the tensors.
    ///
    /// # Errors
    /// A [`QuantizeError`] that names the tensor.
    pub fn integers(
        &self,
        part: usize,
        parameters: &Parameters,
    ) -> Result<Integers, QuantizeError> {
        let part = &self.parts[part];
        let real = part.real(parameters)?;
        let mut values = Vec::with_capacity(real.len());
        let (mut worst_error, mut largest) = (0.0f64, 0.0f64);
        for (row, weights) in real.chunks(part.columns()).enumerate() {
            let scale = self.scale(part, row);
            for (column, &weight) in weights.iter().enumerate() {
                let integer = integer(weight / scale, part.weight_max());
                let factor = part.column_factors[column] * part.row_factors[row];
                worst_error = worst_error.max((weight - integer * scale).abs() / factor);
                largest = largest.max(weight.abs() / factor);
                values.push(integer as i8);
            }
        }
        let report = TensorReport {
            tensor: part.tensor.clone(),
            encoding: part.encoding,
            shape: (part.rows(), part.columns()),
            bytes: match part.table {
                true => (part.encoding.in_rows()).bytes(part.columns(), part.rows()),
                false => (part.encoding.in_quads()).bytes(part.rows(), part.columns()),
            },
            largest,
            worst_error,
        };
        Ok(Integers { values, report })
    }

    /// Replaces the group's tensors in `target` by what the integers of `parameters` stand for.
    ///
    /// # Errors
    /// A [`QuantizeError`] that names the tensor.
    pub fn round(
        &self,
        parameters: &Parameters,
        target: &mut Parameters,
    ) -> Result<(), QuantizeError> {
        for part in &self.parts {
            let kernel = tensor(parameters, &part.tensor)?;
            let missing = || QuantizeError::Missing(part.tensor.clone());
            let mut rounded = target.get_mut(&part.tensor).ok_or_else(missing)?;
            for row in 0..part.rows() {
                let (scale, column) = (self.scale(part, row), part.column_of(row));
                let pairs = kernel
                    .column(column)
                    .into_iter()
                    .zip(rounded.column_mut(column));
                for ((&weight, target), factor) in pairs.zip(&part.column_factors) {
                    let unit = scale / (factor * part.row_factors[row]);
                    *target = (integer(f64::from(weight) / unit, part.weight_max()) * unit) as f32;
                }
            }
        }
        Ok(())
    }

    fn scale(&self, part: &Part, row: usize) -> f64 {
        self.scales[part.sums[row]] * f64::from(1u32 << part.shift)
    }
}

/// No shifts, or one tensor shifted.
fn shift_candidates(tensors: usize) -> Vec<Vec<u8>> {
    let mut candidates = vec![vec![0; tensors]];
    if tensors > 1 {
        for shifted in 0..tensors {
            candidates.extend((1..=MAX_SHIFT).map(|shift| {
                let mut shifts = vec![0; tensors];
                shifts[shifted] = shift;
                shifts
            }));
        }
    }
    candidates
}

/// What a 32-bit sum has left for the bias.
fn room(parts: &[Part], shifts: &[u8]) -> i64 {
    let bounds = parts
        .iter()
        .zip(shifts)
        .map(|(part, shift)| part.bound() << shift);
    i64::from(i32::MAX) - bounds.sum::<i64>()
}

/// The smallest scale of a sum whose bias must fit beside the products; a thousandth to spare for
/// rounding.
fn floor(bias: f64, room: i64) -> f64 {
    let floor = bias.abs() * f64::from(1u32 << STATE_FRACTION) / room as f64 * 1.001;
    floor.max(SMALLEST_SCALE)
}

/// The scale of every sum, and the error that they make together.
fn scales(
    parts: &[Part],
    real: &[Vec<f64>],
    shifts: &[u8],
    sums: usize,
    room: i64,
    biases: Option<&[f64]>,
) -> (Vec<f64>, f64) {
    let mut members: Vec<Vec<RowPart<'_>>> = (0..sums).map(|_| Vec::new()).collect();
    for ((part, real), &shift) in parts.iter().zip(real).zip(shifts) {
        for (weights, &sum) in real.chunks(part.columns()).zip(&part.sums) {
            members[sum].push(RowPart {
                weights,
                moments: &part.moments,
                weight_max: part.weight_max(),
                factor: f64::from(1u32 << shift),
            });
        }
    }
    let mut total = 0.0;
    let scales = members.iter().enumerate().map(|(sum, members)| {
        let floor = floor(biases.map_or(0.0, |biases| biases[sum]), room);
        let (scale, error) = best_scale(members, floor);
        total += error;
        scale
    });
    (scales.collect(), total)
}
