//! The forms a corpus comes in, told apart by the name of the file.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use indicatif::ProgressBar;

use super::{BUILTIN_SEED, Columns, Corpus, DataError, builtin, imdb, jsonl, table};

/// Where a corpus comes from. Parsed from a `--data` argument; nothing is opened until it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The word `builtin`: generated reviews, no file.
    Builtin,
    /// The IMDB directory `aclImdb`, or the one that holds it.
    ImdbDirectory(PathBuf),
    /// The IMDB archive, `.tar`, `.tar.gz` or `.tgz`; read as a stream, never unpacked to disk.
    ImdbArchive(PathBuf),
    /// Comma-separated values with a header.
    Csv(PathBuf),
    /// Tab-separated values with a header.
    Tsv(PathBuf),
    /// One JSON object a line.
    Jsonl(PathBuf),
}

impl FromStr for Source {
    type Err = Infallible;

    fn from_str(argument: &str) -> Result<Self, Infallible> {
        let path = PathBuf::from(argument);
        let name = argument.to_ascii_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        Ok(match () {
            () if argument == "builtin" => Self::Builtin,
            () if ends(&[".tar", ".tar.gz", ".tgz"]) => Self::ImdbArchive(path),
            () if ends(&[".csv"]) => Self::Csv(path),
            () if ends(&[".tsv"]) => Self::Tsv(path),
            () if ends(&[".jsonl"]) => Self::Jsonl(path),
            () => Self::ImdbDirectory(path),
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path().display().fmt(f)
    }
}

impl Source {
    /// The file or directory; the word itself for the built-in corpus.
    pub fn path(&self) -> PathBuf {
        match self {
            Self::Builtin => "builtin".into(),
            Self::ImdbDirectory(path)
            | Self::ImdbArchive(path)
            | Self::Csv(path)
            | Self::Tsv(path)
            | Self::Jsonl(path) => path.clone(),
        }
    }

    /// Reads whatever is there; how many classes it has is for the caller to judge.
    pub(super) fn read(
        &self,
        columns: &Columns,
        progress: &ProgressBar,
    ) -> Result<Corpus, DataError> {
        match self {
            Self::Builtin => Ok(builtin::generate(BUILTIN_SEED)),
            Self::ImdbDirectory(path) => imdb::read_directory(path, progress),
            Self::ImdbArchive(path) => imdb::read_archive(path, progress),
            Self::Csv(path) => table::read(path, b',', columns, progress),
            Self::Tsv(path) => table::read(path, b'\t', columns, progress),
            Self::Jsonl(path) => jsonl::read(path, columns, progress),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_the_form() {
        let parsed = |argument: &str| argument.parse::<Source>().expect("infallible");
        assert_eq!(parsed("builtin"), Source::Builtin);
        assert_eq!(
            parsed("./builtin"),
            Source::ImdbDirectory("./builtin".into())
        );
        assert_eq!(
            parsed("x/aclImdb"),
            Source::ImdbDirectory("x/aclImdb".into())
        );
        for name in ["a.tar.gz", "a.tgz", "A.TAR"] {
            assert_eq!(parsed(name), Source::ImdbArchive(name.into()));
        }
        assert_eq!(parsed("a.CSV"), Source::Csv("a.CSV".into()));
        assert_eq!(parsed("a.tsv"), Source::Tsv("a.tsv".into()));
        assert_eq!(parsed("a.jsonl"), Source::Jsonl("a.jsonl".into()));
        assert_eq!(parsed("a.jsonl").to_string(), "a.jsonl");
    }
}
