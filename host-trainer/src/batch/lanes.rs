//! One long stream of tokens read by several lanes at once, chunk by chunk.
//!
//! A stream of `n` tokens holds `n - 1` predictions, each of a token from those before it. Lane
//! `k` starts at prediction `k * stride` and makes `steps` of them, or fewer at the stream's end:
//!
//! ```text
//! training     lane 0 |-------|            lanes meet, what does not fill a step of all lanes
//!              lane 1         |-------|    is left out
//! evaluation   lane 0 |----------|         lanes overlap by a lead that only brings their states
//!              lane 1        |...-------|  up; every prediction is scored once
//! ```

use std::ops::Range;

/// Predictions a lane of an evaluation makes to bring its state up before it is scored.
const LEAD: usize = 256;
/// A lane of an evaluation is scored on at least so many times its lead.
const LEADS_PER_LANE: usize = 8;
/// Most lanes of an evaluation.
const MOST_LANES: usize = 64;

/// How a stream is dealt out to lanes and cut into chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lanes {
    predictions: usize,
    count: usize,
    stride: usize,
    steps: usize,
    lead: usize,
    chunks: usize,
}

impl Lanes {
    /// Lanes side by side for a stream of `tokens` tokens, in chunks of like length that are at
    /// most `truncation` steps long. There are no chunks if the stream does not fill the lanes.
    pub fn training(tokens: usize, count: usize, truncation: usize) -> Self {
        let count = count.max(1);
        let predictions = tokens.saturating_sub(1);
        let stride = predictions / count;
        Self {
            predictions: stride * count,
            count,
            stride,
            steps: stride,
            lead: 0,
            chunks: stride.div_ceil(truncation.max(1)),
        }
    }

    /// Overlapping lanes whose mean loss is that of the stream read in one, but for what a state
    /// remembers over more than 256 tokens.
    pub fn evaluation(tokens: usize, truncation: usize) -> Self {
        let predictions = tokens.saturating_sub(1);
        let count = (predictions / (LEAD * LEADS_PER_LANE)).clamp(1, MOST_LANES);
        let lead = if count == 1 { 0 } else { LEAD };
        let stride = (predictions - lead).div_ceil(count);
        let steps = lead + stride;
        Self {
            predictions,
            count,
            stride,
            steps,
            lead,
            chunks: steps.div_ceil(truncation.max(1)),
        }
    }

    /// Number of lanes.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Number of chunks.
    pub fn chunks(&self) -> usize {
        self.chunks
    }

    /// The predictions that a lane makes in a chunk, as positions in the stream, and how many of
    /// the first ones are not scored.
    pub(crate) fn part(&self, lane: usize, chunk: usize) -> (Range<usize>, usize) {
        let begin = lane * self.stride;
        let end = begin + self.steps;
        let cut = |chunk: usize| begin + chunk * self.steps / self.chunks;
        let within = |position: usize| position.min(self.predictions).min(end);
        let range = within(cut(chunk))..within(cut(chunk + 1));
        let lead = if lane == 0 { 0 } else { self.lead };
        let unscored = (begin + lead).saturating_sub(range.start).min(range.len());
        (range, unscored)
    }

    /// How many predictions of a chunk are scored, in all lanes.
    pub(crate) fn scored(&self, chunk: usize) -> usize {
        let of_lane = |lane| {
            let (range, unscored) = self.part(lane, chunk);
            range.len() - unscored
        };
        (0..self.count).map(of_lane).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often each prediction is scored; lanes' parts must be gapless and chunks short.
    fn scores(lanes: &Lanes, predictions: usize, truncation: usize) -> Vec<usize> {
        let mut times = vec![0; predictions];
        for lane in 0..lanes.count() {
            let mut position = lanes.part(lane, 0).0.start;
            for chunk in 0..lanes.chunks() {
                let (range, unscored) = lanes.part(lane, chunk);
                assert_eq!(range.start, position);
                assert!(range.len() <= truncation);
                position = range.end;
                times[range.start + unscored..range.end]
                    .iter_mut()
                    .for_each(|count| *count += 1);
            }
        }
        let scored: usize = (0..lanes.chunks()).map(|chunk| lanes.scored(chunk)).sum();
        assert_eq!(scored, times.iter().sum::<usize>());
        times
    }

    #[test]
    fn training_scores_all_but_a_remainder_once() {
        for (tokens, count, truncation) in [(1001, 7, 100), (500, 3, 7), (51, 50, 10)] {
            let lanes = Lanes::training(tokens, count, truncation);
            let times = scores(&lanes, tokens - 1, truncation);
            let left = (tokens - 1) % count;
            assert!(times[..tokens - 1 - left].iter().all(|&count| count == 1));
            assert!(times[tokens - 1 - left..].iter().all(|&count| count == 0));
        }
        assert_eq!(Lanes::training(50, 50, 10).chunks(), 0);
        assert_eq!(Lanes::training(0, 50, 10).chunks(), 0);
    }

    #[test]
    fn evaluation_scores_every_prediction_once() {
        for (tokens, count) in [(2, 1), (4000, 1), (10_000, 4), (300_001, 64)] {
            let lanes = Lanes::evaluation(tokens, 100);
            assert_eq!(lanes.count(), count);
            assert!(
                scores(&lanes, tokens - 1, 100)
                    .iter()
                    .all(|&count| count == 1)
            );
        }
        assert_eq!(Lanes::evaluation(1, 100).chunks(), 0);
    }
}
