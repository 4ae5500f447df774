//! The dense layer: the head, and the first half of a low-rank product.

use crate::{
    data::Data,
    emit::parts,
    error::ArtifactError,
    matrix::{Matrix, MatrixSpec},
    rows::{Rows, RowsSpec},
};
use serde::{Deserialize, Serialize};

/// Where a dense layer lies in an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenseSpec {
    /// `W (outputs, inputs)`.
    pub weights: MatrixSpec,
    /// Scales and biases `(outputs,)`.
    pub rows: RowsSpec,
}

impl DenseSpec {
    /// Borrows the layer, called `tensor` in errors.
    ///
    /// # Errors
    /// Those of its matrix and rows.
    pub fn resolve<'a>(
        &self,
        data: Data<'a>,
        tensor: &'static str,
        outputs: usize,
        inputs: usize,
    ) -> Result<Dense<'a>, ArtifactError> {
        let weights = self.weights.resolve(data, tensor, outputs, inputs)?;
        let rows = self.rows.resolve(data, tensor, outputs, weights.bound())?;
        Ok(Dense {
            weights: Some(weights),
            rows,
        })
    }

    /// Borrows a layer without inputs, the weights of which are an empty tensor.
    ///
    /// # Errors
    /// Those of its rows, or if there are any weights.
    pub fn resolve_biases<'a>(
        &self,
        data: Data<'a>,
        tensor: &'static str,
        outputs: usize,
    ) -> Result<Dense<'a>, ArtifactError> {
        data.slice::<u8>(self.weights.weights, 0, tensor)?;
        if self.weights.shift != 0 {
            return Err(ArtifactError::OutOfRange(tensor));
        }
        let rows = self.rows.resolve(data, tensor, outputs, 0)?;
        Ok(Dense {
            weights: None,
            rows,
        })
    }
}

/// `y = W x + b`.
#[derive(Debug, Clone, Copy)]
pub struct Dense<'a> {
    /// None where there are no inputs: `y = b`.
    weights: Option<Matrix<'a>>,
    rows: Rows<'a>,
}

parts!("dense", Dense { weights: Option<Matrix<'a>>, rows: Rows<'a> });

/// Rows that are summed at a time where the results are narrowed.
const BLOCK: usize = 8;

impl Dense<'_> {
    /// `W (outputs, inputs) @ x (inputs,) + b -> y (outputs,)`; `x` in Q0.15, `y` in Q16.15.
    #[inline]
    pub fn apply(&self, x: &[i16], y: &mut [i32]) {
        self.fill(0, x, y);
    }

    /// The same with `y` in Q0.15, saturated.
    #[inline]
    pub fn apply_narrow(&self, x: &[i16], y: &mut [i16]) {
        for (block, y) in y.chunks_mut(BLOCK).enumerate() {
            let mut sums = [0; BLOCK];
            let (first, Some(sums)) = (block * BLOCK, sums.get_mut(..y.len())) else {
                return;
            };
            self.fill(first, x, sums);
            for (y, &sum) in y.iter_mut().zip(&*sums) {
                *y = crate::fixed::saturate(sum);
            }
        }
    }

    #[inline]
    fn fill(&self, first: usize, x: &[i16], sums: &mut [i32]) {
        match &self.weights {
            Some(weights) => self.rows.fill(first, (weights, x), None, sums),
            None => {
                self.rows.begin(first, sums);
                self.rows.requantize(first, sums);
            }
        }
    }

    /// Multiply-accumulates of one application.
    pub fn macs(&self) -> usize {
        self.weights.map_or(0, |weights| weights.macs())
    }
}
