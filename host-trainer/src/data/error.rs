//! What can be wrong with data: one line that says what, in which file, and where in it.

use std::io;
use std::path::PathBuf;

use super::ArrayError;

/// Why a corpus could not be loaded or split.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The operating system refused to read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file whose name tells no known form.
    #[error(
        "{} is of no known form; data is `builtin`, an IMDB directory, or a file \
         ending in .tar.gz, .tgz, .tar, .csv, .tsv or .jsonl",
        path.display()
    )]
    UnknownForm {
        /// The file.
        path: PathBuf,
    },
    /// A file that is no known form of numeric series.
    #[error(
        "{} is no known form of series; they are `waveform`, `glyphs`, or a file ending in \
         .npy, .npz, .csv or .tsv",
        path.display()
    )]
    UnknownSeries {
        /// The file.
        path: PathBuf,
    },
    /// An array that cannot be used.
    #[error("{}: {problem}", path.display())]
    Array {
        /// The file, or the archive and the entry in it.
        path: PathBuf,
        /// What is wrong with it.
        problem: ArrayError,
    },
    /// An archive of arrays that lacks one.
    #[error(
        "{} has no array named {}; it has {available:?}",
        path.display(),
        wanted.join(" or ")
    )]
    MissingArray {
        /// The archive.
        path: PathBuf,
        /// The names that would do.
        wanted: &'static [&'static str],
        /// The names that are there.
        available: Vec<String>,
    },
    /// A test set whose steps have another width than those of the training set.
    #[error(
        "{}: the test set has {test} features, the training set {train}",
        path.display()
    )]
    Features {
        /// The file.
        path: PathBuf,
        /// Features of the training set.
        train: usize,
        /// Features of the test set.
        test: usize,
    },
    /// A text that cannot be cut into the parts asked for.
    #[error(
        "{} is too short: of its {bytes} bytes the {part} part would get {share}, and 2 are needed",
        path.display()
    )]
    TooShort {
        /// The text.
        path: PathBuf,
        /// Its length.
        bytes: usize,
        /// `training`, `validation` or `test`.
        part: &'static str,
        /// What that part would get.
        share: usize,
    },
    /// A directory or an archive without one of the parts of the IMDB data set.
    #[error(
        "{} is not the IMDB data set: it has no reviews in {missing}",
        path.display()
    )]
    NotImdb {
        /// The directory or archive.
        path: PathBuf,
        /// The missing part, such as `train/pos`.
        missing: String,
    },
    /// A file among the reviews whose name is not an id and a rating, such as `12_9.txt`.
    #[error("{} is not named like a review (ID_RATING.txt)", path.display())]
    NotAReview {
        /// The file, or the archive and the entry in it.
        path: PathBuf,
    },
    /// An archive that ends before its end mark, or in the middle of an entry.
    #[error("{} is cut short; fetch it again", path.display())]
    Truncated {
        /// The archive.
        path: PathBuf,
    },
    /// An archive that cannot be unpacked for another reason.
    #[error("{} is damaged or not an archive: {source}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// What the unpacker met.
        source: io::Error,
    },
    /// A review that is not UTF-8.
    #[error("{} is not UTF-8 at byte {byte}", path.display())]
    Utf8 {
        /// The file, or the archive and the entry in it.
        path: PathBuf,
        /// The offset of the first bad byte.
        byte: usize,
    },
    /// A table without one of the two columns, or a JSON line without one of the two keys.
    #[error(
        "{}, line {line}: there is no column {column:?}, only {available:?}",
        path.display()
    )]
    MissingColumn {
        /// The table.
        path: PathBuf,
        /// The line of the header, or of the JSON object; from 1.
        line: u64,
        /// The column asked for.
        column: String,
        /// The columns that exist.
        available: Vec<String>,
    },
    /// A row that cannot be read.
    #[error("{}, line {line}: {reason}", path.display())]
    Row {
        /// The table.
        path: PathBuf,
        /// The line on which the row begins; from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A table with no rows.
    #[error("{} holds no examples", path.display())]
    Empty {
        /// The table.
        path: PathBuf,
    },
    /// Only one class, so there is nothing to tell apart.
    #[error(
        "{} holds examples of one class only, {label:?}; two are needed",
        path.display()
    )]
    OneClass {
        /// The table.
        path: PathBuf,
        /// That class.
        label: String,
    },
    /// More classes than a model can have; often the wrong column.
    #[error(
        "{} holds {count} classes, more than {}; is the label column the right one?",
        path.display(),
        super::MAX_CLASSES
    )]
    TooManyClasses {
        /// The table.
        path: PathBuf,
        /// How many there are.
        count: usize,
    },
    /// A test set with a class that the training set lacks.
    #[error(
        "{} has the class {label:?}, which the training data has not: {known:?}",
        path.display()
    )]
    UnknownLabel {
        /// The test set.
        path: PathBuf,
        /// The class.
        label: String,
        /// The classes of the training data.
        known: Vec<String>,
    },
    /// A test set of series with other features or labels than the training set.
    #[error(
        "{}: {} features where the training data has {}, or other labels",
        path.display(), features.0, features.1
    )]
    OtherSeries {
        /// The test set.
        path: PathBuf,
        /// Features of the test set and of the training set.
        features: (usize, usize),
    },
    /// Fractions that leave nothing to train on, or are not fractions.
    #[error("validation {validation} and test {test} must be 0 or more, and together less than 1")]
    Fractions {
        /// The validation fraction.
        validation: f32,
        /// The test fraction.
        test: f32,
    },
    /// Not one class has enough examples for each set to receive one.
    #[error(
        "too few examples for a {set} set: no class has {needed} that may be separated (equal ones count as one)"
    )]
    TooFew {
        /// `training`, `validation` or `test`.
        set: &'static str,
        /// How many separable groups one class must have.
        needed: usize,
    },
}
