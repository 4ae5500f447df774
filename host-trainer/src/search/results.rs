//! What the trials of a folder are worth, and which of them are on the Pareto front.

use super::{
    Folder, Search, SearchError, chart, fields,
    folder::{Failure, Provenance, read},
};
use crate::{durable, inference::Model, pipeline::Footprint, recipe::Recipe, training::Score};
use std::{cmp::Ordering, path::PathBuf};

/// A trial that came to an end.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Its number.
    pub number: u32,
    /// What was tried.
    pub recipe: Recipe,
    /// What came of it.
    pub fate: Fate,
}

/// What came of a trial.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// A model within the budget.
    Fits(Measured),
    /// A model beyond it, which does not count.
    TooLarge(Measured),
    /// No model, and why.
    Failed(String),
}

/// A model, measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// What it takes.
    pub footprint: Footprint,
    /// What the artifact is worth on the validation examples.
    pub score: Score,
    /// What the float network is.
    pub float: Score,
}

impl Measured {
    /// The better one first: by accuracy, then by loss.
    fn by_score(&self, other: &Self) -> Ordering {
        let (one, two) = (&self.score, &other.score);
        let accuracy = two.accuracy.total_cmp(&one.accuracy);
        accuracy.then(one.loss.total_cmp(&two.loss))
    }
}

/// All that came to an end.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    /// By their numbers.
    pub trials: Vec<Trial>,
}

impl Results {
    /// Reads what the trials left.
    ///
    /// # Errors
    /// A [`SearchError`] that names the file.
    pub fn read(folder: &Folder, search: &Search) -> Result<Self, SearchError> {
        let trials = folder.ended()?.into_iter();
        let trials = trials.map(|number| Trial::read(folder, search, number));
        let trials = trials.collect::<Result<_, _>>()?;
        Ok(Self { trials })
    }

    /// The trials that none is better than without being larger, from the smallest to the best:
    /// bytes of flash against accuracy; of the same accuracy, the lower loss counts.
    pub fn front(&self) -> Vec<(&Trial, Measured)> {
        let fitting = |trial| match trial {
            &Trial {
                fate: Fate::Fits(measured),
                ..
            } => Some((trial, measured)),
            _ => None,
        };
        let mut fitting: Vec<_> = self.trials.iter().filter_map(fitting).collect();
        fitting.sort_by(|(_, one), (_, other)| {
            let size = one.footprint.flash.cmp(&other.footprint.flash);
            size.then(one.by_score(other))
        });
        let mut front: Vec<(&Trial, Measured)> = Vec::new();
        for candidate in fitting {
            let better = |last: &(&Trial, Measured)| candidate.1.by_score(&last.1).is_lt();
            if front.last().is_none_or(better) {
                front.push(candidate);
            }
        }
        front
    }

    /// Writes the table of all trials and, where one fits, the best recipe and the chart; gives
    /// the files that were written.
    ///
    /// # Errors
    /// If one of them cannot be written.
    pub fn write(&self, folder: &Folder, search: &Search) -> Result<Vec<PathBuf>, SearchError> {
        let table = folder.file("results.csv");
        durable::write(&table, &self.csv(search)?)?;
        let mut written = vec![table];
        if let Some((trial, measured)) = self.front().last() {
            let best = folder.file("best.toml");
            durable::write(&best, best_recipe(trial, *measured, search).as_bytes())?;
            let chart = folder.file("pareto.svg");
            durable::write(&chart, chart::draw(self, search.budget)?.as_bytes())?;
            written.extend([best, chart]);
        }
        Ok(written)
    }

    /// A line for each trial: what it takes and is worth, and the fields that were drawn.
    fn csv(&self, search: &Search) -> Result<Vec<u8>, SearchError> {
        const COLUMNS: [&str; 8] = [
            "trial",
            "state",
            "flash_bytes",
            "ram_bytes",
            "accuracy",
            "loss",
            "float_accuracy",
            "float_loss",
        ];
        let mut table = csv::Writer::from_writer(Vec::new());
        let drawn = || search.space.fields();
        table.write_record(COLUMNS.into_iter().chain(drawn()).chain(["reason"]))?;
        for trial in &self.trials {
            let (state, measured, reason) = match &trial.fate {
                Fate::Fits(measured) => ("fits", Some(measured), ""),
                Fate::TooLarge(measured) => ("too large", Some(measured), ""),
                Fate::Failed(reason) => ("failed", None, &**reason),
            };
            let numbers = measured.map_or_else(|| vec![String::new(); 6], numbers);
            let fields = drawn().map(|field| fields::field(&trial.recipe, field));
            let front = [trial.number.to_string(), state.to_owned()].into_iter();
            let cells = front.chain(numbers).chain(fields);
            table.write_record(cells.chain([reason.to_owned()]))?;
        }
        let failed = |error: csv::IntoInnerError<_>| csv::Error::from(error.into_error());
        Ok(table.into_inner().map_err(failed)?)
    }
}

impl Trial {
    /// Reads what a trial that came to an end left.
    ///
    /// # Errors
    /// A [`SearchError`] that names the file.
    pub fn read(folder: &Folder, search: &Search, number: u32) -> Result<Self, SearchError> {
        let files = folder.trial(number);
        if !files.artifact.exists() {
            let Failure { recipe, reason } = read(&files.failure)?;
            let fate = Fate::Failed(reason);
            return Ok(Self {
                number,
                recipe,
                fate,
            });
        }
        let provenance: Provenance = read(&files.provenance)?;
        let measured = Measured {
            footprint: Footprint::of(&Model::open(&files.artifact)?),
            score: provenance.validation.quantised,
            float: provenance.validation.float,
        };
        Ok(Self {
            number,
            recipe: provenance.recipe,
            fate: match search.budget.holds(measured.footprint) {
                true => Fate::Fits(measured),
                false => Fate::TooLarge(measured),
            },
        })
    }
}

fn numbers(measured: &Measured) -> Vec<String> {
    let Measured {
        footprint,
        score,
        float,
    } = measured;
    let sizes = [footprint.flash, footprint.ram].map(|bytes| bytes.to_string());
    let scores = [score.accuracy, score.loss, float.accuracy, float.loss];
    let scores = scores.map(|number| format!("{number:.6}"));
    sizes.into_iter().chain(scores).collect()
}

/// A recipe file that says where it comes from.
fn best_recipe(trial: &Trial, measured: Measured, search: &Search) -> String {
    format!(
        "# Trial {} of a search under {} of flash and {} of RAM: {} and {} bytes,\n\
         # accuracy {:.2} %, loss {:.4} on the validation examples.\n{}",
        trial.number,
        search.budget.flash,
        search.budget.ram,
        measured.footprint.flash,
        measured.footprint.ram,
        measured.score.accuracy * 100.0,
        measured.score.loss,
        fields::to_toml(&trial.recipe)
    )
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A trial with a model of so many bytes that is worth so much.
    pub fn trial(number: u32, flash: usize, accuracy: f64, loss: f64) -> Trial {
        let score = Score { loss, accuracy };
        let measured = Measured {
            footprint: Footprint { flash, ram: 100 },
            score,
            float: score,
        };
        Trial {
            number,
            recipe: Recipe::default(),
            fate: Fate::Fits(measured),
        }
    }

    #[test]
    fn the_front_holds_what_none_is_better_than_without_being_larger() {
        let mut trials = vec![
            trial(0, 500, 0.80, 0.5),
            trial(1, 400, 0.80, 0.6),
            trial(2, 300, 0.70, 0.9),
            trial(3, 300, 0.75, 0.9),
            trial(4, 600, 0.79, 0.1),
            trial(5, 700, 0.80, 0.5),
            trial(6, 800, 0.90, 0.8),
        ];
        let Fate::Fits(beyond) = trial(7, 100, 0.99, 0.0).fate else {
            unreachable!("it was made so");
        };
        let fate = Fate::TooLarge(beyond);
        trials.push(Trial {
            fate,
            ..trial(7, 100, 0.0, 0.0)
        });
        let fate = Fate::Failed("it diverged".into());
        trials.push(Trial {
            fate,
            ..trial(8, 1, 0.0, 0.0)
        });
        let results = Results { trials };
        let numbers: Vec<u32> = results
            .front()
            .iter()
            .map(|(trial, _)| trial.number)
            .collect();
        assert_eq!(numbers, [3, 1, 0, 6]);
    }

    #[test]
    fn nothing_has_no_front() {
        let results = Results { trials: Vec::new() };
        assert!(results.front().is_empty());
    }
}
