//! From rows of text and class name to examples: the order of the classes, and duplicates.
//!
//! Owns what every table form shares; reading the bytes is `table`'s and `jsonl`'s.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::path::Path;

use super::{Corpus, DataError, Example};

/// One row of a table.
pub(super) struct Row {
    pub text: String,
    pub label: String,
}

impl Row {
    /// Trims the class name, which must not be empty then and fit a line; the text is kept as it
    /// is.
    pub fn new(text: &str, label: &str) -> Result<Self, String> {
        match label.trim() {
            "" => Err("the label is empty".to_owned()),
            label if label.contains(char::is_control) => {
                Err(format!("the label {label:?} has a control character"))
            }
            label => Ok(Self {
                text: text.to_owned(),
                label: label.to_owned(),
            }),
        }
    }
}

/// Numbers the classes and groups equal texts, so that no split can put a text on both sides.
pub(super) fn corpus(path: &Path, rows: Vec<Row>) -> Result<Corpus, DataError> {
    if rows.is_empty() {
        return Err(DataError::Empty {
            path: path.to_owned(),
        });
    }
    let labels = classes(rows.iter().map(|row| row.label.as_str()).collect());
    let class_of: HashMap<&str, usize> = labels.iter().map(String::as_str).zip(0..).collect();
    let mut first_seen = HashMap::new();
    let mut examples = Vec::with_capacity(rows.len());
    for (row, index) in rows.iter().zip(0u32..) {
        examples.push(Example {
            text: row.text.clone(),
            label: class_of[row.label.as_str()],
            group: *first_seen.entry(row.text.as_str()).or_insert(index),
        });
    }
    drop((class_of, first_seen));
    Ok(Corpus::new(labels, examples, Vec::new()))
}

/// The distinct class names: by value if all are numbers, else by name.
pub(super) fn classes(mut names: Vec<&str>) -> Vec<String> {
    names.sort_unstable();
    names.dedup();
    let values: Option<Vec<f64>> = names.iter().map(|name| number(name)).collect();
    if let Some(values) = values {
        let mut both: Vec<(f64, &str)> = values.into_iter().zip(names).collect();
        both.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal));
        names = both.into_iter().map(|(_, name)| name).collect();
    }
    names.into_iter().map(str::to_owned).collect()
}

fn number(name: &str) -> Option<f64> {
    name.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[(&str, &str)]) -> Corpus {
        let row = |(text, label): &(&str, &str)| Row::new(text, label).expect("row");
        corpus(Path::new("t"), rows.iter().map(row).collect()).expect("corpus")
    }

    #[test]
    fn numbers_are_ordered_by_value_and_names_by_letter() {
        let numbers = of(&[("a", "10"), ("b", "-1"), ("c", "2"), ("d", "1.5")]);
        assert_eq!(numbers.labels, ["-1", "1.5", "2", "10"]);
        let names = of(&[("a", "10"), ("b", "x"), ("c", "2")]);
        assert_eq!(names.labels, ["10", "2", "x"]);
        assert_eq!(
            names.train.iter().map(|e| e.label).collect::<Vec<_>>(),
            [0, 2, 1]
        );
    }

    #[test]
    fn equal_texts_share_a_group() {
        let corpus = of(&[("a", "x"), ("b", "y"), ("a", "y"), ("c", "x")]);
        let groups: Vec<u32> = corpus.train.iter().map(|e| e.group).collect();
        assert_eq!(groups, [0, 1, 0, 3]);
    }

    #[test]
    fn labels_are_trimmed_and_never_empty() {
        assert_eq!(Row::new(" a ", " x ").expect("row").label, "x");
        assert_eq!(Row::new(" a ", " x ").expect("row").text, " a ");
        assert!(Row::new("a", " \t").is_err());
        assert!(Row::new("a", "two\nlines").is_err());
    }
}
