//! Random models whose answers go on depending on all that they have read: scales with which no
//! state is saturated for long, and heads that prefer nothing.

use super::{
    Cell, Dense, Front, Input, Layer, Matrix, Mix, Model, Plan, Product, Purpose, Rows, Task,
    Vocabulary,
    cell::{rows_per_unit, sums_per_unit},
    matrix::weight_max,
};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use spinet_core::{
    Readout,
    cell::CellKind,
    matrix::Encoding,
    text::{Marks, Unit},
};

/// A lively model of this plan, another one for every seed.
///
/// An encoding that the plan leaves open is 8 bits, a rank that it leaves open is whole. Text that
/// it writes is of bytes if there are more than 100 symbols, and does not end by itself.
pub fn lively(plan: &Plan, seed: u64) -> Model {
    let encoding = plan.encoding.unwrap_or(Encoding::Int8);
    let mut draw = Draw {
        encoding,
        low_rank: plan.low_rank == Some(true),
        rng: Pcg64Mcg::seed_from_u64(seed),
    };
    let (front, task) = ends(plan.purpose, seed);
    let (kind, hidden) = plan.layers[0];
    let columns = hidden * rows_per_unit(kind) as u16;
    let tokens = plan.purpose.tokens();
    let (input, mut source) = match (plan.purpose, plan.embedding) {
        (Purpose::ReadSeries { features, .. } | Purpose::WriteSeries { features }, _) => {
            (Input::Vector, Some(features))
        }
        (_, 0) => (Input::OneHot(draw.matrix(tokens, columns)), None),
        (_, width) => (Input::Embedding(draw.matrix(tokens, width)), Some(width)),
    };
    let mut layers = Vec::new();
    for &(kind, hidden) in &plan.layers {
        layers.push(draw.layer(kind, hidden, source));
        source = Some(hidden);
    }
    let head = draw.head(plan.purpose, source.unwrap_or(1));
    Model {
        front,
        task,
        input,
        layers,
        head,
        wide: None,
    }
}

/// What comes in and what comes out.
fn ends(purpose: Purpose, seed: u64) -> (Front, Task) {
    let series = |features| Front::Series {
        offsets: vec![0.0; usize::from(features)],
        scales: vec![1.0; usize::from(features)],
    };
    let classify = |count| Task::Classify {
        labels: (0..count).map(|class| format!("class {class}")).collect(),
        readout: [Readout::Mean, Readout::Last, Readout::Max][(seed % 3) as usize],
        window: 0,
    };
    match purpose {
        Purpose::ReadText { words, labels } => {
            let front = Front::Words {
                vocabulary: Vocabulary::Hashed { buckets: words },
                start: seed.is_multiple_of(2),
                marks: Marks::kept(seed % 4 > 1),
            };
            (front, classify(labels))
        }
        Purpose::WriteText { symbols } => (alphabet(symbols), Task::Generate),
        Purpose::ReadSeries { features, labels } => (series(features), classify(labels)),
        Purpose::WriteSeries { features } => (series(features), Task::Generate),
    }
}

/// Bytes, or characters of one to four bytes.
fn alphabet(symbols: u16) -> Front {
    let (unit, codes): (_, Vec<u32>) = match symbols {
        101.. => (Unit::Byte, (0..symbols.into()).collect()),
        _ => {
            let letters = [0x20].into_iter().chain(0x61..0x6B);
            let rare = [0xE9, 0x3B1, 0x416].into_iter().chain(0x4E00..0x4E03);
            let known = letters.chain(rare).chain(0x1F3AC..0x1F400);
            (Unit::Character, known.take(symbols.into()).collect())
        }
    };
    Front::Symbols { unit, codes }
}

/// Numbers of one encoding.
struct Draw {
    encoding: Encoding,
    low_rank: bool,
    rng: Pcg64Mcg,
}

impl Draw {
    /// A row's multiplier with which the largest weight is almost 1: 2^-7 or 2^-3 of it.
    fn one(&self) -> i32 {
        match self.encoding {
            Encoding::Int8 | Encoding::Int8Quads => 1 << 25,
            Encoding::Int4 | Encoding::Int4Quads => 1 << 29,
        }
    }

    /// `value` (Q16.15) in units of the accumulators of rows with the multiplier [`Self::one`].
    fn units(&self, value: i32) -> i32 {
        match self.encoding {
            Encoding::Int8 | Encoding::Int8Quads => value << 7,
            Encoding::Int4 | Encoding::Int4Quads => value << 3,
        }
    }

    fn matrix(&mut self, rows: usize, columns: u16) -> Matrix {
        let mut matrix = Matrix::filled(self.encoding, rows, columns, 0);
        let most = weight_max(self.encoding);
        matrix
            .weights
            .fill_with(|| self.rng.random_range(-most..=most));
        matrix
    }

    /// Q16.15, within a half.
    fn biases(&mut self, count: usize) -> Vec<i32> {
        let half = 1 << 14;
        (0..count)
            .map(|_| self.rng.random_range(-half..=half))
            .collect()
    }

    fn product(&mut self, kind: CellKind, rows: usize, columns: u16) -> Product {
        if kind != CellKind::FastGrnn || !self.low_rank {
            return Product::Full(self.matrix(rows, columns));
        }
        let rank = columns.div_ceil(2);
        let down = Dense {
            weights: self.matrix(rank.into(), columns),
            // Sums of many products, narrowed to less than 1.
            rows: Rows::uniform(rank.into(), self.one() / 2),
        };
        let up = self.matrix(rows, rank);
        Product::LowRank { down, up }
    }

    fn layer(&mut self, kind: CellKind, hidden: u16, source: Option<u16>) -> Layer {
        let units = usize::from(hidden);
        let rows = units * rows_per_unit(kind);
        let mut layer = Layer::filled(kind, self.encoding, hidden, source, 0);
        layer.input = source.map(|width| self.product(kind, rows, width));
        layer.recurrent = self.product(kind, rows, hidden);
        layer.rows.multipliers.fill(self.one());
        let biases = self.biases(units * sums_per_unit(kind)).into_iter();
        layer.rows.biases = biases.map(|bias| self.units(bias)).collect();
        if let Cell::FastGrnn(mix) = &mut layer.cell {
            *mix = Mix {
                biases: self.biases(2 * units),
                zeta: 30_000,
                nu: 900,
                state_shift: 0,
            };
        }
        layer
    }

    fn head(&mut self, purpose: Purpose, width: u16) -> Dense {
        let outputs = purpose.outputs();
        let mut rows = Rows::uniform(outputs, self.one());
        if let Purpose::WriteText { .. } = purpose {
            // Twice the preferences, and the boundary far behind, with 16 less.
            rows.multipliers.fill(2 * self.one());
            rows.biases[outputs - 1] = -self.units(8 << 15);
        }
        Dense {
            weights: self.matrix(outputs, width),
            rows,
        }
    }
}
