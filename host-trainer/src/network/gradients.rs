//! Gradients of a network's parameters: rows for the looked-up tensor, matrices for the others.

use ndarray::Array2;

use super::config::{InputKind, NetworkConfig};
use super::parameters::specifications;
use super::vector::sum_squares;

/// Marks a row without a gradient in [`RowGradient`].
const NONE: u32 = u32::MAX;

/// The gradient of a tensor of which a batch touches only some rows; the others' is zero.
#[derive(Clone, Debug)]
pub struct RowGradient {
    width: usize,
    /// For each row of the tensor, its place in `touched`, or `NONE`.
    slots: Vec<u32>,
    touched: Vec<u16>,
    /// `[touched, width]`.
    values: Vec<f32>,
}

impl RowGradient {
    fn new(rows: usize, width: usize) -> Self {
        Self {
            width,
            slots: vec![NONE; rows],
            touched: Vec::new(),
            values: Vec::new(),
        }
    }

    /// The gradient of a row, unless it is zero because no token touched it.
    pub fn row(&self, row: usize) -> Option<&[f32]> {
        let slot = self.slots[row];
        (slot != NONE).then(|| &self.values[slot as usize * self.width..][..self.width])
    }

    /// The rows that have a gradient, in the order in which they were touched.
    pub fn touched(&self) -> &[u16] {
        &self.touched
    }

    /// Length of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Adds to the gradient of a row.
    pub(crate) fn add(&mut self, row: u16, gradient: &[f32]) {
        let slot = &mut self.slots[usize::from(row)];
        if *slot == NONE {
            *slot = self.touched.len() as u32;
            self.touched.push(row);
            self.values.extend_from_slice(gradient);
        } else {
            let start = *slot as usize * self.width;
            add_slices(&mut self.values[start..start + self.width], gradient);
        }
    }

    fn clear(&mut self) {
        for row in self.touched.drain(..) {
            self.slots[usize::from(row)] = NONE;
        }
        self.values.clear();
    }
}

/// The gradient of every parameter, in the parameters' order.
#[derive(Clone, Debug)]
pub struct Gradients {
    /// Of the first tensor, if tokens look it up.
    rows: Option<RowGradient>,
    dense: Vec<Array2<f32>>,
}

/// One tensor's gradient.
#[derive(Clone, Copy, Debug)]
pub enum Gradient<'a> {
    /// Of the tensor the tokens look up, the first; vectors look nothing up.
    Rows(&'a RowGradient),
    /// Of any other tensor, in its shape.
    Dense(&'a Array2<f32>),
}

impl Gradients {
    /// Zeros for the parameters of a network.
    pub fn new(config: &NetworkConfig) -> Self {
        let mut shapes = specifications(config)
            .into_iter()
            .map(|spec| (spec.rows, spec.columns));
        let looked_up = !matches!(config.input, InputKind::Dense { .. });
        let first = if looked_up { shapes.next() } else { None };
        Self {
            rows: first.map(|(rows, width)| RowGradient::new(rows, width)),
            dense: shapes.map(Array2::zeros).collect(),
        }
    }

    /// The gradient of the parameters' tensor at `place`.
    pub fn get(&self, place: usize) -> Gradient<'_> {
        match (&self.rows, place) {
            (Some(rows), 0) => Gradient::Rows(rows),
            (rows, place) => Gradient::Dense(&self.dense[place - usize::from(rows.is_some())]),
        }
    }

    /// The tensor's whole gradient, zeros included; for inspection, not for speed.
    pub fn to_dense(&self, place: usize) -> Array2<f32> {
        match self.get(place) {
            Gradient::Dense(values) => values.clone(),
            Gradient::Rows(rows) => {
                Array2::from_shape_fn((rows.slots.len(), rows.width), |(row, column)| {
                    rows.row(row).map_or(0.0, |values| values[column])
                })
            }
        }
    }

    /// Euclidean norm over all parameters.
    pub fn norm(&self) -> f64 {
        let dense = self.dense.iter().map(|tensor| sum_squares(slice(tensor)));
        let dense: f64 = dense.sum();
        let rows = self.rows.as_ref();
        let rows = rows.map_or(0.0, |rows| sum_squares(&rows.values));
        libm::sqrt(dense + rows)
    }

    /// Adds another worker's gradients.
    pub(crate) fn add(&mut self, other: &Self) {
        if let (Some(sum), Some(term)) = (&mut self.rows, &other.rows) {
            for (&row, values) in term
                .touched
                .iter()
                .zip(term.values.chunks_exact(term.width))
            {
                sum.add(row, values);
            }
        }
        for (sum, term) in self.dense.iter_mut().zip(&other.dense) {
            *sum += term;
        }
    }

    /// Back to zero.
    pub(crate) fn clear(&mut self) {
        if let Some(rows) = &mut self.rows {
            rows.clear();
        }
        for tensor in &mut self.dense {
            tensor.fill(0.0);
        }
    }

    /// The gradient of the tensor that tokens look up, if they do.
    pub(crate) fn rows_mut(&mut self) -> Option<&mut RowGradient> {
        self.rows.as_mut()
    }

    /// The dense gradients of the tensors at these places, none of which is looked up.
    pub(crate) fn dense_mut(&mut self, places: std::ops::Range<usize>) -> &mut [Array2<f32>] {
        let first = usize::from(self.rows.is_some());
        &mut self.dense[places.start - first..places.end - first]
    }
}

fn slice(tensor: &Array2<f32>) -> &[f32] {
    tensor.as_slice().unwrap_or_default()
}

fn add_slices(sum: &mut [f32], term: &[f32]) {
    for (sum, term) in sum.iter_mut().zip(term) {
        *sum += term;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_gather_what_touches_them_and_forget_it() {
        let mut gradient = RowGradient::new(5, 2);
        gradient.add(3, &[1.0, 2.0]);
        gradient.add(1, &[4.0, 4.0]);
        gradient.add(3, &[0.5, 0.5]);
        assert_eq!(gradient.touched(), [3, 1]);
        assert_eq!(gradient.row(3), Some(&[1.5, 2.5][..]));
        assert_eq!(gradient.row(0), None);
        gradient.clear();
        assert_eq!(gradient.row(3), None);
        assert!(gradient.touched().is_empty());
    }
}
