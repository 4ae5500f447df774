//! One sequence at a time, plain loops, f64: the loss as the equations say it.

use spinet_core::Readout;
use spinet_trainer::batch::{Example, Sequence};
use spinet_trainer::network::{CellKind, InputKind, NetworkConfig, Parameters, Task};

type Matrix = Vec<Vec<f64>>;

/// All parameters, by name.
pub struct Weights(Vec<(String, Matrix)>);

impl Weights {
    pub fn of(parameters: &Parameters) -> Self {
        let matrix = |values: &ndarray::Array2<f32>| {
            let rows = values.rows().into_iter();
            rows.map(|row| row.iter().map(|&v| f64::from(v)).collect())
                .collect()
        };
        let named = |tensor: &spinet_trainer::network::Tensor| {
            (tensor.name.clone(), matrix(&tensor.values))
        };
        Self(parameters.iter().map(named).collect())
    }

    /// The weight at a place of the tensor of that number.
    pub fn at(&mut self, tensor: usize, row: usize, column: usize) -> &mut f64 {
        &mut self.0[tensor].1[row][column]
    }

    fn find(&self, name: &str) -> Option<&Matrix> {
        let found = self.0.iter().find(|(other, _)| other == name);
        found.map(|(_, matrix)| matrix)
    }

    fn get(&self, layer: usize, name: &str) -> &Matrix {
        self.find(&format!("layer{layer}.{name}")).unwrap()
    }

    /// `x` times a kernel, which may be of low rank.
    fn through(&self, layer: usize, down: &str, kernel: &str, x: &[f64]) -> Vec<f64> {
        let kernel = self.get(layer, kernel);
        match self.find(&format!("layer{layer}.{down}")) {
            Some(down) => product(&product(x, down), kernel),
            None => product(x, kernel),
        }
    }
}

/// `x (n) @ w (n, m)`.
fn product(x: &[f64], w: &Matrix) -> Vec<f64> {
    (0..w[0].len())
        .map(|j| x.iter().zip(w).map(|(x, row)| x * row[j]).sum())
        .collect()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The states of one layer.
fn run(config: &NetworkConfig, weights: &Weights, layer: usize, inputs: &[Vec<f64>]) -> Matrix {
    let units = config.hidden_size;
    let (mut h, mut c) = (vec![0.0; units], vec![0.0; units]);
    let bias = &weights.get(layer, "bias")[0];
    let mut states = Vec::new();
    for x in inputs {
        let wx = weights.through(layer, "input_down", "input_kernel", x);
        let uh = weights.through(layer, "recurrent_down", "recurrent_kernel", &h);
        let sum = |gate: usize, j: usize| {
            let k = gate * units + j;
            wx[k] + uh[k] + bias[k]
        };
        h = (0..units)
            .map(|j| match config.cell {
                CellKind::SimpleRnn => sum(0, j).tanh(),
                CellKind::Gru => {
                    let (r, z) = (sigmoid(sum(0, j)), sigmoid(sum(1, j)));
                    let k = 2 * units + j;
                    let recurrent_bias = weights.get(layer, "recurrent_bias")[0][j];
                    let n = (wx[k] + bias[k] + r * (uh[k] + recurrent_bias)).tanh();
                    (1.0 - z) * n + z * h[j]
                }
                CellKind::Lstm => {
                    let (i, f, o) = (sigmoid(sum(0, j)), sigmoid(sum(1, j)), sigmoid(sum(3, j)));
                    c[j] = f * c[j] + i * sum(2, j).tanh();
                    o * c[j].tanh()
                }
                CellKind::FastGrnn => {
                    let mixture = &weights.get(layer, "mixture")[0];
                    let (zeta, nu) = (sigmoid(mixture[0]), sigmoid(mixture[1]));
                    let z = sigmoid(wx[j] + uh[j] + bias[j]);
                    let n = (wx[j] + uh[j] + bias[units + j]).tanh();
                    (zeta * (1.0 - z) + nu) * n + z * h[j]
                }
            })
            .collect();
        states.push(h.clone());
    }
    states
}

/// The vectors that enter the first layer.
fn inputs(config: &NetworkConfig, weights: &Weights, sequence: Sequence) -> Matrix {
    let tokens = match sequence {
        Sequence::Vectors { values, features } => {
            let vectors = values.chunks_exact(features);
            return vectors
                .map(|vector| vector.iter().map(|&v| f64::from(v)).collect())
                .collect();
        }
        Sequence::Tokens(tokens) => tokens.iter().map(|&token| usize::from(token)),
    };
    let size = config.vocabulary_size;
    let one_hot = |token: usize| (0..size).map(|v| f64::from(v == token)).collect();
    match (config.input, weights.find("embedding")) {
        (InputKind::Embedding { .. }, Some(table)) => {
            tokens.map(|token| table[token].clone()).collect()
        }
        _ => tokens.map(one_hot).collect(),
    }
}

fn head(weights: &Weights, state: &[f64]) -> Vec<f64> {
    let (kernel, bias) = (weights.find("head.kernel"), weights.find("head.bias"));
    let outputs = product(state, kernel.unwrap());
    let biased = outputs.iter().zip(&bias.unwrap()[0]).map(|(y, b)| y + b);
    biased.collect()
}

fn condensed(states: &Matrix, readout: Readout, units: usize) -> Vec<f64> {
    let unit = |j: usize| states.iter().map(move |state| state[j]);
    (0..units)
        .map(|j| match readout {
            _ if states.is_empty() => 0.0,
            Readout::Last => unit(j).next_back().unwrap(),
            Readout::Mean => unit(j).sum::<f64>() / states.len() as f64,
            Readout::Max => unit(j).fold(f64::NEG_INFINITY, f64::max),
        })
        .collect()
}

fn cross_entropy(logits: &[f64], wanted: usize) -> f64 {
    let sum: f64 = logits.iter().map(|y| y.exp()).sum();
    sum.ln() - logits[wanted]
}

/// What becomes of a sequence.
pub struct Trace {
    /// The vectors that enter the first layer, `[step][input]`.
    inputs: Matrix,
    /// `[layer][step][unit]`.
    pub states: Vec<Matrix>,
}

impl Trace {
    pub fn of(config: &NetworkConfig, weights: &Weights, sequence: Sequence) -> Self {
        let inputs = inputs(config, weights, sequence);
        let mut states: Vec<Matrix> = Vec::new();
        for layer in 0..config.layers {
            let below = states.last().unwrap_or(&inputs);
            states.push(run(config, weights, layer, below));
        }
        Self { inputs, states }
    }

    /// What the head says after every step, or of a classifier once, at the end.
    pub fn outputs(&self, config: &NetworkConfig, weights: &Weights) -> Matrix {
        let top = &self.states[config.layers - 1];
        match config.task {
            Task::Classify { readout, .. } => {
                let seen = condensed(top, readout, config.hidden_size);
                vec![head(weights, &seen)]
            }
            _ => top.iter().map(|state| head(weights, state)).collect(),
        }
    }
}

/// All losses of an example.
fn losses(config: &NetworkConfig, weights: &Weights, example: &Example) -> Vec<f64> {
    let trace = Trace::of(config, weights, example.sequence);
    let mut outputs = trace.outputs(config, weights);
    match (config.task, example.sequence) {
        (Task::Classify { outputs: count, .. }, _) => {
            let logits = &mut outputs[0];
            if count == 1 {
                logits.insert(0, 0.0);
            }
            vec![cross_entropy(logits, usize::from(example.label))]
        }
        (Task::NextToken, Sequence::Tokens(tokens)) => outputs
            .iter()
            .zip(tokens.iter().skip(1))
            .map(|(logits, &next)| cross_entropy(logits, usize::from(next)))
            .collect(),
        _ => outputs
            .iter()
            .zip(trace.inputs.iter().skip(1))
            .map(|(output, next)| {
                let squares = output.iter().zip(next).map(|(a, b)| (a - b).powi(2));
                squares.sum::<f64>() / next.len() as f64
            })
            .collect(),
    }
}

/// Mean loss.
pub fn loss(config: &NetworkConfig, weights: &Weights, examples: &[Example]) -> f64 {
    let all: Vec<f64> = examples
        .iter()
        .flat_map(|example| losses(config, weights, example))
        .collect();
    all.iter().sum::<f64>() / all.len() as f64
}
