//! A network on disk, as training left it.
//!
//! ```text
//! offset  size  field
//! 0       8     magic: "SPINETCK"
//! 8       2     version, little-endian: 2
//! 10      32    SHA-256 of the body
//! 42      ...   body, in postcard's wire format: configuration, tensors (name, rows, columns,
//!               numbers in row order), epoch, score
//! ```
//!
//! It holds no times and no paths: the same training writes the same bytes.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::{fs, io};

use ndarray::Array2;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::history::Score;
use crate::durable::{self, WriteError};
use crate::network::{Network, NetworkConfig, ParametersError, Tensor};

const MAGIC: &[u8; 8] = b"SPINETCK";
const VERSION: u16 = 2;
const HEADER: usize = 42;

/// A network and the epoch it comes from.
#[derive(Clone)]
pub struct Checkpoint {
    /// Configuration and weights.
    pub network: Network,
    /// The epoch after which the weights were as they are, from 1.
    pub epoch: usize,
    /// What the epoch was judged by.
    pub score: Score,
}

#[derive(Serialize, Deserialize)]
struct Body<'a> {
    config: Cow<'a, NetworkConfig>,
    tensors: Vec<StoredTensor<'a>>,
    epoch: usize,
    score: Score,
}

#[derive(Serialize, Deserialize)]
struct StoredTensor<'a> {
    name: Cow<'a, str>,
    rows: usize,
    columns: usize,
    values: Cow<'a, [f32]>,
}

impl Checkpoint {
    /// Writes the checkpoint; a file of that name is replaced only when all is written.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        write(path, &self.network, self.epoch, self.score)
    }

    /// Reads a checkpoint back and proves it whole.
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        let fail = |problem| CheckpointError {
            path: path.to_owned(),
            problem,
        };
        let bytes = fs::read(path).map_err(|error| fail(CheckpointProblem::Read(error)))?;
        Self::decode(&bytes).map_err(fail)
    }

    fn decode(bytes: &[u8]) -> Result<Self, CheckpointProblem> {
        if !bytes.starts_with(MAGIC) {
            return Err(CheckpointProblem::Magic);
        }
        let Some((header, body)) = bytes.split_at_checked(HEADER) else {
            return Err(CheckpointProblem::Truncated(bytes.len()));
        };
        let version = u16::from_le_bytes([header[8], header[9]]);
        if version != VERSION {
            return Err(CheckpointProblem::Version(version));
        }
        if Sha256::digest(body).as_slice() != &header[10..] {
            return Err(CheckpointProblem::Hash);
        }
        let body: Body = postcard::from_bytes(body).map_err(|_| CheckpointProblem::Body)?;
        let tensors = body.tensors.into_iter().map(StoredTensor::restore);
        let tensors = tensors.collect::<Result<Vec<_>, _>>()?;
        let network = Network::with_tensors(body.config.into_owned(), tensors)?;
        Ok(Self {
            network,
            epoch: body.epoch,
            score: body.score,
        })
    }
}

impl StoredTensor<'_> {
    fn restore(self) -> Result<Tensor, CheckpointProblem> {
        let shape = (self.rows, self.columns);
        let values = Array2::from_shape_vec(shape, self.values.into_owned());
        let values = values.map_err(|_| CheckpointProblem::Body)?;
        Ok(Tensor {
            name: self.name.into_owned(),
            values,
        })
    }
}

/// Writes a checkpoint without taking the network over.
pub(crate) fn write(
    path: &Path,
    network: &Network,
    epoch: usize,
    score: Score,
) -> Result<(), WriteError> {
    let tensors = network.parameters().iter().map(|tensor| StoredTensor {
        name: Cow::Borrowed(&tensor.name),
        rows: tensor.values.nrows(),
        columns: tensor.values.ncols(),
        values: Cow::Borrowed(tensor.as_slice()),
    });
    let config = Cow::Borrowed(network.config());
    let body = Body {
        config,
        tensors: tensors.collect(),
        epoch,
        score,
    };
    let body = postcard::to_stdvec(&body).map_err(|error| WriteError::Io {
        path: path.to_owned(),
        source: io::Error::other(error),
    })?;
    let mut bytes = Vec::with_capacity(HEADER + body.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&Sha256::digest(&body));
    bytes.extend_from_slice(&body);
    durable::write(path, &bytes)
}

/// A checkpoint that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct CheckpointError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub problem: CheckpointProblem,
}

/// What is wrong with a checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointProblem {
    /// It cannot be opened or read.
    #[error("cannot be read: {0}")]
    Read(io::Error),
    /// It is another kind of file.
    #[error("is not a checkpoint: it does not begin with SPINETCK")]
    Magic,
    /// It ends within the header.
    #[error("is cut off: {0} bytes are shorter than the header's {HEADER}")]
    Truncated(usize),
    /// It was written by another version.
    #[error("has version {0}; this program reads version {VERSION}")]
    Version(u16),
    /// Its content is not what was written.
    #[error("is damaged: the SHA-256 of its content differs from the header's")]
    Hash,
    /// Its content has the right hash but not the right form.
    #[error("has a malformed body")]
    Body,
    /// Its tensors do not make up the network it describes.
    #[error("holds no valid network: {0}")]
    Network(#[from] ParametersError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::InputKind;

    fn checkpoint() -> Checkpoint {
        let config = NetworkConfig::simple_rnn(InputKind::Embedding { dim: 3 }, 11, 5);
        let network = Network::new(config, 9).unwrap();
        Checkpoint {
            network,
            epoch: 4,
            score: Score {
                loss: 0.25,
                accuracy: 0.875,
            },
        }
    }

    #[test]
    fn comes_back_as_it_was_and_replaces_the_older() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("best.ckpt");
        fs::write(&path, "older").unwrap();
        let written = checkpoint();
        written.write(&path).unwrap();
        let read = Checkpoint::read(&path).unwrap();
        assert_eq!(read.network.parameters(), written.network.parameters());
        assert_eq!(read.network.config(), written.network.config());
        assert_eq!((read.epoch, read.score), (written.epoch, written.score));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    /// Any byte changed and any length cut off is noticed.
    #[test]
    fn damage_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("best.ckpt");
        checkpoint().write(&path).unwrap();
        let good = fs::read(&path).unwrap();
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 0x10;
            let problem = Checkpoint::decode(&bad).err();
            match place {
                0..8 => assert!(matches!(problem, Some(CheckpointProblem::Magic))),
                8..10 => assert!(matches!(problem, Some(CheckpointProblem::Version(_)))),
                _ => assert!(matches!(problem, Some(CheckpointProblem::Hash))),
            }
            assert!(Checkpoint::decode(&good[..place]).is_err());
        }
    }

    #[test]
    fn errors_name_the_file() {
        let error = Checkpoint::read(Path::new("no/such.ckpt")).err().unwrap();
        assert!(
            error
                .to_string()
                .starts_with("no/such.ckpt: cannot be read: ")
        );
        let error = checkpoint()
            .write(Path::new("no/such/folder/x.ckpt"))
            .unwrap_err();
        assert!(matches!(error, WriteError::NoFolder { .. }));
    }
}
