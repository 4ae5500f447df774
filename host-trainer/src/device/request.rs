//! What a device is asked for, as lines of the protocol.

use std::fmt::Write as _;

use spinet_core::sampling::Sampling;

use super::error::DeviceError;

/// A text that a device is to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerateRequest {
    /// The most symbols to write, 1 or more.
    pub length: u32,
    /// How they are drawn.
    pub sampling: Sampling,
    /// The code point or byte of a symbol after which the text ends.
    pub end: Option<u32>,
    /// Whether symbols that the model does not know are left out of the prompt.
    pub skip_unknown: bool,
    /// How the text begins.
    pub prompt: Vec<u8>,
}

impl GenerateRequest {
    /// The request as a line, without its end.
    pub(super) fn line(&self) -> Vec<u8> {
        let Self {
            length, sampling, ..
        } = self;
        let Sampling {
            temperature,
            top_k,
            top_p,
            seed,
        } = sampling;
        let mut line = format!(
            "length={length} temperature={temperature} top_k={top_k} top_p={top_p} seed={seed}"
        );
        if let Some(end) = self.end {
            // Writing to a string cannot fail.
            let _ = write!(line, " end={end}");
        }
        let _ = write!(line, " skip={} prompt=", u8::from(self.skip_unknown));
        let mut line = line.into_bytes();
        line.extend(escaped(&self.prompt));
        line
    }
}

/// Bytes as a prompt spells them: what is not to be seen, and the backslash, as escapes.
fn escaped(bytes: &[u8]) -> Vec<u8> {
    let escape = |&byte: &u8| match byte {
        b'\\' => br"\\".to_vec(),
        0x00..=0x1F | 0x7F => format!(r"\x{byte:02x}").into_bytes(),
        _ => vec![byte],
    };
    bytes.iter().flat_map(escape).collect()
}

/// Vectors `(features,)` as a line spells them.
///
/// # Errors
/// [`DeviceError::Vector`] for one of another length.
pub(super) fn vectors(vectors: &[Vec<i16>], features: usize) -> Result<String, DeviceError> {
    let mut line = String::new();
    for (index, vector) in vectors.iter().enumerate() {
        if vector.len() != features {
            return Err(DeviceError::Vector {
                index,
                found: vector.len(),
                expected: features,
            });
        }
        let numbers: Vec<String> = vector.iter().map(i16::to_string).collect();
        line.push_str(if index == 0 { "" } else { " " });
        line.push_str(&numbers.join(","));
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_line_with_the_prompt_at_its_end() {
        let request = GenerateRequest {
            length: 7,
            sampling: Sampling {
                temperature: "0.8".parse().unwrap(),
                top_k: 40,
                top_p: "0.9".parse().unwrap(),
                seed: u64::MAX,
            },
            end: Some(10),
            skip_unknown: true,
            prompt: b"a \\n\n\r\t\x7F\xC3\xA9 ".to_vec(),
        };
        let expected = b"length=7 temperature=0.800003 top_k=40 top_p=0.899994 \
            seed=18446744073709551615 end=10 skip=1 prompt=a \\\\n\\x0a\\x0d\\x09\\x7f\xC3\xA9 ";
        assert_eq!(request.line(), expected);
    }

    #[test]
    fn vectors_are_spelt_and_counted() {
        let two = [vec![1, -2], vec![0, 32_767]];
        assert_eq!(vectors(&two, 2).unwrap(), "1,-2 0,32767");
        assert_eq!(vectors(&[], 2).unwrap(), "");
        let error = vectors(&[vec![1, 2], vec![]], 2).unwrap_err();
        let message = "vector 1 has 0 components where the device's model has 2 features";
        assert_eq!(error.to_string(), message);
    }
}
