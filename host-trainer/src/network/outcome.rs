//! What a batch gave.

/// Sums over the losses of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Sum of the losses: of the examples, or of the predictions if there is one at every step;
    /// in nats, or mean squares for vectors.
    pub loss_sum: f64,
    /// How often the likeliest class or token was the right one; 0 for vectors.
    pub correct: usize,
    /// Number of losses.
    pub scored: usize,
    /// Number of tokens or vectors run through the network.
    pub tokens: usize,
}

impl Outcome {
    /// Mean loss; 0 without any.
    pub fn loss(&self) -> f64 {
        self.loss_sum / self.scored.max(1) as f64
    }

    /// Share of right answers, 0 to 1.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.scored.max(1) as f64
    }

    /// Adds another batch's.
    pub fn add(&mut self, other: &Self) {
        self.loss_sum += other.loss_sum;
        self.correct += other.correct;
        self.scored += other.scored;
        self.tokens += other.tokens;
    }
}
