//! Boards, the models that are tried on them, and the texts.

use crate::model::{Plan, Purpose, lively, samples::all_kinds};
use indicatif::ProgressBar;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use spinet_core::{
    artifact::Training,
    cell::CellKind,
    matrix::Encoding,
    text::{Marks, WordHash},
};
use spinet_trainer::{
    data::{self, Columns, Source},
    device::{Board, boards_folder, firmware_folder, toolchain},
    network::{InputKind, Network, NetworkConfig},
    ngrams::{self, OwnedNgrams},
    perfect_hash::OwnedPerfectHash,
    pipeline::{self, Data, Start, Trained},
    quantize::{self, Calibration, FrontSource, Precision, WideSource},
    recipe::{Recipe, RecipeFields},
    vocabulary::OwnedVocabulary,
};
use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::OnceLock,
};

/// A model's file.
pub struct TestModel {
    /// What it is called in messages.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
}

/// Every board that there is a file for, with QEMU and the targets installed.
pub fn boards() -> Vec<Board> {
    let boards = Board::all(&boards_folder()).expect("the boards' files are valid");
    for board in &boards {
        toolchain::ensure(board).unwrap_or_else(|error| panic!("{error}"));
    }
    boards
}

/// Those of them that have a core of their own, or are the default board.
pub fn cores() -> Vec<Board> {
    let mut boards = boards();
    // Its core is the default board's.
    boards.retain(|board| board.name != "mps2-an386");
    boards
}

/// Whether a board has one of the cores that are tried with everything: those up to the Cortex-M4.
/// The others, RISC-V among them, run the same code but for the products, and are tried with less.
pub fn is_small(board: &Board) -> bool {
    let core = &board.hardware.core;
    ["M0", "M3", "M4", "M4F"]
        .iter()
        .any(|small| core.ends_with(small))
}

/// A board for each way in which the core is compiled.
pub fn processors() -> Vec<Board> {
    let mut boards = boards();
    let mut ways = HashSet::new();
    boards.retain(|board| ways.insert((board.target.clone(), board.rustflags.clone())));
    boards
}

/// Each cell, a FastGRNN both whole and of low rank, with weights of 8 bits in one layer and of
/// 4 bits in two, tables and embeddings by turns; the purpose may depend on the model's number.
pub fn every_cell(name: &str, purpose: impl Fn(usize) -> Purpose) -> Vec<TestModel> {
    use {CellKind::*, Encoding::*};
    let cells = [
        (SimpleRnn, false),
        (Gru, false),
        (Lstm, false),
        (FastGrnn, false),
        (FastGrnn, true),
    ];
    let model = |index: usize| {
        let (cell, encoding) = (index / 2, [Int8, Int4][index % 2]);
        let (kind, low_rank) = cells[cell];
        let layers = match encoding {
            Int8 | Int8Quads => vec![(kind, 12)],
            Int4 | Int4Quads => vec![(kind, 9), (kind, 10)],
        };
        let plan = Plan {
            purpose: purpose(index),
            embedding: [10, 0][(cell + index) % 2],
            layers,
            encoding: Some(encoding),
            low_rank: Some(low_rank),
        };
        let rank = if low_rank { " of low rank" } else { "" };
        let name = format!("{kind}{rank} {encoding:?} {name}");
        saved(name, &lively(&plan, index as u64).artifact())
    };
    (0..2 * cells.len()).map(model).collect()
}

/// A lively model of several cells, FastGRNNs of low rank; tokens are embedded.
pub fn stack(
    name: &str,
    purpose: Purpose,
    layers: &[(CellKind, u16)],
    encoding: Encoding,
) -> TestModel {
    let plan = Plan {
        purpose,
        embedding: 6,
        layers: layers.to_vec(),
        encoding: Some(encoding),
        low_rank: Some(true),
    };
    saved(format!("{encoding:?} {name}"), &lively(&plan, 1).artifact())
}

/// A GRU with wide weights that reads n-grams of up to 3 words, the wide weights alone with one
/// output and with three, a SimpleRNN with wide weights that reads words, and an ensemble of an LSTM
/// that reads words and the GRU.
pub fn models_of_ngrams() -> Vec<TestModel> {
    let reader = |layer, labels| {
        let plan = Plan {
            purpose: Purpose::ReadText { words: 900, labels },
            embedding: 6,
            layers: vec![layer],
            encoding: Some(Encoding::Int8),
            low_rank: None,
        };
        lively(&plan, 2).with_wide(5)
    };
    let gru = reader((CellKind::Gru, 8), 2).with_ngrams(3, Marks::Kept, 5);
    let linear = gru.clone().without_layers();
    let three = reader((CellKind::Gru, 8), 3).with_ngrams(2, Marks::Dropped, 6);
    let words = reader((CellKind::SimpleRnn, 8), 3);
    let lstm = reader((CellKind::Lstm, 7), 2).with_window(0);
    let ensemble = lstm.together_with(&gru, [1_500, 5_000]);
    vec![
        saved("n-grams", &gru.artifact()),
        saved("linear", &linear.artifact()),
        saved(
            "linear of three classes",
            &three.without_layers().artifact(),
        ),
        saved("wide words", &words.artifact()),
        saved("ensemble", &ensemble),
    ]
}

/// Random models of every purpose that take every way through the core: each cell with weights
/// of 8 and of 4 bits, tables, embeddings and vectors, with a window and without, one layer and
/// two.
pub fn random_models() -> Vec<TestModel> {
    random_models_for(|_| true)
}

/// Those of them whose purpose is wanted.
pub fn random_models_for(wanted: impl Fn(Purpose) -> bool) -> Vec<TestModel> {
    (all_kinds().into_iter())
        .filter(|(_, model)| wanted(model.purpose()))
        .map(|(name, model)| saved(name, &model.artifact()))
        .collect()
}

/// The first `count` reviews of the built-in corpus, which none of the random models was made for.
pub fn builtin_texts(count: usize) -> Vec<Vec<u8>> {
    let bar = ProgressBar::hidden();
    let corpus = data::load(&Source::Builtin, &Columns::default(), &bar).expect("built in");
    let texts = corpus.train.into_iter().take(count);
    texts.map(|example| example.text.into_bytes()).collect()
}

/// The demo's training.
pub fn train_demo() -> Trained {
    let recipe = Recipe::default().with(RecipeFields::load("demo").expect("a shipped recipe"));
    let bar = ProgressBar::hidden();
    let corpus = data::load(&Source::Builtin, &Columns::default(), &bar).expect("built in");
    pipeline::train(Data::Texts(corpus), &recipe, Start::default(), &mut |_| {}).expect("it trains")
}

/// The demo's model, and reviews that it has not seen.
pub fn trained_model() -> (TestModel, Vec<String>) {
    let trained = train_demo();
    let texts = trained.test.into_iter().map(|example| example.text);
    (saved("demo", &trained.quantized.artifact), texts.collect())
}

/// The model that the firmware ships with.
pub fn shipped_model() -> TestModel {
    TestModel {
        name: "imdb".into(),
        path: firmware_folder().join("models/imdb.spinet"),
    }
}

/// An untrained one-hot model of so many words and units that looks so many tokens back.
pub fn model_of_size(words: u16, units: usize, window: u16) -> TestModel {
    let names = (0..words)
        .map(|n| WordHash::of(&n.to_le_bytes()))
        .collect::<Vec<_>>();
    let hash = OwnedPerfectHash::new(&names, 8).expect("a perfect hash");
    let vocabulary = OwnedVocabulary::PerfectHash(hash);
    let rows = vocabulary.view().tokens();
    let config = NetworkConfig::simple_rnn(InputKind::OneHot, rows, units);
    let network = Network::new(config, 1).expect("a valid shape");
    let source = quantize::Source {
        config: network.config(),
        parameters: network.parameters(),
        precision: Precision::all(Encoding::Int8),
        front: FrontSource::Words {
            vocabulary: &vocabulary,
            start: false,
            marks: Marks::Dropped,
        },
        wide: None,
        labels: &["negative".into(), "positive".into()],
        window,
        training: UNTRAINED,
    };
    let quantized = quantize::quantize(&source, &Calibration::Tokens(vec![vec![3, 4, 5]]))
        .expect("an artifact");
    saved("large", &quantized.artifact)
}

/// A linear model that reads n-grams of up to `order` words, and knows the `count` ones of up to 3
/// that the built-in reviews have most often.
pub fn linear_of_ngrams(count: usize, order: u8) -> TestModel {
    let mut counts: HashMap<WordHash, u32> = HashMap::new();
    for text in builtin_texts(500) {
        ngrams::keys(&text, 3, Marks::Kept, |key| {
            *counts.entry(key).or_default() += 1;
        });
    }
    let mut ranked: Vec<_> = counts.into_iter().collect();
    ranked.sort_unstable_by_key(|&(key, count)| (Reverse(count), key));
    let keys: Vec<_> = ranked.into_iter().map(|(key, _)| key).take(count).collect();
    assert_eq!(keys.len(), count);
    let ngrams = OwnedNgrams::new(&keys, order, 12, Marks::Kept).expect("a perfect hash");
    let codes: Vec<u8> = (0..ngrams.view().tokens())
        .map(|token| (token * 7 % 16) as u8)
        .collect();
    let wide = WideSource {
        codes: &codes,
        codebook: std::array::from_fn(|code| 1_000 * code as i32 - 7_500),
    };
    let labels = ["negative".into(), "positive".into()];
    let front = FrontSource::Ngrams(&ngrams);
    let artifact = quantize::linear(front, &labels, wide, &[0.1], UNTRAINED);
    saved(format!("linear {order}"), &artifact.expect("an artifact"))
}

/// The origin of a model that nobody trained.
const UNTRAINED: Training = Training {
    data: [0; 8],
    network: [0; 8],
    seed: 0,
    validation_permille: 0,
    test_permille: 0,
};

/// Texts that nobody would write: no words, no letters, no UTF-8, no end.
pub fn hostile_texts() -> Vec<Vec<u8>> {
    let mut rng = Pcg64Mcg::seed_from_u64(7);
    let mut texts: Vec<Vec<u8>> = vec![
        Vec::new(),
        b" ".to_vec(),
        b"\r".to_vec(),
        b"\r\r".to_vec(),
        b"ends in a return\r".to_vec(),
        b"a return\rinside".to_vec(),
        b"!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t".to_vec(),
        b"nul \0 and escape \x1b[2J".to_vec(),
        b"\xff\xfe\x80 cut \xc3".to_vec(),
        "ÜBER CAFÉ Ωmega ЖУК 日本語 🎬".into(),
        vec![b'x'; 10_000],
        b"word ".repeat(4_000),
        (0..=255).filter(|&byte| byte != b'\n').collect(),
    ];
    texts.extend((0..60).map(|length| {
        let mut text: Vec<u8> = (0..length * 4).map(|_| rng.random()).collect();
        text.retain(|&byte| byte != b'\n');
        text
    }));
    texts
}

/// An artifact as a file that stays until the process ends.
fn saved(name: impl Into<String>, artifact: &[u8]) -> TestModel {
    let name = name.into();
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().expect("a temporary folder"));
    let path = folder.path().join(format!("{name}.spinet"));
    std::fs::write(&path, artifact).expect("the model is written");
    TestModel { name, path }
}
