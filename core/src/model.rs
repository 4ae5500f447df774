//! A checked model, and where a program has it: beside its state, as it was loaded, or in flash,
//! where it was [compiled in](crate::emit).

use crate::{
    Artifact, ArtifactError, Network,
    artifact::{Companion, Front, FrontSpec, Labels, Task},
    emit::parts,
    series::Series,
    text::{Marks, Symbols, Unit},
};

/// What is left of an [`Artifact`] for those who run it: its parts without the description.
#[derive(Debug, Clone, Copy)]
pub struct Checked<'a> {
    pub(crate) front: Front<'a>,
    /// Whether a sequence of words begins with the start token.
    pub(crate) start: bool,
    /// What becomes of punctuation marks, where words are read.
    pub(crate) marks: Marks,
    pub(crate) task: Task<'a>,
    pub(crate) network: Network<'a>,
}

parts!("model", Checked { front: Front<'a>, start: bool, marks: Marks, task: Task<'a>, network: Network<'a> });

impl<'a> Checked<'a> {
    /// The parts of an artifact.
    ///
    /// # Errors
    /// [`ArtifactError::Ensemble`] if it is one of two networks: see [`Ensemble`].
    pub fn new(artifact: &Artifact<'a>) -> Result<Self, ArtifactError> {
        match artifact.companion {
            None => Ok(Self::first(artifact)),
            Some(_) => Err(ArtifactError::Ensemble),
        }
    }

    /// The parts of an artifact's first network.
    pub(crate) fn first(artifact: &Artifact<'a>) -> Self {
        let (start, marks) = match artifact.manifest.front {
            FrontSpec::Words { start, marks, .. } => (start, marks),
            FrontSpec::Ngrams(ngrams) => (false, ngrams.marks),
            FrontSpec::Symbols(_) | FrontSpec::Series(_) => (false, Marks::Dropped),
        };
        Self {
            front: artifact.front,
            start,
            marks,
            task: artifact.manifest.task,
            network: artifact.network,
        }
    }

    /// What the model reads.
    pub const fn front(&self) -> Front<'a> {
        self.front
    }

    /// What the model is for.
    pub const fn task(&self) -> Task<'a> {
        self.task
    }

    /// The names of the classes; of a model that classifies nothing, one without a name.
    pub const fn labels(&self) -> Labels<'a> {
        self.task.labels()
    }

    /// How values become components of vectors; of a model that reads none, none.
    #[inline]
    pub(crate) fn series(&self) -> Series<'a> {
        match self.front {
            Front::Series(series) => series,
            _ => Series::from_parts(&[], &[]),
        }
    }

    /// The symbols that are read and written; of a model that reads none, none.
    #[inline]
    pub(crate) fn symbols(&self) -> Symbols<'a> {
        match self.front {
            Front::Symbols(symbols) => symbols,
            _ => Symbols::from_parts(Unit::Byte, &[]),
        }
    }

    /// Its weights.
    pub const fn network(&self) -> &Network<'a> {
        &self.network
    }
}

/// The second network of an ensemble, and what each of the two counts.
#[derive(Debug, Clone, Copy)]
pub struct Second<'a> {
    pub(crate) checked: Checked<'a>,
    /// Of the first network and of this one, Q4.12.
    pub(crate) weights: [u16; 2],
}

parts!("model", Second { checked: Checked<'a>, weights: [u16; 2] });

impl<'a> Second<'a> {
    /// The parts of an artifact's companion.
    ///
    /// # Errors
    /// None of an artifact that was parsed.
    pub(crate) fn new(companion: &Companion<'a>) -> Result<Self, ArtifactError> {
        Ok(Self {
            checked: Checked::first(&companion.artifact()?),
            weights: companion.weights,
        })
    }

    /// The network with its front end.
    pub const fn checked(&self) -> &Checked<'a> {
        &self.checked
    }
}

/// One network or two that read the same text, each with a front end of its own: of two, the
/// logits are added, with a weight each ([`weighted_sum`](crate::fixed::weighted_sum)).
///
/// ```
/// use spinet_core::{Artifact, Classifier, Shape, model::Ensemble, shape::Pair};
///
/// /// As `spinet inspect` prints it.
/// type Sentiment = Pair<Shape<16, 32, 32, 0, 32, 1, 0>, Shape<8, 64, 64, 0, 64, 1, 0, 15, 1, 439>>;
///
/// fn judge(flash: &'static [u8], review: &str) -> Result<bool, spinet_core::ArtifactError> {
///     let artifact = Artifact::parse(flash)?;
///     let mut classifier = Classifier::<Sentiment, _>::of(Ensemble::new(&artifact)?)?;
///     classifier.feed(review.as_bytes());
///     Ok(classifier.finish().label == "positive")
/// }
/// # let _ = judge;
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Ensemble<'a> {
    first: Checked<'a>,
    second: Option<Second<'a>>,
}

impl<'a> Ensemble<'a> {
    /// The parts of an artifact, of its companion too if it has one.
    ///
    /// # Errors
    /// None of an artifact that was parsed.
    pub fn new(artifact: &Artifact<'a>) -> Result<Self, ArtifactError> {
        let second = artifact.companion.as_ref().map(Second::new);
        Ok(Self {
            first: Checked::first(artifact),
            second: second.transpose()?,
        })
    }
}

impl<'a> Model<'a> for Ensemble<'a> {
    #[inline]
    fn checked(&self) -> &Checked<'a> {
        &self.first
    }

    #[inline]
    fn second(&self) -> Option<&Second<'a>> {
        self.second.as_ref()
    }
}

/// Where a program has its model: in a [`Checked`] itself, or in a constant that a type without a
/// value stands for, so that the compiler sees what it computes with and leaves the rest out.
pub trait Model<'a> {
    /// The model; of an ensemble, its first network.
    fn checked(&self) -> &Checked<'a>;

    /// The other network of an ensemble.
    #[inline]
    fn second(&self) -> Option<&Second<'a>> {
        None
    }
}

impl<'a> Model<'a> for Checked<'a> {
    #[inline]
    fn checked(&self) -> &Checked<'a> {
        self
    }
}
