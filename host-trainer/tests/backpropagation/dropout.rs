//! What dropout does to gradients.

use super::*;

/// Dropped readout units pass no gradient; the kept ones are scaled by `1 / (1 - rate)`.
#[test]
fn hidden_dropout_masks_the_heads_gradient() {
    let mut config = classifier(InputKind::OneHot, Readout::Last, 1, 1);
    let plain = sine_network(config.clone());
    config.hidden_dropout = 0.5;
    let dropped = sine_network(config);
    let example = [Example::of_tokens(&[1, 2, 3], 1)];
    let kernel = 3;
    let mut zeros = 0;
    for seed in 0..50 {
        let ratio = |network: &Network| {
            let mut workers = Workers::new(network.config(), 1).unwrap();
            workers.train(network, &example, &[0], &RAGGED, Pass::Training { seed });
            let (kernel, bias) = (kernel, kernel + 1);
            let bias = workers.gradients().to_dense(bias)[[0, 0]];
            workers.gradients().to_dense(kernel) / bias
        };
        for (with, without) in ratio(&dropped).iter().zip(&ratio(&plain)) {
            assert!(
                *with == 0.0 || (with / without - 2.0).abs() < 1e-5,
                "{with} {without}"
            );
            zeros += usize::from(*with == 0.0);
        }
    }
    assert!(
        (70..=130).contains(&zeros),
        "{zeros} of 200 dropped at a rate of one half"
    );
}

/// With all kinds of dropout, a small move of any tensor along its gradient changes the loss by
/// the move's length times the gradient's norm: forward and backward drop the same things.
#[test]
fn dropped_components_pass_no_gradient() {
    const LENGTH: f32 = 0.02;
    let mut config = classifier(InputKind::Embedding { dim: 3 }, Readout::Mean, 3, 2);
    (
        config.embedding_dropout,
        config.hidden_dropout,
        config.word_dropout,
    ) = (0.5, 0.3, 0.3);
    let network = sine_network(config);
    let examples = examples(3);
    let (_, found) = gradients(&network, &examples, &RAGGED, 1);
    for (tensor, gradient) in network.parameters().iter().zip(&found) {
        let norm = gradient.iter().map(|g| g * g).sum::<f32>().sqrt();
        let moved = |by: f32| {
            let mut network = network.clone();
            let mut values = network.parameters_mut().get_mut(&tensor.name).unwrap();
            values
                .iter_mut()
                .zip(gradient)
                .for_each(|(value, g)| *value += by * g / norm);
            gradients(&network, &examples, &RAGGED, 1).0.loss()
        };
        let slope = (moved(LENGTH) - moved(-LENGTH)) / f64::from(2.0 * LENGTH);
        let error = slope / f64::from(norm) - 1.0;
        assert!(
            error.abs() < 2e-3,
            "{}: {slope} instead of {norm}",
            tensor.name
        );
    }
}
