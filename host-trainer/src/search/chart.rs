//! Bytes against accuracy: every trial, the Pareto front and the budget, as one SVG.

use super::{Budget, Fate, Measured, Results};
use crate::curves::CurveError;
use plotters::coord::{Shift, types::RangedCoordf64};
use plotters::prelude::*;
use std::ops::Range;

/// Width and height in pixels.
const SIZE: (u32, u32) = (960, 540);
const FRONT: RGBColor = RGBColor(0x1f, 0x5f, 0xa8);
const OTHER: RGBColor = RGBColor(0x9a, 0x9a, 0x9a);
const BEYOND: RGBColor = RGBColor(0xd0, 0x5a, 0x1e);
const LIMIT: RGBColor = RGBColor(0x55, 0x55, 0x55);
const GRID: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);
/// Bytes in a unit of the axis.
const KIB: f64 = 1024.0;

type Point = (f64, f64);
type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Draws the trials that have a model; at least one is there.
///
/// # Errors
/// [`CurveError::Empty`] if none is, or what the drawing library says.
pub(super) fn draw(results: &Results, budget: Budget) -> Result<String, CurveError> {
    let points = Points::of(results);
    let all = || points.fitting.iter().chain(&points.beyond).copied();
    if all().next().is_none() {
        return Err(CurveError::Empty);
    }
    let limit = budget.flash.0 as f64 / KIB;
    let x = range(all().map(|point| point.0).chain([limit]));
    let y = range(all().map(|point| point.1));
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE).map_err(drawing)?;
        let mut chart = axes(&area, x, y.clone())?;
        lines(&mut chart, &points, [(limit, y.start), (limit, y.end)])?;
        dots(&mut chart, "beyond the budget", &points.beyond, BEYOND)?;
        dots(&mut chart, "within it", &points.fitting, OTHER)?;
        dots(&mut chart, "", &points.front, FRONT)?;
        (chart.configure_series_labels())
            .position(SeriesLabelPosition::UpperLeft)
            .label_font(("sans-serif", 13))
            .background_style(WHITE.mix(0.85))
            .border_style(GRID)
            .draw()
            .map_err(drawing)?;
        area.present().map_err(drawing)?;
    }
    Ok(svg)
}

fn axes<'a>(
    area: &DrawingArea<SVGBackend<'a>, Shift>,
    x: Range<f64>,
    y: Range<f64>,
) -> Result<Chart<'a>, CurveError> {
    let mut chart = ChartBuilder::on(area)
        .caption("Trials", ("sans-serif", 20))
        .margin(14)
        .x_label_area_size(46)
        .y_label_area_size(64)
        .build_cartesian_2d(x, y)
        .map_err(drawing)?;
    (chart.configure_mesh())
        .light_line_style(WHITE)
        .bold_line_style(GRID)
        .x_desc("artifact in flash, KiB")
        .y_desc("accuracy on validation, percent")
        .axis_desc_style(("sans-serif", 15))
        .label_style(("sans-serif", 13))
        .draw()
        .map_err(drawing)?;
    Ok(chart)
}

/// The budget, from the bottom to the top, and the front.
fn lines(chart: &mut Chart<'_>, points: &Points, limit: [Point; 2]) -> Result<(), CurveError> {
    let line = DashedLineSeries::new(limit, 5, 4, LIMIT.into());
    (chart.draw_series(line).map_err(drawing)?)
        .label("budget")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 16, y)], LIMIT));
    let line = LineSeries::new(points.front.iter().copied(), FRONT.stroke_width(2));
    (chart.draw_series(line).map_err(drawing)?)
        .label("Pareto front")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 16, y)], FRONT.stroke_width(2)));
    Ok(())
}

/// A dot for each trial; one for all of them in the legend, if they have a name.
fn dots(
    chart: &mut Chart<'_>,
    name: &str,
    points: &[Point],
    colour: RGBColor,
) -> Result<(), CurveError> {
    let dots = points
        .iter()
        .map(|&point| Circle::new(point, 4, colour.filled()));
    let series = chart.draw_series(dots).map_err(drawing)?;
    if !name.is_empty() && !points.is_empty() {
        let dot = move |(x, y)| Circle::new((x + 8, y), 4, colour.filled());
        series.label(name).legend(dot);
    }
    Ok(())
}

/// Sizes in KiB and accuracies in percent.
struct Points {
    front: Vec<Point>,
    fitting: Vec<Point>,
    beyond: Vec<Point>,
}

impl Points {
    fn of(results: &Results) -> Self {
        let point = |measured: &Measured| {
            let size = measured.footprint.flash as f64 / KIB;
            (size, measured.score.accuracy * 100.0)
        };
        let fates = || results.trials.iter().map(|trial| &trial.fate);
        let fitting = fates().filter_map(|fate| match fate {
            Fate::Fits(measured) => Some(point(measured)),
            _ => None,
        });
        let beyond = fates().filter_map(|fate| match fate {
            Fate::TooLarge(measured) => Some(point(measured)),
            _ => None,
        });
        Self {
            front: results
                .front()
                .iter()
                .map(|(_, measured)| point(measured))
                .collect(),
            fitting: fitting.collect(),
            beyond: beyond.collect(),
        }
    }
}

/// The values' range with room on both sides, never empty.
fn range(values: impl Iterator<Item = f64>) -> Range<f64> {
    let widen = |(low, high): Point, value: f64| (low.min(value), high.max(value));
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), widen);
    let room = 0.06 * (high - low).max(1e-2 * high.abs()).max(1e-6);
    low - room..high + room
}

fn drawing(error: impl std::fmt::Display) -> CurveError {
    CurveError::Draw(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Bytes, results::tests::trial},
        *,
    };

    const BUDGET: Budget = Budget {
        flash: Bytes(4_096),
        ram: Bytes(500),
    };

    #[test]
    fn every_trial_the_front_and_the_budget_are_drawn() {
        let trials = vec![
            trial(0, 1_000, 0.7, 0.6),
            trial(1, 2_000, 0.6, 0.6),
            trial(2, 3_000, 0.8, 0.6),
        ];
        let svg = draw(&Results { trials }, BUDGET).unwrap();
        for text in [
            "artifact in flash, KiB",
            "accuracy on validation, percent",
            "budget",
            "Pareto front",
            "within it",
        ] {
            assert!(svg.contains(text), "{text}");
        }
        assert!(!svg.contains("beyond the budget"));
        // Three that fit, two of them once more as the front's, and the legend's.
        assert_eq!(svg.matches("<circle").count(), 3 + 2 + 1);
    }

    #[test]
    fn one_trial_can_be_drawn_and_none_cannot() {
        let one = Results {
            trials: vec![trial(0, 4_096, 1.0, 0.0)],
        };
        let svg = draw(&one, BUDGET).unwrap();
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
        let none = Results { trials: Vec::new() };
        assert!(matches!(draw(&none, BUDGET), Err(CurveError::Empty)));
    }
}
