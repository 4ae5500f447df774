//! Long tables, `.csv` and `.tsv`: a header, then one step a row.
//!
//! ```text
//! example,label,time,ax,ay
//! walk-1,walk,0.00,0.12,-0.98
//! walk-1,walk,0.02,0.15,-0.97
//! rest-1,rest,0.00,0.00,-1.00
//! ```
//!
//! Rows of one example follow one another; every column that [`SeriesColumns`] does not name is
//! a feature. Examples may differ in length.

use std::collections::HashSet;
use std::io::BufReader;
use std::path::Path;

use csv::StringRecord;
use indicatif::ProgressBar;

use super::{DataError, Sequences, Series, SeriesColumns, assemble};
use crate::data::file::open;
use crate::data::table::{Records, bad_row, position};

/// Reads a table whose fields are separated by `delimiter`.
pub(super) fn read(
    path: &Path,
    delimiter: u8,
    columns: &SeriesColumns,
    progress: &ProgressBar,
) -> Result<Series, DataError> {
    let file = progress.wrap_read(BufReader::new(open(path, progress)?));
    let mut records = Records::new(path, delimiter, file);
    let empty = || DataError::Empty {
        path: path.to_owned(),
    };
    let (line, header) = records.next()?.ok_or_else(empty)?;
    let layout = Layout::new(path, line, &header, columns)?;
    let mut steps = Steps::new(layout);
    while let Some((line, record)) = records.next()? {
        let added = steps.add(&record);
        added.map_err(|reason| bad_row(path, line, &reason))?;
    }
    if steps.values.is_empty() {
        return Err(empty());
    }
    assemble(path, steps.into_sequences(), None)
}

/// Which column is what.
struct Layout {
    width: usize,
    example: usize,
    label: Option<usize>,
    time: Option<usize>,
    /// Place and name.
    features: Vec<(usize, String)>,
}

impl Layout {
    fn new(
        path: &Path,
        line: u64,
        header: &StringRecord,
        columns: &SeriesColumns,
    ) -> Result<Self, DataError> {
        let optional = |name: &str| {
            let there = header.iter().any(|column| column == name);
            there
                .then(|| position(path, line, header, name))
                .transpose()
        };
        let example = position(path, line, header, &columns.example)?;
        let (label, time) = (optional(&columns.label)?, optional(&columns.time)?);
        let named = [Some(example), label, time];
        let features = header.iter().map(str::to_owned).enumerate();
        let features: Vec<_> = features
            .filter(|(place, _)| !named.contains(&Some(*place)))
            .collect();
        if features.is_empty() {
            let reason = format!("there are no columns of features, only {header:?}");
            return Err(bad_row(path, line, &reason));
        }
        Ok(Self {
            width: header.len(),
            example,
            label,
            time,
            features,
        })
    }
}

/// The steps read so far.
struct Steps {
    layout: Layout,
    values: Vec<Vec<f32>>,
    labels: Vec<String>,
    /// The example of the last row, and its time.
    current: Option<(String, Option<f64>)>,
    seen: HashSet<String>,
}

impl Steps {
    fn new(layout: Layout) -> Self {
        Self {
            layout,
            values: Vec::new(),
            labels: Vec::new(),
            current: None,
            seen: HashSet::new(),
        }
    }

    /// Adds a row; the error says what is wrong with it.
    fn add(&mut self, row: &StringRecord) -> Result<(), String> {
        if row.len() != self.layout.width {
            let (has, needs) = (row.len(), self.layout.width);
            return Err(format!("the row has {has} fields, the header {needs}"));
        }
        let step = self.features(row)?;
        let label = self.layout.label.map_or("", |place| row[place].trim());
        let time = self
            .layout
            .time
            .map(|place| number(&row[place], "the time"))
            .transpose()?;
        let name = row[self.layout.example].trim();
        match self.current.take() {
            Some((current, before)) if current == name => {
                self.follows(name, label, before, time)?;
            }
            _ => self.begin(name, label)?,
        }
        self.current = Some((name.to_owned(), time));
        if let Some(values) = self.values.last_mut() {
            values.extend(step);
        }
        Ok(())
    }

    fn features(&self, row: &StringRecord) -> Result<Vec<f32>, String> {
        let value = |(place, name): &(usize, String)| {
            let value = number(&row[*place], name)? as f32;
            let fits = value.is_finite().then_some(value);
            fits.ok_or_else(|| format!("{} in column {name:?} is too large", &row[*place]))
        };
        self.layout.features.iter().map(value).collect()
    }

    fn begin(&mut self, name: &str, label: &str) -> Result<(), String> {
        if !self.seen.insert(name.to_owned()) {
            return Err(format!(
                "example {name:?} is resumed; its rows must follow one another"
            ));
        }
        if self.layout.label.is_some() && (label.is_empty() || label.contains(char::is_control)) {
            return Err(format!("the label {label:?} is not a name of one line"));
        }
        self.values.push(Vec::new());
        self.labels.push(label.to_owned());
        Ok(())
    }

    /// Checks a row against the one before it in the same example.
    fn follows(
        &self,
        name: &str,
        label: &str,
        before: Option<f64>,
        time: Option<f64>,
    ) -> Result<(), String> {
        match self.labels.last() {
            Some(known) if known != label => Err(format!(
                "the label of example {name:?} changes from {known:?} to {label:?}"
            )),
            _ if time < before => Err(format!("the time of example {name:?} runs backwards")),
            _ => Ok(()),
        }
    }

    fn into_sequences(self) -> Sequences {
        Sequences {
            features: self.layout.features.len(),
            values: self.values,
            labels: self.layout.label.map(|_| self.labels),
        }
    }
}

fn number(field: &str, column: &str) -> Result<f64, String> {
    match field.trim().parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(format!("{field:?} in column {column:?} is not finite")),
        Err(_) => Err(format!("{field:?} in column {column:?} is not a number")),
    }
}
