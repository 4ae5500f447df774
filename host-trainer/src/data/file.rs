//! Opening a source and showing how far it is read.

use std::fs::File;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::DataError;

/// Opens a file for reading and gives the progress bar its length in bytes.
pub(super) fn open(path: &Path, progress: &ProgressBar) -> Result<File, DataError> {
    let failed = |source| DataError::Io {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    measure(
        progress,
        length,
        "{bar:30} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec}, {eta} left",
    );
    Ok(file)
}

/// Gives the progress bar its length and its look.
pub(super) fn measure(progress: &ProgressBar, length: u64, look: &str) {
    let style = ProgressStyle::with_template(look).unwrap_or_else(|_| ProgressStyle::default_bar());
    progress.set_style(style);
    progress.set_length(length);
    progress.set_position(0);
}
