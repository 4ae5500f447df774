//! The recipes that a search draws from: a list or a range for each field that is not fixed.
//!
//! ```toml
//! cell = ["gru", "lstm"]                                 # one of them
//! hidden-size = { min = 8, max = 64, step = 8 }          # 8, 16, ... 64
//! learning-rate = { min = 0.0005, max = 0.01, log = true }   # even in its logarithm
//! hidden-dropout = { min = 0.0, max = 0.5 }              # even
//! ```
//!
//! A range with whole ends gives whole numbers. Fields are drawn by themselves, in the order of
//! the alphabet; which of them go together is for whoever draws to say.

use super::{SearchError, error::reason};
use crate::recipe::{ReadName, Recipe, RecipeFields};
use rand::RngExt;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};
use toml::{Table, Value};

/// The space that comes with the program, and its name.
const SHIPPED: (&str, &str) = ("search.toml", include_str!("../../recipes/search.toml"));
/// These say which examples validate; trials that differ in them cannot be compared.
const COMMON: [&str; 3] = ["seed", "validation", "test"];

/// The fields of a recipe that are drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Space {
    fields: BTreeMap<String, Choices>,
}

/// What a field can be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Choices {
    List(Vec<Value>),
    Range(Range),
}

/// Numbers from `min` to `max`, both of them included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Range {
    min: f64,
    max: f64,
    step: Option<f64>,
    log: bool,
    whole: bool,
}

/// A range as a file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRange {
    min: Value,
    max: Value,
    step: Option<Value>,
    #[serde(default)]
    log: bool,
}

impl Space {
    /// Reads a space, that of the program if no file is named.
    ///
    /// # Errors
    /// A [`SearchError`] that names the file, and the field or the line.
    pub fn load(file: Option<&Path>) -> Result<Self, SearchError> {
        let Some(path) = file else {
            let (name, text) = SHIPPED;
            return Self::parse(Path::new(name), text);
        };
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|source| SearchError::read(path, source))?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, SearchError> {
        let table: Table = toml::from_str(text).map_err(|error: toml::de::Error| {
            let before = error.span().map_or("", |span| &text[..span.start]);
            SearchError::Syntax {
                path: path.to_owned(),
                line: 1 + before.matches('\n').count(),
                reason: reason(&error),
            }
        })?;
        let known = fields_of_recipes();
        let field = |(field, value): (String, Value)| match Choices::read(&field, value, &known) {
            Ok(choices) => Ok((field, choices)),
            Err(reason) => Err(SearchError::Field {
                path: path.to_owned(),
                field,
                reason,
            }),
        };
        let fields: BTreeMap<_, _> = table.into_iter().map(field).collect::<Result<_, _>>()?;
        Ok(Self { fields })
    }

    /// The space without the fields that `fixed` names.
    #[must_use]
    pub fn without(mut self, fixed: &RecipeFields) -> Self {
        let named = serde_json::to_value(fixed).unwrap_or_default();
        self.fields.retain(|field, _| named[field].is_null());
        self
    }

    /// The fields, in the order of the alphabet.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    /// A value for each field.
    pub fn draw(&self, rng: &mut Pcg64) -> RecipeFields {
        let value = |(field, choices): (&String, &Choices)| (field.clone(), choices.draw(rng));
        let table: Table = self.fields.iter().map(value).collect();
        table
            .try_into()
            .expect("every choice was tried when the space was read")
    }
}

/// The names of a recipe's fields.
fn fields_of_recipes() -> BTreeSet<String> {
    match serde_json::to_value(Recipe::default()) {
        Ok(serde_json::Value::Object(fields)) => fields.into_iter().map(|field| field.0).collect(),
        _ => BTreeSet::new(),
    }
}

impl Choices {
    fn read(field: &str, value: Value, known: &BTreeSet<String>) -> Result<Self, String> {
        if !known.contains(field) {
            return Err("no recipe has such a field".into());
        }
        if COMMON.contains(&field) {
            return Err("it must be the same in all trials: fix it with the flag".into());
        }
        let choices = match value {
            Value::Array(values) if values.is_empty() => return Err("the list is empty".into()),
            Value::Array(values) => Self::List(values),
            Value::Table(table) => Self::Range(Range::read(table)?),
            value => Self::List(vec![value]),
        };
        choices
            .extremes()
            .into_iter()
            .try_for_each(|value| possible(field, value))?;
        Ok(choices)
    }

    /// Values that are possible only if all are.
    fn extremes(&self) -> Vec<Value> {
        match self {
            Self::List(values) => values.clone(),
            Self::Range(range) => vec![range.value(range.min), range.value(range.max)],
        }
    }

    fn draw(&self, rng: &mut Pcg64) -> Value {
        match self {
            Self::List(values) => values[rng.random_range(0..values.len())].clone(),
            Self::Range(range) => range.value(range.draw(rng)),
        }
    }
}

impl Range {
    fn read(table: Table) -> Result<Self, String> {
        let written: WrittenRange = table.try_into().map_err(|error| reason(&error))?;
        let number = |value: &Value| match value {
            Value::Integer(number) => Ok(*number as f64),
            Value::Float(number) if number.is_finite() => Ok(*number),
            other => Err(format!("{other} is no number")),
        };
        let step = written.step.as_ref();
        let whole = [Some(&written.min), Some(&written.max), step];
        let range = Self {
            min: number(&written.min)?,
            max: number(&written.max)?,
            step: step.map(number).transpose()?,
            log: written.log,
            whole: whole.into_iter().flatten().all(Value::is_integer),
        };
        let wrong = match range.step {
            _ if range.min > range.max => "min is above max",
            Some(_) if range.log => "it has a step or a logarithm, not both",
            Some(step) if step <= 0.0 => "step must be above 0",
            _ if range.log && range.min <= 0.0 => "min must be above 0 for a logarithm",
            _ => return Ok(range),
        };
        Err(wrong.into())
    }

    fn draw(&self, rng: &mut Pcg64) -> f64 {
        /// A last step may miss `max` by rounding alone.
        const ALMOST: f64 = 1e-9;
        let Self { min, max, .. } = *self;
        let drawn = match self.step {
            Some(step) => {
                let steps = ((max - min) / step + ALMOST) as u64;
                min + step * rng.random_range(0..=steps) as f64
            }
            None if self.log => short(rng.random_range(min.ln()..=max.ln()).exp()),
            None if self.whole => rng.random_range(min as i64..=max as i64) as f64,
            None => short(rng.random_range(min..=max)),
        };
        drawn.clamp(min, max)
    }

    fn value(&self, number: f64) -> Value {
        match self.whole {
            true => Value::Integer(number.round() as i64),
            false => Value::Float(number),
        }
    }
}

/// A number with three digits, which is as good and can be read.
fn short(number: f64) -> f64 {
    format!("{number:.2e}").parse().unwrap_or(number)
}

/// Whether some recipe has a field of that value.
fn possible(field: &str, value: Value) -> Result<(), String> {
    let table = Table::from_iter([(field.to_owned(), value)]);
    let fields: RecipeFields = table.try_into().map_err(|error| reason(&error))?;
    // Sizes that leave each other room, and both of what only some recipes can.
    let words = Recipe {
        embedding_size: 1,
        hidden_size: 1,
        ..Recipe::default()
    };
    let wide = Recipe {
        reads: ReadName::Ngrams,
        wide: true,
        ..words.clone()
    };
    let alone = words.with(fields.clone()).check();
    match wide.with(fields).check() {
        Ok(()) => Ok(()),
        Err(_) => alone.map_err(|error| error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn parse(text: &str) -> Result<Space, SearchError> {
        Space::parse(Path::new("my.toml"), text)
    }

    fn draws(text: &str, count: u64) -> Vec<Recipe> {
        let space = parse(text).unwrap();
        let draw = |seed| space.draw(&mut Pcg64::seed_from_u64(seed));
        (0..count)
            .map(|seed| Recipe::default().with(draw(seed)))
            .collect()
    }

    #[test]
    fn the_space_of_the_program_has_every_kind_of_model() {
        let space = Space::load(None).unwrap();
        for field in ["cell", "hidden-size", "reads", "wide", "table-weights"] {
            assert!(space.fields().any(|name| name == field), "{field}");
        }
    }

    #[test]
    fn ranges_reach_both_ends_and_keep_their_steps() {
        let text = "hidden-size = { min = 8, max = 24, step = 8 }\n\
            hidden-dropout = { min = 0.1, max = 0.3, step = 0.1 }\n\
            batch-size = { min = 3, max = 5 }";
        let recipes = draws(text, 200);
        let sizes: BTreeSet<u16> = recipes.iter().map(|recipe| recipe.hidden_size).collect();
        assert_eq!(sizes, [8, 16, 24].into());
        let batches: BTreeSet<usize> = recipes.iter().map(|recipe| recipe.batch_size).collect();
        assert_eq!(batches, [3, 4, 5].into());
        let shown = |recipe: &Recipe| recipe.hidden_dropout.to_string();
        let dropouts: BTreeSet<String> = recipes.iter().map(shown).collect();
        assert_eq!(dropouts, ["0.1", "0.2", "0.3"].map(String::from).into());
    }

    #[test]
    fn a_logarithmic_range_is_even_in_the_logarithm() {
        let text = "learning-rate = { min = 0.0001, max = 0.01, log = true }\n\
            num-words = { min = 10, max = 1000, log = true }";
        let recipes = draws(text, 400);
        let below = recipes.iter().filter(|recipe| recipe.learning_rate < 0.001);
        // Half of them, give or take four standard deviations.
        assert!((160..=240).contains(&below.count()));
        assert!(
            recipes
                .iter()
                .all(|recipe| (10..=1000).contains(&recipe.num_words))
        );
        let below = recipes.iter().filter(|recipe| recipe.num_words < 100);
        assert!((160..=240).contains(&below.count()));
    }

    #[test]
    fn a_fixed_field_is_not_drawn() {
        let fixed = RecipeFields {
            epochs: Some(3),
            ..RecipeFields::default()
        };
        let space = parse("epochs = [1, 2]\nhidden-size = 8")
            .unwrap()
            .without(&fixed);
        assert_eq!(space.fields().collect::<Vec<_>>(), ["hidden-size"]);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_file_and_field() {
        for (text, expected) in [
            ("hidden_size = [8]", "my.toml: hidden_size: no recipe has"),
            (
                "hidden-size = []",
                "my.toml: hidden-size: the list is empty",
            ),
            (
                "hidden-size = [8, 600]",
                "my.toml: hidden-size: recipe: hidden-size is 600",
            ),
            (
                "hidden-size = [\"x\"]",
                "my.toml: hidden-size: invalid type",
            ),
            (
                "cell = [\"gru\", \"transformer\"]",
                "my.toml: cell: unknown variant",
            ),
            (
                "epochs = { min = 3, max = 2 }",
                "my.toml: epochs: min is above max",
            ),
            (
                "epochs = { min = 1, max = 2.5 }",
                "my.toml: epochs: invalid type",
            ),
            (
                "epochs = { min = 1, max = 2, step = 0 }",
                "my.toml: epochs: step",
            ),
            (
                "epochs = { min = 1, max = 9, step = 2, log = true }",
                "not both",
            ),
            (
                "epochs = { min = 0, max = 2, log = true }",
                "my.toml: epochs: min must",
            ),
            (
                "epochs = { min = 1 }",
                "my.toml: epochs: missing field `max`",
            ),
            (
                "epochs = { min = 1, max = 2, base = 3 }",
                "my.toml: epochs: unknown field",
            ),
            (
                "epochs = { min = 1, max = \"x\" }",
                "my.toml: epochs: \"x\" is no number",
            ),
            ("hidden-dropout = { min = 0.1, max = nan }", "is no number"),
            (
                "hidden-dropout = { min = 0.1, max = 1.5 }",
                "hidden-dropout is 1.5",
            ),
            ("seed = [1, 2]", "my.toml: seed: it must be the same"),
            ("\nepochs = [", "my.toml, line 2: "),
            ("epochs = 1\nepochs = 2", "my.toml, line 2: "),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn values_that_need_each_other_are_possible() {
        parse("wide = [true, false]\nlayers = [0, 1]\nreads = [\"words\", \"ngrams\"]").unwrap();
        parse("hidden-size = 500\nembedding-size = 12").unwrap();
    }
}
