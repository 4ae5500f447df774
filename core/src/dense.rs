//! The dense layer: the head.

use crate::{
    data::Data,
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
    /// Borrows the layer.
    ///
    /// # Errors
    /// Those of its matrix and rows.
    pub fn resolve<'a>(
        &self,
        data: Data<'a>,
        outputs: u16,
        inputs: u16,
    ) -> Result<Dense<'a>, ArtifactError> {
        let weights = self
            .weights
            .resolve(data, "head weights", outputs, inputs)?;
        let rows = self
            .rows
            .resolve(data, "head rows", outputs, weights.bound())?;
        Ok(Dense { weights, rows })
    }
}

/// `y = W x + b`: the head.
#[derive(Debug, Clone, Copy)]
pub struct Dense<'a> {
    weights: Matrix<'a>,
    rows: Rows<'a>,
}

impl Dense<'_> {
    /// `W (outputs, inputs) @ x (inputs,) + b -> y (outputs,)`; `x` in Q0.15, `y` in Q16.15.
    #[inline]
    pub fn apply(&self, x: &[i16], y: &mut [i32]) {
        self.rows.begin(y);
        self.weights.accumulate(x, y);
        self.rows.requantize(y);
    }

    /// Multiply-accumulates of one application.
    pub fn macs(&self) -> usize {
        self.weights.macs()
    }
}
