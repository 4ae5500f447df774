//! Whether a network can take examples in batches of some kind.

use super::{BatchConfig, BatchMode, Example, Sequence};
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
    let windowed = matches!(batch.mode, BatchMode::Windowed { .. });
    if windowed && (network.every_step() || network.features() > 0) {
        return Err(BatchError::Windowed);
    }
    for (
        example,
        Example {
            sequence,
            label,
            target,
            offset,
            ..
        },
    ) in examples.iter().enumerate()
    {
        check_sequence(example, *sequence, network)?;
        for values in [target, offset].into_iter().flatten() {
            if values.len() != network.outputs() || !values.iter().all(|v| v.is_finite()) {
                return Err(BatchError::Soft { example });
            }
        }
        let (label, classes) = (*label, network.classes());
        if !network.every_step() && usize::from(label) >= classes {
            return Err(BatchError::Label {
                example,
                label,
                classes,
            });
        }
    }
    Ok(())
}

/// Makes sure that every token of a stream fits the network.
pub fn check_stream(tokens: &[u16], network: &NetworkConfig) -> Result<(), BatchError> {
    check_sequence(0, Sequence::Tokens(tokens), network)
}

fn check_sequence(
    example: usize,
    sequence: Sequence,
    network: &NetworkConfig,
) -> Result<(), BatchError> {
    let (vocabulary, wanted) = (network.vocabulary_size, network.features());
    match sequence {
        Sequence::Tokens(_) if wanted > 0 => Err(BatchError::Kind { example }),
        Sequence::Tokens(tokens) => {
            let outside = |&token: &u16| usize::from(token) >= vocabulary;
            match tokens.iter().position(outside) {
                Some(position) => Err(BatchError::Token {
                    example,
                    position,
                    token: tokens[position],
                    vocabulary,
                }),
                None => Ok(()),
            }
        }
        Sequence::Vectors { .. } if wanted == 0 => Err(BatchError::Kind { example }),
        Sequence::Vectors { values, features } => {
            if features != wanted || values.len() % wanted != 0 {
                return Err(BatchError::Features {
                    example,
                    features,
                    values: values.len(),
                    wanted,
                });
            }
            match values.iter().position(|value| !value.is_finite()) {
                Some(place) => Err(BatchError::NotFinite {
                    example,
                    position: place / wanted,
                }),
                None => Ok(()),
            }
        }
    }
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
    /// Windows of what cannot be padded in front.
    #[error("windows are only possible for the classification of tokens")]
    Windowed,
    /// Tokens for a network that reads vectors, or the other way round.
    #[error("example {example}: it holds tokens where the network reads vectors, or vice versa")]
    Kind {
        /// Index of the example, from 0.
        example: usize,
    },
    /// Vectors of another length.
    #[error(
        "example {example}: {values} numbers in vectors of {features}; the network reads vectors of {wanted}"
    )]
    Features {
        /// Index of the example, from 0.
        example: usize,
        /// Length of its vectors.
        features: usize,
        /// Numbers in all.
        values: usize,
        /// Length of the network's vectors.
        wanted: usize,
    },
    /// A number that is none, or infinite.
    #[error("example {example}, vector {position}: a number is not finite")]
    NotFinite {
        /// Index of the example, from 0.
        example: usize,
        /// Index of the vector, from 0.
        position: usize,
    },
    /// A target or an offset of another number of values than the network has outputs, or one
    /// that is not finite.
    #[error("example {example}: its target or offset does not fit the network's outputs")]
    Soft {
        /// Index of the example, from 0.
        example: usize,
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
        let labelled = [Example::of_tokens(&[1], 2)];
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
