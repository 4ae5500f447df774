//! `spinet distill`: teachers judge texts, once for many trainings.

use super::{Outcome, data::DataArgs, output, train::tell};
use crate::{
    data::load_unlabelled,
    inference::Model,
    pipeline::distill,
    recipe::{Recipe, RecipeFields},
};
use clap::Args;
use std::path::PathBuf;

/// Let teachers judge labelled and unlabelled texts, and keep what they say for `spinet train`
#[derive(Args)]
pub(super) struct Distill {
    #[command(flatten)]
    data: DataArgs,
    /// The recipe that says how examples are held apart, and whether n-grams teach
    #[arg(long, default_value = "default", value_name = "NAME|FILE")]
    recipe: String,
    /// Texts of the same kind without labels, one a line
    #[arg(long, value_name = "FILE")]
    unlabelled: Option<PathBuf>,
    /// Models (.spinet) that teach; the mean of all teachers' logits counts
    #[arg(long, value_name = "FILE,...", value_delimiter = ',')]
    teachers: Vec<PathBuf>,
    /// Where it goes
    #[arg(long, default_value = "soft.labels", value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    fields: RecipeFields,
}

impl Distill {
    pub fn run(self) -> Outcome {
        let recipe = Recipe::named(&self.recipe, self.fields)?;
        let mut corpus = self.data.load_texts()?;
        if let Some(path) = &self.unlabelled {
            corpus.unlabelled.extend(load_unlabelled(path)?);
        }
        let teachers = self.teachers.iter().map(|path| Model::open(path));
        let teachers: Vec<Model> = teachers.collect::<Result<_, _>>()?;
        let mut broken = None;
        let said = distill(corpus, &recipe, &teachers, &mut |event| {
            if let Err(error) = tell(&event) {
                broken.get_or_insert(error);
            }
        })?;
        said.write(&self.out)?;
        match broken {
            Some(error) => Err(error.into()),
            None => {
                output::line(self.out.display())?;
                Ok(true)
            }
        }
    }
}
