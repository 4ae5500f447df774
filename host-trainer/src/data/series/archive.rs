//! An archive of NumPy arrays, `.npz`: sequences, their classes, and a test set.
//!
//! ```text
//! x (examples, time, features)     also X, data, x_train, X_train
//! y (examples,)                    also Y, labels, y_train; optional
//! x_test, y_test                   also X_test, Y_test; optional, y_test as y is
//! ```
//!
//! Each array is unpacked once, as a stream.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use indicatif::{ProgressBar, ProgressBarIter};
use npyz::npz::{array_name_from_file_name, file_name_from_array_name};
use zip::ZipArchive;

use super::array::{ArrayError, sequences};
use super::names::names;
use super::{DataError, Sequences, Series, assemble};
use crate::data::file::open;

type Wanted = &'static [&'static str];

/// The names under which an array is looked for; the first that is there is taken.
const X: Wanted = &["x", "X", "data", "x_train", "X_train"];
const Y: Wanted = &["y", "Y", "labels", "y_train", "Y_train"];
const X_TEST: Wanted = &["x_test", "X_test"];
const Y_TEST: Wanted = &["y_test", "Y_test"];

/// The most bytes that one byte of an entry can unpack to: a match of 258 in two bits. An entry
/// that claims a greater length is believed up to this.
const DEFLATE: u64 = 1_032;

/// Reads an archive.
pub(super) fn read(path: &Path, progress: &ProgressBar) -> Result<Series, DataError> {
    let file = BufReader::new(open(path, progress)?);
    let zip = ZipArchive::new(progress.wrap_read(file)).map_err(|error| damaged(path, error))?;
    let mut archive = Archive { path, zip };
    let train = archive.set(X, Y)?.ok_or_else(|| archive.lacks(X))?;
    let test = archive.set(X_TEST, Y_TEST)?;
    match &test {
        Some(test) if test.labels.is_some() && train.labels.is_none() => Err(archive.lacks(Y)),
        Some(test) if test.labels.is_none() && train.labels.is_some() => Err(archive.lacks(Y_TEST)),
        None if archive.has(Y_TEST).is_some() => Err(archive.lacks(X_TEST)),
        _ => assemble(path, train, test),
    }
}

struct Archive<'a> {
    path: &'a Path,
    zip: ZipArchive<ProgressBarIter<BufReader<File>>>,
}

impl Archive<'_> {
    /// The sequences under one of the names of `x` with the labels under one of those of `y`.
    fn set(&mut self, x: Wanted, y: Wanted) -> Result<Option<Sequences>, DataError> {
        let Some(name) = self.has(x) else {
            return Ok(None);
        };
        let mut set = self.array(name, |entry, bytes| sequences(entry, bytes))?;
        if let Some(name) = self.has(y) {
            let count = set.values.len();
            set.labels = Some(self.array(name, |entry, bytes| names(entry, bytes, count))?);
        }
        Ok(Some(set))
    }

    /// The first of the names that is there.
    fn has(&self, wanted: Wanted) -> Option<&'static str> {
        let there = |name: &&&str| {
            let file = file_name_from_array_name(name);
            self.zip.index_for_name(&file).is_some()
        };
        wanted.iter().find(there).copied()
    }

    /// Unpacks one array and hands it to `parse` with its length in bytes.
    fn array<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&mut dyn Read, u64) -> Result<T, ArrayError>,
    ) -> Result<T, DataError> {
        let file = file_name_from_array_name(name);
        let entry = self
            .zip
            .by_name(&file)
            .map_err(|error| damaged(self.path, error))?;
        let bytes = entry
            .size()
            .min(entry.compressed_size().saturating_mul(DEFLATE));
        parse(&mut BufReader::new(entry), bytes).map_err(|problem| DataError::Array {
            path: self.path.join(file),
            problem,
        })
    }

    fn lacks(&self, wanted: Wanted) -> DataError {
        let files = self.zip.file_names().flatten();
        let array = |file: Cow<str>| array_name_from_file_name(&file).map(str::to_owned);
        let mut available: Vec<String> = files.filter_map(array).collect();
        available.sort_unstable();
        DataError::MissingArray {
            path: self.path.to_owned(),
            wanted,
            available,
        }
    }
}

fn damaged(path: &Path, error: zip::result::ZipError) -> DataError {
    DataError::Archive {
        path: path.to_owned(),
        source: error.into(),
    }
}
