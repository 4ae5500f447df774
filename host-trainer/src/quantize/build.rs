//! Writing an artifact: the tensors in the order of the data's flow, then the manifest.

use super::{
    QuantizeError, Quantized, Source, TensorReport, front,
    group::Group,
    plan::{LayerPlan, Plan},
    writer::{DataWriter, transposed},
};
use crate::network::{InputKind, Task as NetworkTask, Written, device_layout};
use spinet_core::{
    artifact::{Manifest, Task},
    cell::{CellSpec, LowRankSpec, MAX_LAYERS, ProductSpec},
    dense::DenseSpec,
    input::InputSpec,
    matrix::MatrixSpec,
    rows::RowsSpec,
};

/// Writes the artifact of `source` with the scales of `plan`.
pub(super) fn build(source: &Source<'_>, plan: &Plan) -> Result<Quantized, QuantizeError> {
    let mut builder = Builder {
        source,
        data: DataWriter::default(),
        report: Vec::new(),
    };
    let labels = front::joined(source.labels)?;
    let (biases, head_biases) =
        plan.bias_integers(source.config, source.parameters, &source.precision)?;
    let front = front::write(&source.front, &mut builder.data);
    let input = builder.input(plan)?;
    let mut layers = [None; MAX_LAYERS];
    for (layer, (place, plan)) in layers.iter_mut().zip(&plan.layers).enumerate() {
        *place = Some(builder.cell(layer, plan, &biases[layer])?);
    }
    let head = builder.dense(&plan.head, &head_biases)?;
    let (tokens, outputs) = (source.config.vocabulary_size, source.config.outputs());
    let wide = (source.wide.as_ref())
        .map(|wide| wide.write(tokens, outputs, &mut builder.data))
        .transpose()?;
    let manifest = Manifest {
        front,
        task: match source.config.task {
            NetworkTask::Classify { readout, .. } => Task::Classify {
                labels: &labels,
                readout,
                window: source.window,
            },
            NetworkTask::NextToken | NetworkTask::NextVector => Task::Generate,
        },
        input,
        layers,
        head,
        wide,
        training: source.training,
    };
    Ok(Quantized {
        artifact: builder.data.finish(&manifest).ok_or(QuantizeError::Size)?,
        report: builder.report,
    })
}

/// The parts of an artifact, written one after the other.
struct Builder<'b> {
    source: &'b Source<'b>,
    data: DataWriter,
    report: Vec<TensorReport>,
}

impl Builder<'_> {
    fn input(&mut self, plan: &Plan) -> Result<InputSpec, QuantizeError> {
        let first = &plan.layers[0].sums;
        Ok(match (self.source.config.input, &plan.embedding) {
            (InputKind::Embedding { dim }, Some(group)) => InputSpec::Embedding {
                input_size: dim as u16,
                table: self.matrix(group, 0)?,
            },
            (InputKind::Dense { features }, _) => InputSpec::Vector {
                input_size: features as u16,
            },
            _ => InputSpec::OneHot {
                table: self.matrix(first, 0)?,
            },
        })
    }

    fn cell(
        &mut self,
        layer: usize,
        plan: &LayerPlan,
        biases: &[i32],
    ) -> Result<CellSpec, QuantizeError> {
        const INPUT: usize = 0;
        const RECURRENT: usize = 1;
        let config = self.source.config;
        let table = plan.sums.parts[INPUT].table;
        let input = match table {
            true => None,
            false => Some(self.product(&plan.sums, INPUT, plan.input_down.as_ref())?),
        };
        let recurrent = self.product(&plan.sums, RECURRENT, plan.recurrent_down.as_ref())?;
        let rows = self.rows(&plan.sums, biases);
        let prefix = format!("layer{layer}.");
        let own: Vec<_> = (self.source.parameters.iter())
            .filter(|tensor| {
                let name = tensor.name.strip_prefix(&prefix);
                name.is_some_and(|name| !name.starts_with("input_"))
            })
            .cloned()
            .collect();
        Ok(device_layout(config.cell).spec(Written {
            hidden_size: config.hidden_size as u16,
            input,
            recurrent,
            rows,
            own: &own,
            state_shift: plan.state_shift,
            push: &mut |values| self.data.push(values),
        }))
    }

    fn product(
        &mut self,
        sums: &Group,
        part: usize,
        down: Option<&Group>,
    ) -> Result<ProductSpec, QuantizeError> {
        let Some(down) = down else {
            return Ok(ProductSpec::Full(self.matrix(sums, part)?));
        };
        let zeros = vec![0; down.scales.len()];
        Ok(ProductSpec::LowRank(LowRankSpec {
            rank: down.scales.len() as u16,
            down: self.dense(down, &zeros)?,
            up: self.matrix(sums, part)?,
        }))
    }

    fn dense(&mut self, group: &Group, biases: &[i32]) -> Result<DenseSpec, QuantizeError> {
        Ok(DenseSpec {
            weights: self.matrix(group, 0)?,
            rows: self.rows(group, biases),
        })
    }

    /// One of a group's tensors: a matrix, or a table with a row for each token.
    fn matrix(&mut self, group: &Group, part: usize) -> Result<MatrixSpec, QuantizeError> {
        let integers = group.integers(part, self.source.parameters)?;
        let part = &group.parts[part];
        let shift = part.shift;
        self.report.push(integers.report);
        Ok(match part.table {
            true => {
                let values = transposed(&integers.values, part.rows());
                let encoding = part.encoding.in_rows();
                self.data.push_matrix(&values, part.rows(), encoding, shift)
            }
            false => {
                let encoding = part.encoding.in_quads();
                (self.data).push_matrix(&integers.values, part.columns(), encoding, shift)
            }
        })
    }

    fn rows(&mut self, group: &Group, biases: &[i32]) -> RowsSpec {
        RowsSpec {
            multipliers: self.data.push(&group.multipliers),
            biases: self.data.push(biases),
        }
    }
}
