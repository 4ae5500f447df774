//! The network: weights and equations, borrowed and constant, in [`Network`]; everything that
//! changes in [`State`].

use crate::{
    ArtifactError, Readout, Token,
    cell::{Cell, CellKind, LayerState, MAX_LAYERS},
    dense::Dense,
    emit::parts,
    fixed::saturate,
    input::{Input, InputLayer},
    shape::{Buffer, Buffers, Dimensions, Ring},
    text::special,
    wide::Wide,
};

/// A layer of the stack, and the widths of what it keeps.
#[derive(Debug, Clone, Copy)]
pub struct Layer<'a> {
    pub(crate) cell: Cell<'a>,
    pub(crate) hidden_size: u16,
    pub(crate) memory: u16,
}

parts!("network", Layer { cell: Cell<'a>, hidden_size: u16, memory: u16 });

/// A network's weights, borrowed from an artifact.
#[derive(Debug, Clone, Copy)]
pub struct Network<'a> {
    pub(crate) dimensions: Dimensions,
    pub(crate) input: InputLayer<'a>,
    pub(crate) input_size: u16,
    /// From the input to the head; the first `None` ends the stack.
    pub(crate) layers: [Option<Layer<'a>>; MAX_LAYERS],
    pub(crate) readout: Readout,
    pub(crate) head: Dense<'a>,
    pub(crate) wide: Option<Wide<'a>>,
}

parts!(
    "network",
    Network {
        dimensions: Dimensions,
        input: InputLayer<'a>,
        input_size: u16,
        layers: [Option<Layer<'a>>; MAX_LAYERS],
        readout: Readout,
        head: Dense<'a>,
        wide: Option<Wide<'a>>,
    }
);

/// A network's memory of the sequence so far. What it takes is
/// [`Dimensions::state_bytes`].
pub struct State<B: Buffers> {
    window: B::Window,
    running: Running<B>,
    wide: B::Wide,
    logits: B::Logits,
}

/// What a step of time changes.
struct Running<B: Buffers> {
    input: B::Input,
    hidden: B::Hidden,
    next: B::Next,
    memory: B::Memory,
    pool: B::Pool,
    /// Width of the last layer, whose states stand at the end of `hidden`.
    top: u16,
    steps: u32,
}

impl<B: Buffers> State<B> {
    /// The state of `network` before its first step.
    ///
    /// # Errors
    /// [`ArtifactError::Cell`] if `B` does without one of its cells, [`ArtifactError::Shape`] if
    /// `B` is not its shape.
    pub fn new(network: &Network<'_>) -> Result<Self, ArtifactError> {
        const { B::SOUND };
        let mut kinds = network.cells().into_iter().flatten();
        match kinds.find(|&kind| !B::CELLS.has(kind)) {
            Some(kind) => Err(ArtifactError::Cell(kind)),
            None => Self::zeroed(network).ok_or(ArtifactError::Shape(network.dimensions)),
        }
    }

    fn zeroed(network: &Network<'_>) -> Option<Self> {
        let Dimensions {
            input,
            hidden,
            widest,
            memory,
            pool,
            outputs,
            window,
            wide,
            seen: _,
        } = network.dimensions;
        Some(Self {
            window: B::Window::empty(window.into())?,
            running: Running {
                input: B::Input::zeroed(input.into())?,
                hidden: B::Hidden::zeroed(hidden.into())?,
                next: B::Next::zeroed(widest.into())?,
                memory: B::Memory::zeroed(memory.into())?,
                pool: B::Pool::zeroed(pool.into())?,
                top: network.layers().last().map_or(0, |layer| layer.hidden_size),
                steps: 0,
            },
            wide: B::Wide::zeroed(wide.into())?,
            logits: B::Logits::zeroed(outputs.into())?,
        })
    }

    /// Back to the state before the first step.
    pub fn reset(&mut self) {
        self.window.clear();
        self.running.input.as_mut().fill(0);
        self.running.rewind();
        self.wide.as_mut().fill(0);
    }

    /// The hidden states `h_t (hidden,)` of all layers, one after the other, Q0.15.
    pub fn hidden(&self) -> &[i16] {
        self.running.hidden.as_ref()
    }

    /// The cell states `c_t (memory,)` of all layers, Q16.15.
    pub fn memory(&self) -> &[i32] {
        self.running.memory.as_ref()
    }

    /// The logits as they were when they were last computed, to be overwritten.
    pub(crate) fn logits_mut(&mut self) -> &mut [i32] {
        self.logits.as_mut()
    }
}

impl<B: Buffers> Running<B> {
    /// `h_0 = 0`, `c_0 = 0` and nothing pooled.
    fn rewind(&mut self) {
        self.hidden.as_mut().fill(0);
        self.memory.as_mut().fill(0);
        self.pool.as_mut().fill(0);
        self.steps = 0;
    }
}

/// `h_t` of the last of several layers.
#[inline]
fn top(hidden: &[i16], width: u16) -> &[i16] {
    let below = hidden.len().saturating_sub(width.into());
    hidden.get(below..).unwrap_or(&[])
}

/// `h_t` becomes `h_{t-1}`.
#[inline(always)]
fn keep(next: &[i16], hidden: &mut [i16]) {
    hidden.iter_mut().zip(next).for_each(|(h, &next)| *h = next);
}

impl<'a> Network<'a> {
    /// The sizes that a [`State`] of this network needs.
    pub fn dimensions(&self) -> Dimensions {
        self.dimensions
    }

    /// The width of a vector that comes in; 0 where a token's contribution is read from a table.
    pub fn input_size(&self) -> u16 {
        self.input_size
    }

    /// The layers, from the input to the head.
    pub fn layers(&self) -> impl Iterator<Item = &Layer<'a>> {
        self.layers.iter().map_while(Option::as_ref)
    }

    /// Which cells the layers are, from the input to the head.
    #[inline]
    pub fn cells(&self) -> [Option<CellKind>; MAX_LAYERS] {
        let kind = |layer: &Option<Layer<'_>>| layer.as_ref().map(|layer| layer.cell.kind());
        // Not a loop, through which the compiler would not see the layers of a constant.
        let [first, second, third, fourth] = &self.layers;
        [kind(first), kind(second), kind(third), kind(fourth)]
    }

    /// What tokens add to the logits by themselves, if they do.
    pub fn wide(&self) -> Option<&Wide<'a>> {
        self.wide.as_ref()
    }

    /// Takes in one token. With a window the token is only remembered: what the network makes
    /// of the last `window` tokens is computed when the [`logits`](Self::logits) are asked for.
    ///
    /// A token outside of the input table counts as the one that stands for unknown ones.
    #[inline]
    pub fn step<B: Buffers>(&self, state: &mut State<B>, token: Token) {
        if self.dimensions.window > 0 {
            state.window.push(token);
        } else {
            if let Some(wide) = &self.wide {
                wide.add_to(token, state.wide.as_mut());
            }
            self.advance(&mut state.running, token);
        }
    }

    /// Takes in one vector `x_t (input_size,)` in Q0.15; what is missing counts as it was. -1 is
    /// not a value of the format, and taken for the next one.
    #[inline]
    pub fn step_vector<B: Buffers>(&self, state: &mut State<B>, x: &[i16]) {
        for (input, &x) in state.running.input.as_mut().iter_mut().zip(x) {
            *input = saturate(x.into());
        }
        self.advance(&mut state.running, special::PAD);
    }

    /// Takes in what the logits of the last step were, saturated to Q0.15: a network that
    /// predicts the next vector goes on by itself.
    #[inline]
    pub fn step_prediction<B: Buffers>(&self, state: &mut State<B>) {
        let input = state.running.input.as_mut().iter_mut();
        for (input, &logit) in input.zip(state.logits.as_ref()) {
            *input = saturate(logit);
        }
        self.advance(&mut state.running, special::PAD);
    }

    /// The logits `y (outputs,)` of the sequence so far, Q16.15: the head's, and what the tokens
    /// added by themselves.
    pub fn logits<'s, B: Buffers>(&self, state: &'s mut State<B>) -> &'s [i32] {
        if self.dimensions.window > 0 {
            self.replay(state);
        }
        let run = &mut state.running;
        let last = top(run.hidden.as_ref(), run.top);
        let seen = match self.readout {
            Readout::Last => last,
            readout => {
                let pool = run.pool.as_ref();
                // The last layer may be narrower than the widest.
                let pooled = run.next.as_mut().get_mut(..pool.len()).unwrap_or(&mut []);
                readout.read(pool, run.steps, pooled);
                pooled
            }
        };
        self.head.apply(seen, state.logits.as_mut());
        for (logit, &wide) in state.logits.as_mut().iter_mut().zip(state.wide.as_ref()) {
            *logit = logit.saturating_add(wide);
        }
        state.logits.as_ref()
    }

    /// Multiply-accumulates of one step of time and of one read-out.
    pub fn macs(&self) -> (usize, usize) {
        let step = self.layers().map(|layer| layer.cell.macs()).sum();
        (step, self.head.macs())
    }

    /// `h_t` of every layer from `h_{t-1}` and the input.
    #[inline]
    fn advance<B: Buffers>(&self, run: &mut Running<B>, token: Token) {
        let Some((x, scratch)) = (run.input.as_mut()).split_at_mut_checked(self.input_size.into())
        else {
            return;
        };
        let mut input = self.input.look_up(token, x);
        let (mut hidden, mut memory) = (run.hidden.as_mut(), run.memory.as_mut());
        if let ([Some(layer), ..], true) = (&self.layers, B::SINGLE) {
            // Not a turn of the loop below, where the compiler would not see which layer it is.
            let next = run.next.as_mut();
            let state = LayerState {
                hidden,
                next: &mut *next,
                memory,
                scratch,
            };
            layer.cell.step(B::CELLS, input, state);
            keep(next, hidden);
        } else {
            for layer in self.layers() {
                let width = usize::from(layer.hidden_size);
                let (Some((own, above)), Some((own_memory, memory_above)), Some(next)) = (
                    hidden.split_at_mut_checked(width),
                    memory.split_at_mut_checked(layer.memory.into()),
                    run.next.as_mut().get_mut(..width),
                ) else {
                    return;
                };
                let state = LayerState {
                    hidden: own,
                    next: &mut *next,
                    memory: own_memory,
                    scratch: &mut *scratch,
                };
                layer.cell.step(B::CELLS, input, state);
                keep(next, own);
                input = Input::Vector(own);
                (hidden, memory) = (above, memory_above);
            }
        }
        let last = top(run.hidden.as_ref(), run.top);
        self.readout.update(run.pool.as_mut(), last, run.steps);
        run.steps = run.steps.saturating_add(1);
    }

    /// Runs over the window from the start, padded in front as in training.
    fn replay<B: Buffers>(&self, state: &mut State<B>) {
        state.running.rewind();
        let remembered = state.window.count();
        for _ in remembered..self.dimensions.window.into() {
            self.advance(&mut state.running, special::PAD);
        }
        for index in 0..remembered {
            if let Some(token) = state.window.get(index) {
                self.advance(&mut state.running, token);
            }
        }
    }
}
