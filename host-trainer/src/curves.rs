//! Loss and accuracy over the epochs, as one SVG.

use std::ops::Range;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::durable::{self, WriteError};
use crate::training::{EpochRecord, History, Score};

/// Width and height in pixels.
const SIZE: (u32, u32) = (960, 400);
/// With more epochs the lines carry no point marks.
const MOST_POINTS: usize = 30;
const TRAINING: RGBColor = RGBColor(0x1f, 0x5f, 0xa8);
const VALIDATION: RGBColor = RGBColor(0xd0, 0x5a, 0x1e);
const BEST: RGBColor = RGBColor(0x55, 0x55, 0x55);
const GRID: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);

/// Draws the curves of a training; the best epoch is marked by a dotted line.
pub fn draw(history: &History) -> Result<String, CurveError> {
    if history.epochs.is_empty() {
        return Err(CurveError::Empty);
    }
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE).map_err(drawing)?;
        let (left, right) = area.split_horizontally(SIZE.0 / 2);
        chart(&left, history, &LOSS)?;
        chart(&right, history, &ACCURACY)?;
        area.present().map_err(drawing)?;
    }
    Ok(svg)
}

/// Draws the curves into a file, replaced only when all is written.
pub fn write(history: &History, path: &Path) -> Result<(), CurveError> {
    Ok(durable::write(path, draw(history)?.as_bytes())?)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// What one chart shows, and where its legend finds room.
struct Quantity {
    title: &'static str,
    unit: &'static str,
    value: fn(&Score) -> f64,
    decimals: usize,
    legend: SeriesLabelPosition,
    /// Shares of the values' range left free below and above them.
    room: (f64, f64),
}

const LOSS: Quantity = Quantity {
    title: "Loss",
    unit: "nats",
    value: |score| score.loss,
    decimals: 4,
    legend: SeriesLabelPosition::UpperRight,
    room: (0.05, 0.35),
};

const ACCURACY: Quantity = Quantity {
    title: "Accuracy",
    unit: "percent",
    value: |score| 100.0 * score.accuracy,
    decimals: 2,
    legend: SeriesLabelPosition::LowerRight,
    room: (0.35, 0.05),
};

fn chart(area: &Area, history: &History, quantity: &Quantity) -> Result<(), CurveError> {
    let value = quantity.value;
    let training = points(history, |record| Some(value(&record.training)));
    let validation = points(history, |record| record.validation.as_ref().map(value));
    let values = training.iter().chain(&validation).map(|point| point.1);
    let range = padded(values, quantity.room);
    let bottom = range.start;
    let last = history.epochs.len() as f64;
    let mut chart = ChartBuilder::on(area)
        .caption(quantity.title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(42)
        .y_label_area_size(60)
        .build_cartesian_2d(0.5..last + 0.5, range.clone())
        .map_err(drawing)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .bold_line_style(GRID)
        .x_desc("epoch")
        .y_desc(quantity.unit)
        .axis_desc_style(("sans-serif", 15))
        .label_style(("sans-serif", 13))
        .x_labels(history.epochs.len().min(10))
        .x_label_formatter(&|epoch| whole(*epoch))
        .draw()
        .map_err(drawing)?;
    if let Some(best) = history.best() {
        let epoch = best.epoch as f64;
        let line = [(epoch, bottom), (epoch, range.end)];
        let dots = DashedLineSeries::new(line, 3, 4, BEST.stroke_width(1));
        let (number, decimals) = (value(&best.score()), quantity.decimals);
        let label = format!("best epoch: {} ({number:.decimals$})", best.epoch);
        legend(chart.draw_series(dots).map_err(drawing)?.label(label), BEST);
    }
    let size = if history.epochs.len() > MOST_POINTS {
        0
    } else {
        3
    };
    for (name, points, colour) in [
        ("training", training, TRAINING),
        ("validation", validation, VALIDATION),
    ] {
        if points.is_empty() {
            continue;
        }
        let line = LineSeries::new(points, colour.stroke_width(2)).point_size(size);
        legend(
            chart.draw_series(line).map_err(drawing)?.label(name),
            colour,
        );
    }
    chart
        .configure_series_labels()
        .position(quantity.legend.clone())
        .label_font(("sans-serif", 13))
        .background_style(WHITE.mix(0.85))
        .border_style(GRID)
        .draw()
        .map_err(drawing)
}

/// A short line of the series' colour before its name.
fn legend<'a>(series: &mut plotters::chart::SeriesAnno<'a, SVGBackend<'a>>, colour: RGBColor) {
    series
        .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], colour.stroke_width(2)));
}

fn points(history: &History, value: impl Fn(&EpochRecord) -> Option<f64>) -> Vec<(f64, f64)> {
    let point = |record: &EpochRecord| Some((record.epoch as f64, value(record)?));
    history.epochs.iter().filter_map(point).collect()
}

/// The values' range with room below and above, never empty.
fn padded(values: impl Iterator<Item = f64>, room: (f64, f64)) -> Range<f64> {
    let widen = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), widen);
    let span = (high - low).max(1e-2 * high.abs()).max(1e-6);
    low - room.0 * span..high + room.1 * span
}

/// Epochs are whole; labels between them stay empty.
fn whole(epoch: f64) -> String {
    let nearest = epoch.round();
    if (epoch - nearest).abs() < 1e-6 {
        format!("{nearest}")
    } else {
        String::new()
    }
}

fn drawing(error: impl std::fmt::Display) -> CurveError {
    CurveError::Draw(error.to_string())
}

/// Curves that cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub enum CurveError {
    /// No epoch was completed.
    #[error("there are no epochs to draw")]
    Empty,
    /// The drawing library failed.
    #[error("the curves cannot be drawn: {0}")]
    Draw(String),
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(epochs: usize, validated: bool) -> History {
        let record = |epoch: usize| {
            let age = epoch as f64;
            let training = Score {
                loss: 0.7 / age,
                accuracy: 1.0 - 0.4 / age,
            };
            let loss = 0.7 / age.min(3.0) + 0.02 * age;
            let validation = validated.then_some(Score {
                loss,
                accuracy: 0.9 - 0.3 / age,
            });
            EpochRecord {
                epoch,
                training,
                validation,
                learning_rate: 1e-3,
                seconds: 1.0,
                tokens_per_second: 1e5,
                best_so_far: epoch <= 3,
            }
        };
        History {
            epochs: (1..=epochs).map(record).collect(),
            stopped_early: false,
        }
    }

    #[test]
    fn both_charts_name_their_axes_and_the_best_epoch() {
        let svg = draw(&history(8, true)).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        for text in [
            "Loss",
            "Accuracy",
            "nats",
            "percent",
            "best epoch: 3",
            "validation",
        ] {
            assert!(svg.contains(text), "{text}");
        }
        assert_eq!(svg.matches("epoch\n").count(), 2);
    }

    #[test]
    fn one_epoch_and_no_validation_can_be_drawn_and_nothing_cannot() {
        let svg = draw(&history(1, false)).unwrap();
        assert!(svg.contains("training") && !svg.contains("validation"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
        assert!(matches!(draw(&history(0, true)), Err(CurveError::Empty)));
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let error = write(&history(2, true), Path::new("no/such/folder/x.svg")).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("cannot write no/such/folder/x.svg: there is no folder")
        );
    }
}
