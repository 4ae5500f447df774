//! Random weights, scales and biases for every cell: the data of an artifact that never was a file.

use spinet_core::data::{Blob, Data};
use spinet_core::matrix::{Encoding, MatrixSpec};
use spinet_core::rows::RowsSpec;

/// Words of weights: `W_h` of an LSTM of 128 units with weights of 8 bits.
const WEIGHTS: usize = 4 * 128 * 128 / 4;
/// The most rows of a cell.
const ROWS: usize = 4 * 128;

/// Weights, then multipliers, then biases.
static POOL: [u32; WEIGHTS + 2 * ROWS] = pool();

/// Scales with which pre-activations are spread over some units on both sides of zero.
const MULTIPLIER: u32 = 1 << 24;

const fn pool() -> [u32; WEIGHTS + 2 * ROWS] {
    let mut pool = [0; WEIGHTS + 2 * ROWS];
    let (mut state, mut at) = (0x2545_F491u32, 0);
    while at < WEIGHTS {
        // Xorshift of Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (2003).
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        // No nibble may be 0, which is no weight of 4 bits, or 8, which is none of a quad's rows
        // without an offset; then no byte is -128 either.
        pool[at] = state | 0x1111_1111;
        at += 1;
    }
    while at < WEIGHTS + ROWS {
        pool[at] = MULTIPLIER;
        at += 1;
    }
    pool
}

/// All of it.
pub fn data() -> Data<'static> {
    Data::new(bytemuck::cast_slice(&POOL))
}

/// A matrix `(rows, columns)`.
pub fn matrix(encoding: Encoding, rows: usize, columns: usize) -> MatrixSpec {
    MatrixSpec {
        encoding,
        shift: 0,
        weights: blob(0, encoding.bytes(rows, columns)),
    }
}

/// The scales and biases of `rows` rows.
pub fn rows(rows: usize) -> RowsSpec {
    RowsSpec {
        multipliers: blob(WEIGHTS, 4 * rows),
        biases: biases(rows),
    }
}

/// `rows` biases of zero.
pub fn biases(rows: usize) -> Blob {
    blob(WEIGHTS + ROWS, 4 * rows)
}

fn blob(word: usize, bytes: usize) -> Blob {
    Blob {
        offset: 4 * word as u32,
        length: bytes as u32,
    }
}
