//! The Large Movie Review Dataset (Maas et al., ACL 2011), as a directory or as its archive.
//!
//! ```text
//! aclImdb/train/pos/0_9.txt     split / class / ID_RATING.txt, one review a file, UTF-8
//! aclImdb/test/neg/0_2.txt
//! aclImdb/train/unsup/0_0.txt   reviews without a class; they need not be there
//! ```
//!
//! Both forms fill one map keyed by part, id and rating, so the order of the examples depends
//! neither on the file system nor on the archive.

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufReader, Read};
use std::path::{Component, Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use indicatif::ProgressBar;

use super::file::{measure, open};
use super::{Corpus, DataError, Example};

/// Reviews of one film have neighbouring ids (at most 30 a film); blocks of this many ids keep
/// nearly all of them together: a tenth of a set of such blocks has few films in common with the
/// rest.
const IDS_PER_GROUP: u32 = 250;

const LABELS: [&str; 2] = ["negative", "positive"];

/// The folders that are read, in the order of the corpus: training before test, class 0 before
/// 1, and what has no class last.
const PARTS: [&str; 5] = [
    "train/neg",
    "train/pos",
    "test/neg",
    "test/pos",
    "train/unsup",
];
const UNLABELLED: usize = 4;

/// Where a review stands: its part (an index into `PARTS`), its id and its rating.
type Key = (usize, u32, u32);

type Reviews = BTreeMap<Key, String>;

/// Reads `aclImdb`, given itself or the directory it lies in.
pub(super) fn read_directory(path: &Path, progress: &ProgressBar) -> Result<Corpus, DataError> {
    if path.is_file() {
        return Err(DataError::UnknownForm {
            path: path.to_owned(),
        });
    }
    let inner = path.join("aclImdb");
    let root = if inner.is_dir() { &inner } else { path };
    let files = list(root)?;
    measure(
        progress,
        files.len() as u64,
        "{bar:30} {pos}/{len} reviews {per_sec}, {eta} left",
    );
    let mut reviews = Reviews::new();
    for (key, file) in files {
        let bytes = fs::read(&file).map_err(|source| io_error(&file, source))?;
        reviews.insert(key, utf8(bytes, &file)?);
        progress.inc(1);
    }
    corpus(path, reviews)
}

/// The review files under `root`; a part that is missing has none.
fn list(root: &Path) -> Result<Vec<(Key, PathBuf)>, DataError> {
    fs::read_dir(root).map_err(|source| io_error(root, source))?;
    let mut files = Vec::new();
    for (part, name) in PARTS.iter().enumerate() {
        let folder = root.join(name);
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder).map_err(|source| io_error(&folder, source))? {
            let file = entry.map_err(|source| io_error(&folder, source))?.path();
            if let Some(key) = key_of(part, &file)? {
                files.push((key, file));
            }
        }
    }
    Ok(files)
}

/// Streams the archive, packed or plain by its name; memory holds the reviews and nothing more.
pub(super) fn read_archive(path: &Path, progress: &ProgressBar) -> Result<Corpus, DataError> {
    let file = BufReader::new(progress.wrap_read(open(path, progress)?));
    let plain = path
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("tar"));
    let reviews = if plain {
        unpack(path, file)
    } else {
        unpack(path, MultiGzDecoder::new(file))
    }?;
    corpus(path, reviews)
}

/// Reads every review of a tar stream, then the stream's rest, so that checksums are verified.
fn unpack(path: &Path, stream: impl Read) -> Result<Reviews, DataError> {
    let ended = Cell::new(false);
    let damaged = |source| archive_error(path, ended.get(), source);
    let mut archive = tar::Archive::new(EndWatch {
        stream,
        ended: &ended,
    });
    let mut reviews = Reviews::new();
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let name = entry.path().map_err(damaged)?.into_owned();
        let place = path.join(&name);
        let key = match part_of(&name) {
            Some(part) if !entry.header().entry_type().is_dir() => key_of(part, &place)?,
            _ => None,
        };
        let Some(key) = key else { continue };
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(damaged)?;
        if !entry.header().entry_type().is_file() {
            let link = format!("{} is a link", name.display());
            return Err(damaged(io::Error::other(link)));
        }
        if bytes.len() as u64 != entry.size() {
            return Err(damaged(io::ErrorKind::UnexpectedEof.into()));
        }
        reviews.insert(key, utf8(bytes, &place)?);
    }
    if ended.get() {
        return Err(damaged(io::ErrorKind::UnexpectedEof.into()));
    }
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(damaged)?;
    Ok(reviews)
}

/// Notes whether the stream ran out: a tar ends with a block of zeros, and a reader that
/// has met the end of the stream instead was given a part of one.
struct EndWatch<'a, R> {
    stream: R,
    ended: &'a Cell<bool>,
}

impl<R: Read> Read for EndWatch<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(into)?;
        if count == 0 && !into.is_empty() {
            self.ended.set(true);
        }
        Ok(count)
    }
}

/// The part an entry of the archive belongs to, with or without `./` and `aclImdb/` before it.
fn part_of(entry: &Path) -> Option<usize> {
    let folder = entry.parent()?;
    let mut names = folder
        .components()
        .filter(|part| *part != Component::CurDir);
    let mut rest = names.clone().map(Component::as_os_str);
    if names.next()?.as_os_str() == "aclImdb" {
        rest.next();
    }
    let relative: PathBuf = rest.collect();
    PARTS.iter().position(|part| Path::new(part) == relative)
}

/// The key of a review file; `None` for files that are not text or are hidden.
fn key_of(part: usize, file: &Path) -> Result<Option<Key>, DataError> {
    let name = file.file_name().and_then(OsStr::to_str).unwrap_or_default();
    if name.starts_with('.') || !name.ends_with(".txt") {
        return Ok(None);
    }
    let parsed = || {
        let (id, rating) = name.strip_suffix(".txt")?.split_once('_')?;
        Some((part, id.parse().ok()?, rating.parse().ok()?))
    };
    let unnamed = || DataError::NotAReview {
        path: file.to_owned(),
    };
    parsed().map(Some).ok_or_else(unnamed)
}

/// Numbers classes and groups; `path` stands in the error if a part has no reviews.
fn corpus(path: &Path, reviews: Reviews) -> Result<Corpus, DataError> {
    let (mut train, mut test, mut unlabelled) = (Vec::new(), Vec::new(), Vec::new());
    let mut counts = [0usize; UNLABELLED];
    for ((part, id, _), text) in reviews {
        if part == UNLABELLED {
            unlabelled.push(text);
            continue;
        }
        let label = part % LABELS.len();
        let group = id / IDS_PER_GROUP * LABELS.len() as u32 + label as u32;
        let set = if part < LABELS.len() {
            &mut train
        } else {
            &mut test
        };
        set.push(Example { text, label, group });
        counts[part] += 1;
    }
    let needed = if test.is_empty() {
        LABELS.len()
    } else {
        UNLABELLED
    };
    if let Some(part) = counts[..needed].iter().position(|count| *count == 0) {
        return Err(DataError::NotImdb {
            path: path.to_owned(),
            missing: PARTS[part].to_owned(),
        });
    }
    let labels = LABELS.map(str::to_owned).to_vec();
    Ok(Corpus {
        unlabelled,
        ..Corpus::new(labels, train, test)
    })
}

fn utf8(bytes: Vec<u8>, file: &Path) -> Result<String, DataError> {
    String::from_utf8(bytes).map_err(|error| DataError::Utf8 {
        path: file.to_owned(),
        byte: error.utf8_error().valid_up_to(),
    })
}

fn io_error(path: &Path, source: io::Error) -> DataError {
    DataError::Io {
        path: path.to_owned(),
        source,
    }
}

/// An error of the unpacker; whatever it is called, beyond the end of the stream it means a cut.
fn archive_error(path: &Path, ended: bool, source: io::Error) -> DataError {
    let path = path.to_owned();
    if ended || source.kind() == io::ErrorKind::UnexpectedEof {
        return DataError::Truncated { path };
    }
    DataError::Archive { path, source }
}
