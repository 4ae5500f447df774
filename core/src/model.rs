//! A checked model, and where a program has it: beside its state, as it was loaded, or in flash,
//! where it was [compiled in](crate::emit).

use crate::{
    Artifact, Network,
    artifact::{Front, FrontSpec, Labels, Task},
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
    pub fn new(artifact: &Artifact<'a>) -> Self {
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

/// Where a program has its model: in a [`Checked`] itself, or in a constant that a type without a
/// value stands for, so that the compiler sees what it computes with and leaves the rest out.
pub trait Model<'a> {
    /// The model.
    fn checked(&self) -> &Checked<'a>;
}

impl<'a> Model<'a> for Checked<'a> {
    #[inline]
    fn checked(&self) -> &Checked<'a> {
        self
    }
}
