//! Pairs of bitmaps as one PNG: the original beside its continuation.
//!
//! ```text
//! original | continued    original | continued    ...
//!    primed rows, alike
//! -----------------------  <- a red mark on both sides of the right one
//!    rest     | the model's
//! ```

use std::path::Path;

use png::{BitDepth, ColorType, Encoder};

use super::{RenderError, encoding, same};
use crate::durable;

/// Screen pixels a bitmap pixel is wide and high.
const SCALE: usize = 6;
/// Screen pixels between the bitmaps of a pair, which the mark may use.
const INNER: usize = 8;
/// Screen pixels around pairs.
const OUTER: usize = 24;
/// Pairs side by side.
const COLUMNS: usize = 8;
/// Screen pixels that the mark is high.
const MARK: usize = 2;

type Colour = [u8; 3];
const GROUND: Colour = [0xe4, 0xe8, 0xee];
const RED: Colour = [0xd0, 0x1f, 0x1f];

/// A greyscale bitmap: rows of values from 0, paper, to 1, ink; what is beyond is cut off.
#[derive(Debug, Clone, Copy)]
pub struct Bitmap<'a> {
    /// `(rows, width)`, row-major.
    pub values: &'a [f32],
    /// Values a row.
    pub width: usize,
}

/// An original and what a model made of its first rows.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// All rows as they should be.
    pub original: Bitmap<'a>,
    /// As many rows: the primed ones, then those of the model.
    pub continued: Bitmap<'a>,
    /// How many rows the model was shown.
    pub primed: usize,
}

/// Draws pairs in rows of eight and writes the PNG, replaced only when all is written.
pub fn write_grid(path: &Path, pairs: &[Pair]) -> Result<(), RenderError> {
    Ok(durable::write(path, &grid(pairs)?)?)
}

/// Draws pairs, all of one size, in rows of eight: the bytes of a PNG.
pub fn grid(pairs: &[Pair]) -> Result<Vec<u8>, RenderError> {
    let first = pairs.first().ok_or(RenderError::Empty)?;
    let cell = Cell::new(first)?;
    pairs.iter().try_for_each(|pair| cell.check(pair))?;
    let (across, down) = (pairs.len().min(COLUMNS), pairs.len().div_ceil(COLUMNS));
    let mut canvas = Canvas::new(
        OUTER + across * (cell.width() + OUTER),
        OUTER + down * (cell.height() + OUTER),
    );
    for (index, pair) in pairs.iter().enumerate() {
        let left = OUTER + index % COLUMNS * (cell.width() + OUTER);
        let top = OUTER + index / COLUMNS * (cell.height() + OUTER);
        cell.paint(&mut canvas, [left, top], pair);
    }
    canvas.encode()
}

/// The size of one bitmap in its own pixels.
struct Cell {
    columns: usize,
    rows: usize,
}

impl Cell {
    fn new(pair: &Pair) -> Result<Self, RenderError> {
        let Bitmap { values, width } = pair.original;
        if values.is_empty() || width == 0 {
            return Err(RenderError::Empty);
        }
        let rows = values.len() / width;
        Ok(Self {
            columns: width,
            rows,
        })
    }

    fn check(&self, pair: &Pair) -> Result<(), RenderError> {
        for (what, bitmap) in [
            ("an original", pair.original),
            ("a continuation", pair.continued),
        ] {
            same(what, bitmap.values.len(), self.rows * self.columns)?;
            same("a row", bitmap.width, self.columns)?;
        }
        match pair.primed > self.rows {
            true => Err(RenderError::Primed {
                primed: pair.primed,
                length: self.rows,
            }),
            false => Ok(()),
        }
    }

    /// Of a pair, in screen pixels.
    fn width(&self) -> usize {
        2 * self.columns * SCALE + INNER
    }

    /// Of a pair, in screen pixels.
    fn height(&self) -> usize {
        self.rows * SCALE
    }

    fn paint(&self, canvas: &mut Canvas, [left, top]: [usize; 2], pair: &Pair) {
        let right = left + self.columns * SCALE + INNER;
        for (left, bitmap) in [(left, pair.original), (right, pair.continued)] {
            for (index, &value) in bitmap.values.iter().enumerate() {
                let (row, column) = (index / self.columns, index % self.columns);
                let corner = [left + column * SCALE, top + row * SCALE];
                canvas.fill(corner, [SCALE, SCALE], grey(value));
            }
        }
        // Beside the continuation rather than across it, so that no pixel is hidden.
        let line = top + pair.primed * SCALE - MARK / 2;
        canvas.fill([right - INNER, line], [INNER, MARK], RED);
        canvas.fill([right + self.columns * SCALE, line], [INNER, MARK], RED);
    }
}

/// The cast turns NaN into 0, black.
fn grey(value: f32) -> Colour {
    [(255.0 * (1.0 - value.clamp(0.0, 1.0))).round() as u8; 3]
}

/// Pixels of a screen, row-major, red, green and blue.
struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Colour>,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        let pixels = vec![GROUND; width * height];
        Self {
            width,
            height,
            pixels,
        }
    }

    /// Paints a rectangle, which must lie on the canvas.
    fn fill(&mut self, [left, top]: [usize; 2], [width, height]: [usize; 2], colour: Colour) {
        for row in top..top + height {
            let start = row * self.width + left;
            self.pixels[start..start + width].fill(colour);
        }
    }

    fn encode(&self) -> Result<Vec<u8>, RenderError> {
        let side = |pixels: usize| u32::try_from(pixels).map_err(encoding);
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, side(self.width)?, side(self.height)?);
        encoder.set_color(ColorType::Rgb);
        encoder.set_depth(BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(encoding)?;
        writer
            .write_image_data(self.pixels.as_flattened())
            .map_err(encoding)?;
        writer.finish().map_err(encoding)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair<'a>(original: &'a [f32], continued: &'a [f32], primed: usize) -> Pair<'a> {
        let bitmap = |values| Bitmap { values, width: 2 };
        Pair {
            original: bitmap(original),
            continued: bitmap(continued),
            primed,
        }
    }

    fn decode(bytes: &[u8]) -> (usize, usize, Vec<u8>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .expect("header");
        let mut pixels = vec![0; reader.output_buffer_size().expect("size")];
        let frame = reader.next_frame(&mut pixels).expect("frame");
        (frame.width as usize, frame.height as usize, pixels)
    }

    #[test]
    fn pixels_are_where_they_belong() {
        let original = [1.0, 0.0, 0.0, 1.0, 1.0, 1.0];
        let continued = [1.0, 0.0, 0.2, 7.0, -1.0, f32::NAN];
        let (width, height, pixels) =
            decode(&grid(&[pair(&original, &continued, 1)]).expect("png"));
        assert_eq!(width, 2 * OUTER + 4 * SCALE + INNER);
        assert_eq!(height, 2 * OUTER + 3 * SCALE);
        let at = |x: usize, y: usize| &pixels[3 * (y * width + x)..][..3];
        let middle = |column: usize, row: usize, right: bool| {
            let shift = if right { 2 * SCALE + INNER } else { 0 };
            at(
                OUTER + shift + column * SCALE + SCALE / 2,
                OUTER + row * SCALE + SCALE / 2,
            )
        };
        assert_eq!(middle(0, 0, false), [0, 0, 0]);
        assert_eq!(middle(1, 0, false), [255; 3]);
        assert_eq!(middle(0, 1, true), [204; 3]);
        assert_eq!(middle(1, 1, true), [0; 3]);
        assert_eq!(middle(0, 2, true), [255; 3]);
        assert_eq!(at(OUTER + 2 * SCALE + 1, OUTER + SCALE), RED);
        assert_eq!(at(0, 0), GROUND);
    }

    #[test]
    fn a_ninth_pair_begins_a_new_row() {
        let values = [0.5; 6];
        let size = |count: usize| {
            let (width, height, _) =
                decode(&grid(&vec![pair(&values, &values, 2); count]).expect("png"));
            (width, height)
        };
        assert_eq!(size(9).0, size(8).0);
        assert_eq!(size(9).1, size(8).1 + OUTER + 3 * SCALE);
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        assert!(matches!(grid(&[]), Err(RenderError::Empty)));
        let short = grid(&[pair(&[0.0; 6], &[0.0; 4], 1)]);
        assert!(matches!(
            short,
            Err(RenderError::Length {
                found: 4,
                expected: 6,
                ..
            })
        ));
        let late = grid(&[pair(&[0.0; 6], &[0.0; 6], 4)]);
        assert!(matches!(
            late,
            Err(RenderError::Primed {
                primed: 4,
                length: 3
            })
        ));
    }

    #[test]
    fn the_file_is_the_picture() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.png");
        let values = [0.0; 6];
        write_grid(&path, &[pair(&values, &values, 0)]).expect("write");
        assert_eq!(
            decode(&std::fs::read(&path).expect("read")).1,
            2 * OUTER + 3 * SCALE
        );
    }
}
