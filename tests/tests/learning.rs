//! The demo learns what a bag of words cannot, and loses nothing when it is quantised.

use indicatif::ProgressBar;
use spinet_tests::device::train_demo;
use spinet_trainer::{evaluation::evaluate, inference::Model, pipeline::evaluate_float};

#[test]
fn the_demo_reads_reviews_that_it_has_not_seen_in_both_precisions() {
    let trained = train_demo();
    let model = Model::from_bytes(&trained.quantized.artifact).unwrap();
    let network = trained.network.as_ref().expect("the demo has a network");
    let float = evaluate_float(network, &model.artifact(), &trained.test).unwrap();
    let int8 = evaluate(&model, &trained.test, &ProgressBar::hidden()).unwrap();
    println!(
        "float {:.4}, quantised {:.4}",
        float.accuracy, int8.accuracy
    );
    // Naive Bayes on the words is right in 49.5 % of them, on pairs of words in 73.3 %.
    assert!(float.accuracy > 0.95, "{float:?}");
    assert!(
        (float.accuracy - int8.accuracy).abs() <= 0.005,
        "{float:?} {int8:?}"
    );
    assert!((float.loss - int8.loss).abs() <= 0.01, "{float:?} {int8:?}");
}
