//! CSV and TSV: a header, then one example a row; fields may be quoted and hold line breaks.

use std::io::{BufReader, Read};
use std::path::Path;

use csv::{ByteRecord, Position, Reader, ReaderBuilder, StringRecord};
use indicatif::ProgressBar;

use super::file::open;
use super::rows::{self, Row};
use super::{Columns, Corpus, DataError};

/// Read after the file's own bytes, it comes out as a row of its own, unless a quote that
/// was never closed has swallowed it along with everything before.
const END_ROW: &[u8] = b"\n\0\n";

/// Reads a table whose fields are separated by `delimiter`.
pub(super) fn read(
    path: &Path,
    delimiter: u8,
    columns: &Columns,
    progress: &ProgressBar,
) -> Result<Corpus, DataError> {
    let file = progress.wrap_read(BufReader::new(open(path, progress)?));
    let mut records = Records::new(path, delimiter, file);
    let Some((line, header)) = records.next()? else {
        return rows::corpus(path, Vec::new());
    };
    let text = position(path, line, &header, &columns.text)?;
    let label = position(path, line, &header, &columns.label)?;
    let mut found = Vec::new();
    while let Some((line, record)) = records.next()? {
        let row = if record.len() == header.len() {
            Row::new(&record[text], &record[label])
        } else {
            let (has, needs) = (record.len(), header.len());
            Err(format!("the row has {has} fields, the header {needs}"))
        };
        found.push(row.map_err(|reason| bad_row(path, line, &reason))?);
    }
    rows::corpus(path, found)
}

/// The rows of a table, header included, each with the line on which it begins.
pub(super) struct Records<'a, R> {
    path: &'a Path,
    reader: Reader<std::io::Chain<Quotes<R>, &'static [u8]>>,
}

impl<'a, R: Read> Records<'a, R> {
    /// Begins to read at the header.
    pub(super) fn new(path: &'a Path, delimiter: u8, file: R) -> Self {
        let mut builder = ReaderBuilder::new();
        builder.delimiter(delimiter);
        builder.flexible(true).has_headers(false);
        let quotes = Quotes::new(file, delimiter);
        let reader = builder.from_reader(quotes.chain(END_ROW));
        Self { path, reader }
    }

    /// The next row; `None` once the end row has come out whole.
    pub(super) fn next(&mut self) -> Result<Option<(u64, StringRecord)>, DataError> {
        let mut record = ByteRecord::new();
        let read = self.reader.read_byte_record(&mut record);
        read.map_err(|error| DataError::Io {
            path: self.path.to_owned(),
            source: error.into(),
        })?;
        let (quotes, _) = self.reader.get_ref().get_ref();
        if let Some(line) = quotes.stray {
            let reason = "text follows a closing quote; a quote within a field is written twice";
            return Err(bad_row(self.path, line, reason));
        }
        if record.len() == 1 && &record[0] == b"\0" {
            return Ok(None);
        }
        let line = record.position().map_or(1, Position::line);
        if record.iter().any(|field| field.ends_with(END_ROW)) {
            return Err(bad_row(self.path, line, "a quote is never closed"));
        }
        StringRecord::from_byte_record(record)
            .map(|text| Some((line, text)))
            .map_err(|_| bad_row(self.path, line, "the row is not UTF-8"))
    }
}

/// Watches the quotes of a table as it is read. A reader of CSV takes what follows a closing
/// quote for more of the same field, and with a stray quote swallows rows.
struct Quotes<R> {
    file: R,
    delimiter: u8,
    place: Place,
    line: u64,
    /// The first line on which text follows a closing quote.
    stray: Option<u64>,
}

/// Where in a field a byte stands.
#[derive(Clone, Copy)]
enum Place {
    Start,
    Plain,
    Quoted,
    AfterQuote,
}

impl<R> Quotes<R> {
    fn new(file: R, delimiter: u8) -> Self {
        Self {
            file,
            delimiter,
            place: Place::Start,
            line: 1,
            stray: None,
        }
    }

    fn watch(&mut self, byte: u8) {
        let ends = byte == self.delimiter || byte == b'\n' || byte == b'\r';
        self.place = match (self.place, byte) {
            (Place::Start, b'"') | (Place::AfterQuote, b'"') => Place::Quoted,
            (Place::Quoted, b'"') => Place::AfterQuote,
            (Place::Quoted, _) => Place::Quoted,
            _ if ends => Place::Start,
            (Place::AfterQuote, _) => {
                self.stray.get_or_insert(self.line);
                Place::Plain
            }
            _ => Place::Plain,
        };
        self.line += u64::from(byte == b'\n');
    }
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(buffer)?;
        buffer[..count].iter().for_each(|&byte| self.watch(byte));
        Ok(count)
    }
}

/// The error of a row.
pub(super) fn bad_row(path: &Path, line: u64, reason: &str) -> DataError {
    DataError::Row {
        path: path.to_owned(),
        line,
        reason: reason.to_owned(),
    }
}

/// The place of a column in the header.
pub(super) fn position(
    path: &Path,
    line: u64,
    header: &StringRecord,
    column: &str,
) -> Result<usize, DataError> {
    let mut places = header
        .iter()
        .enumerate()
        .filter(|(_, name)| *name == column);
    let found = places.next().map(|(place, _)| place);
    if places.next().is_some() {
        let reason = format!("there are two columns {column:?}");
        return Err(bad_row(path, line, &reason));
    }
    found.ok_or_else(|| DataError::MissingColumn {
        path: path.to_owned(),
        line,
        column: column.to_owned(),
        available: header.iter().map(str::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(delimiter: u8, content: &[u8]) -> Result<Corpus, DataError> {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("t.csv");
        std::fs::write(&path, content).expect("write");
        read(
            &path,
            delimiter,
            &Columns::default(),
            &ProgressBar::hidden(),
        )
    }

    fn message(content: &[u8]) -> String {
        let message = parse(b',', content).expect_err("must fail").to_string();
        assert!(
            message.contains("t.csv") && !message.contains('\n'),
            "{message}"
        );
        message
    }

    #[test]
    fn a_stray_quote_is_named_and_swallows_nothing() {
        let error = parse(b'\t', b"text\tlabel\n\"one\tx\ntwo\ty\n\"three\tx\n").unwrap_err();
        assert!(error.to_string().contains("4"), "{error}");
        let fine = parse(b',', b"text,label\n\"a \"\"b\"\",\nc\",x\r\n5\" wide,y\n").unwrap();
        assert_eq!(fine.train[0].text, "a \"b\",\nc");
        assert_eq!(fine.train[1].text, "5\" wide");
    }

    #[test]
    fn a_column_that_is_there_twice_is_refused() {
        assert!(parse(b',', b"text,label,label\na,x,y\nb,y,x\n").is_err());
    }

    #[test]
    fn other_columns_blank_lines_and_a_byte_order_mark_are_passed_over() {
        let corpus =
            parse(b',', b"\xef\xbb\xbftext,id,label\r\na,1,x\r\n\r\nb,2,y").expect("corpus");
        let texts: Vec<&str> = corpus.train.iter().map(|e| e.text.as_str()).collect();
        assert_eq!(
            (texts, corpus.labels),
            (vec!["a", "b"], vec!["x".into(), "y".into()])
        );
    }

    #[test]
    fn quoted_fields_keep_delimiters_quotes_and_line_breaks() {
        let corpus =
            parse(b'\t', b"label\ttext\nx\t\"a\tb\"\"c\r\nd\"\ny\te, f\n").expect("corpus");
        assert_eq!(corpus.train[0].text, "a\tb\"c\r\nd");
        assert_eq!(corpus.train[1].text, "e, f");
    }

    #[test]
    fn a_missing_column_is_named_with_those_that_exist() {
        let message = message(b"review,label\na,x\n");
        assert!(
            message.contains("\"text\"") && message.contains("\"review\""),
            "{message}"
        );
    }

    #[test]
    fn a_bad_row_is_named_by_the_line_it_begins_on() {
        let long = message(b"text,label\n\"a\nb\",x\nc,y,z\n");
        assert!(
            long.contains("line 4: the row has 3 fields, the header 2"),
            "{long}"
        );
        let blank = message(b"text,label\na,x\nb,\n");
        assert!(blank.contains("line 3: the label is empty"), "{blank}");
        let bytes = message(b"text,label\na,x\n\xff,y\n");
        assert!(bytes.contains("line 3: the row is not UTF-8"), "{bytes}");
    }

    #[test]
    fn an_open_quote_does_not_swallow_the_rest_in_silence() {
        let last = message(b"label,text\nx,a\ny,\"b\nx,c\ny,d\n");
        assert!(last.contains("line 3: a quote is never closed"), "{last}");
        let first = message(b"text,label\na,x\n\"b,y\nc,x\n");
        assert!(first.contains("line 3: a quote is never closed"), "{first}");
    }

    #[test]
    fn a_table_without_rows_is_empty() {
        for content in [&b""[..], b"\n\n", b"text,label\n"] {
            let error = parse(b',', content).expect_err("must fail");
            assert!(matches!(error, DataError::Empty { .. }), "{error}");
        }
    }
}
