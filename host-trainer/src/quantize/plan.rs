//! Which tensors share scales, and with what each column is multiplied: a network as the device
//! will hold it.
//!
//! ```text
//! embedding (a scale per column, whose inverse goes into the next kernel)
//!   -> layer 0: [down of W] [down of U] and the sums: W, U and biases
//!   -> layer 1 ...
//!   -> head
//! ```

use super::{
    Precision, QuantizeError,
    group::{Group, Part, bias_unit, tensor},
    moments::{LayerMoments, Moments},
};
use crate::network::{CellKind, DeviceLayout, InputKind, NetworkConfig, Parameters, device_layout};
use spinet_core::matrix::Encoding;

/// Headroom of a low-rank product's inner numbers: its weights are rounded, and trained on.
const INNER_MARGIN: f64 = 1.25;

/// The scales of a whole network.
#[derive(Debug, Clone)]
pub struct Plan {
    cell: CellKind,
    /// The embedding's columns.
    pub(super) embedding: Option<Group>,
    pub(super) layers: Vec<LayerPlan>,
    pub(super) head: Group,
}

/// The scales of a layer.
#[derive(Debug, Clone)]
pub(super) struct LayerPlan {
    /// The first half of a low-rank input kernel.
    pub input_down: Option<Group>,
    /// The first half of a low-rank recurrent kernel.
    pub recurrent_down: Option<Group>,
    /// The input kernel (or its second half), then the recurrent one.
    pub sums: Group,
    /// States are kept divided by two to this power.
    pub state_shift: u8,
}

impl Plan {
    /// Chooses the scales for the weights of `parameters`.
    ///
    /// # Errors
    /// A [`QuantizeError`] that names the tensor.
    pub(super) fn choose(
        config: &NetworkConfig,
        parameters: &Parameters,
        moments: &Moments,
        precision: &Precision,
    ) -> Result<Self, QuantizeError> {
        if let Some(tensor) = parameters.not_finite() {
            let tensor = tensor.name.clone();
            return Err(QuantizeError::NotFinite { tensor });
        }
        let context = Context {
            config,
            parameters,
            layout: device_layout(config.cell),
            precision,
        };
        let embedding = match config.input {
            InputKind::Embedding { .. } => Some(context.embedding(moments)?),
            InputKind::OneHot | InputKind::Dense { .. } => None,
        };
        let mut factors = context.first_factors(embedding.as_ref());
        let mut layers = Vec::new();
        for (layer, moments_of) in moments.layers.iter().enumerate() {
            let plan = context.layer(layer, &factors, moments_of, &moments.tokens)?;
            factors = vec![f64::from(1u32 << plan.state_shift); config.hidden_size];
            layers.push(plan);
        }
        Ok(Self {
            cell: config.cell,
            embedding,
            head: context.head(factors, moments)?,
            layers,
        })
    }

    /// The shift of each layer's states.
    pub fn state_shifts(&self) -> Vec<u8> {
        self.layers.iter().map(|layer| layer.state_shift).collect()
    }

    /// Replaces every kernel in `target`, and every bias of a sum, by what the device's integers
    /// for `parameters` stand for, and takes over everything else.
    ///
    /// # Errors
    /// A [`QuantizeError`] that names the tensor.
    pub fn round(
        &self,
        parameters: &Parameters,
        target: &mut Parameters,
    ) -> Result<(), QuantizeError> {
        target.clone_from(parameters);
        self.groups()
            .try_for_each(|group| group.round(parameters, target))?;
        let sums = device_layout(self.cell).sums();
        for (layer, plan) in self.layers.iter().enumerate() {
            for (place, sum) in sums.iter().enumerate() {
                if let Some((name, block)) = sum.bias {
                    let name = format!("layer{layer}.{name}");
                    let scales = plan.sums.scales.iter().skip(place).step_by(sums.len());
                    round_biases(target, &name, block, scales)?;
                }
            }
        }
        round_biases(target, "head.bias", 0, self.head.scales.iter())
    }

    fn groups(&self) -> impl Iterator<Item = &Group> {
        let layers = self.layers.iter().flat_map(|layer| {
            let downs = layer.input_down.iter().chain(&layer.recurrent_down);
            downs.chain([&layer.sums])
        });
        self.embedding.iter().chain(layers).chain([&self.head])
    }
}

/// Rounds the biases in a block of a tensor to units of their sums, which have these scales.
fn round_biases<'s>(
    target: &mut Parameters,
    name: &str,
    block: usize,
    scales: impl ExactSizeIterator<Item = &'s f64>,
) -> Result<(), QuantizeError> {
    let missing = || QuantizeError::Missing(name.to_owned());
    let mut biases = target.get_mut(name).ok_or_else(missing)?;
    let first = block * scales.len();
    for (bias, &scale) in biases.iter_mut().skip(first).zip(scales) {
        let unit = bias_unit(scale);
        *bias = ((f64::from(*bias) / unit).round() * unit) as f32;
    }
    Ok(())
}

/// What one column of a kernel is multiplied with on the device, or a token's row.
enum Columns<'c> {
    Table,
    Product(&'c [f64]),
}

struct Context<'c> {
    config: &'c NetworkConfig,
    parameters: &'c Parameters,
    layout: &'static dyn DeviceLayout,
    precision: &'c Precision,
}

impl Context<'_> {
    /// One row per dimension: a scale for each column of the embedding.
    fn embedding(&self, moments: &Moments) -> Result<Group, QuantizeError> {
        let width = self.config.input_size();
        let part = Part {
            tensor: "embedding".into(),
            encoding: self.precision.table,
            gates: 1,
            sums: (0..width).collect(),
            column_factors: vec![1.0; self.config.vocabulary_size],
            row_factors: vec![1.0; width],
            moments: moments.tokens.clone(),
            table: true,
            shift: 0,
        };
        Group::looked_up(part, self.parameters)
    }

    /// What the first layer's input on the device times this is the network's.
    fn first_factors(&self, embedding: Option<&Group>) -> Vec<f64> {
        // The device takes an embedding's integers for Q0.7 or Q0.3.
        let one = f64::from(self.precision.table.weight_max()) + 1.0;
        match embedding {
            Some(group) => group.scales.iter().map(|scale| scale * one).collect(),
            None => vec![1.0; self.config.features()],
        }
    }

    fn layer(
        &self,
        layer: usize,
        factors: &[f64],
        moments: &LayerMoments,
        tokens: &[f64],
    ) -> Result<LayerPlan, QuantizeError> {
        let state_shift = match self.layout.shifts_states() {
            true => moments.state_shift,
            false => 0,
        };
        let hidden = vec![f64::from(1u32 << state_shift); self.config.hidden_size];
        let (input_down, input) = match (layer, self.config.input) {
            (0, InputKind::OneHot) => {
                let name = "layer0.input_kernel".into();
                (None, self.part(name, Columns::Table, tokens, Side::Input))
            }
            _ => self.kernel(layer, Side::Input, factors, &moments.input)?,
        };
        let (recurrent_down, recurrent) =
            self.kernel(layer, Side::Recurrent, &hidden, &moments.hidden)?;
        let biases = self.biases(layer)?;
        Ok(LayerPlan {
            input_down,
            recurrent_down,
            sums: Group::summed(vec![input, recurrent], self.parameters, &biases)?,
            state_shift,
        })
    }

    /// The kernel of one side, if it is of low rank behind its first half.
    fn kernel(
        &self,
        layer: usize,
        side: Side,
        factors: &[f64],
        moments: &[f64],
    ) -> Result<(Option<Group>, Part), QuantizeError> {
        let (name, rank) = match side {
            Side::Input => ("input", self.config.input_rank),
            Side::Recurrent => ("recurrent", self.config.recurrent_rank),
        };
        let kernel = format!("layer{layer}.{name}_kernel");
        if rank == 0 {
            let part = self.part(kernel, Columns::Product(factors), moments, side);
            return Ok((None, part));
        }
        let name = format!("layer{layer}.{name}_down");
        let (down, inner) = self.down(name, factors, moments, side)?;
        let ones = vec![1.0; inner.len()];
        let part = self.part(kernel, Columns::Product(&inner), &ones, side);
        Ok((Some(down), part))
    }

    /// A kernel that adds to the layer's sums.
    fn part(&self, tensor: String, columns: Columns<'_>, moments: &[f64], side: Side) -> Part {
        let sums = self.layout.sums();
        let gate_of = |sum: usize| match side {
            Side::Input => sums[sum].input,
            Side::Recurrent => sums[sum].recurrent,
        };
        let gates = (0..sums.len()).filter_map(gate_of).count();
        // The sum that a gate adds to.
        let sum_of = |gate: usize| {
            (0..sums.len())
                .find(|&sum| gate_of(sum) == Some(gate))
                .unwrap_or(0)
        };
        let rows = gates * self.config.hidden_size;
        Part {
            tensor,
            encoding: match columns {
                Columns::Table => self.precision.table,
                Columns::Product(_) => self.encoding(side),
            },
            gates,
            sums: (0..rows)
                .map(|row| row / gates * sums.len() + sum_of(row % gates))
                .collect(),
            table: matches!(columns, Columns::Table),
            column_factors: match columns {
                Columns::Table => vec![1.0; self.config.vocabulary_size],
                Columns::Product(factors) => factors.to_vec(),
            },
            row_factors: vec![1.0; rows],
            moments: moments.to_vec(),
            shift: 0,
        }
    }

    fn encoding(&self, side: Side) -> Encoding {
        match side {
            Side::Input => self.precision.input,
            Side::Recurrent => self.precision.recurrent,
        }
    }

    /// The first half of a low-rank kernel, and the factors of the second: the inner numbers are
    /// scaled so that they cannot leave [-1, 1].
    fn down(
        &self,
        name: String,
        factors: &[f64],
        moments: &[f64],
        side: Side,
    ) -> Result<(Group, Vec<f64>), QuantizeError> {
        let kernel = tensor(self.parameters, &name)?;
        let largest = |column: ndarray::ArrayView1<'_, f32>| -> f64 {
            let products = column.iter().zip(factors);
            products
                .map(|(&w, factor)| (f64::from(w) * factor).abs())
                .sum()
        };
        let inner: Vec<f64> = kernel
            .columns()
            .into_iter()
            .map(|column| (largest(column) * INNER_MARGIN).max(1e-3))
            .collect();
        let part = Part {
            tensor: name,
            encoding: self.encoding(side),
            gates: 1,
            sums: (0..inner.len()).collect(),
            column_factors: factors.to_vec(),
            row_factors: inner.iter().map(|inner| 1.0 / inner).collect(),
            moments: moments.to_vec(),
            table: false,
            shift: 0,
        };
        let biases = vec![0.0; inner.len()];
        let group = Group::summed(vec![part], self.parameters, &biases)?;
        Ok((group, inner))
    }

    /// The biases of a layer's sums.
    fn biases(&self, layer: usize) -> Result<Vec<f64>, QuantizeError> {
        let (sums, units) = (self.layout.sums(), self.config.hidden_size);
        let mut biases = vec![0.0; sums.len() * units];
        for (place, sum) in sums.iter().enumerate() {
            let Some((name, block)) = sum.bias else {
                continue;
            };
            let values = tensor(self.parameters, &format!("layer{layer}.{name}"))?;
            let block = values.iter().skip(block * units).take(units);
            for (unit, &value) in block.enumerate() {
                biases[unit * sums.len() + place] = value.into();
            }
        }
        Ok(biases)
    }

    fn head(&self, factors: Vec<f64>, moments: &Moments) -> Result<Group, QuantizeError> {
        let outputs = self.config.outputs();
        let part = Part {
            tensor: "head.kernel".into(),
            encoding: self.precision.head,
            gates: 1,
            sums: (0..outputs).collect(),
            moments: moments.top(factors.len()),
            column_factors: factors,
            row_factors: vec![1.0; outputs],
            table: false,
            shift: 0,
        };
        let bias = tensor(self.parameters, "head.bias")?;
        let biases: Vec<f64> = bias.iter().map(|&bias| bias.into()).collect();
        Group::summed(vec![part], self.parameters, &biases)
    }
}

impl Plan {
    /// The biases of a layer's sums in their units, and of the head's.
    pub(super) fn bias_integers(
        &self,
        config: &NetworkConfig,
        parameters: &Parameters,
        precision: &Precision,
    ) -> Result<(Vec<Vec<i32>>, Vec<i32>), QuantizeError> {
        let context = Context {
            config,
            parameters,
            layout: device_layout(config.cell),
            precision,
        };
        let layers = self.layers.iter().enumerate();
        let layers = layers.map(|(layer, plan)| {
            let biases = context.biases(layer)?;
            Ok(plan.sums.bias_integers(&biases))
        });
        let head: Vec<f64> = tensor(parameters, "head.bias")?
            .iter()
            .map(|&bias| bias.into())
            .collect();
        Ok((
            layers.collect::<Result<_, QuantizeError>>()?,
            self.head.bias_integers(&head),
        ))
    }
}

#[derive(Clone, Copy)]
enum Side {
    Input,
    Recurrent,
}
