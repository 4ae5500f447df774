//! What a device says of itself when it is ready: its board, and what its model is for.

use std::fmt;

/// What a device's model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A verdict on a text.
    ClassifyText,
    /// A verdict on vectors.
    ClassifySeries {
        /// Numbers in a vector.
        features: usize,
    },
    /// Text.
    GenerateText,
    /// Vectors.
    GenerateSeries {
        /// Numbers in a vector.
        features: usize,
    },
}

impl Kind {
    /// The kind that a greeting of `board` ends with; none if it is not one.
    pub(super) fn greeted(greeting: &str, board: &str) -> Option<Self> {
        let rest = greeting.strip_prefix("spinet ready board=")?;
        let rest = rest.strip_prefix(board)?.strip_prefix(" kind=")?;
        match rest.split_once(" features=") {
            None if rest == "classify-text" => Some(Self::ClassifyText),
            None if rest == "generate-text" => Some(Self::GenerateText),
            Some(("classify-series", features)) => {
                let features = features.parse().ok()?;
                Some(Self::ClassifySeries { features })
            }
            Some(("generate-series", features)) => {
                let features = features.parse().ok()?;
                Some(Self::GenerateSeries { features })
            }
            _ => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClassifyText => f.write_str("classifies texts"),
            Self::ClassifySeries { features } => {
                write!(f, "classifies series of {features} features")
            }
            Self::GenerateText => f.write_str("generates text"),
            Self::GenerateSeries { features } => {
                write!(f, "continues series of {features} features")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_are_read_to_the_end() {
        let greeted = |rest: &str| Kind::greeted(&format!("spinet ready board={rest}"), "b");
        assert_eq!(greeted("b kind=classify-text"), Some(Kind::ClassifyText));
        assert_eq!(greeted("b kind=generate-text"), Some(Kind::GenerateText));
        let features = 12;
        let classifier = Some(Kind::ClassifySeries { features });
        assert_eq!(greeted("b kind=classify-series features=12"), classifier);
        let generator = Some(Kind::GenerateSeries { features });
        assert_eq!(greeted("b kind=generate-series features=12"), generator);
        for rest in [
            "c kind=classify-text",
            "b kind=classify",
            "b kind=classify-text ",
            "b kind=classify-text features=12",
            "b kind=classify-series",
            "b kind=classify-series features=",
            "b kind=generate-series features=12 x",
        ] {
            assert_eq!(greeted(rest), None, "{rest}");
        }
    }
}
