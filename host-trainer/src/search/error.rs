//! Why a search, or one of its trials, is impossible.

use super::budget::Budget;
use crate::{curves::CurveError, durable::WriteError, inference::ModelError, recipe::RecipeError};
use std::{
    io,
    path::{Path, PathBuf},
};

/// Why a search, or one of its trials, is impossible.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// A file or folder cannot be read or made.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A space that is not TOML.
    #[error("{}, line {line}: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// A field of a space that cannot be drawn.
    #[error("{}: {field}: {reason}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// The field.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A seed that a recipe in TOML cannot have.
    #[error("seed is {0}, a search's must be below 2^63")]
    Seed(u64),
    /// A recipe for something else than labelled texts.
    #[error("reads is {0}; a search is for labelled texts, read as words or ngrams")]
    Reads(String),
    /// No recipe of the space fits.
    #[error(
        "trial {trial}: of {draws} recipes drawn none fits {} of flash and {} of RAM; {nearest}",
        budget.flash, budget.ram
    )]
    NothingFits {
        /// The trial.
        trial: u32,
        /// How often a recipe was drawn.
        draws: u32,
        /// What it should fit.
        budget: Budget,
        /// What came nearest to it.
        nearest: String,
    },
    /// A folder of another search.
    #[error("{}: the folder of another search: {field} is {found} there, not {asked}", path.display())]
    OtherSearch {
        /// The folder.
        path: PathBuf,
        /// What is different.
        field: String,
        /// What it is in the folder.
        found: String,
        /// What it is now.
        asked: String,
    },
    /// A file of the folder that this program has not written.
    #[error("{}: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Line, column and what is wrong there.
        source: serde_json::Error,
    },
    /// A folder in which nothing was searched.
    #[error("{}: not the folder of a search, there is no search.json", path.display())]
    NoSearch {
        /// The folder.
        path: PathBuf,
    },
    /// What the trials have in common.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// A result cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A trial's model cannot be read.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The results cannot be drawn.
    #[error(transparent)]
    Curves(#[from] CurveError),
    /// The results have no form as a table.
    #[error("results: {0}")]
    Csv(#[from] csv::Error),
}

impl SearchError {
    /// A file or folder that cannot be read or made.
    pub(super) fn read(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Self::Io { path, source }
    }

    /// A file that this program has not written.
    pub(super) fn json(path: &Path, source: serde_json::Error) -> Self {
        let path = path.to_owned();
        Self::Json { path, source }
    }
}

/// What is wrong with a TOML value, in one line.
pub(super) fn reason(error: &toml::de::Error) -> String {
    error.message().trim().replace('\n', ", ")
}
