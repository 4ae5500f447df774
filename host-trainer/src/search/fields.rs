//! A recipe's fields as other forms want them: flags, lines of TOML, cells of a table.

use crate::recipe::Recipe;
use serde::Serialize;
use serde_json::Value;

/// The fields of a recipe that are not as in the default one, with their values.
fn own(recipe: &Recipe) -> Vec<(String, Value)> {
    let (Ok(Value::Object(own)), Ok(default)) = (
        serde_json::to_value(recipe),
        serde_json::to_value(Recipe::default()),
    ) else {
        return Vec::new();
    };
    own.into_iter()
        .filter(|(field, value)| default[field] != *value)
        .collect()
}

/// The flags of `spinet train` that make this recipe of the default one.
pub fn flags(recipe: &Recipe) -> Vec<String> {
    let fields = own(recipe).into_iter();
    fields
        .flat_map(|(field, value)| [format!("--{field}"), shown(&value)])
        .collect()
}

/// The lines of a recipe file; what is as in the default recipe is left out.
pub fn to_toml(recipe: &Recipe) -> String {
    let line = |(field, value): (String, Value)| match value {
        Value::String(name) => format!("{field} = {name:?}\n"),
        number => format!("{field} = {}\n", shown(&number)),
    };
    own(recipe).into_iter().map(line).collect()
}

/// A field's value in words.
pub(super) fn text(value: &impl Serialize) -> String {
    serde_json::to_value(value).map_or_else(|_| String::new(), |value| shown(&value))
}

/// The value of a recipe's field in words.
pub(super) fn field(recipe: &Recipe, name: &str) -> String {
    serde_json::to_value(recipe).map_or_else(|_| String::new(), |recipe| shown(&recipe[name]))
}

/// Numbers with the digits of the 32 bits that a recipe has of them.
fn shown(value: &Value) -> String {
    match value {
        Value::String(name) => name.clone(),
        Value::Number(number) if number.is_f64() => number
            .as_f64()
            .map_or_else(String::new, |number| format!("{:?}", number as f32)),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{ReadName, RecipeFields};
    use clap::{Args, FromArgMatches};
    use spinet_core::cell::CellKind;

    fn recipe() -> Recipe {
        Recipe {
            reads: ReadName::Ngrams,
            cell: CellKind::FastGrnn,
            wide: true,
            learning_rate: 0.00123,
            weight_decay: 1.0,
            clip_norm: 1e-9,
            seed: 77,
            ..Recipe::default()
        }
    }

    #[test]
    fn flags_and_lines_give_the_recipe_back() {
        let lines = to_toml(&recipe());
        assert!(lines.contains("learning-rate = 0.00123\n"), "{lines}");
        assert_eq!(lines.lines().count(), 7, "{lines}");
        let fields: RecipeFields = toml::from_str(&lines).unwrap();
        assert_eq!(Recipe::default().with(fields), recipe());
        let command = RecipeFields::augment_args(clap::Command::new("train"));
        let arguments = [vec!["train".to_owned()], flags(&recipe())].concat();
        let matches = command.try_get_matches_from(arguments).unwrap();
        let fields = RecipeFields::from_arg_matches(&matches).unwrap();
        assert_eq!(Recipe::default().with(fields), recipe());
        assert_eq!(
            (to_toml(&Recipe::default()), flags(&Recipe::default()).len()),
            (String::new(), 0)
        );
    }

    #[test]
    fn a_field_is_shown_as_it_was_written() {
        assert_eq!(field(&recipe(), "learning-rate"), "0.00123");
        assert_eq!(field(&recipe(), "cell"), "fast-grnn");
        assert_eq!(field(&recipe(), "wide"), "true");
        assert_eq!(field(&recipe(), "seed"), "77");
    }
}
