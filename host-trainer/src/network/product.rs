//! The one place where matrices are multiplied.
//!
//! The products of recurrent training are many and small, 25 rows by 128 by 512, with weights
//! that stay the same from step to step. So nothing is packed: a tile of the result, up to 6 rows
//! by 4 vectors, is summed up in registers straight from both factors. Every number is a sum in
//! the order of `k`, in blocks of [`DEPTH`], whatever the other rows are.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, CowArray, Ix2};
use pulp::{Arch, Simd, WithSimd};

/// Terms summed up in registers before they are added to the result: so many rows of `b`, a
/// tile wide, fit the second-level cache beside as much of `a`.
const DEPTH: usize = 256;
/// Most rows of a tile.
const TILE_ROWS: usize = 6;

/// `a (m, k) @ b (k, n) -> target (m, n)`, whose rows are contiguous.
pub(crate) fn product(a: &ArrayView2<f32>, b: &ArrayView2<f32>, target: ArrayViewMut2<f32>) {
    multiply(a, b, target, false);
}

/// `a (m, k) @ b (k, n)` is added to `target (m, n)`, whose rows are contiguous.
pub(crate) fn add_product(a: &ArrayView2<f32>, b: &ArrayView2<f32>, target: ArrayViewMut2<f32>) {
    multiply(a, b, target, true);
}

/// `weights` transposed and in row order, as a product that uses it again and again reads best.
pub(crate) fn transposed(weights: &ArrayView2<f32>) -> Array2<f32> {
    weights.t().as_standard_layout().into_owned()
}

fn multiply(a: &ArrayView2<f32>, b: &ArrayView2<f32>, mut target: ArrayViewMut2<f32>, keep: bool) {
    let ((rows, depth), columns) = (a.dim(), b.ncols());
    assert_eq!((b.nrows(), target.dim()), (depth, (rows, columns)));
    let in_columns = depth > 1 && a.t().is_standard_layout();
    let a = if in_columns {
        CowArray::<_, Ix2>::from(a.t())
    } else {
        a.as_standard_layout()
    };
    let b = b.as_standard_layout();
    let Some(target) = target.as_slice_mut() else {
        // Targets are whole buffers, gradients, or whole rows of them.
        return debug_assert!(false, "a target with gaps");
    };
    Arch::new().dispatch(Multiply {
        a: a.as_slice().unwrap_or_default(),
        in_columns,
        b: b.as_slice().unwrap_or_default(),
        target,
        rows,
        depth,
        columns,
        keep,
    });
}

/// A product of matrices without gaps; all but `a`, if it is stored in columns, in row order.
struct Multiply<'a> {
    a: &'a [f32],
    in_columns: bool,
    b: &'a [f32],
    target: &'a mut [f32],
    rows: usize,
    depth: usize,
    columns: usize,
    /// Whether the product is added.
    keep: bool,
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        if self.depth == 0 && !self.keep {
            self.target.fill(0.0);
        }
        for start in (0..self.depth).step_by(DEPTH) {
            let depth = start..self.depth.min(start + DEPTH);
            self.keep |= start > 0;
            let mut column = 0;
            // Sixteen registers hold tiles two vectors wide, thirty-two those of four.
            while S::F32_LANES >= 16 && self.columns - column >= 4 * S::F32_LANES {
                self.strip::<S, 4>(simd, &depth, column, None);
                column += 4 * S::F32_LANES;
            }
            while self.columns - column >= 2 * S::F32_LANES {
                self.strip::<S, 2>(simd, &depth, column, None);
                column += 2 * S::F32_LANES;
            }
            // Called at one place alone, so that all of it is inlined.
            let mut ends = [simd.splat_f32s(0.0); DEPTH];
            while column < self.columns {
                let whole = self.columns - column >= S::F32_LANES;
                let ends = match whole {
                    true => None,
                    false => Some(self.ends(simd, &depth, column, &mut ends)),
                };
                self.strip::<S, 1>(simd, &depth, column, ends);
                column += S::F32_LANES;
            }
        }
    }
}

type Depth = std::ops::Range<usize>;

impl Multiply<'_> {
    /// What the rows of `b` hold from `column` on, less than a vector, filled up with zeros.
    #[inline(always)]
    fn ends<'e, S: Simd>(
        &self,
        simd: S,
        depth: &Depth,
        column: usize,
        ends: &'e mut [S::f32s; DEPTH],
    ) -> &'e [f32] {
        let rows =
            self.b[depth.start * self.columns..depth.end * self.columns].chunks_exact(self.columns);
        for (end, row) in ends.iter_mut().zip(rows) {
            *end = simd.partial_load_f32s(&row[column..]);
        }
        bytemuck::cast_slice(&ends[..depth.len()])
    }

    /// All rows of a strip `V` vectors wide. What is beyond the last whole vector of the rows of
    /// `b` comes filled up with zeros, as `ends`.
    #[inline(always)]
    fn strip<S: Simd, const V: usize>(
        &mut self,
        simd: S,
        depth: &Depth,
        column: usize,
        ends: Option<&[f32]>,
    ) {
        let tiles = self.rows.div_ceil(TILE_ROWS);
        for tile in 0..tiles {
            // Tiles of like height: 25 rows are five times 5.
            let row = tile * self.rows / tiles;
            let place = (row, column);
            match (tile + 1) * self.rows / tiles - row {
                1 => self.tile::<S, 1, V>(simd, depth, place, ends),
                2 => self.tile::<S, 2, V>(simd, depth, place, ends),
                3 => self.tile::<S, 3, V>(simd, depth, place, ends),
                4 => self.tile::<S, 4, V>(simd, depth, place, ends),
                5 => self.tile::<S, 5, V>(simd, depth, place, ends),
                _ => self.tile::<S, TILE_ROWS, V>(simd, depth, place, ends),
            }
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const R: usize, const V: usize>(
        &mut self,
        simd: S,
        depth: &Depth,
        (row, column): (usize, usize),
        ends: Option<&[f32]>,
    ) {
        let width = (V * S::F32_LANES).min(self.columns - column);
        let length = depth.len();
        let (b, stride, place) = match ends {
            None => (
                &self.b[depth.start * self.columns..depth.end * self.columns],
                self.columns,
                column,
            ),
            Some(ends) => (ends, S::F32_LANES, 0),
        };
        let b = b
            .chunks_exact(stride)
            .map(|b| &b[place..place + V * S::F32_LANES]);
        let sums = if self.in_columns {
            let a = &self.a[depth.start * self.rows..depth.end * self.rows];
            let a = a.chunks_exact(self.rows).map(|a| {
                let a = &a[row..row + R];
                core::array::from_fn(|r| a[r])
            });
            sums::<S, R, V>(simd, a, b)
        } else {
            let a: [&[f32]; R] =
                core::array::from_fn(|r| &self.a[(row + r) * self.depth + depth.start..][..length]);
            let a = (0..length).map(|k| core::array::from_fn(|r| a[r][k]));
            sums::<S, R, V>(simd, a, b)
        };
        for (r, sums) in sums.iter().enumerate() {
            let start = (row + r) * self.columns + column;
            let target = &mut self.target[start..start + width];
            let (whole, rest) = S::as_mut_simd_f32s(target);
            for (target, &sum) in whole.iter_mut().zip(sums) {
                *target = match self.keep {
                    true => simd.add_f32s(*target, sum),
                    false => sum,
                };
            }
            if let (false, Some(&sum)) = (rest.is_empty(), sums.get(whole.len())) {
                let sum = match self.keep {
                    true => simd.add_f32s(simd.partial_load_f32s(rest), sum),
                    false => sum,
                };
                simd.partial_store_f32s(rest, sum);
            }
        }
    }
}

/// Over all `k`, the products of the numbers of a column of `a` with the vectors of a row of `b`.
#[inline(always)]
fn sums<'b, S: Simd, const R: usize, const V: usize>(
    simd: S,
    a: impl Iterator<Item = [f32; R]>,
    b: impl Iterator<Item = &'b [f32]>,
) -> [[S::f32s; V]; R] {
    let mut sums = [[simd.splat_f32s(0.0); V]; R];
    for (a, b) in a.zip(b) {
        let (whole, _) = S::as_simd_f32s(b);
        let Some(&b) = whole.first_chunk::<V>() else {
            // Every row of `b` is cut to `V` vectors.
            return sums;
        };
        for (sums, a) in sums.iter_mut().zip(a) {
            let a = simd.splat_f32s(a);
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum = simd.mul_add_e_f32s(a, b, *sum);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every shape around tiles and blocks, both orders of both factors, against sums in f64.
    #[test]
    fn products_of_all_shapes_are_sums_of_products() {
        let value = |i: usize, j: usize| ((i * 37 + j * 101) % 23) as f32 / 8.0 - 1.25;
        for rows in [1, 2, 5, 6, 7, 13] {
            for depth in [1, 3, 256, 257, 600] {
                for columns in [1, 15, 16, 33, 64, 65, 130] {
                    let a = Array2::from_shape_fn((rows, depth), |(i, j)| value(i, j));
                    let b = Array2::from_shape_fn((depth, columns), |(i, j)| value(i + 5, j));
                    let exact = a.mapv(f64::from).dot(&b.mapv(f64::from));
                    let (at, bt) = (transposed(&a.view()), transposed(&b.view()));
                    for (a, b) in [(a.view(), bt.t()), (at.t(), b.view())] {
                        let mut found = Array2::from_elem((rows, columns), f32::NAN);
                        product(&a, &b, found.view_mut());
                        add_product(&a, &b, found.view_mut());
                        let agree = found.iter().zip(&exact).all(|(&found, exact)| {
                            (f64::from(found) - 2.0 * exact).abs() < 1e-5 * depth as f64
                        });
                        assert!(agree, "{rows} {depth} {columns}");
                    }
                }
            }
        }
    }
}
