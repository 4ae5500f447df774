//! Steps against PyTorch's numbers and the equations in f64.

use super::*;
use crate::network::{InputKind, NetworkConfig};

const STEPS: [[f32; 4]; 3] = [
    [1.0, -2.0, 0.0, 1e-4],
    [0.5, 1.0, 0.0, -1e-4],
    [-1.0, 0.25, 3.0, 0.0],
];

/// Three steps on the head's kernel, rate 0.1.
fn three_steps(config: AdamConfig) -> Vec<Vec<f32>> {
    let network = NetworkConfig::simple_rnn(InputKind::OneHot, 3, 4);
    let mut parameters = Parameters::initialize(&network, 0).unwrap();
    let kernel = [0.5, -1.0, 2.0, 0.0];
    let mut column = parameters.get_mut("head.kernel").unwrap();
    column
        .iter_mut()
        .zip(kernel)
        .for_each(|(w, value)| *w = value);
    let mut adam = Adam::new(config, &parameters);
    let mut gradients = Gradients::new(&network);
    let after = STEPS.iter().map(|gradient| {
        let target = &mut gradients.dense_mut(3..4)[0];
        target
            .iter_mut()
            .zip(gradient)
            .for_each(|(g, value)| *g = *value);
        adam.apply(&mut parameters, &gradients, &Team::new(1).unwrap(), 0.1);
        parameters
            .get("head.kernel")
            .unwrap()
            .values
            .iter()
            .copied()
            .collect()
    });
    after.collect()
}

fn assert_close(found: &[Vec<f32>], expected: &[[f32; 4]]) {
    for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
        assert!(
            (found - expected).abs() < 5e-7,
            "{found} instead of {expected}"
        );
    }
}

/// ```python
/// import torch
/// w = torch.nn.Parameter(torch.tensor([0.5, -1.0, 2.0, 0.0], dtype=torch.float64))
/// adam = torch.optim.AdamW([w], lr=0.1, betas=(0.9, 0.999), eps=1e-7, weight_decay=0.0)
/// for g in ([1.0, -2.0, 0.0, 1e-4], [0.5, 1.0, 0.0, -1e-4], [-1.0, 0.25, 3.0, 0.0]):
///     w.grad = torch.tensor(g, dtype=torch.float64); adam.step(); print(w.tolist())
/// ```
/// `torch.optim.Adam(..)` prints the same.
#[test]
fn three_steps_agree_with_pytorch() {
    let expected = [
        [0.40000001, -0.9, 2.0, -0.0999001],
        [0.306782058, -0.873366303, 2.0, -0.0946421999],
        [0.295703752, -0.860010325, 1.93611864, -0.0905787415],
    ];
    assert_close(&three_steps(AdamConfig::default()), &expected);
}

/// The same with `betas=(0.8, 0.9), eps=1e-3, weight_decay=0.05`.
#[test]
fn three_decaying_steps_agree_with_pytorch() {
    let expected = [
        [0.3975999, -0.895049975, 1.99, -0.00909090909],
        [0.302898853, -0.869165665, 1.98005, -0.00803535354],
        [0.299494751, -0.857256382, 1.90271922, -0.00738769458],
    ];
    let config = AdamConfig {
        beta1: 0.8,
        beta2: 0.9,
        epsilon: 1e-3,
        weight_decay: 0.05,
        clip_norm: None,
    };
    assert_close(&three_steps(config), &expected);
}

/// One weight by the equations, in f64.
#[derive(Clone, Copy, Default)]
struct Naive {
    w: f64,
    m: f64,
    v: f64,
}

impl Naive {
    fn step(&mut self, config: &AdamConfig, g: f64, step: i32, rate: f64, decay: f64) {
        let (beta1, beta2) = (f64::from(config.beta1), f64::from(config.beta2));
        self.m = beta1 * self.m + (1.0 - beta1) * g;
        self.v = beta2 * self.v + (1.0 - beta2) * g * g;
        let m = self.m / (1.0 - beta1.powi(step));
        let v = self.v / (1.0 - beta2.powi(step));
        self.w *= 1.0 - rate * decay;
        self.w -= rate * m / (v.sqrt() + f64::from(config.epsilon));
    }
}

/// Untouched rows move on with their moments, as if the gradient were dense; clipping counts
/// rows and matrices; biases do not decay. On one and on three threads, to the same bits.
#[test]
fn rows_move_as_if_dense() {
    for weight_decay in [0.0, 0.1] {
        rows_and_naive_weights_agree(weight_decay);
    }
}

fn rows_and_naive_weights_agree(weight_decay: f32) {
    const RATE: f32 = 0.01;
    let network = NetworkConfig::simple_rnn(InputKind::OneHot, 5, 2);
    let config = AdamConfig {
        weight_decay,
        clip_norm: Some(1.5),
        ..AdamConfig::default()
    };
    let start = Parameters::initialize(&network, 3).unwrap();
    let mut parameters = [start.clone(), start.clone()];
    let mut adams = [Adam::new(config, &start), Adam::new(config, &start)];
    let teams = [Team::new(1).unwrap(), Team::new(3).unwrap()];
    let weights = start.get("layer0.input_kernel").unwrap().values.iter();
    let mut rows: Vec<Naive> = weights
        .map(|&w| Naive {
            w: f64::from(w),
            ..Naive::default()
        })
        .collect();
    let mut bias = Naive::default();
    for (step, touched) in [[3u16, 0], [3, 1], [1, 0], [1, 2], [2, 0]]
        .iter()
        .enumerate()
    {
        let mut gradients = Gradients::new(&network);
        let row = [1.0, -0.5 - step as f32];
        touched
            .iter()
            .for_each(|&token| gradients.rows_mut().unwrap().add(token, &row));
        gradients.dense_mut(2..3)[0][[0, 1]] = 0.75;
        let mut norms = [0.0; 2];
        for run in 0..2 {
            let (adam, weights) = (&mut adams[run], &mut parameters[run]);
            norms[run] = adam.apply(weights, &gradients, &teams[run], RATE);
        }
        let square = row.iter().map(|&g| f64::from(g * g)).sum::<f64>();
        let norm = (2.0 * square + 0.75 * 0.75).sqrt();
        assert!(norms.iter().all(|found| (found - norm).abs() < 1e-6));
        let clip = (1.5 / norm).min(1.0);
        let (count, rate) = (step as i32 + 1, f64::from(RATE));
        for (place, weight) in rows.iter_mut().enumerate() {
            let hit = touched.contains(&(place as u16 / 2));
            let g = if hit {
                f64::from(row[place % 2]) * clip
            } else {
                0.0
            };
            weight.step(&config, g, count, rate, f64::from(weight_decay));
        }
        bias.step(&config, 0.75 * clip, count, rate, 0.0);
    }
    assert_eq!(parameters[0], parameters[1]);
    let found = &parameters[0].get("layer0.input_kernel").unwrap().values;
    for (found, naive) in found.iter().zip(&rows) {
        assert!(
            (f64::from(*found) - naive.w).abs() < 3e-7,
            "{found} {}",
            naive.w
        );
    }
    let found = parameters[0].get("layer0.bias").unwrap().values[[0, 1]];
    assert!((f64::from(found) - bias.w).abs() < 3e-7);
}

#[test]
fn gradients_without_a_finite_norm_change_nothing() {
    let network = NetworkConfig::simple_rnn(InputKind::OneHot, 5, 2);
    let mut parameters = Parameters::initialize(&network, 3).unwrap();
    let before = parameters.clone();
    let mut adam = Adam::new(AdamConfig::default(), &parameters);
    let mut gradients = Gradients::new(&network);
    gradients.rows_mut().unwrap().add(1, &[f32::NAN, 0.0]);
    let norm = adam.apply(&mut parameters, &gradients, &Team::new(1).unwrap(), 0.1);
    assert!(norm.is_nan());
    assert_eq!(parameters, before);
}
