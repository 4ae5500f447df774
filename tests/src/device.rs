//! Boards, the models that are tried on them, and the texts.

use crate::model::{Model, model};
use indicatif::ProgressBar;
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use spinet_core::{artifact::Training, text::WordHash};
use spinet_trainer::{
    data::{self, Columns, Source},
    device::{Board, boards_folder, firmware_folder, toolchain},
    network::{InputKind, Network, NetworkConfig},
    pipeline::{self, Trained},
    quantize,
    recipe::{Recipe, RecipeFields},
    vocabulary::OwnedVocabulary,
};
use std::{path::PathBuf, sync::OnceLock};

/// A model's file.
pub struct TestModel {
    /// What it is called in messages.
    pub name: &'static str,
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

/// Random models that take every way through the core: one-hot input with a window, an
/// embedding without, two classes and five.
pub fn random_models() -> Vec<TestModel> {
    let mut runner = TestRunner::new(crate::cases(1));
    let mut draw = |name, strategy: proptest::strategy::BoxedStrategy<Model>| {
        let model = strategy.new_tree(&mut runner).expect("a model").current();
        saved(name, &model.artifact())
    };
    vec![
        draw(
            "one-hot",
            model(24, 0, 40, 2)
                .prop_filter("a window", |m| m.window > 0)
                .boxed(),
        ),
        draw(
            "embedding",
            model(20, 12, 40, 5)
                .prop_filter("no window", |m| m.window == 0)
                .boxed(),
        ),
    ]
}

/// The demo's training.
pub fn train_demo() -> Trained {
    let recipe = Recipe::default().with(RecipeFields::load("demo").expect("a shipped recipe"));
    let bar = ProgressBar::hidden();
    let corpus = data::load(&Source::Builtin, &Columns::default(), &bar).expect("built in");
    pipeline::train(corpus, &recipe, None, &mut |_| {}).expect("it trains")
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
        name: "imdb",
        path: firmware_folder().join("models/imdb.spinet"),
    }
}

/// An untrained one-hot model of so many words and units.
pub fn model_of_size(words: u16, units: usize) -> TestModel {
    let names = (0..words)
        .map(|n| WordHash::of(&n.to_le_bytes()))
        .collect::<Vec<_>>();
    let vocabulary = OwnedVocabulary::perfect_hash(&names, 8).expect("a perfect hash");
    let rows = vocabulary.view().tokens();
    let config = NetworkConfig::simple_rnn(InputKind::OneHot, rows, units);
    let network = Network::new(config, 1).expect("a valid shape");
    let source = quantize::Source {
        config: network.config(),
        parameters: network.parameters(),
        vocabulary: &vocabulary,
        labels: &["negative".into(), "positive".into()],
        start: false,
        window: 0,
        training: Training {
            data: [0; 8],
            network: [0; 8],
            seed: 0,
            validation_permille: 0,
            test_permille: 0,
        },
    };
    let quantized = quantize::quantize(&source, &[vec![3, 4, 5]]).expect("an artifact");
    saved("large", &quantized.artifact)
}

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
fn saved(name: &'static str, artifact: &[u8]) -> TestModel {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().expect("a temporary folder"));
    let path = folder.path().join(format!("{name}.spinet"));
    std::fs::write(&path, artifact).expect("the model is written");
    TestModel { name, path }
}
