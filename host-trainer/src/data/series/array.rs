//! One NumPy array: a header with type, shape and order, then its values.
//!
//! Owns the way from the bytes of an array to sequences, value by value, so that no array is
//! held in any other form. Class names are `names`'s; `archive` finds the arrays in a file.

use std::io::{self, BufReader, Read};
use std::path::Path;

use indicatif::ProgressBar;
use npyz::half::f16;
use npyz::{DType, NpyFile, Order};

use super::{DataError, Sequences, Series, assemble};
use crate::data::file::open;

/// What is wrong with an array.
#[derive(Debug, thiserror::Error)]
pub enum ArrayError {
    /// Not an array, or one that ends too early.
    #[error("the array cannot be read: {0}")]
    Read(io::Error),
    /// Not three axes.
    #[error(
        "the array has rank {} and shape {shape:?}; (examples, time, features) expected{}",
        shape.len(),
        hint(shape)
    )]
    Rank {
        /// The lengths of its axes.
        shape: Vec<u64>,
    },
    /// An axis of length 0.
    #[error("the array has shape {shape:?}, and so no values")]
    Empty {
        /// The lengths of its axes.
        shape: Vec<u64>,
    },
    /// A header that promises more than the file holds.
    #[error("the array should have shape {shape:?}, but the file holds {bytes} bytes only")]
    Short {
        /// The lengths of its axes.
        shape: Vec<u64>,
        /// What there is, the header included.
        bytes: u64,
    },
    /// Values that are not what is needed.
    #[error("the array holds values of type {found}; {expected} expected")]
    Type {
        /// The type as the file names it.
        found: String,
        /// What would do.
        expected: &'static str,
    },
    /// A value that is no number, or too large for one.
    #[error("{value} at example {example}, time {time}, feature {feature} (counted from 0)")]
    NotFinite {
        /// NaN or an infinity.
        value: f32,
        /// Along the first axis.
        example: usize,
        /// Along the second axis.
        time: usize,
        /// Along the third axis.
        feature: usize,
    },
    /// Class names of another shape than (examples,) or (examples, 1).
    #[error("the labels have shape {shape:?}, but there are {examples} examples")]
    Labels {
        /// The lengths of the axes of the labels.
        shape: Vec<u64>,
        /// How many labels there should be.
        examples: usize,
    },
    /// A class name that is empty or more than a line.
    #[error("the label of example {example} (counted from 0) is {found:?}; one line expected")]
    Label {
        /// Along the first axis.
        example: usize,
        /// The label.
        found: String,
    },
}

fn hint(shape: &[u64]) -> &'static str {
    match shape.len() {
        2 => "; reshape (N,T) to (N,T,1)",
        _ => "",
    }
}

/// Reads a file that is one array.
pub(super) fn read(path: &Path, progress: &ProgressBar) -> Result<Series, DataError> {
    let file = open(path, progress)?;
    let bytes = file.metadata().map_or(u64::MAX, |about| about.len());
    let reader = progress.wrap_read(BufReader::new(file));
    let sequences = sequences(reader, bytes).map_err(|problem| DataError::Array {
        path: path.to_owned(),
        problem,
    })?;
    assemble(path, sequences, None)
}

/// The sequences of an array `(examples, time, features)` that takes up `bytes`.
pub(super) fn sequences(reader: impl Read, bytes: u64) -> Result<Sequences, ArrayError> {
    let file = NpyFile::new(reader).map_err(ArrayError::Read)?;
    let (order, shape) = (file.order(), file.shape().to_vec());
    let [examples, time, features] = shape[..] else {
        return Err(ArrayError::Rank { shape });
    };
    fits(&file, bytes)?;
    // They fit, since their product does.
    let extent = [examples as usize, time as usize, features as usize];
    let mut values = numbers(file)?;
    let values = match order {
        Order::C => row_major(&mut values, extent)?,
        Order::Fortran => column_major(&mut values, extent)?,
    };
    Ok(Sequences {
        features: extent[2],
        values,
        labels: None,
    })
}

/// Refuses an array without values, and one whose values cannot be there.
pub(super) fn fits<R: Read>(file: &NpyFile<R>, bytes: u64) -> Result<(), ArrayError> {
    let shape = file.shape().to_vec();
    let count = shape
        .iter()
        .try_fold(1u64, |count, &axis| count.checked_mul(axis));
    let width = file.dtype().num_bytes().unwrap_or(1) as u64;
    match count.and_then(|count| count.checked_mul(width)) {
        Some(0) => Err(ArrayError::Empty { shape }),
        Some(needed) if needed <= bytes => Ok(()),
        _ => Err(ArrayError::Short { shape, bytes }),
    }
}

type Values<'a> = Box<dyn Iterator<Item = io::Result<f32>> + 'a>;

/// The values in the order of the file, whatever number they are written as.
fn numbers<'a, R: Read + 'a>(file: NpyFile<R>) -> Result<Values<'a>, ArrayError> {
    macro_rules! first_fit {
        ($file:ident, $($kind:ty: $cast:expr),* $(,)?) => {{
            $(let $file = match $file.try_data::<$kind>() {
                Ok(values) => return Ok(Box::new(values.map(|value| value.map($cast)))),
                Err(file) => file,
            };)*
            $file
        }};
    }
    let rest = first_fit!(file,
        f32: |v| v, f64: |v| v as f32, f16: f16::to_f32, bool: |v| f32::from(u8::from(v)),
        u8: f32::from, i8: f32::from, u16: f32::from, i16: f32::from,
        u32: |v| v as f32, i32: |v| v as f32, u64: |v| v as f32, i64: |v| v as f32,
    );
    Err(wrong_type(&rest.dtype(), "real numbers"))
}

pub(super) fn wrong_type(found: &DType, expected: &'static str) -> ArrayError {
    ArrayError::Type {
        found: found.descr(),
        expected,
    }
}

/// The next value, which is at `[example, time, feature]`.
fn next(values: &mut Values, place: [usize; 3]) -> Result<f32, ArrayError> {
    let value = values
        .next()
        .unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()));
    let value = value.map_err(ArrayError::Read)?;
    let [example, time, feature] = place;
    match value.is_finite() {
        true => Ok(value),
        false => Err(ArrayError::NotFinite {
            value,
            example,
            time,
            feature,
        }),
    }
}

/// The last axis moves fastest: one example after the other.
fn row_major(values: &mut Values, extent: [usize; 3]) -> Result<Vec<Vec<f32>>, ArrayError> {
    let [examples, time, features] = extent;
    let mut all = Vec::with_capacity(examples);
    for example in 0..examples {
        let mut one = Vec::with_capacity(time * features);
        for index in 0..time * features {
            one.push(next(values, [example, index / features, index % features])?);
        }
        all.push(one);
    }
    Ok(all)
}

/// The first axis moves fastest: the examples grow side by side.
fn column_major(values: &mut Values, extent: [usize; 3]) -> Result<Vec<Vec<f32>>, ArrayError> {
    let [examples, time, features] = extent;
    let mut all = vec![vec![0.0; time * features]; examples];
    for feature in 0..features {
        for step in 0..time {
            for (example, one) in all.iter_mut().enumerate() {
                one[step * features + feature] = next(values, [example, step, feature])?;
            }
        }
    }
    Ok(all)
}
