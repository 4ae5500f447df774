//! Single models that tests begin with: small ones of every kind, one whose states wander, one
//! whose sums are as large as they can be.

use super::{
    Cell, Dense, Front, Input, Layer, Matrix, Mix, Model, Plan, Product, Purpose, Rows, Task,
    Vocabulary, cell::rows_per_unit, matrix::weight_max, model,
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use spinet_core::{Readout, cell::CellKind, matrix::Encoding, text::Marks};

/// A model of a strategy, always the same one.
pub fn draw(models: impl Strategy<Value = Model>) -> Model {
    let mut runner = TestRunner::new(crate::cases(1));
    models.new_tree(&mut runner).expect("a model").current()
}

fn plan(purpose: Purpose, embedding: u16, layers: &[(CellKind, u16)], encoding: Encoding) -> Plan {
    Plan {
        purpose,
        embedding,
        layers: layers.to_vec(),
        encoding: Some(encoding),
        low_rank: None,
    }
}

fn reader(embedding: u16) -> Model {
    let purpose = Purpose::ReadText {
        words: 6,
        labels: 3,
    };
    let layers = [(CellKind::SimpleRnn, 4)];
    let plan = plan(purpose, embedding, &layers, Encoding::Int8);
    let perfect_hash = |model: &Model| {
        let Front::Words { vocabulary, .. } = &model.front else {
            return false;
        };
        matches!(vocabulary, Vocabulary::PerfectHash { .. })
    };
    draw(model(plan).prop_filter("a perfect hash", perfect_hash)).with_window(0)
}

/// A SimpleRNN of 4 units behind a one-hot table: a perfect hash of 6 words, 3 classes.
pub fn one_hot() -> Model {
    reader(0)
}

/// The same behind an embedding of width 3.
pub fn embedding() -> Model {
    reader(3)
}

/// A GRU of 5 units and an LSTM of 3, with weights of 4 bits, that write 7 symbols.
pub fn text_writer() -> Model {
    let purpose = Purpose::WriteText { symbols: 7 };
    let layers = [(CellKind::Gru, 5), (CellKind::Lstm, 3)];
    draw(model(plan(purpose, 0, &layers, Encoding::Int4)))
}

/// A FastGRNN of 4 units, both products of low rank, that reads vectors of 2 in 3 classes.
pub fn series_reader() -> Model {
    let purpose = Purpose::ReadSeries {
        features: 2,
        labels: 3,
    };
    let plan = plan(purpose, 0, &[(CellKind::FastGrnn, 4)], Encoding::Int8);
    draw(model(Plan {
        low_rank: Some(true),
        ..plan
    }))
}

/// An LSTM of 4 units that writes vectors of 2.
pub fn series_writer() -> Model {
    let purpose = Purpose::WriteSeries { features: 2 };
    draw(model(plan(
        purpose,
        0,
        &[(CellKind::Lstm, 4)],
        Encoding::Int8,
    )))
}

/// A GRU of 4 units behind an embedding of 3 with wide weights: 6 n-grams of up to 3 words, 3
/// classes.
pub fn ngram_reader() -> Model {
    let purpose = Purpose::ReadText {
        words: 6,
        labels: 3,
    };
    let plan = plan(purpose, 3, &[(CellKind::Gru, 4)], Encoding::Int8);
    let reader = draw(model(plan)).with_window(0);
    reader.with_ngrams(3, Marks::Kept, 1).with_wide(1)
}

/// The same without the GRU.
pub fn linear() -> Model {
    ngram_reader().without_layers()
}

/// All of these that have layers.
pub fn examples() -> [Model; 6] {
    [
        ngram_reader(),
        one_hot(),
        embedding(),
        text_writer(),
        series_reader(),
        series_writer(),
    ]
}

/// One model for each purpose, with every cell and both encodings among them, and their names.
pub fn all_kinds() -> Vec<(&'static str, Model)> {
    use {CellKind::*, Encoding::*};
    let read = |words, labels| Purpose::ReadText { words, labels };
    let window = |m: &Model| m.window() > 0;
    let windowed = plan(read(40, 2), 0, &[(SimpleRnn, 24)], Int8);
    let stacked = plan(read(40, 5), 12, &[(Gru, 12), (FastGrnn, 9)], Int4);
    let writer = Purpose::WriteText { symbols: 30 };
    let series = Purpose::ReadSeries {
        features: 3,
        labels: 4,
    };
    let numbers = Purpose::WriteSeries { features: 2 };
    vec![
        (
            "one-hot",
            draw(model(windowed).prop_filter("a window", window)),
        ),
        ("stacked", draw(model(stacked)).with_window(0)),
        (
            "text",
            draw(model(plan(writer, 0, &[(Lstm, 10), (Gru, 7)], Int8))),
        ),
        (
            "series",
            draw(model(Plan {
                low_rank: Some(true),
                ..plan(series, 0, &[(FastGrnn, 16), (Lstm, 5)], Int8)
            })),
        ),
        (
            "numbers",
            draw(model(plan(numbers, 0, &[(Lstm, 6), (SimpleRnn, 9)], Int4))),
        ),
    ]
}

/// A cell of 4 units behind an embedding of 3 whose weights reach almost 1 in magnitude, so that
/// its states wander, with a head that shows their read-out. A FastGRNN's recurrent product has
/// rank 2.
pub fn wandering(kind: CellKind, encoding: Encoding, readout: Readout) -> Model {
    let most = i16::from(weight_max(encoding));
    // 2^-7 or 2^-3: the largest weight is 127/128 or 7/8.
    let multiplier = match encoding {
        Encoding::Int8 | Encoding::Int8Quads => 1 << 25,
        Encoding::Int4 | Encoding::Int4Quads => 1 << 29,
    };
    let mixed = |rows: usize, columns: u16| {
        let mut matrix = Matrix::filled(encoding, rows, columns, 0);
        for (index, weight) in matrix.weights.iter_mut().enumerate() {
            *weight = ((index * 89 + rows) as i16 % (2 * most + 1) - most) as i8;
        }
        matrix
    };
    let mut layer = Layer::filled(kind, encoding, 4, Some(3), 0);
    let rows = 4 * rows_per_unit(kind);
    layer.rows.multipliers.fill(multiplier);
    layer.input = Some(Product::Full(mixed(rows, 3)));
    layer.recurrent = Product::Full(mixed(rows, 4));
    if let Cell::FastGrnn(mix) = &mut layer.cell {
        let down = Dense {
            weights: mixed(2, 4),
            rows: Rows::uniform(2, multiplier),
        };
        layer.recurrent = Product::LowRank {
            down,
            up: mixed(rows, 2),
        };
        *mix = Mix {
            biases: (-4..4).map(|n| n << 13).collect(),
            zeta: 30_000,
            nu: 900,
            state_shift: 1,
        };
    }
    Model {
        task: Task::Classify {
            labels: (0..4).map(|unit| format!("unit {unit}")).collect(),
            readout,
            window: 0,
        },
        input: Input::Embedding(mixed(9, 3)),
        layers: vec![layer],
        head: Dense::transparent(4),
        ..embedding()
    }
}

/// A model of one layer whose sums are as large as they can be, all of one `sign`: weights,
/// embedding and scales at their largest, and biases that take all the room that is left. One
/// word, two classes; one-hot if `embedding` is 0.
pub fn extreme(kind: CellKind, encoding: Encoding, hidden: u16, embedding: u16, sign: i8) -> Model {
    let most = weight_max(encoding);
    let columns = usize::from(hidden) * rows_per_unit(kind);
    let table = |columns, weight| Matrix::filled(encoding, 4, columns, weight);
    let (input, source) = match embedding {
        0 => {
            let columns = columns.try_into().expect("a cell's rows are few");
            (Input::OneHot(table(columns, most * sign)), None)
        }
        width => (Input::Embedding(table(width, most)), Some(width)),
    };
    let mut model = Model {
        front: Front::Words {
            vocabulary: Vocabulary::Hashed { buckets: 1 },
            start: false,
            marks: Marks::Dropped,
        },
        task: Task::Classify {
            labels: vec!["bad".into(), "good".into()],
            readout: Readout::Mean,
            window: 0,
        },
        input,
        layers: vec![Layer::filled(kind, encoding, hidden, source, most * sign)],
        head: Dense {
            weights: Matrix::filled(encoding, 1, hidden, most * sign),
            rows: Rows::uniform(1, i32::MAX),
        },
        wide: None,
    };
    let (room, head) = (model.room(0), model.head.room());
    model.layers[0].rows.biases.fill(room * i32::from(sign));
    model.head.rows.biases.fill(head * i32::from(sign));
    model
}
