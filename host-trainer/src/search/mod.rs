//! Searching for the best recipe under a budget of bytes.
//!
//! ```text
//! space -- draw(seed, trial) --> recipe -- foresee --> fits? -- spinet train --> results
//! ```
//!
//! [`Space`] says what is drawn, [`Budget`] what a model may take. A [`Folder`] holds everything
//! that is known: whoever has it goes on where another process stopped. A trial is a process of
//! its own ([`Trainer`]); [`Results`] reads what they left, and `chart` draws it.

mod budget;
mod chart;
mod error;
mod fields;
mod folder;
mod results;
mod space;
mod trainer;

pub use budget::{Budget, Bytes, BytesError};
pub use error::SearchError;
pub use fields::{flags, to_toml};
pub use folder::{Folder, TrialFiles};
pub use results::{Fate, Measured, Results, Trial};
pub use space::Space;
pub use trainer::{Ending, Trainer};

use crate::{
    pipeline::{Extent, Footprint, foresee},
    recipe::{ReadName, Recipe},
};
use rand::SeedableRng;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;

/// How often a recipe is drawn before a trial is given up.
const DRAWS: u32 = 1_000;
/// Where the trials' streams of random numbers begin: 2^64 over the golden ratio, and odd.
const STRIDE: u64 = 0x9E37_79B9_7F4A_7C15;

/// Everything that decides which recipes are tried on what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// What a model may take.
    pub budget: Budget,
    /// What the trials have in common. Its seed is that of the draws as well.
    pub base: Recipe,
    /// What they differ in.
    pub space: Space,
    /// What they are trained on.
    pub data: DataSet,
}

/// Labelled texts, by how they are named and what they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSet {
    /// The flags of `spinet train` that name them, as seen from where this process is.
    #[serde(skip)]
    pub flags: Vec<OsString>,
    /// The SHA-256 of labels and training examples, in hexadecimal.
    pub sha256: String,
    /// What models of them take.
    pub extent: Extent,
}

impl Search {
    /// Whether there is a recipe to begin with.
    ///
    /// # Errors
    /// A [`SearchError`] that names the field.
    pub fn check(&self) -> Result<(), SearchError> {
        let seed = self.base.seed;
        if i64::try_from(seed).is_err() {
            return Err(SearchError::Seed(seed));
        }
        self.recipe(0).map(drop)
    }

    /// The recipe of a trial, which depends on the seed and the trial's number alone, and what
    /// its model will take. What is drawn is drawn again while it is no recipe or does not fit.
    ///
    /// # Errors
    /// [`SearchError::NothingFits`] if that has no end.
    pub fn recipe(&self, trial: u32) -> Result<(Recipe, Footprint), SearchError> {
        let stream = STRIDE.wrapping_mul(u64::from(trial) + 1);
        let mut rng = Pcg64::seed_from_u64(self.base.seed ^ stream);
        let mut nearest = Nearest::default();
        for _ in 0..DRAWS {
            let recipe = self.base.clone().with(self.space.draw(&mut rng));
            if !matches!(
                recipe.reads,
                ReadName::Auto | ReadName::Words | ReadName::Ngrams
            ) {
                return Err(SearchError::Reads(fields::text(&recipe.reads)));
            }
            let fits = |footprint| self.budget.holds(footprint);
            match foresee(&recipe, &self.data.extent, fits) {
                Ok(footprint) if fits(footprint) => return Ok((recipe, footprint)),
                Ok(footprint) => nearest.missed(footprint, self.budget),
                Err(error) => nearest.reason = Some(error.to_string()),
            }
        }
        Err(SearchError::NothingFits {
            trial,
            draws: DRAWS,
            budget: self.budget,
            nearest: nearest.to_string(),
        })
    }

    /// The fields of a recipe that were drawn, with their values.
    pub fn drawn(&self, recipe: &Recipe) -> String {
        let fields = self.space.fields();
        let fields = fields.map(|field| format!("{field}={}", fields::field(recipe, field)));
        fields.collect::<Vec<_>>().join(" ")
    }
}

/// What was drawn in vain.
#[derive(Default)]
struct Nearest {
    /// How many times the budget it takes, and what.
    footprint: Option<(f64, Footprint)>,
    /// Why the last that is no network is none.
    reason: Option<String>,
}

impl Nearest {
    fn missed(&mut self, footprint: Footprint, budget: Budget) {
        let times = budget.times(footprint);
        if self.footprint.is_none_or(|(least, _)| times < least) {
            self.footprint = Some((times, footprint));
        }
    }
}

impl std::fmt::Display for Nearest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.footprint, &self.reason) {
            (Some((_, Footprint { flash, ram })), _) => {
                write!(f, "the nearest takes at least {flash} and {ram}")
            }
            (None, reason) => f.write_str(reason.as_deref().unwrap_or("none was drawn")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::RecipeFields;

    fn search(flash: u64, ram: u64) -> Search {
        Search {
            budget: Budget {
                flash: Bytes(flash),
                ram: Bytes(ram),
            },
            base: Recipe::default(),
            space: Space::load(None).unwrap(),
            data: DataSet {
                flags: vec!["--data".into(), "builtin".into()],
                sha256: "0".repeat(64),
                extent: Extent {
                    labels: vec!["no".into(), "yes".into()],
                    words: 20_000,
                    words_and_marks: 20_011,
                    own_test: false,
                },
            },
        }
    }

    #[test]
    fn a_trial_is_drawn_from_the_seed_and_its_number_alone_and_fits() {
        let search = search(32 << 10, 1 << 10);
        let recipes: Vec<_> = (0..12).map(|trial| search.recipe(trial).unwrap()).collect();
        for (trial, (recipe, footprint)) in recipes.iter().enumerate().rev() {
            assert!(search.budget.holds(*footprint), "{footprint:?}");
            recipe.check().unwrap();
            assert_eq!(search.recipe(trial as u32).unwrap().0, *recipe);
            let same = recipes.iter().filter(|other| other.0 == *recipe);
            assert_eq!(same.count(), 1, "{recipe:?}");
        }
        let mut other = search.clone();
        other.base.seed = 2;
        assert_ne!(
            other.recipe(0).unwrap().0.learning_rate,
            recipes[0].0.learning_rate
        );
    }

    #[test]
    fn a_search_without_end_says_what_came_nearest() {
        let ram = search(1 << 20, 1).check().unwrap_err().to_string();
        assert!(ram.contains("the nearest takes at least"), "{ram}");
        let flash = search(50, 1 << 20).check().unwrap_err().to_string();
        assert!(
            flash.contains("50 bytes of flash") && flash.contains("nearest"),
            "{flash}"
        );
        let fixed = RecipeFields {
            reads: Some(ReadName::Words),
            wide: Some(true),
            ..RecipeFields::default()
        };
        let mut never = search(1 << 20, 1 << 20);
        never.space = never.space.without(&fixed);
        never.base = never.base.with(fixed);
        let error = never.check().unwrap_err().to_string();
        assert!(error.contains("wide is true"), "{error}");
    }

    #[test]
    fn what_reads_no_labelled_texts_is_refused() {
        let mut search = search(1 << 20, 1 << 20);
        let fixed = RecipeFields {
            reads: Some(ReadName::Bytes),
            ..RecipeFields::default()
        };
        search.space = search.space.without(&fixed);
        search.base = search.base.with(fixed);
        assert!(
            search
                .check()
                .unwrap_err()
                .to_string()
                .contains("reads is bytes")
        );
        search.base.seed = u64::MAX;
        assert!(matches!(search.check(), Err(SearchError::Seed(u64::MAX))));
    }
}
