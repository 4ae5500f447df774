//! Running text for language models: one file of any name, cut into parts in its own order.
//!
//! Owns the bytes and where they are cut. Parts are contiguous, so that what a model is judged
//! by never stands between what it has learnt from:
//!
//! ```text
//! | train ........................... | validation | test |
//! ```

use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use indicatif::ProgressBar;
use sha2::{Digest, Sha256};

use super::DataError;
use super::file::open;

/// The least that a part may have: a byte to read and one to foretell.
const LEAST: usize = 2;

/// A text in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextCorpus {
    /// What the weights are fitted to: the beginning.
    pub train: Vec<u8>,
    /// What choices are made on: what follows. Empty if none was asked for.
    pub validation: Vec<u8>,
    /// What is looked at once: the end. Empty if none was asked for.
    pub test: Vec<u8>,
    /// SHA-256 of the whole text, unpacked.
    pub sha256: [u8; 32],
}

/// Which shares of a text are held out, in bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextShares {
    /// For validation; 0 for none.
    pub validation: f32,
    /// For the test; 0 for none.
    pub test: f32,
}

/// Loads a text, unpacking it if its name ends in `.gz`. Whatever the bytes are, they are kept;
/// if they are UTF-8, no character is cut. `progress` is given a length, a style and a position,
/// and is left for the caller to finish.
pub fn load(
    path: &Path,
    shares: TextShares,
    progress: &ProgressBar,
) -> Result<TextCorpus, DataError> {
    let TextShares { validation, test } = shares;
    let held_out = f64::from(validation) + f64::from(test);
    // Written so that a NaN fails it.
    if !(validation >= 0.0 && test >= 0.0 && held_out < 1.0) {
        return Err(DataError::Fractions { validation, test });
    }
    let text = read(path, progress)?;
    if text.is_empty() {
        return Err(DataError::Empty {
            path: path.to_owned(),
        });
    }
    cut(path, text, shares)
}

fn read(path: &Path, progress: &ProgressBar) -> Result<Vec<u8>, DataError> {
    let path_owned = || path.to_owned();
    let mut file = progress.wrap_read(BufReader::new(open(path, progress)?));
    let mut text = Vec::new();
    let packed = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("gz"));
    if !packed {
        let read = file.read_to_end(&mut text);
        return read.map(|_| text).map_err(|source| DataError::Io {
            path: path_owned(),
            source,
        });
    }
    match MultiGzDecoder::new(file).read_to_end(&mut text) {
        Ok(_) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(DataError::Truncated { path: path_owned() })
        }
        Err(source) => Err(DataError::Archive {
            path: path_owned(),
            source,
        }),
    }
}

/// Cuts from the end, so that each part takes over the buffer or copies the smaller piece.
fn cut(path: &Path, mut train: Vec<u8>, shares: TextShares) -> Result<TextCorpus, DataError> {
    let sha256 = Sha256::digest(&train).into();
    let bytes = train.len();
    let share = |share: f32| (bytes as f64 * f64::from(share)).round() as usize;
    let is_text = std::str::from_utf8(&train).is_ok();
    let before = |text: &[u8], wanted: usize| match is_text {
        true => boundary(text, text.len().saturating_sub(wanted)),
        false => text.len().saturating_sub(wanted),
    };
    let test = train.split_off(before(&train, share(shares.test)));
    let validation = train.split_off(before(&train, share(shares.validation)));
    let parts = [
        ("training", train.len(), true),
        ("validation", validation.len(), shares.validation > 0.0),
        ("test", test.len(), shares.test > 0.0),
    ];
    match parts
        .into_iter()
        .find(|&(_, share, asked)| asked && share < LEAST)
    {
        Some((part, share, _)) => Err(DataError::TooShort {
            path: path.to_owned(),
            bytes,
            part,
            share,
        }),
        None => Ok(TextCorpus {
            train,
            validation,
            test,
            sha256,
        }),
    }
}

/// The last place at or before `at` where a character of UTF-8 begins.
fn boundary(text: &[u8], at: usize) -> usize {
    let continues = |at: &usize| text.get(*at).is_some_and(|byte| byte & 0xc0 == 0x80);
    (0..=at).rev().find(|at| !continues(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    fn loaded(
        name: &str,
        bytes: &[u8],
        validation: f32,
        test: f32,
    ) -> Result<TextCorpus, DataError> {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("write");
        load(
            &path,
            TextShares { validation, test },
            &ProgressBar::hidden(),
        )
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).expect("pack");
        encoder.finish().expect("pack")
    }

    #[test]
    fn the_parts_are_the_text_in_its_order() {
        let text: Vec<u8> = (0..100).collect();
        let corpus = loaded("any.name", &text, 0.1, 0.25).expect("text");
        assert_eq!(corpus.train, text[..65]);
        assert_eq!(corpus.validation, text[65..75]);
        assert_eq!(corpus.test, text[75..]);
        let whole = loaded("t.txt", &text, 0.0, 0.0).expect("text");
        assert_eq!(whole.train, text);
        assert!(whole.validation.is_empty() && whole.test.is_empty());
        assert_eq!(whole.sha256, corpus.sha256);
        assert_eq!(whole.sha256[..], Sha256::digest(&text)[..]);
    }

    #[test]
    fn no_character_is_cut() {
        let text = "a€".repeat(25);
        for hundredth in 2..40 {
            let share = hundredth as f32 / 100.0;
            let corpus = loaded("t.txt", text.as_bytes(), share, share).expect("text");
            let parts = [corpus.train, corpus.validation, corpus.test];
            let parts = parts.map(|part| String::from_utf8(part).expect("whole characters"));
            assert_eq!(parts.concat(), text);
            let target = text.len() as f32 * share;
            assert!((parts[1].len() as f32 - target).abs() < 4.0, "{share}");
        }
    }

    #[test]
    fn a_packed_text_is_the_same_text() {
        let text = b"one two three four ".repeat(9);
        let plain = loaded("t.txt", &text, 0.2, 0.0).expect("plain");
        assert_eq!(
            loaded("t.txt.gz", &packed(&text), 0.2, 0.0).expect("packed"),
            plain
        );
        let halves = [packed(&text[..50]), packed(&text[50..])].concat();
        assert_eq!(
            loaded("T.GZ", &halves, 0.2, 0.0).expect("two members"),
            plain
        );
    }

    #[test]
    fn a_damaged_pack_is_told_from_a_short_one() {
        let mut pack = packed(&b"one two three four ".repeat(9));
        let short = loaded("t.gz", &pack[..pack.len() - 9], 0.2, 0.0).expect_err("must fail");
        assert!(matches!(short, DataError::Truncated { .. }), "{short}");
        let last = pack.len() - 6;
        pack[last] ^= 0x55;
        let damaged = loaded("t.gz", &pack, 0.2, 0.0).expect_err("must fail");
        assert!(matches!(damaged, DataError::Archive { .. }), "{damaged}");
        assert!(loaded("t.gz", b"no pack at all", 0.2, 0.0).is_err());
    }

    #[test]
    fn nothing_and_too_little_are_errors() {
        let empty = loaded("t.txt", b"", 0.1, 0.0).expect_err("must fail");
        assert!(matches!(empty, DataError::Empty { .. }), "{empty}");
        let short = loaded("t.txt", b"123456789", 0.1, 0.0).expect_err("must fail");
        assert!(
            short.to_string().contains("validation part would get 1"),
            "{short}"
        );
        assert!(loaded("t.txt", b"1", 0.0, 0.0).is_err());
        let shares = loaded("t.txt", b"1234", 0.5, 0.5).expect_err("must fail");
        assert!(matches!(shares, DataError::Fractions { .. }), "{shares}");
        let shares = TextShares {
            validation: 0.1,
            test: 0.0,
        };
        let missing = load(Path::new("no/such/text"), shares, &ProgressBar::hidden());
        assert!(matches!(missing, Err(DataError::Io { .. })));
    }
}
