//! A true waveform and its continuation over time, and how far they are apart, as one SVG.
//!
//! Upper panels: both waveforms as the continuation begins, where single periods can be seen,
//! and at the very end. Lower panel: the error over all of the time, in windows. What the model
//! was shown is shaded.

use std::ops::Range;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::{RenderError, encoding, same};
use crate::durable;

/// Width and height in pixels.
const SIZE: (u32, u32) = (1_040, 620);
/// Height of the upper panels in pixels.
const UPPER: u32 = 330;
/// Samples that an upper panel shows.
const CLOSE: usize = 480;
/// Windows over which the error is averaged.
const WINDOWS: usize = 120;
const TRUE: RGBColor = RGBColor(0x1f, 0x5f, 0xa8);
const CONTINUED: RGBColor = RGBColor(0xd0, 0x5a, 0x1e);
const SIGNAL: RGBColor = RGBColor(0x88, 0x88, 0x88);
const SHADE: RGBColor = RGBColor(0xf3, 0xea, 0xc8);
const GRID: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Traces<'a> {
    /// The caption.
    pub title: &'a str,
    /// `(samples,)`: how it should go on.
    pub truth: &'a [f32],
    /// `(samples,)`: the primed samples, then those of the model.
    pub continued: &'a [f32],
    /// How many samples the model was shown.
    pub primed: usize,
    /// Samples a second.
    pub rate: f64,
}

/// Draws into a file, replaced only when all is written.
pub fn write_traces(path: &Path, traces: &Traces) -> Result<(), RenderError> {
    Ok(durable::write(path, draw(traces)?.as_bytes())?)
}

/// Draws the waveforms and their distance: the text of an SVG.
pub fn draw(traces: &Traces) -> Result<String, RenderError> {
    let length = traces.truth.len();
    same("the continuation", traces.continued.len(), length)?;
    match (length, traces.primed) {
        (0, _) => return Err(RenderError::Empty),
        (_, primed) if primed >= length => return Err(RenderError::Primed { primed, length }),
        _ => {}
    }
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE).map_err(encoding)?;
        let area = area
            .titled(traces.title, ("sans-serif", 20))
            .map_err(encoding)?;
        let (upper, lower) = area.split_vertically(UPPER);
        let (left, right) = upper.split_horizontally(SIZE.0 / 2);
        let start = traces.primed.saturating_sub(CLOSE / 3);
        waveforms(
            &left,
            traces,
            "as it begins",
            start..(start + CLOSE).min(length),
        )?;
        waveforms(
            &right,
            traces,
            "at the end",
            length.saturating_sub(CLOSE)..length,
        )?;
        errors(&lower, traces)?;
        area.present().map_err(encoding)?;
    }
    Ok(svg)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Points = Vec<(f64, f64)>;

/// Lines over time on one pair of axes.
struct Panel<'a> {
    caption: &'a str,
    unit: &'static str,
    /// Seconds.
    time: Range<f64>,
    values: Range<f64>,
    /// Seconds that the model was shown.
    primed: f64,
    lines: [(&'static str, RGBColor, Points); 2],
}

/// Both waveforms, for the given samples.
fn waveforms(
    area: &Area,
    traces: &Traces,
    caption: &str,
    samples: Range<usize>,
) -> Result<(), RenderError> {
    let points = |values: &[f32]| -> Points {
        let point = |n: usize| (n as f64 / traces.rate, finite(values[n]));
        samples.clone().map(point).collect()
    };
    let (truth, continued) = (points(traces.truth), points(traces.continued));
    // A continuation that runs away must not flatten the truth to a line.
    let peak = largest(&truth).max(largest(&continued).min(2.0 * largest(&truth)));
    let panel = Panel {
        caption,
        unit: "amplitude",
        time: samples.start as f64 / traces.rate..samples.end as f64 / traces.rate,
        // The room above is the legend's.
        values: -1.2 * peak..2.0 * peak,
        primed: traces.primed as f64 / traces.rate,
        lines: [("true", TRUE, truth), ("continued", CONTINUED, continued)],
    };
    panel.draw(area)
}

/// The error beside the signal itself, which is the error of silence.
fn errors(area: &Area, traces: &Traces) -> Result<(), RenderError> {
    let errors = traces
        .truth
        .iter()
        .zip(traces.continued)
        .map(|(truth, value)| value - truth);
    let errors: Vec<f32> = errors.collect();
    let (error, signal) = (
        windows(&errors, traces.rate),
        windows(traces.truth, traces.rate),
    );
    let panel = Panel {
        caption: "error over time (root mean square)",
        unit: "amplitude",
        time: 0.0..traces.truth.len() as f64 / traces.rate,
        values: 0.0..1.3 * largest(&signal).max(largest(&error).min(2.0 * largest(&signal))),
        primed: traces.primed as f64 / traces.rate,
        lines: [("true signal", SIGNAL, signal), ("error", CONTINUED, error)],
    };
    panel.draw(area)
}

/// Root mean squares of equal windows, at their middles in seconds.
fn windows(values: &[f32], rate: f64) -> Points {
    let width = values.len().div_ceil(WINDOWS);
    let window = |(index, window): (usize, &[f32])| {
        let sum: f64 = window.iter().map(|&value| finite(value).powi(2)).sum();
        let middle = (index * width) as f64 + window.len() as f64 / 2.0;
        (middle / rate, (sum / window.len() as f64).sqrt())
    };
    values.chunks(width).enumerate().map(window).collect()
}

/// A drawing has no room for what is no number: it counts as far off, as infinities do.
fn finite(value: f32) -> f64 {
    f64::from(value.clamp(-1e6, 1e6)).max(-1e6)
}

/// Three decimals at most, and no sign before 0.
fn decimal(value: f64) -> String {
    format!("{}", (1e3 * value).round() / 1e3 + 0.0)
}

/// The greatest magnitude, never 0.
fn largest(points: &Points) -> f64 {
    points
        .iter()
        .fold(1e-6, |most: f64, (_, value)| most.max(value.abs()))
}

impl Panel<'_> {
    fn draw(self, area: &Area) -> Result<(), RenderError> {
        let (bottom, top) = (self.values.start, self.values.end);
        let mut chart = ChartBuilder::on(area)
            .caption(self.caption, ("sans-serif", 16))
            .margin(10)
            .x_label_area_size(40)
            .y_label_area_size(58)
            .build_cartesian_2d(self.time.clone(), self.values)
            .map_err(encoding)?;
        let shown = self.time.start..self.primed.min(self.time.end);
        if !shown.is_empty() {
            let shade = Rectangle::new([(shown.start, bottom), (shown.end, top)], SHADE.filled());
            let shade = chart.draw_series([shade]).map_err(encoding)?.label("shown");
            shade.legend(|(x, y)| Rectangle::new([(x, y - 5), (x + 16, y + 5)], SHADE.filled()));
        }
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .x_desc("seconds")
            .y_desc(self.unit)
            .axis_desc_style(("sans-serif", 14))
            .label_style(("sans-serif", 12))
            .y_label_formatter(&|value| decimal(*value))
            .draw()
            .map_err(encoding)?;
        for (name, colour, points) in self.lines {
            let points = points
                .into_iter()
                .map(|(time, value)| (time, value.clamp(bottom, top)));
            let line = LineSeries::new(points, colour.stroke_width(1));
            let line = chart.draw_series(line).map_err(encoding)?.label(name);
            line.legend(move |(x, y)| {
                PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2))
            });
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .label_font(("sans-serif", 12))
            .background_style(WHITE.mix(0.85))
            .border_style(GRID)
            .draw()
            .map_err(encoding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(length: usize) -> Vec<f32> {
        (0..length).map(|n| (n as f32 / 10.0).sin()).collect()
    }

    fn traces<'a>(truth: &'a [f32], continued: &'a [f32], primed: usize) -> Traces<'a> {
        Traces {
            title: "a & b",
            truth,
            continued,
            primed,
            rate: 8_000.0,
        }
    }

    #[test]
    fn the_drawing_names_what_it_shows() {
        let (truth, mut continued) = (wave(4_000), wave(4_000));
        continued[900..].iter_mut().for_each(|value| *value *= 0.9);
        let svg = draw(&traces(&truth, &continued, 800)).expect("svg");
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        for text in [
            "a &amp; b",
            "true",
            "continued",
            "shown",
            "error over time",
            "seconds",
        ] {
            assert!(svg.contains(text), "{text}");
        }
    }

    #[test]
    fn nothing_that_a_model_does_breaks_the_drawing() {
        for wild in [f32::NAN, f32::INFINITY, -1e30, 0.0] {
            for primed in [0, 7, 99] {
                let svg = draw(&traces(&wave(100), &[wild; 100], primed)).expect("svg");
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{wild}");
            }
        }
        draw(&traces(&[0.0], &[0.0], 0)).expect("one silent sample");
    }

    #[test]
    fn windows_measure_the_root_mean_square_and_labels_are_short() {
        let values: Vec<f32> = (0..2 * WINDOWS)
            .map(|n| if n % 2 == 0 { 3.0 } else { -4.0 })
            .collect();
        let windows = windows(&values, 2.0);
        assert_eq!(windows.len(), WINDOWS);
        assert_eq!([-1e-17, 0.25, -1.0].map(decimal), ["0", "0.25", "-1"]);
        assert_eq!(windows[1].0, 1.5);
        assert!(
            windows
                .iter()
                .all(|(_, rms)| (rms - 12.5f64.sqrt()).abs() < 1e-9)
        );
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let refused = |truth: usize, continued: usize, primed: usize| {
            let (truth, continued) = (wave(truth), wave(continued));
            draw(&traces(&truth, &continued, primed)).expect_err("must fail")
        };
        assert!(matches!(refused(0, 0, 0), RenderError::Empty));
        assert!(matches!(
            refused(9, 8, 2),
            RenderError::Length { found: 8, .. }
        ));
        assert!(matches!(
            refused(9, 9, 9),
            RenderError::Primed { primed: 9, .. }
        ));
    }

    #[test]
    fn the_file_is_the_drawing() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.svg");
        let values = wave(1_000);
        let traces = traces(&values, &values, 100);
        write_traces(&path, &traces).expect("write");
        assert_eq!(
            std::fs::read_to_string(&path).expect("read"),
            draw(&traces).expect("svg")
        );
    }
}
