//! Sixteen values that stand for many weights.
//!
//! Lloyd, "Least squares quantization in PCM", IEEE Trans. Inf. Theory 28 (1982): every weight
//! takes the nearest value, every value becomes the mean of its weights, in turn.

/// Values of a codebook.
pub const CODES: usize = 16;
/// Turns of Lloyd's algorithm; the values hardly move after ten.
const TURNS: usize = 40;
/// The first values lie evenly between these quantiles of the weights.
const TAIL: f64 = 0.002;

/// Sixteen values in ascending order, and which of them stands for each weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Codebook {
    /// The values.
    pub values: [f32; CODES],
    /// The index of each weight's value.
    pub codes: Vec<u8>,
}

impl Codebook {
    /// The codebook of `weights`, in which a weight counts as its `importance` says.
    pub fn fit(weights: &[f32], importance: &[f64]) -> Self {
        let mut values = even(weights);
        for _ in 0..TURNS {
            let (mut sums, mut counts) = ([0.0; CODES], [0.0; CODES]);
            for (&weight, &importance) in weights.iter().zip(importance) {
                let code = nearest(&values, weight);
                sums[code] += importance * f64::from(weight);
                counts[code] += importance;
            }
            let means = sums.iter().zip(counts).zip(&mut values);
            means
                .filter(|((_, count), _)| *count > 0.0)
                .for_each(|((sum, count), value)| *value = (sum / count) as f32);
            values.sort_by(f32::total_cmp);
        }
        let codes = weights.iter().map(|&weight| nearest(&values, weight) as u8);
        Self {
            codes: codes.collect(),
            values,
        }
    }

    /// What stands for each weight.
    pub fn decode(&self) -> Vec<f32> {
        self.codes
            .iter()
            .map(|&code| self.values[usize::from(code)])
            .collect()
    }
}

fn even(weights: &[f32]) -> [f32; CODES] {
    let mut sorted = weights.to_vec();
    sorted.sort_by(f32::total_cmp);
    let quantile = |share: f64| {
        let place = (share * sorted.len().saturating_sub(1) as f64).round();
        sorted.get(place as usize).copied().unwrap_or(0.0)
    };
    let (low, high) = (quantile(TAIL), quantile(1.0 - TAIL));
    std::array::from_fn(|code| low + (high - low) * code as f32 / (CODES - 1) as f32)
}

/// The index of the nearest of ascending values.
fn nearest(values: &[f32; CODES], weight: f32) -> usize {
    let above = values.partition_point(|&value| value < weight);
    let below = above.saturating_sub(1);
    match values.get(above) {
        Some(&value) if value - weight < weight - values[below] || above == 0 => above,
        _ => below,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_weights_are_kept_exactly() {
        let weights: Vec<f32> = (0..160).map(|i| ((i % 16) as f32 - 8.0) / 4.0).collect();
        let book = Codebook::fit(&weights, &vec![1.0; 160]);
        assert_eq!(book.decode(), weights);
    }

    #[test]
    fn each_weight_takes_the_nearest_value() {
        let weights: Vec<f32> = (0..999)
            .map(|i| ((i * 37) % 999) as f32 / 100.0 - 3.0)
            .collect();
        let importance: Vec<f64> = (0..999).map(|i| f64::from(i % 7)).collect();
        let book = Codebook::fit(&weights, &importance);
        for (weight, decoded) in weights.iter().zip(book.decode()) {
            let distance = |value: f32| (value - weight).abs();
            let least = book
                .values
                .map(distance)
                .into_iter()
                .fold(f32::MAX, f32::min);
            assert_eq!(distance(decoded), least);
        }
    }

    #[test]
    fn what_is_important_is_kept_better() {
        let weights: Vec<f32> = (0..1000).map(|i| i as f32 / 100.0).collect();
        let importance: Vec<f64> = (0..1000)
            .map(|i| if i < 300 { 100.0 } else { 1.0 })
            .collect();
        let error = |book: Codebook| -> f64 {
            let pairs = weights.iter().zip(book.decode()).zip(&importance);
            pairs.map(|((w, d), i)| i * f64::from(w - d).powi(2)).sum()
        };
        let plain = Codebook::fit(&weights, &vec![1.0; 1000]);
        assert!(error(Codebook::fit(&weights, &importance)) < error(plain));
    }

    #[test]
    fn no_weights_make_a_codebook() {
        assert!(Codebook::fit(&[], &[]).codes.is_empty());
    }
}
