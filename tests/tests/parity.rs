//! What a board computes is what the host computes, on every board, for every field of the
//! answer, whatever the text.

use spinet_core::probability::decimals;
use spinet_tests::device::{
    TestModel, boards, hostile_texts, random_models, shipped_model, trained_model,
};
use spinet_trainer::{
    device::{Board, DeviceVerdict, Emulator, Firmware, Program},
    inference::Model,
};
use std::thread;

/// The host's answers, in the device's form.
fn host(model: &TestModel, texts: &[Vec<u8>]) -> Vec<DeviceVerdict> {
    let model = Model::open(&model.path).unwrap();
    let mut classifier = model.classifier();
    let answers = texts.iter().map(|text| {
        classifier.reset();
        classifier.feed(text);
        let verdict = classifier.finish();
        DeviceVerdict {
            label: verdict.label.to_owned(),
            probability: f64::from(decimals(verdict.probability)) / 1e5,
            tokens: verdict.tokens,
            unknown: verdict.unknown,
            logits: verdict.logits.to_vec(),
            instructions: 0,
        }
    });
    answers.collect()
}

fn device(board: &Board, model: &TestModel, texts: &[Vec<u8>]) -> Vec<DeviceVerdict> {
    let firmware = Firmware::build(board, &model.path, Program::Application).unwrap();
    let mut emulator = Emulator::boot(board, &firmware.path, Box::new(|_| {})).unwrap();
    emulator.classify_all(texts).unwrap()
}

/// Asserts that every board answers every text as the host does.
fn compare(model: &TestModel, texts: &[Vec<u8>]) {
    let expected = host(model, texts);
    let try_board = |board: Board| {
        let answers = device(&board, model, texts);
        assert_eq!(answers.len(), texts.len());
        for ((text, host), mut device) in texts.iter().zip(&expected).zip(answers) {
            assert!(device.instructions > 0 || text.is_empty());
            device.instructions = 0;
            let shown = String::from_utf8_lossy(&text[..text.len().min(80)]);
            assert_eq!(host, &device, "{}, {}: {shown:?}", board.name, model.name);
        }
        println!(
            "{}: {} of {} texts, {}",
            board.name,
            texts.len(),
            texts.len(),
            model.name
        );
    };
    thread::scope(|scope| {
        let trials: Vec<_> = boards()
            .into_iter()
            .map(|board| scope.spawn(|| try_board(board)))
            .collect();
        for trial in trials {
            trial.join().unwrap();
        }
    });
}

#[test]
fn random_models_answer_hostile_texts_as_the_host_does() {
    for model in random_models() {
        compare(&model, &hostile_texts());
    }
}

#[test]
fn the_shipped_model_answers_hostile_texts_as_the_host_does() {
    compare(&shipped_model(), &hostile_texts());
}

#[test]
fn a_trained_model_answers_reviews_as_the_host_does() {
    let (model, reviews) = trained_model();
    let mut texts = hostile_texts();
    texts.extend(reviews.into_iter().take(300).map(String::into_bytes));
    let answers = host(&model, &texts);
    let labels = |name: &str| answers.iter().filter(|answer| answer.label == name).count();
    assert!(
        labels("positive") > 30 && labels("negative") > 30,
        "a constant proves nothing"
    );
    compare(&model, &texts);
}
