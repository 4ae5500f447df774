//! Generated bitmaps, read row by row: a picture that a small network can complete.
//!
//! Twenty drawings of [`font`](super::font), each placed in a field of 12 columns in seven ways
//! (moved by up to two columns, or slanted to either side) and in two weights. The first
//! [`PRIMED`] rows of every bitmap are unlike those of every other, so that they decide how it
//! goes on. Each is printed five times, with ink of another density and grain every time; one of
//! the prints is held out for the test.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::font::{COLUMNS, ROWS, SHEETS};
use super::{Series, SeriesExample};

/// Columns of a bitmap: the features of a step, from 0 for paper to 1 for ink.
pub const WIDTH: usize = 12;

/// Rows of a bitmap: its steps.
pub const HEIGHT: usize = ROWS;

/// Rows that decide which bitmap it is.
pub const PRIMED: usize = 5;

/// Prints of each bitmap, the last of which is held out.
const PRINTS: usize = 5;

/// How dark ink is at least, and how far paper and ink may be from white and from their density.
const LEAST_INK: f32 = 0.75;
const GRAIN: f32 = 0.08;

/// Columns to the left of a drawing that is not moved.
const MARGIN: isize = 2;

/// How far right of its margin a row of a drawing stands.
type Placement = fn(usize) -> isize;

const PLACEMENTS: [Placement; 7] = [
    |_| -2,
    |_| -1,
    |_| 0,
    |_| 1,
    |_| 2,
    |row| SLANT[row],
    |row| -SLANT[row],
];

const SLANT: [isize; HEIGHT] = [2, 2, 2, 1, 1, 1, 0, 0, 0, 0, -1, -1, -1, -2, -2, -2];

/// Columns that a stroke covers.
const WEIGHTS: [usize; 2] = [1, 2];

/// Prints every drawing in every way; the seed decides the grain.
pub(super) fn generate(seed: u64) -> Series {
    let mut rng = Pcg64::seed_from_u64(seed);
    let (mut labels, mut train, mut test) = (Vec::new(), Vec::new(), Vec::new());
    for (label, (name, drawing)) in drawings().into_iter().enumerate() {
        for bitmap in bitmaps(&drawing) {
            for number in 0..PRINTS {
                let set = if number + 1 == PRINTS {
                    &mut test
                } else {
                    &mut train
                };
                set.push(SeriesExample {
                    values: print(&bitmap, &mut rng),
                    label,
                    group: set.len() as u32,
                });
            }
        }
        labels.push(name.to_owned());
    }
    Series::new(WIDTH, labels, train, test)
}

/// A bitmap in ink of some density and grain.
fn print(bitmap: &[f32], rng: &mut Pcg64) -> Vec<f32> {
    let density = rng.random_range(LEAST_INK..1.0);
    bitmap
        .iter()
        .map(|pixel| (pixel * density + rng.random_range(-GRAIN..GRAIN)).clamp(0.0, 1.0))
        .collect()
}

/// Takes the sheets apart: name and rows of every drawing.
fn drawings() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut drawings = Vec::new();
    for (names, sheet) in SHEETS {
        let rows: Vec<Vec<&str>> = sheet
            .lines()
            .map(|line| line.split_whitespace().collect())
            .filter(|row: &Vec<&str>| !row.is_empty())
            .collect();
        for (index, name) in names.into_iter().enumerate() {
            drawings.push((name, rows.iter().map(|row| row[index]).collect()));
        }
    }
    drawings
}

/// A drawing in every placement and weight, `(HEIGHT, WIDTH)` each.
fn bitmaps(drawing: &[&str]) -> Vec<Vec<f32>> {
    let ways = PLACEMENTS
        .iter()
        .flat_map(|&place| WEIGHTS.map(|weight| (place, weight)));
    ways.map(|(place, weight)| bitmap(drawing, place, weight))
        .collect()
}

fn bitmap(drawing: &[&str], place: Placement, weight: usize) -> Vec<f32> {
    let mut pixels = vec![0.0; HEIGHT * WIDTH];
    for (row, ink) in drawing.iter().enumerate() {
        for column in (0..COLUMNS).filter(|&column| ink.as_bytes()[column] == b'#') {
            // The sum of the extremes is within the field: 2 - 2 on the left, 2 + 6 + 2 + 1.
            let left = (column as isize + MARGIN + place(row)) as usize;
            let start = row * WIDTH + left;
            pixels[start..start + weight].fill(1.0);
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_drawing_has_its_rows_and_columns() {
        for (name, rows) in drawings() {
            assert_eq!(rows.len(), ROWS, "{name}");
            for row in rows {
                assert_eq!(row.len(), COLUMNS, "{name}");
                assert!(
                    row.bytes().all(|byte| b".#".contains(&byte)),
                    "{name}: {row}"
                );
            }
        }
        // The extremes of the placements are within the field, as `bitmap` relies on.
        let offsets = PLACEMENTS.iter().flat_map(|place| (0..HEIGHT).map(place));
        let (least, most) = offsets.fold((0, 0), |(a, b), x| (x.min(a), x.max(b)));
        assert!(MARGIN + least >= 0);
        assert!(MARGIN + most + (COLUMNS + WEIGHTS[1] - 1) as isize <= WIDTH as isize);
    }

    #[test]
    fn the_first_rows_decide_the_whole_bitmap() {
        let all: Vec<Vec<f32>> = drawings().iter().flat_map(|(_, d)| bitmaps(d)).collect();
        let begins = |bitmap: &Vec<f32>| -> Vec<bool> {
            let rows = &bitmap[..PRIMED * WIDTH];
            rows.iter().map(|&pixel| pixel == 1.0).collect()
        };
        let distinct: HashSet<Vec<bool>> = all.iter().map(begins).collect();
        assert_eq!((distinct.len(), all.len()), (280, 280));
    }

    #[test]
    fn pixels_are_paper_or_ink_and_weights_differ() {
        let (_, drawing) = drawings().swap_remove(0);
        let ink = |pixels: &[f32]| pixels.iter().sum::<f32>();
        let bitmaps = bitmaps(&drawing);
        for pair in bitmaps.chunks(2) {
            assert!(
                pair.iter()
                    .flatten()
                    .all(|&pixel| pixel == 0.0 || pixel == 1.0)
            );
            assert!(ink(&pair[1]) > 1.3 * ink(&pair[0]));
        }
    }

    #[test]
    fn every_bitmap_is_in_both_sets_in_prints_of_its_own() {
        let series = generate(1);
        assert_eq!((series.train.len(), series.test.len()), (1_120, 280));
        let ink = |example: &SeriesExample| -> Vec<bool> {
            example.values.iter().map(|&pixel| pixel > 0.5).collect()
        };
        let of = |set: &[SeriesExample]| set.iter().map(ink).collect::<HashSet<_>>();
        assert_eq!(of(&series.train), of(&series.test));
        assert_eq!(of(&series.test).len(), 280);
        for example in &series.test {
            let same = |other: &SeriesExample| other.values == example.values;
            assert!(!series.train.iter().any(same));
        }
    }

    #[test]
    fn the_seed_decides_the_grain() {
        assert_eq!(generate(1).sha256, generate(1).sha256);
        assert_ne!(generate(1).sha256, generate(2).sha256);
        // Pinned: the name `glyphs` in a report must mean these bitmaps and no others.
        assert_eq!(generate(1).sha256[..4], [107, 139, 55, 42]);
    }
}
