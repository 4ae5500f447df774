//! Generated bitmaps, read row by row: a picture that a small network can complete.
//!
//! Twenty drawings of [`font`](super::font), each placed in a field of 12 columns in seven ways
//! (moved by up to two columns, or slanted to either side) and in two weights. The first
//! [`PRIMED`] rows of every bitmap are unlike those of every other, so that they decide how it
//! goes on. Two bitmaps of each drawing are held out for the test; every placement and weight
//! occurs in training with other drawings.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;

use super::font::{COLUMNS, ROWS, SHEETS};
use super::{Series, SeriesExample};

/// Columns of a bitmap: the features of a step, 0 for paper and 1 for ink.
pub const WIDTH: usize = 12;

/// Rows of a bitmap: its steps.
pub const HEIGHT: usize = ROWS;

/// Rows that decide which bitmap it is.
pub const PRIMED: usize = 5;

/// Bitmaps of each drawing that are held out.
const RESERVED: usize = 2;

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

/// Places every drawing in every way; the seed decides which are held out.
pub(super) fn generate(seed: u64) -> Series {
    let mut rng = Pcg64::seed_from_u64(seed);
    let (mut labels, mut train, mut test) = (Vec::new(), Vec::new(), Vec::new());
    for (label, (name, drawing)) in drawings().into_iter().enumerate() {
        let mut bitmaps = bitmaps(&drawing);
        bitmaps.shuffle(&mut rng);
        for (index, values) in bitmaps.into_iter().enumerate() {
            let set = if index < RESERVED {
                &mut test
            } else {
                &mut train
            };
            set.push(SeriesExample {
                values,
                label,
                group: set.len() as u32,
            });
        }
        labels.push(name.to_owned());
    }
    Series::new(WIDTH, labels, train, test)
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
        let series = generate(1);
        assert_eq!((series.train.len(), series.test.len()), (240, 40));
        let all = series.train.iter().chain(&series.test);
        let begins = |example: &SeriesExample| -> Vec<bool> {
            let rows = &example.values[..PRIMED * WIDTH];
            rows.iter().map(|&pixel| pixel == 1.0).collect()
        };
        let distinct: HashSet<Vec<bool>> = all.map(begins).collect();
        assert_eq!(distinct.len(), 280);
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
    fn the_test_set_is_of_known_parts() {
        let series = generate(1);
        let ways: Vec<Vec<Vec<f32>>> = drawings().iter().map(|(_, d)| bitmaps(d)).collect();
        let way = |example: &SeriesExample| {
            let place = ways[example.label]
                .iter()
                .position(|way| *way == example.values);
            place.expect("of the drawing that its label names")
        };
        let train: HashSet<usize> = series.train.iter().map(way).collect();
        assert_eq!(train.len(), PLACEMENTS.len() * WEIGHTS.len());
        for label in 0..series.labels.len() {
            let held = series.test.iter().filter(|example| example.label == label);
            assert_eq!(held.map(way).collect::<HashSet<_>>().len(), RESERVED);
        }
    }

    #[test]
    fn the_seed_decides_what_is_held_out() {
        assert_eq!(generate(1).sha256, generate(1).sha256);
        assert_ne!(generate(1).sha256, generate(2).sha256);
        // Pinned: the name `glyphs` in a report must mean these bitmaps and no others.
        assert_eq!(generate(1).sha256[..4], [15, 75, 78, 20]);
    }
}
