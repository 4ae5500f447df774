//! What teachers said of some texts, on disk: asked once, learnt from often.
//!
//! ```text
//! offset  size  field
//! 0       8     magic: "SPINETSL"
//! 8       2     version, little-endian: 1
//! 10      32    SHA-256 of the body
//! 42      ...   body, in postcard's wire format: [`SoftLabels`]
//! ```

use super::settings;
use crate::{
    durable::{self, WriteError},
    teacher::Taught,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    io,
    path::{Path, PathBuf},
};

const MAGIC: &[u8; 8] = b"SPINETSL";
const VERSION: u16 = 1;
const HEADER: usize = 42;

/// What teachers said, and of which texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SoftLabels {
    /// Of which texts.
    pub texts: Texts,
    /// What they said.
    pub taught: Taught,
}

/// What tells some texts, and how they were held apart, from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    /// SHA-256 of labels and training examples.
    pub data: [u8; 32],
    /// SHA-256 of the texts without a label.
    pub unlabelled: [u8; 32],
    /// The seed of the split.
    pub seed: u64,
    /// Held out to validate, in thousandths.
    pub validation_permille: u16,
    /// Held out to test, in thousandths.
    pub test_permille: u16,
}

impl Texts {
    pub(super) fn new(data: [u8; 32], unlabelled: &[String], seed: u64, shares: [u16; 2]) -> Self {
        let mut hash = Sha256::new();
        for text in unlabelled {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        Self {
            data,
            unlabelled: hash.finalize().into(),
            seed,
            validation_permille: shares[0],
            test_permille: shares[1],
        }
    }
}

/// Why there are no soft labels.
#[derive(Debug, thiserror::Error)]
pub enum SoftLabelsError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It holds no soft labels, or damaged ones.
    #[error("{path}: {reason}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl SoftLabels {
    /// Writes them; a file of that name is replaced only when all is written.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        durable::write_with(path, |file| {
            let body = postcard::to_stdvec(self).map_err(io::Error::other)?;
            file.write_all(MAGIC)?;
            file.write_all(&VERSION.to_le_bytes())?;
            file.write_all(&Sha256::digest(&body))?;
            file.write_all(&body)
        })
    }

    /// Reads them.
    ///
    /// # Errors
    /// If the file is not there, is none of soft labels, of another version, or damaged.
    pub fn read(path: &Path) -> Result<Self, SoftLabelsError> {
        let bytes = std::fs::read(path).map_err(|source| SoftLabelsError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&bytes).map_err(|reason| SoftLabelsError::Format {
            path: path.to_owned(),
            reason,
        })
    }

    fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let Some((header, body)) = bytes.split_at_checked(HEADER) else {
            return Err("the file is too short for soft labels");
        };
        if !header.starts_with(MAGIC) {
            return Err("the file holds no soft labels");
        }
        if header[8..10] != VERSION.to_le_bytes() {
            return Err("soft labels of another version");
        }
        if header[10..] != *Sha256::digest(body) {
            return Err("the soft labels are damaged");
        }
        postcard::from_bytes(body).map_err(|_| "the soft labels are damaged")
    }

    /// Whether they are of these texts, so many of each kind.
    pub(super) fn are_of(&self, texts: &Texts, counts: [usize; 3], classes: usize) -> bool {
        let outputs = settings::outputs(classes);
        let taught = &self.taught;
        let parts = [&taught.labelled, &taught.unlabelled, &taught.validation];
        let lengths = parts.map(Vec::len);
        self.texts == *texts && lengths == counts.map(|count| count * outputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> SoftLabels {
        SoftLabels {
            texts: Texts::new([7; 32], &["a".into(), "bc".into()], 3, [100, 0]),
            taught: Taught {
                labelled: vec![0.5, -1.0],
                unlabelled: vec![2.0],
                validation: vec![],
            },
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.labels");
        sample().write(&path).unwrap();
        assert_eq!(SoftLabels::read(&path).unwrap(), sample());
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.labels");
        sample().write(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for (length, at, reason) in [
            (20, 0, "too short"),
            (bytes.len(), 0, "no soft labels"),
            (bytes.len(), 8, "another version"),
            (bytes.len(), 12, "damaged"),
            (bytes.len(), bytes.len() - 1, "damaged"),
            (bytes.len() - 1, 60, "damaged"),
        ] {
            let mut broken = bytes[..length].to_vec();
            broken[at] ^= 1;
            assert!(SoftLabels::parse(&broken).unwrap_err().contains(reason));
        }
    }

    #[test]
    fn texts_are_told_apart() {
        let of = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|&text| text.into()).collect();
            Texts::new([7; 32], &texts, 3, [100, 0])
        };
        assert_eq!(of(&["a", "bc"]), sample().texts);
        assert_ne!(of(&["ab", "c"]), sample().texts);
        assert!(sample().are_of(&of(&["a", "bc"]), [2, 1, 0], 2));
        assert!(!sample().are_of(&of(&["a", "bc"]), [2, 2, 0], 2));
    }
}
