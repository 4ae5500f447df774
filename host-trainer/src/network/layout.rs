//! How a cell's tensors lie on the device: what its file tells the quantiser.
//!
//! A kernel `[in, gates * H]` of the network has a block of `H` columns per gate; on the device
//! it is unit-major, row `unit * gates + gate`, with the gates in the same order, which is the
//! core's (`spinet_core::cell`). What a unit's sums are made of is a list of [`Sum`]s.

use super::tensor::Tensor;
use spinet_core::{
    cell::{CellSpec, ProductSpec},
    data::Blob,
    rows::RowsSpec,
};

/// One of a unit's sums: which gate of each kernel adds to it, and which bias.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sum {
    /// The gate of the input kernel.
    pub input: Option<usize>,
    /// The gate of the recurrent kernel.
    pub recurrent: Option<usize>,
    /// The bias tensor among the cell's own, and the block of `H` numbers in it.
    pub bias: Option<(&'static str, usize)>,
}

impl Sum {
    /// Both kernels' gate `gate`, and the block of that number in the tensor `bias`.
    pub const fn of_gate(gate: usize) -> Self {
        Self {
            input: Some(gate),
            recurrent: Some(gate),
            bias: Some(("bias", gate)),
        }
    }
}

/// The parts of a cell that have been written to an artifact.
pub(crate) struct Written<'w> {
    /// The width of `h_t`.
    pub hidden_size: u16,
    /// The input kernel; none where the input table holds the product.
    pub input: Option<ProductSpec>,
    /// The recurrent kernel.
    pub recurrent: ProductSpec,
    /// Scales and biases of the sums.
    pub rows: RowsSpec,
    /// The cell's own tensors, as they are in the network.
    pub own: &'w [Tensor],
    /// The shift of the states, for cells that have one.
    pub state_shift: u8,
    /// Writes further numbers.
    pub push: &'w mut dyn FnMut(&[i32]) -> Blob,
}

impl Written<'_> {
    /// The input and the recurrent kernel of a cell whose kernels are always whole.
    pub fn whole(
        &self,
    ) -> (
        Option<spinet_core::matrix::MatrixSpec>,
        spinet_core::matrix::MatrixSpec,
    ) {
        let matrix = |spec: &ProductSpec| match spec {
            ProductSpec::Full(matrix) => *matrix,
            // Not reached: ranks are refused for such cells.
            ProductSpec::LowRank(product) => product.up,
        };
        (self.input.as_ref().map(matrix), matrix(&self.recurrent))
    }
}

/// What a cell's file says of the device.
pub(crate) trait DeviceLayout {
    /// A unit's sums, in the core's order.
    fn sums(&self) -> &'static [Sum];

    /// The cell's place in an artifact.
    fn spec(&self, written: Written<'_>) -> CellSpec;

    /// Whether states may leave [-1, 1] and are kept divided by a power of two.
    fn shifts_states(&self) -> bool {
        false
    }
}
