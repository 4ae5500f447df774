//! JSON Lines: one object a line; the text is a string, the label a string, number or boolean.

use std::io::{BufRead, BufReader};
use std::path::Path;

use indicatif::ProgressBar;
use serde_json::{Map, Value};

use super::file::open;
use super::rows::{self, Row};
use super::{Columns, Corpus, DataError};

/// Reads a file of JSON objects; blank lines are passed over.
pub(super) fn read(
    path: &Path,
    columns: &Columns,
    progress: &ProgressBar,
) -> Result<Corpus, DataError> {
    let file = BufReader::new(open(path, progress)?);
    let mut found = Vec::new();
    for (bytes, line) in progress.wrap_read(file).split(b'\n').zip(1..) {
        let bytes = bytes.map_err(|source| DataError::Io {
            path: path.to_owned(),
            source,
        })?;
        let bytes = match line {
            1 => bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes),
            _ => &bytes,
        };
        if !bytes.trim_ascii().is_empty() {
            found.push(row(path, line, bytes, columns)?);
        }
    }
    rows::corpus(path, found)
}

fn row(path: &Path, line: u64, bytes: &[u8], columns: &Columns) -> Result<Row, DataError> {
    let bad_row = |reason| DataError::Row {
        path: path.to_owned(),
        line,
        reason,
    };
    let json = std::str::from_utf8(bytes).map_err(|_| bad_row("the line is not UTF-8".into()))?;
    let object: Map<String, Value> =
        serde_json::from_str(json).map_err(|error| bad_row(reason(&error)))?;
    let value = |column: &str| {
        object.get(column).ok_or_else(|| DataError::MissingColumn {
            path: path.to_owned(),
            line,
            column: column.to_owned(),
            available: object.keys().cloned().collect(),
        })
    };
    let Value::String(text) = value(&columns.text)? else {
        return Err(bad_row(format!("{:?} is not a string", columns.text)));
    };
    let label = match value(&columns.label)? {
        Value::String(label) => label.clone(),
        Value::Number(label) => label.to_string(),
        Value::Bool(label) => label.to_string(),
        _ => {
            let kinds = "a string, number or boolean";
            return Err(bad_row(format!("{:?} is not {kinds}", columns.label)));
        }
    };
    Row::new(text, &label).map_err(bad_row)
}

/// The parser's reason, with the column but without its own count of lines, which is always 1.
fn reason(error: &serde_json::Error) -> String {
    let whole = error.to_string();
    let what = whole.split(" at line ").next().unwrap_or(&whole);
    format!("column {}: {what}", error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(content: &[u8]) -> Result<Corpus, DataError> {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("t.jsonl");
        std::fs::write(&path, content).expect("write");
        read(&path, &Columns::default(), &ProgressBar::hidden())
    }

    fn message(content: &str) -> String {
        let error = parse(content.as_bytes()).expect_err("must fail");
        let message = error.to_string();
        assert!(
            message.contains("t.jsonl") && !message.contains('\n'),
            "{message}"
        );
        message
    }

    #[test]
    fn labels_may_be_strings_numbers_or_booleans() {
        let labels = |content: &str| parse(content.as_bytes()).expect("corpus").labels;
        let of = |a: &str, b: &str| {
            labels(&format!(
                "{{\"text\":\"t\",\"label\":{a}}}\r\n\n{{\"label\":{b},\"text\":\"u\",\"x\":null}}"
            ))
        };
        assert_eq!(of("\"b\"", "\"a\""), ["a", "b"]);
        assert_eq!(of("10", "9"), ["9", "10"]);
        assert_eq!(of("true", "false"), ["false", "true"]);
    }

    #[test]
    fn a_bad_line_is_named() {
        let good = "{\"text\":\"t\",\"label\":1}\n\n";
        let cut = message(&format!("{good}{{\"text\":"));
        assert!(cut.contains("line 3: column 8: EOF"), "{cut}");
        let array = message(&format!("{good}[1]"));
        assert!(
            array.contains("line 3") && array.contains("expected a map"),
            "{array}"
        );
        let text = message(&format!("{good}{{\"text\":1,\"label\":1}}"));
        assert!(text.contains("line 3: \"text\" is not a string"), "{text}");
        let label = message(&format!("{good}{{\"text\":\"t\",\"label\":null}}"));
        assert!(
            label.contains("line 3: \"label\" is not a string, number"),
            "{label}"
        );
        let empty = message(&format!("{good}{{\"text\":\"t\",\"label\":\"\"}}"));
        assert!(empty.contains("line 3: the label is empty"), "{empty}");
    }

    #[test]
    fn a_missing_key_is_named_with_those_that_exist() {
        let message = message("{\"body\":\"t\",\"label\":1}");
        assert!(
            message.contains("\"text\"") && message.contains("\"body\""),
            "{message}"
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_are_named_by_line() {
        let error =
            parse(b"{\"text\":\"t\",\"label\":1}\n{\"text\":\"\xff\"}").expect_err("must fail");
        assert!(
            error.to_string().contains("line 2: the line is not UTF-8"),
            "{error}"
        );
    }

    #[test]
    fn a_file_without_lines_is_empty() {
        for content in [&b""[..], b" \n\r\n"] {
            let error = parse(content).expect_err("must fail");
            assert!(matches!(error, DataError::Empty { .. }), "{error}");
        }
    }
}
