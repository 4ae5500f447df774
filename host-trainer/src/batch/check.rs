//! Whether a network can take examples in batches of some kind.

use super::{BatchConfig, BatchMode, Example};
use crate::network::NetworkConfig;

/// Makes sure that every token and label fits the network, and the batches are possible.
pub fn check(
    examples: &[Example],
    batch: &BatchConfig,
    network: &NetworkConfig,
) -> Result<(), BatchError> {
    let vocabulary = network.vocabulary_size;
    if batch.size == 0 {
        return Err(BatchError::Empty { name: "batch size" });
    }
    match batch.mode {
        BatchMode::Ragged { max_len: 0, .. } => return Err(BatchError::Empty { name: "max_len" }),
        BatchMode::Windowed { length: 0, .. } => return Err(BatchError::Empty { name: "length" }),
        BatchMode::Windowed { pad_id, .. } if usize::from(pad_id) >= vocabulary => {
            return Err(BatchError::Pad { pad_id, vocabulary });
        }
        _ => {}
    }
    for (example, Example { tokens, label }) in examples.iter().enumerate() {
        if let Some(position) = tokens
            .iter()
            .position(|&token| usize::from(token) >= vocabulary)
        {
            let token = tokens[position];
            return Err(BatchError::Token {
                example,
                position,
                token,
                vocabulary,
            });
        }
        if usize::from(*label) >= network.classes() {
            let (label, classes) = (*label, network.classes());
            return Err(BatchError::Label {
                example,
                label,
                classes,
            });
        }
    }
    Ok(())
}

/// Examples or batches a network cannot take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// A size that must not be zero is.
    #[error("{name} must be at least 1")]
    Empty {
        /// The size.
        name: &'static str,
    },
    /// The padding token lies outside the vocabulary.
    #[error("pad_id is {pad_id}, but the vocabulary has only {vocabulary} ids")]
    Pad {
        /// The token.
        pad_id: u16,
        /// Size of the vocabulary.
        vocabulary: usize,
    },
    /// A token lies outside the vocabulary.
    #[error(
        "example {example}, token {position}: id {token} is not below the vocabulary's {vocabulary}"
    )]
    Token {
        /// Index of the example, from 0.
        example: usize,
        /// Index of the token, from 0.
        position: usize,
        /// The token.
        token: u16,
        /// Size of the vocabulary.
        vocabulary: usize,
    },
    /// A label is no class of the network.
    #[error("example {example}: label {label} is not below the network's {classes} classes")]
    Label {
        /// Index of the example, from 0.
        example: usize,
        /// The label.
        label: u16,
        /// Number of classes.
        classes: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::super::tests::{RAGGED, examples, numbered};
    use super::*;
    use crate::network::InputKind;

    #[test]
    fn misfits_are_named() {
        let network = NetworkConfig::simple_rnn(InputKind::OneHot, 300, 4);
        let config = BatchConfig {
            size: 8,
            mode: RAGGED,
        };
        let sequences = numbered(&[3, 5, 2, 1]);
        let good = examples(&sequences[..3]);
        assert_eq!(check(&good, &config, &network), Ok(()));
        let error = check(&examples(&sequences), &config, &network).unwrap_err();
        let text = "example 3, token 0: id 300 is not below the vocabulary's 300";
        assert_eq!(error.to_string(), text);
        let labelled = [Example {
            tokens: &[1],
            label: 2,
        }];
        let error = check(&labelled, &config, &network).unwrap_err();
        assert_eq!(
            error,
            BatchError::Label {
                example: 0,
                label: 2,
                classes: 2
            }
        );
        let mode = BatchMode::Windowed {
            length: 0,
            pad_id: 0,
        };
        assert!(check(&good, &BatchConfig { size: 8, mode }, &network).is_err());
        assert!(
            check(
                &good,
                &BatchConfig {
                    size: 0,
                    mode: RAGGED
                },
                &network
            )
            .is_err()
        );
        let mode = BatchMode::Windowed {
            length: 4,
            pad_id: 300,
        };
        assert!(check(&good, &BatchConfig { size: 8, mode }, &network).is_err());
    }
}
