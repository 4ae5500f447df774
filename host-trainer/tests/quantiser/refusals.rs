//! What cannot be quantised is named.

use super::*;
use spinet_trainer::quantize::{QuantizeError, quantize};

/// The error of a network with one weight replaced.
fn refused(cell: CellKind, tensor: &str, place: [usize; 2], value: f32) -> QuantizeError {
    let input = InputKind::Embedding { dim: 5 };
    let mut network = network(generator(cell, input, 2), 1);
    network.parameters_mut().get_mut(tensor).unwrap()[place] = value;
    let surroundings = Surroundings::of(network.config());
    let source = surroundings.source(&network, Precision::all(Encoding::Int8));
    match quantize(&source, &calibration(input)) {
        Ok(_) => panic!("{tensor} with {value} was quantised"),
        Err(error) => error,
    }
}

#[test]
fn a_number_that_is_none_is_named_wherever_it_is() {
    for cell in CELLS {
        let network = network(generator(cell, InputKind::Embedding { dim: 5 }, 2), 1);
        for tensor in network.parameters().iter() {
            for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let error = refused(cell, &tensor.name, [0, 1], value);
                let QuantizeError::NotFinite { tensor: named } = &error else {
                    panic!("{error:?}");
                };
                assert_eq!(named, &tensor.name);
                assert!(!error.to_string().contains('\n'), "{error}");
            }
        }
    }
}

#[test]
fn weights_beyond_a_scale_are_named() {
    for tensor in [
        "layer0.input_kernel",
        "layer0.recurrent_kernel",
        "layer1.input_kernel",
        "layer1.recurrent_kernel",
        "head.kernel",
    ] {
        let error = refused(CellKind::Gru, tensor, [1, 2], 1e6);
        let QuantizeError::Range {
            tensor: named,
            largest,
            ..
        } = &error
        else {
            panic!("{error:?}");
        };
        assert_eq!(named, tensor);
        // The first kernel's weights are multiplied with the embedding's scales.
        assert!(
            tensor == "layer0.input_kernel" || *largest == 1e6,
            "{error}"
        );
    }
}

#[test]
fn biases_beyond_a_sum_are_named_by_their_kernel() {
    for (cell, tensor, kernel) in [
        (CellKind::SimpleRnn, "layer0.bias", "layer0."),
        (
            CellKind::Gru,
            "layer1.recurrent_bias",
            "layer1.recurrent_kernel",
        ),
        (CellKind::Lstm, "layer1.bias", "layer1."),
        (CellKind::FastGrnn, "head.bias", "head.kernel"),
    ] {
        let error = refused(cell, tensor, [0, 1], 1e6);
        let QuantizeError::Bias {
            tensor: named,
            bias,
        } = &error
        else {
            panic!("{error:?}");
        };
        assert_eq!((named.starts_with(kernel), *bias), (true, 1e6), "{error}");
    }
}

#[test]
fn a_label_with_a_line_break_is_quoted() {
    let config = generator(CellKind::SimpleRnn, InputKind::OneHot, 1);
    let network = network(classifier(config, Readout::Last), 1);
    let mut surroundings = Surroundings::of(network.config());
    surroundings.labels[1] = "two\nlines".to_owned();
    let source = surroundings.source(&network, Precision::all(Encoding::Int8));
    let calibration = calibration(InputKind::OneHot);
    let error = quantize(&source, &calibration).err().unwrap();
    assert_eq!(
        error.to_string(),
        "label \"two\\nlines\" contains a line break"
    );
}

#[test]
fn rows_too_wide_for_a_sum_are_named() {
    let config = NetworkConfig {
        hidden_size: 300,
        ..generator(CellKind::SimpleRnn, InputKind::OneHot, 2)
    };
    let network = network(config, 1);
    let surroundings = Surroundings::of(network.config());
    let source = surroundings.source(&network, Precision::all(Encoding::Int8));
    let error = quantize(&source, &calibration(InputKind::OneHot)).err();
    assert_eq!(
        error.unwrap().to_string(),
        "layer1.input_kernel: the rows are too wide for a 32-bit sum"
    );
}
