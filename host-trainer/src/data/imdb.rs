//! The Large Movie Review Dataset (Maas et al., ACL 2011), as a directory or as its archive.
//!
//! ```text
//! aclImdb/train/pos/0_9.txt     split / class / ID_RATING.txt, one review a file, UTF-8
//! aclImdb/test/neg/0_2.txt
//! aclImdb/train/unsup/0_0.txt   reviews without a class: not a part that is read
//! ```
//!
//! Both forms fill one map keyed by part, id and rating, so the order of the examples depends
//! neither on the file system nor on the archive.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufReader, Read};
use std::path::{Component, Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use indicatif::ProgressBar;

use super::source::{measure, open};
use super::{Corpus, DataError, Example};

/// Reviews of one film have neighbouring ids (at most 30 a film); blocks of this many ids
/// keep nearly all of them together.
const IDS_PER_GROUP: u32 = 50;

const LABELS: [&str; 2] = ["negative", "positive"];

/// The folders that are read, in the order of the corpus: training before test, class 0 before 1.
const PARTS: [&str; 4] = ["train/neg", "train/pos", "test/neg", "test/pos"];

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
        "{bar:30} {pos}/{len} reviews {per_sec}",
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
    let (mut train, mut test) = (Vec::new(), Vec::new());
    let mut counts = [0usize; PARTS.len()];
    for ((part, id, _), text) in reviews {
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
        PARTS.len()
    };
    if let Some(part) = counts[..needed].iter().position(|count| *count == 0) {
        return Err(DataError::NotImdb {
            path: path.to_owned(),
            missing: PARTS[part].to_owned(),
        });
    }
    Ok(Corpus::new(LABELS.map(str::to_owned).to_vec(), train, test))
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// Twelve reviews and four strays; in no order.
    const FILES: [(&str, &str); 16] = [
        ("train/pos/120_8.txt", "p120"),
        ("train/pos/0_9.txt", "p0"),
        ("train/pos/3_7.txt", "p3<br />"),
        ("train/pos/49_7.txt", "p49"),
        ("train/neg/50_1.txt", "n50"),
        ("train/neg/7_2.txt", "n7 \u{e9}"),
        ("train/neg/10_4.txt", "n10"),
        ("test/pos/2_10.txt", "tp2"),
        ("test/pos/1_10.txt", "tp1"),
        ("test/neg/5_1.txt", ""),
        ("test/neg/6_1.txt", "tn6"),
        ("test/neg/11_1.txt", "tn11"),
        ("train/unsup/0_0.txt", "unlabelled"),
        ("train/pos/.hidden.txt", "stray"),
        ("train/labeledBow.feat", "9 0:9"),
        ("imdb.vocab", "the"),
    ];

    fn bar() -> ProgressBar {
        ProgressBar::hidden()
    }

    fn tree(root: &Path, keep: impl Fn(&str) -> bool) {
        for (name, text) in FILES.iter().filter(|(name, _)| keep(name)) {
            let file = root.join(name);
            fs::create_dir_all(file.parent().expect("parent")).expect("folder");
            fs::write(file, text).expect("write");
        }
    }

    fn tar_of(prefix: &str) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, text) in FILES {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            // `Builder::append_data` would drop the leading `./`.
            let name = format!("{prefix}{name}");
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            builder.append(&header, text.as_bytes()).expect("append");
        }
        builder.into_inner().expect("tar")
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), Default::default());
        packer.write_all(bytes).expect("gzip");
        packer.finish().expect("gzip")
    }

    fn archive(name: &str, bytes: &[u8]) -> Result<Corpus, DataError> {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("write");
        read_archive(&path, &bar())
    }

    #[test]
    fn directory_and_archive_give_one_corpus_in_one_order() {
        let folder = tempfile::tempdir().expect("folder");
        tree(&folder.path().join("aclImdb"), |_| true);
        let corpus = read_directory(folder.path(), &bar()).expect("parent");
        let inner = read_directory(&folder.path().join("aclImdb"), &bar()).expect("inner");
        assert_eq!(corpus, inner);

        let texts = |set: &[Example]| set.iter().map(|e| e.text.clone()).collect::<Vec<_>>();
        assert_eq!(corpus.labels, ["negative", "positive"]);
        assert_eq!(
            texts(&corpus.train),
            ["n7 \u{e9}", "n10", "n50", "p0", "p3<br />", "p49", "p120"]
        );
        assert_eq!(texts(&corpus.test), ["", "tn6", "tn11", "tp1", "tp2"]);
        let classes: Vec<usize> = corpus.train.iter().map(|e| e.label).collect();
        assert_eq!(classes, [0, 0, 0, 1, 1, 1, 1]);
        let groups: Vec<u32> = corpus.train.iter().map(|e| e.group).collect();
        assert_eq!(
            groups,
            [0, 0, 2, 1, 1, 1, 5],
            "fifty ids a group, within the class"
        );

        for prefix in ["", "./", "aclImdb/", "./aclImdb/"] {
            let tar = tar_of(prefix);
            assert_eq!(archive("a.tar", &tar).expect("tar"), corpus, "{prefix:?}");
            assert_eq!(
                archive("a.tar.gz", &gzip(&tar)).expect("gz"),
                corpus,
                "{prefix:?}"
            );
        }
    }

    #[test]
    fn a_missing_test_set_is_empty_and_half_of_one_is_an_error() {
        let folder = tempfile::tempdir().expect("folder");
        tree(folder.path(), |name| !name.starts_with("test"));
        assert!(
            read_directory(folder.path(), &bar())
                .expect("corpus")
                .test
                .is_empty()
        );
        tree(folder.path(), |name| name.starts_with("test/pos"));
        let error = read_directory(folder.path(), &bar())
            .expect_err("half")
            .to_string();
        assert!(error.contains("no reviews in test/neg"), "{error}");
    }

    #[test]
    fn what_is_not_imdb_is_told_what_it_lacks() {
        let folder = tempfile::tempdir().expect("folder");
        let error = read_directory(folder.path(), &bar())
            .expect_err("empty")
            .to_string();
        assert!(
            error.contains("not the IMDB data set") && error.contains("train/neg"),
            "{error}"
        );
        let error = archive("a.tar", &tar_of("other/"))
            .expect_err("other")
            .to_string();
        assert!(error.contains("train/neg"), "{error}");
        let missing = read_directory(&folder.path().join("no"), &bar()).expect_err("missing");
        assert!(matches!(missing, DataError::Io { .. }), "{missing}");
        let file = folder.path().join("notes.txt");
        fs::write(&file, "x").expect("write");
        let error = read_directory(&file, &bar()).expect_err("file");
        assert!(matches!(error, DataError::UnknownForm { .. }), "{error}");
        let error = archive("a.tgz", b"plain text").expect_err("not packed");
        assert!(matches!(error, DataError::Archive { .. }), "{error}");
    }

    #[test]
    fn every_truncation_of_an_archive_is_noticed() {
        let tar = tar_of("aclImdb/");
        // The two blocks of zeros at the end are the end mark; one of them is enough.
        for length in (0..=tar.len() - 1024).step_by(256) {
            let error = archive("a.tar", &tar[..length]).expect_err("cut");
            assert!(
                matches!(error, DataError::Truncated { .. }),
                "{length}: {error}"
            );
        }
        let packed = gzip(&tar);
        for length in 0..packed.len() {
            let error = archive("a.tar.gz", &packed[..length]).expect_err("cut");
            assert!(
                matches!(error, DataError::Truncated { .. }),
                "{length}: {error}"
            );
        }
    }

    #[test]
    fn a_flipped_bit_is_caught_by_the_checksum() {
        let mut packed = gzip(&tar_of(""));
        let trailer = packed.len() - 8;
        packed[trailer] ^= 1;
        let error = archive("a.tar.gz", &packed).expect_err("flipped");
        assert!(matches!(error, DataError::Archive { .. }), "{error}");
    }

    #[test]
    fn bad_bytes_and_bad_names_are_located() {
        let folder = tempfile::tempdir().expect("folder");
        tree(folder.path(), |_| true);
        let bad = folder.path().join("train/pos/1_7.txt");
        fs::write(&bad, b"ab\xff").expect("write");
        let error = read_directory(folder.path(), &bar())
            .expect_err("bytes")
            .to_string();
        assert!(
            error.contains("1_7.txt") && error.contains("byte 2"),
            "{error}"
        );
        fs::rename(&bad, folder.path().join("train/pos/one_7.txt")).expect("rename");
        let error = read_directory(folder.path(), &bar())
            .expect_err("name")
            .to_string();
        assert!(
            error.contains("one_7.txt") && error.contains("ID_RATING"),
            "{error}"
        );
    }
}
