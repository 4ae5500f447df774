//! The forms that series come in, told apart by the name of the file.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use indicatif::ProgressBar;

use super::{
    DataError, GENERATED_SEED, Series, SeriesColumns, archive, array, glyphs, table, waveform,
};

/// Where series come from. Parsed from a `--data` argument; nothing is opened until it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeriesSource {
    /// The word `waveform`: generated vowels as frames of samples, no file.
    Waveform,
    /// The word `glyphs`: generated bitmaps as rows of pixels, no file.
    Glyphs,
    /// One NumPy array, `(examples, time, features)`, without classes.
    Npy(PathBuf),
    /// An archive of NumPy arrays, with classes and a test set if it has them.
    Npz(PathBuf),
    /// A long table, comma-separated: one step a row.
    Csv(PathBuf),
    /// A long table, tab-separated.
    Tsv(PathBuf),
}

impl FromStr for SeriesSource {
    type Err = DataError;

    fn from_str(argument: &str) -> Result<Self, DataError> {
        let path = PathBuf::from(argument);
        let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
        match ending.as_ref().and_then(|ending| ending.to_str()) {
            _ if argument == "waveform" => Ok(Self::Waveform),
            _ if argument == "glyphs" => Ok(Self::Glyphs),
            Some("npy") => Ok(Self::Npy(path)),
            Some("npz") => Ok(Self::Npz(path)),
            Some("csv") => Ok(Self::Csv(path)),
            Some("tsv") => Ok(Self::Tsv(path)),
            _ => Err(DataError::UnknownSeries { path }),
        }
    }
}

impl fmt::Display for SeriesSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path().display().fmt(f)
    }
}

impl SeriesSource {
    /// The file; the word itself for the generated series.
    pub fn path(&self) -> PathBuf {
        match self {
            Self::Waveform => "waveform".into(),
            Self::Glyphs => "glyphs".into(),
            Self::Npy(path) | Self::Npz(path) | Self::Csv(path) | Self::Tsv(path) => path.clone(),
        }
    }

    /// Reads whatever is there; how many classes it has is for the caller to judge.
    pub(super) fn read(
        &self,
        columns: &SeriesColumns,
        progress: &ProgressBar,
    ) -> Result<Series, DataError> {
        match self {
            Self::Waveform => Ok(waveform::generate(GENERATED_SEED)),
            Self::Glyphs => Ok(glyphs::generate(GENERATED_SEED)),
            Self::Npy(path) => array::read(path, progress),
            Self::Npz(path) => archive::read(path, progress),
            Self::Csv(path) => table::read(path, b',', columns, progress),
            Self::Tsv(path) => table::read(path, b'\t', columns, progress),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_the_form() {
        let parsed = |argument: &str| argument.parse::<SeriesSource>().expect("source");
        assert_eq!(parsed("waveform"), SeriesSource::Waveform);
        assert_eq!(parsed("glyphs"), SeriesSource::Glyphs);
        assert_eq!(parsed("x/a.NPY"), SeriesSource::Npy("x/a.NPY".into()));
        assert_eq!(parsed("a.npz"), SeriesSource::Npz("a.npz".into()));
        assert_eq!(parsed("a.csv"), SeriesSource::Csv("a.csv".into()));
        assert_eq!(parsed("a.tsv").to_string(), "a.tsv");
    }

    #[test]
    fn another_name_is_an_error_that_lists_the_forms() {
        for name in ["./waveform", "a.wav", "", ".npy"] {
            let error = name.parse::<SeriesSource>().expect_err("must fail");
            assert!(error.to_string().contains(".npz"), "{error}");
        }
    }
}
