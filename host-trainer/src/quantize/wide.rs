//! The wide path, written, beside a network or alone.
//!
//! Which 16 values the weights share and which of them each takes is whoever's who fits them;
//! here they are packed.

use super::{FrontSource, QuantizeError, front, writer::DataWriter};
use crate::inference::Model;
use spinet_core::{
    Readout,
    artifact::{Manifest, Task, Training},
    cell::MAX_LAYERS,
    dense::DenseSpec,
    fixed::LOGIT_FRACTION,
    input::InputSpec,
    matrix::{Encoding, MatrixSpec},
    rows::RowsSpec,
    wide::{VALUES, WideSpec},
};

/// Weights from tokens to logits, in 4 bits each.
#[derive(Debug, Clone, Copy)]
pub struct WideSource<'s> {
    /// A place in the codebook for each token, special ones included, and output, token by token:
    /// 0 to 15.
    pub codes: &'s [u8],
    /// The values of the weights, logits in Q16.15.
    pub codebook: [i32; VALUES],
}

impl WideSource<'_> {
    /// Appends the weights `(tokens, outputs)` to `data`.
    pub(super) fn write(
        &self,
        tokens: usize,
        outputs: usize,
        data: &mut DataWriter,
    ) -> Result<WideSpec, QuantizeError> {
        let (found, expected) = (self.codes.len(), tokens * outputs);
        if found != expected {
            return Err(QuantizeError::WideCodes { expected, found });
        }
        if let Some(&code) = self.codes.iter().find(|&&code| usize::from(code) >= VALUES) {
            return Err(QuantizeError::WideCode(code));
        }
        let pair = |pair: &[u8]| pair[0] | pair.get(1).copied().unwrap_or(0) << 4;
        let packed: Vec<u8> = self.codes.chunks(2).map(pair).collect();
        Ok(WideSpec {
            codes: data.push(&packed),
            codebook: data.push(&self.codebook),
        })
    }
}

/// A multiplier of 1/4, so that a bias of four times a logit is that logit exactly.
const QUARTER: i32 = 1 << 30;
/// The magnitude from which on such a bias exceeds 32 bits, in units of a logit.
const BIAS_LIMIT: f64 = (1 << (29 - LOGIT_FRACTION)) as f64;

/// The artifact of a linear model: `bias (outputs,)` and the weights of the words or n-grams of
/// `front`, one output for two classes, otherwise one each.
///
/// # Errors
/// A [`QuantizeError`] that says which number is out of range, or what is not there as often as
/// there are tokens or outputs.
pub fn linear(
    front: FrontSource<'_>,
    labels: &[String],
    wide: WideSource<'_>,
    bias: &[f32],
    training: Training,
) -> Result<Vec<u8>, QuantizeError> {
    let tokens = match front {
        FrontSource::Words { vocabulary, .. } => vocabulary.view().tokens(),
        FrontSource::Ngrams(ngrams) => ngrams.view().tokens(),
        FrontSource::Symbols(_) | FrontSource::Series { .. } => return Err(QuantizeError::Linear),
    };
    let mut data = DataWriter::default();
    let labels = front::joined(labels)?;
    let manifest = Manifest {
        front: front::write(&front, &mut data),
        task: Task::Classify {
            labels: &labels,
            readout: Readout::Last,
            window: 0,
        },
        input: InputSpec::None,
        layers: [None; MAX_LAYERS],
        head: biases(bias, &mut data)?,
        wide: Some(wide.write(tokens, bias.len(), &mut data)?),
        training,
    };
    let artifact = data.finish(&manifest).ok_or(QuantizeError::Size)?;
    Model::from_bytes(&artifact)?;
    Ok(artifact)
}

/// Appends a head without inputs.
fn biases(bias: &[f32], data: &mut DataWriter) -> Result<DenseSpec, QuantizeError> {
    let integer = |&bias: &f32| {
        let bias = f64::from(bias);
        // Not a number is not below the limit either.
        (bias.abs() < BIAS_LIMIT)
            .then(|| 4 * (bias * f64::from(1 << LOGIT_FRACTION)).round() as i32)
            .ok_or_else(|| QuantizeError::Bias {
                tensor: "head".into(),
                bias,
            })
    };
    let integers: Vec<i32> = bias.iter().map(integer).collect::<Result<_, _>>()?;
    Ok(DenseSpec {
        weights: MatrixSpec {
            encoding: Encoding::Int8,
            shift: 0,
            weights: data.push::<i8>(&[]),
        },
        rows: RowsSpec {
            multipliers: data.push(&vec![QUARTER; bias.len()]),
            biases: data.push(&integers),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ngrams::{OwnedNgrams, encode};
    use spinet_core::text::{Marks, WordHash};

    const ORIGIN: Training = Training {
        data: [1; 8],
        network: [2; 8],
        seed: 3,
        validation_permille: 4,
        test_permille: 5,
    };

    fn labels(count: usize) -> Vec<String> {
        (0..count).map(|class| format!("class {class}")).collect()
    }

    fn ngrams() -> OwnedNgrams {
        let words = ["bad", "good", "film", "so", "not"].map(|w| WordHash::of(w.as_bytes()));
        OwnedNgrams::new(&words, 1, 16, Marks::Dropped).unwrap()
    }

    #[test]
    fn a_linear_model_adds_the_weights_of_its_events() {
        let ngrams = ngrams();
        let tokens = ngrams.view().tokens();
        let codebook: [i32; VALUES] = std::array::from_fn(|code| code as i32 * 1_000 - 7_000);
        for (classes, bias) in [(2, vec![-0.5]), (3, vec![0.25, -100.0, 3.0e-5])] {
            let outputs = bias.len();
            let codes: Vec<u8> = (0..tokens * outputs).map(|n| (n * 7 % 16) as u8).collect();
            let wide = WideSource {
                codes: &codes,
                codebook,
            };
            let front = FrontSource::Ngrams(&ngrams);
            let bytes = linear(front, &labels(classes), wide, &bias, ORIGIN).unwrap();
            let model = Model::from_bytes(&bytes).unwrap();
            assert_eq!(model.artifact().manifest.training, ORIGIN);
            for text in ["", "so so", "Good film, not bad; a good film"] {
                let events = encode(ngrams.view(), text);
                let logit = |output: usize| {
                    let weights = events.iter().map(|&token| {
                        codebook[usize::from(codes[usize::from(token) * outputs + output])]
                    });
                    (bias[output] * 32_768.0).round() as i32 + weights.sum::<i32>()
                };
                let mut classifier = model.classifier().unwrap();
                classifier.feed(text.as_bytes());
                let logits = classifier.finish().logits.to_vec();
                assert_eq!(logits, (0..outputs).map(logit).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let ngrams = ngrams();
        let codes = vec![15; ngrams.view().tokens()];
        let refused = |codes: &[u8], bias: &[f32], count| {
            let codebook = [0; VALUES];
            let wide = WideSource { codes, codebook };
            let front = FrontSource::Ngrams(&ngrams);
            linear(front, &labels(count), wide, bias, ORIGIN).unwrap_err()
        };
        let (expected, found) = (8, 7);
        assert!(matches!(
            refused(&codes[1..], &[0.0], 2),
            QuantizeError::WideCodes { expected: e, found: f } if (e, f) == (expected, found)
        ));
        let code = refused(&[&codes[1..], &[16]].concat(), &[0.0], 2);
        assert!(matches!(code, QuantizeError::WideCode(16)));
        for bias in [16_384.0, -16_384.0, f32::NAN, f32::INFINITY] {
            let refused = refused(&codes, &[bias], 2);
            assert!(matches!(refused, QuantizeError::Bias { .. }), "{bias}");
        }
        // One output does not tell three classes apart.
        let refused = refused(&codes, &[0.0], 3);
        assert!(matches!(refused, QuantizeError::Artifact(_)));
        let numbers = FrontSource::Series {
            offsets: &[0.0],
            scales: &[1.0],
        };
        let wide = WideSource {
            codes: &codes,
            codebook: [0; VALUES],
        };
        let refused = linear(numbers, &labels(2), wide, &[0.0], ORIGIN).unwrap_err();
        assert!(matches!(refused, QuantizeError::Linear));
    }
}
