//! The artifact: one file with everything that a device needs to know of a model.
//!
//! ```text
//! byte                                     little-endian throughout
//!  0   8   magic "SPINET\x1A\n"
//!  8   2   format version                  u16, now 3
//! 10   2   reserved, 0                     u16
//! 12   4   M: bytes of the manifest        u32
//! 16   4   D: bytes of the data            u32
//! 20   4   CRC-32/ISO-HDLC                 u32, of bytes 0..20 and of 24..end
//! 24   M   manifest                        postcard: [`Manifest`]; of an ensemble [`Together`]
//!                                          and the second network's [`Manifest`] behind it
//!  .   .   zeros to a multiple of 16
//!  .   D   data                            the tensors that the manifest points to by
//!                                          [`Blob`](crate::data::Blob)s, each at a multiple of 4
//! ```
//!
//! Postcard numbers the variants of an enum in their order: new ones go to the end, or the
//! version changes. Version 3 says of words what becomes of punctuation marks, and may have a wide
//! path. The file ends with the data; of an ensemble, that of the second network lies behind the
//! first's, and its blobs count from there. Nothing is copied: a manifest borrows its strings, a network its
//! weights, from the bytes given to [`Artifact::parse`], which must lie at an address divisible
//! by 4. Writing is the trainer's: it builds the same [`Manifest`] and calls [`seal`] on the
//! bytes.

mod companion;
mod header;
mod manifest;

pub use companion::{Companion, Together};
pub use header::{ALIGNMENT, HEADER_BYTES, MAGIC, VERSION, data_offset, seal, sections};
pub use manifest::{FrontSpec, Labels, Manifest, Task, Training};

use crate::{
    Network, Readout, Token,
    cell::{CellLayout, MAX_LAYERS},
    data::Data,
    error::ArtifactError,
    input::{InputLayer, InputSpec, Source},
    network::Layer,
    series::Series,
    shape::Dimensions,
    text::{Ngrams, Symbols, Vocabulary, special},
    wide::Wide,
};
use serde::Deserialize;

/// A model file that has been checked from end to end.
#[derive(Debug, Clone, Copy)]
pub struct Artifact<'a> {
    /// What the file says of itself.
    pub manifest: Manifest<'a>,
    /// What the model reads.
    pub front: Front<'a>,
    /// The names of the classes; of a model that classifies nothing, one without a name.
    pub labels: Labels<'a>,
    /// Its weights.
    pub network: Network<'a>,
    /// The other network of an ensemble of two; everything above is the first's.
    pub companion: Option<Companion<'a>>,
}

/// What a model reads.
#[derive(Debug, Clone, Copy)]
pub enum Front<'a> {
    /// Words of a text.
    Words(Vocabulary<'a>),
    /// Characters or bytes of a text.
    Symbols(Symbols<'a>),
    /// Vectors of numbers.
    Series(Series<'a>),
    /// Chosen n-grams of the words of a text.
    Ngrams(Ngrams<'a>),
}

impl<'a> Front<'a> {
    fn resolve(spec: &FrontSpec, data: Data<'a>) -> Result<Self, ArtifactError> {
        Ok(match spec {
            FrontSpec::Words { vocabulary, .. } => Self::Words(vocabulary.resolve(data)?),
            FrontSpec::Symbols(symbols) => Self::Symbols(symbols.resolve(data)?),
            FrontSpec::Series(series) => Self::Series(series.resolve(data)?),
            FrontSpec::Ngrams(ngrams) => Self::Ngrams(ngrams.resolve(data)?),
        })
    }

    /// The number of different tokens and the one that stands for any other; none of a series.
    fn tokens(&self) -> (usize, Token) {
        match self {
            Self::Words(vocabulary) => (vocabulary.tokens(), special::UNKNOWN),
            Self::Symbols(symbols) => (symbols.tokens(), symbols.boundary()),
            Self::Series(_) => (0, special::PAD),
            Self::Ngrams(ngrams) => (ngrams.tokens(), special::UNKNOWN),
        }
    }

    /// The number of logits that a task asks for.
    fn outputs(&self, task: &Task<'_>) -> Result<u16, ArtifactError> {
        match (task, self) {
            (Task::Classify { window: 1.., .. }, Self::Series(_)) => {
                Err(ArtifactError::OutOfRange("window"))
            }
            (Task::Classify { .. }, Self::Words(_) | Self::Series(_) | Self::Ngrams(_)) => {
                task.labels().outputs()
            }
            (Task::Generate, Self::Symbols(symbols)) => {
                u16::try_from(symbols.tokens()).map_err(|_| ArtifactError::OutOfRange("symbols"))
            }
            (Task::Generate, Self::Series(series)) => Ok(series.features()),
            (Task::Classify { .. }, Self::Symbols(_))
            | (Task::Generate, Self::Words(_) | Self::Ngrams(_)) => {
                Err(ArtifactError::OutOfRange("task"))
            }
        }
    }
}

impl<'a> Artifact<'a> {
    /// Checks a model file and borrows its parts.
    ///
    /// # Errors
    /// An [`ArtifactError`] for whatever is wrong with it; what it returns can be used without
    /// any further check.
    #[inline(never)]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ArtifactError> {
        let (manifests, data) = header::open(bytes)?;
        let (artifact, rest) = Self::resolve(manifests, data)?;
        if rest.is_empty() {
            return Ok(artifact);
        }
        let companion = Companion::read(rest, data)?;
        companion.check(&artifact)?;
        Ok(Self {
            companion: Some(companion),
            ..artifact
        })
    }

    /// Bytes of RAM that its state takes, both networks' of an ensemble; see
    /// [`Dimensions::state_bytes`].
    pub fn state_bytes(&self) -> usize {
        let own = self.network.dimensions().state_bytes();
        let second = self.companion.map(|companion| companion.artifact());
        let second = second.and_then(Result::ok);
        own + second.map_or(0, |second| second.network.dimensions().state_bytes())
    }

    /// The network that `manifests` begins with, and what follows on its manifest.
    #[inline(never)]
    fn resolve(manifests: &'a [u8], data: Data<'a>) -> Result<(Self, &'a [u8]), ArtifactError> {
        let (manifest, rest) = read::<Manifest<'_>>(manifests)?;
        let front = Front::resolve(&manifest.front, data)?;
        let artifact = Self {
            labels: manifest.task.labels(),
            network: network(&manifest, &front, data)?,
            front,
            manifest,
            companion: None,
        };
        Ok((artifact, rest))
    }
}

/// Reads a manifest, or what is between two.
///
/// Never inlined, like the rest of what parses: each takes hundreds of bytes of a device's stack,
/// which the next one can have.
#[inline(never)]
fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<(T, &'a [u8]), ArtifactError> {
    postcard::take_from_bytes(bytes).map_err(|_| ArtifactError::Manifest)
}

/// Borrows the network, from the input to the head, and adds its buffers up.
#[inline(never)]
fn network<'a>(
    manifest: &Manifest<'a>,
    front: &Front<'a>,
    data: Data<'a>,
) -> Result<Network<'a>, ArtifactError> {
    const LAYERS: ArtifactError = ArtifactError::OutOfRange("layers");
    let (task, input_size) = (&manifest.task, manifest.input.input_size());
    let vectors = match (front, &manifest.input) {
        (Front::Series(series), InputSpec::Vector { .. }) => series.features() == input_size,
        (Front::Series(_), _) | (_, InputSpec::Vector { .. }) => false,
        _ => true,
    };
    if !vectors {
        return Err(ArtifactError::OutOfRange("input"));
    }
    let outputs = front.outputs(task)?;
    let wide = wide(manifest, front, data, outputs)?;
    let (tokens, fallback) = front.tokens();
    let input = match (manifest.layers[0], manifest.input) {
        (Some(first), input) => input.resolve(data, tokens, fallback, first.input_rows())?,
        (None, _) if wide.is_none() => return Err(LAYERS),
        (None, InputSpec::None) => InputLayer::Vector,
        (None, _) => return Err(ArtifactError::OutOfRange("input")),
    };
    let mut dimensions = Dimensions {
        outputs,
        window: task.window(),
        wide: wide.map_or(0, |_| outputs),
        seen: match front {
            Front::Ngrams(ngrams) => ngrams.seen_length(),
            _ => 0,
        },
        ..Dimensions::default()
    };
    let (mut layers, mut scratch, mut top) = ([None; MAX_LAYERS], 0, 0);
    let mut source = input.source(input_size);
    let specs = manifest.layers.iter().map_while(Option::as_ref);
    for (layer, spec) in layers.iter_mut().zip(specs) {
        let (hidden_size, memory) = (spec.hidden_size(), spec.memory());
        let cell = spec.resolve(data, source)?;
        *layer = Some(Layer {
            cell,
            hidden_size,
            memory,
        });
        source = Source::Vector { width: hidden_size };
        dimensions.hidden = dimensions.hidden.checked_add(hidden_size).ok_or(LAYERS)?;
        dimensions.memory = dimensions.memory.checked_add(memory).ok_or(LAYERS)?;
        dimensions.widest = dimensions.widest.max(hidden_size);
        scratch = spec.scratch().max(scratch);
        top = hidden_size;
    }
    if manifest.layers.iter().flatten().count() != layers.iter().flatten().count() {
        return Err(LAYERS);
    }
    dimensions.input = input_size.checked_add(scratch).ok_or(LAYERS)?;
    let readout = task.readout();
    dimensions.pool = if readout == Readout::Last { 0 } else { top };
    let head = match top {
        0 => manifest.head.resolve_biases(data, "head", outputs.into())?,
        _ => (manifest.head).resolve(data, "head", outputs.into(), top.into())?,
    };
    Ok(Network {
        dimensions,
        input,
        input_size,
        layers,
        readout,
        head,
        wide,
    })
}

/// Borrows the weights of the wide path: of words or n-grams, and without a window.
fn wide<'a>(
    manifest: &Manifest<'_>,
    front: &Front<'_>,
    data: Data<'a>,
    outputs: u16,
) -> Result<Option<Wide<'a>>, ArtifactError> {
    let Some(spec) = &manifest.wide else {
        return Ok(None);
    };
    if !matches!(front, Front::Words(_) | Front::Ngrams(_)) {
        return Err(ArtifactError::OutOfRange("wide"));
    }
    if manifest.task.window() > 0 {
        return Err(ArtifactError::OutOfRange("window"));
    }
    let (tokens, fallback) = front.tokens();
    let wide = spec.resolve(data, tokens, fallback, outputs)?;
    Ok(Some(wide))
}
