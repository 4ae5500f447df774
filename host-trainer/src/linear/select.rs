//! The n-grams that say most, for a model of so many.
//!
//! An n-gram counts `|w| sqrt(df)`: its weight, and in how many texts it is. A linear model is
//! fitted, the least important n-grams go, and so on: those that remain take over the weight of
//! those that they come with.

use super::{FitError, Lessons, Method, Scaling, Sparse, fit};

/// What is kept of the n-grams in a round.
const KEPT: f64 = 0.55;
/// What is kept at most after the first round: most n-grams say next to nothing.
const FIRST: usize = 200_000;
/// A round's fit; more iterations do not change what is kept.
const METHOD: Method = Method {
    scaling: Scaling::NaiveBayes,
    penalty: 1e-4,
    iterations: 25,
};

/// The `count` most important features, in ascending order.
///
/// # Errors
/// If a linear model cannot be fitted.
pub fn select(x: &Sparse, lessons: Lessons<'_>, count: usize) -> Result<Vec<u32>, FitError> {
    let mut kept: Vec<u32> = (0..x.features() as u32).collect();
    let mut rest = x.clone();
    while kept.len() > count {
        let share = (kept.len() as f64 * KEPT) as usize;
        let next = share.min(FIRST).max(count);
        let model = fit(&rest, lessons, METHOD)?;
        let best = most_important(&rest, &model.weights, lessons.outputs, next);
        kept = best.iter().map(|&feature| kept[feature as usize]).collect();
        rest = rest.select(&best);
    }
    Ok(kept)
}

/// The indices of the `count` features of most importance, ascending.
fn most_important(x: &Sparse, weights: &[f32], outputs: usize, count: usize) -> Vec<u32> {
    let rows = weights.chunks(outputs).zip(x.frequencies());
    let importance = |(row, df): (&[f32], usize)| {
        let largest = row.iter().fold(0.0f32, |most, w| most.max(w.abs()));
        f64::from(largest) * libm::sqrt(df as f64)
    };
    let mut ranked: Vec<(f64, u32)> = rows.map(importance).zip(0..).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut best: Vec<u32> = ranked
        .into_iter()
        .take(count)
        .map(|(_, index)| index)
        .collect();
    best.sort_unstable();
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_the_classes_apart_is_kept() {
        // Features 0 and 1 tell, 2 is everywhere, the others are noise.
        let texts = (0..400u32).map(|text| {
            let noise = 3 + text.wrapping_mul(2_654_435_761) % 37;
            vec![text % 2, 2, noise]
        });
        let x = Sparse::new(texts, 40);
        let targets: Vec<f32> = (0..400).map(|text| (text % 2) as f32).collect();
        let lessons = Lessons {
            targets: &targets,
            weights: &[1.0; 400],
            outputs: 1,
        };
        assert_eq!(select(&x, lessons, 2).unwrap(), [0, 1]);
    }
}
