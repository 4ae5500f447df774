//! How series go on: primed with their first vectors, compared with what truly follows.

use super::{Generate, SeriesArgs};
use crate::{
    cli::{
        Outcome, output,
        run::boot,
        split::{Part, SplitName, part},
    },
    data::SeriesExample,
    durable,
    inference::Model,
    pipeline::prepare,
    render::{self, Bitmap, Pair, Traces},
};
use serde::Serialize;
use spinet_core::series::Series;
use std::{error::Error, fmt::Write as _};

/// A series that was continued, in the data's own units.
struct Continued {
    /// Index among the test examples.
    example: usize,
    features: usize,
    /// Vectors that the model was given.
    primed: usize,
    /// All of the true series, `(time, features)`.
    truth: Vec<f32>,
    /// The given vectors and the continuation, `(time, features)`.
    values: Vec<f32>,
    /// The continuation as it was computed, Q0.15.
    vectors: Vec<Vec<i16>>,
    instructions: Option<u64>,
}

#[derive(Serialize)]
struct Comparison {
    example: usize,
    primed: usize,
    continued: usize,
    /// Root of the mean squared error of the continuation against what truly follows.
    error: f64,
    /// The same of repeating the last given vector.
    repeating: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<u64>,
    vectors: Vec<Vec<i16>>,
}

pub(super) fn run(command: &Generate, model: &Model, series: Series<'_>) -> Outcome {
    let args = &command.series;
    let Some(data) = args.data.given() else {
        return Err("--data: where are the series to continue?".into());
    };
    let Part::Series(examples) = part(&model.artifact(), &data, SplitName::Test)? else {
        return Err("the model does not read series".into());
    };
    let all = examples.len();
    let chosen = examples
        .into_iter()
        .enumerate()
        .skip(args.example)
        .step_by(args.stride.into())
        .take(args.examples.into());
    let mut emulator = match &command.board {
        Some(board) => Some(boot(board, &command.model)?.1),
        None => None,
    };
    let mut continued = Vec::new();
    for (index, example) in chosen {
        let mut job = Job::new(command, series, index, &example)?;
        match &mut emulator {
            Some(emulator) => {
                let vectors = &mut job.vectors;
                let mut sink = |x: &[i16], _: &str| vectors.push(x.to_vec());
                let art = false;
                let done = emulator.continue_series(&job.prompt, job.length, art, &mut sink)?;
                job.instructions = Some(done.instructions);
            }
            None => job.host(model)?,
        }
        let result = job.finish(series);
        show(command, &result)?;
        continued.push(result);
    }
    if continued.is_empty() {
        return Err(format!("there is no test example {}, there are {all}", args.example).into());
    }
    write(args, &continued)?;
    Ok(true)
}

/// One series that is to be continued.
struct Job {
    example: usize,
    features: usize,
    truth: Vec<f32>,
    prompt: Vec<Vec<i16>>,
    length: u32,
    vectors: Vec<Vec<i16>>,
    instructions: Option<u64>,
}

impl Job {
    fn new(
        command: &Generate,
        series: Series<'_>,
        index: usize,
        example: &SeriesExample,
    ) -> Result<Self, Box<dyn Error>> {
        let features = usize::from(series.features());
        let prepared = prepare(series, std::slice::from_ref(example))?;
        let vectors = prepared.first().map_or(&[][..], |example| &example.vectors);
        let steps = vectors.len() / features;
        let primed = command.series.prime.unwrap_or(steps.div_ceil(4));
        if !(1..=steps).contains(&primed) {
            return Err(format!("--prime {primed}: example {index} has {steps} vectors").into());
        }
        let rest = u32::try_from(steps - primed).unwrap_or(u32::MAX);
        let length = command.length.unwrap_or(rest);
        if length == 0 {
            return Err(format!(
                "example {index} has only the {primed} vectors that are given; say --length"
            )
            .into());
        }
        let prompt = vectors.chunks(features).take(primed);
        Ok(Self {
            example: index,
            features,
            truth: example.values.clone(),
            prompt: prompt.map(<[i16]>::to_vec).collect(),
            length,
            vectors: Vec::new(),
            instructions: None,
        })
    }

    fn host(&mut self, model: &Model) -> Result<(), Box<dyn Error>> {
        let mut generator = model.series_generator()?;
        self.prompt.iter().for_each(|vector| generator.feed(vector));
        for _ in 0..self.length {
            let mut vector = vec![0; self.features];
            generator.next_vector(&mut vector);
            self.vectors.push(vector);
        }
        Ok(())
    }

    fn finish(self, series: Series<'_>) -> Continued {
        let primed = self.prompt.len();
        let mut values = self.truth[..primed * self.features].to_vec();
        for vector in &self.vectors {
            let components = vector.iter().enumerate();
            values.extend(components.map(|(feature, &x)| series.value(feature, x.into())));
        }
        Continued {
            example: self.example,
            features: self.features,
            primed,
            truth: self.truth,
            values,
            vectors: self.vectors,
            instructions: self.instructions,
        }
    }
}

impl Continued {
    /// The root of the mean squared error from the given vectors on, of the continuation and of
    /// repeating the last given vector.
    fn errors(&self) -> (f64, f64) {
        let start = self.primed * self.features;
        let end = self.truth.len().min(self.values.len());
        let last = &self.truth[start - self.features..start];
        let (mut error, mut repeating) = (0.0, 0.0);
        for at in start..end {
            let truth = f64::from(self.truth[at]);
            error += (f64::from(self.values[at]) - truth).powi(2);
            repeating += (f64::from(last[at % self.features]) - truth).powi(2);
        }
        let count = (end - start).max(1) as f64;
        ((error / count).sqrt(), (repeating / count).sqrt())
    }
}

fn show(command: &Generate, continued: &Continued) -> Result<(), Box<dyn Error>> {
    let (error, repeating) = continued.errors();
    if command.json {
        return output::json(&Comparison {
            example: continued.example,
            primed: continued.primed,
            continued: continued.vectors.len(),
            error,
            repeating,
            instructions: continued.instructions,
            vectors: continued.vectors.clone(),
        });
    }
    if command.series.art {
        for (step, row) in continued.values.chunks(continued.features).enumerate() {
            let mark = if step < continued.primed { ' ' } else { '>' };
            output::line(format_args!("{mark} |{}|", render::line(row)))?;
        }
    }
    output::line(format_args!(
        "example {}: {} vectors behind {}, root mean squared error {error:.5}; repeating the last one {repeating:.5}",
        continued.example,
        continued.vectors.len(),
        continued.primed,
    ))?;
    Ok(())
}

/// Writes what was asked for.
fn write(args: &SeriesArgs, continued: &[Continued]) -> Result<(), Box<dyn Error>> {
    let Some(first) = continued.first() else {
        return Ok(());
    };
    if let Some(path) = &args.csv {
        durable::write(path, table(continued).as_bytes())?;
    }
    if let Some(path) = &args.wav {
        render::write_wav(path, args.rate, &first.values)?;
    }
    if let Some(path) = &args.svg {
        let title = format!("Example {}, continued", first.example);
        let length = first.truth.len().min(first.values.len());
        render::write_traces(
            path,
            &Traces {
                title: &title,
                truth: &first.truth[..length],
                continued: &first.values[..length],
                primed: first.primed * first.features,
                rate: f64::from(args.rate),
            },
        )?;
    }
    if let Some(path) = &args.png {
        let pairs: Vec<Pair<'_>> = continued.iter().map(Continued::bitmaps).collect();
        render::write_grid(path, &pairs)?;
    }
    Ok(())
}

impl Continued {
    fn bitmaps(&self) -> Pair<'_> {
        let bitmap = |values| Bitmap {
            values,
            width: self.features,
        };
        Pair {
            original: bitmap(&self.truth),
            continued: bitmap(&self.values),
            primed: self.primed,
        }
    }
}

/// All series in long form, as `--data` reads them.
fn table(continued: &[Continued]) -> String {
    let features = continued.first().map_or(0, |first| first.features);
    let mut text = String::from("example,time");
    (0..features).for_each(|feature| {
        let _ = write!(text, ",f{feature}");
    });
    text.push('\n');
    for series in continued {
        for (time, row) in series.values.chunks(features).enumerate() {
            let _ = write!(text, "{},{time}", series.example);
            row.iter().for_each(|value| {
                let _ = write!(text, ",{value}");
            });
            text.push('\n');
        }
    }
    text
}
