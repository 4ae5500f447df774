//! Random valid models: every purpose, cell, encoding, input and depth.

use super::{
    Cell, Front, Input, Layer, Mix, Model, Product, Purpose, Task,
    cell::{rows_per_unit, sums_per_unit},
    front, matrix, weights,
};
use proptest::{collection::vec, prelude::*};
use spinet_core::{Readout, cell::CellKind, matrix::Encoding};

/// The sizes and choices of a model; its numbers are left to chance.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What it is for.
    pub purpose: Purpose,
    /// Width of the embedding of a model of tokens; 0 for one-hot input.
    pub embedding: u16,
    /// Cells and their widths.
    pub layers: Vec<(CellKind, u16)>,
    /// The encoding of every matrix; `None`: any, each on its own.
    pub encoding: Option<Encoding>,
    /// Whether the products of FastGRNNs are of low rank; `None`: each on its own. Behind a
    /// one-hot table only the recurrent one can be.
    pub low_rank: Option<bool>,
}

/// Any valid model of up to 4 layers of 20 units, 12 inputs and 40 tokens.
pub fn models() -> impl Strategy<Value = Model> {
    models_for(purposes())
}

/// Any valid model for one of `purposes`; of one layer as often as of several.
pub fn models_for(purposes: impl Strategy<Value = Purpose>) -> impl Strategy<Value = Model> {
    let layer = || (prop::sample::select(CellKind::ALL), 1u16..=20);
    let layers = prop_oneof![vec(layer(), 1), vec(layer(), 2..=4)];
    let embedding = prop_oneof![Just(0), 1u16..=12];
    (purposes, embedding, layers)
        .prop_map(|(purpose, embedding, layers)| Plan {
            purpose,
            embedding,
            layers,
            encoding: None,
            low_rank: None,
        })
        .prop_flat_map(model)
}

/// Any purpose.
pub fn purposes() -> impl Strategy<Value = Purpose> {
    let (words, symbols, features, labels) = (1u16..=40, 1u16..=40, 1u16..=9, 2usize..=5);
    prop_oneof![
        (words, labels.clone()).prop_map(|(words, labels)| Purpose::ReadText { words, labels }),
        symbols.prop_map(|symbols| Purpose::WriteText { symbols }),
        (features.clone(), labels)
            .prop_map(|(features, labels)| Purpose::ReadSeries { features, labels }),
        features.prop_map(|features| Purpose::WriteSeries { features }),
    ]
}

/// Any valid model of this plan.
pub fn model(plan: Plan) -> impl Strategy<Value = Model> {
    let (first, _) = plan.layers[0];
    let front = fronts(plan.purpose);
    let top = plan.layers.last().map_or(0, |&(_, width)| width);
    let head = weights::dense(plan.encoding, plan.purpose.outputs(), top);
    let input = inputs(&plan, rows_per_unit(first) * usize::from(plan.layers[0].1));
    (front, tasks(plan.purpose), input, head).prop_flat_map(move |(front, task, input, head)| {
        let layers = layers(&plan, &input);
        (Just((front, task, input, head)), layers).prop_map(
            |((front, task, input, head), layers)| Model {
                front,
                task,
                input,
                layers,
                head,
                wide: None,
            },
        )
    })
}

fn fronts(purpose: Purpose) -> BoxedStrategy<Front> {
    match purpose {
        Purpose::ReadText { words, .. } => front::words(words).boxed(),
        Purpose::WriteText { symbols } => front::symbols(symbols).boxed(),
        Purpose::ReadSeries { features, .. } | Purpose::WriteSeries { features } => {
            front::series(features).boxed()
        }
    }
}

fn tasks(purpose: Purpose) -> BoxedStrategy<Task> {
    let (labels, windows) = match purpose {
        Purpose::ReadText { labels, .. } => (labels, prop_oneof![Just(0), 1u16..=9].boxed()),
        Purpose::ReadSeries { labels, .. } => (labels, Just(0).boxed()),
        Purpose::WriteText { .. } | Purpose::WriteSeries { .. } => {
            return Just(Task::Generate).boxed();
        }
    };
    let readouts = prop_oneof![Just(Readout::Last), Just(Readout::Mean), Just(Readout::Max)];
    (vec("[a-zé ]{0,6}", labels), readouts, windows)
        .prop_map(|(labels, readout, window)| Task::Classify {
            labels,
            readout,
            window,
        })
        .boxed()
}

/// The input side in front of a cell of so many rows.
fn inputs(plan: &Plan, rows: usize) -> BoxedStrategy<Input> {
    let tokens = plan.purpose.tokens();
    let columns = rows.try_into().expect("a cell's rows are few");
    match (tokens, plan.embedding) {
        (0, _) => Just(Input::Vector).boxed(),
        (_, 0) => weights::tables(plan.encoding, tokens, columns, 8)
            .prop_map(Input::OneHot)
            .boxed(),
        (_, width) => weights::tables(plan.encoding, tokens, width, 0)
            .prop_map(Input::Embedding)
            .boxed(),
    }
}

fn layers(plan: &Plan, input: &Input) -> BoxedStrategy<Vec<Layer>> {
    let features = match plan.purpose {
        Purpose::ReadSeries { features, .. } | Purpose::WriteSeries { features } => features,
        _ => 0,
    };
    let (mut source, mut added) = match input {
        Input::OneHot(table) => (None, table.look_up_bound()),
        Input::Embedding(table) => (Some(table.columns), 0),
        Input::Vector | Input::None => (Some(features), 0),
    };
    let mut layers = Vec::new();
    for &(kind, hidden) in &plan.layers {
        layers.push(layer(plan, kind, hidden, source, added));
        (source, added) = (Some(hidden), 0);
    }
    layers.boxed()
}

/// A layer behind a vector of the width `source`, or behind a table that adds up to `added`.
fn layer(
    plan: &Plan,
    kind: CellKind,
    hidden: u16,
    source: Option<u16>,
    added: i64,
) -> BoxedStrategy<Layer> {
    let units = usize::from(hidden);
    let rows = rows_per_unit(kind) * units;
    let input = match source {
        Some(width) => products(plan, kind, rows, width).prop_map(Some).boxed(),
        None => Just(None).boxed(),
    };
    let recurrent = products(plan, kind, rows, hidden);
    (input, recurrent, cells(kind, units))
        .prop_flat_map(move |(input, recurrent, cell)| {
            let from_input = input.as_ref().map_or(added, |input| input.last().bound());
            let room = matrix::room(from_input + recurrent.last().bound());
            let rows = weights::rows(sums_per_unit(kind) * units, room);
            (Just((input, recurrent, cell)), rows).prop_map(
                move |((input, recurrent, cell), rows)| Layer {
                    hidden_size: hidden,
                    input,
                    recurrent,
                    rows,
                    cell,
                },
            )
        })
        .boxed()
}

fn products(plan: &Plan, kind: CellKind, rows: usize, columns: u16) -> BoxedStrategy<Product> {
    let encoding = plan.encoding;
    let full = weights::matrices(encoding, rows, columns).prop_map(Product::Full);
    let low_rank = (1u16..=10).prop_flat_map(move |rank| {
        let down = weights::dense(encoding, rank.into(), columns);
        let up = weights::matrices(encoding, rows, rank);
        (down, up).prop_map(|(down, up)| Product::LowRank { down, up })
    });
    match (kind, plan.low_rank) {
        (CellKind::FastGrnn, Some(true)) => low_rank.boxed(),
        (CellKind::FastGrnn, None) => prop_oneof![full, low_rank].boxed(),
        _ => full.boxed(),
    }
}

fn cells(kind: CellKind, units: usize) -> BoxedStrategy<Cell> {
    let share = || prop_oneof![6 => 0i16..=i16::MAX, 1 => Just(0), 1 => Just(i16::MAX)];
    match kind {
        CellKind::SimpleRnn => Just(Cell::SimpleRnn).boxed(),
        CellKind::Gru => Just(Cell::Gru).boxed(),
        CellKind::Lstm => Just(Cell::Lstm).boxed(),
        CellKind::FastGrnn => (weights::late_biases(2 * units), share(), share(), 0u8..=7)
            .prop_map(|(biases, zeta, nu, state_shift)| {
                Cell::FastGrnn(Mix {
                    biases,
                    zeta,
                    nu,
                    state_shift,
                })
            })
            .boxed(),
    }
}
