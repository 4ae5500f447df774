//! Class names from a NumPy array: integers or text.

use std::io::{self, Read};

use npyz::NpyFile;

use super::array::{ArrayError, fits, wrong_type};

/// The names of the classes of `examples` examples, from an array that takes up `bytes`.
pub(super) fn names(
    reader: impl Read,
    bytes: u64,
    examples: usize,
) -> Result<Vec<String>, ArrayError> {
    let file = NpyFile::new(reader).map_err(ArrayError::Read)?;
    let shape = file.shape().to_vec();
    if !matches!(shape[..], [count] | [count, 1] if count == examples as u64) {
        return Err(ArrayError::Labels { shape, examples });
    }
    fits(&file, bytes)?;
    let names = match file.try_data::<String>() {
        Ok(texts) => texts.collect::<io::Result<Vec<String>>>(),
        Err(file) => decimals(file)?.collect(),
    };
    let names = names.map_err(ArrayError::Read)?;
    names.iter().enumerate().map(one_line).collect()
}

type Names<'a> = Box<dyn Iterator<Item = io::Result<String>> + 'a>;

/// Integers in decimal; floats are refused, since they are targets rather than classes.
fn decimals<'a, R: Read + 'a>(file: NpyFile<R>) -> Result<Names<'a>, ArrayError> {
    macro_rules! first_fit {
        ($file:ident, $($kind:ty),*) => {{
            $(let $file = match $file.try_data::<$kind>() {
                Ok(values) => {
                    return Ok(Box::new(values.map(|value| value.map(|v| v.to_string()))));
                }
                Err(file) => file,
            };)*
            $file
        }};
    }
    let rest = first_fit!(file, i64, u64, i32, u32, i16, u16, i8, u8, bool);
    Err(wrong_type(&rest.dtype(), "integers or text"))
}

/// Trims a name, which must not be empty then and fit a line.
fn one_line((example, name): (usize, &String)) -> Result<String, ArrayError> {
    match name.trim() {
        trimmed if !trimmed.is_empty() && !trimmed.contains(char::is_control) => {
            Ok(trimmed.to_owned())
        }
        _ => Err(ArrayError::Label {
            example,
            found: name.to_owned(),
        }),
    }
}
