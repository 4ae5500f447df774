//! The network: weights and equations, borrowed and constant, in [`Network`]; everything that
//! changes in [`State`].

use crate::{
    Readout, Token,
    cell::Cell,
    dense::Dense,
    input::InputLayer,
    shape::{Buffer, Buffers, Dimensions, Ring},
    text::special,
};

/// A network's weights, borrowed from an artifact.
#[derive(Debug, Clone, Copy)]
pub struct Network<'a> {
    pub(crate) dimensions: Dimensions,
    pub(crate) input: InputLayer<'a>,
    pub(crate) cell: Cell<'a>,
    pub(crate) readout: Readout,
    pub(crate) head: Dense<'a>,
}

/// A network's memory of the sequence so far. What it takes is
/// [`Dimensions::state_bytes`].
pub struct State<B: Buffers> {
    window: B::Window,
    running: Running<B>,
    logits: B::Logits,
}

/// What a step of time changes.
struct Running<B: Buffers> {
    input: B::Input,
    hidden: B::Hidden,
    pool: B::Pool,
    pooled: B::Hidden,
    accumulators: B::Accumulators,
    steps: u32,
}

impl<B: Buffers> State<B> {
    /// The state before the first token, or `None` if `B` cannot hold these dimensions.
    pub fn new(dimensions: Dimensions) -> Option<Self> {
        const { B::SOUND };
        let hidden_size = dimensions.hidden_size.into();
        Some(Self {
            window: B::Window::empty(dimensions.window.into())?,
            running: Running {
                input: B::Input::zeroed(dimensions.input_size.into())?,
                hidden: B::Hidden::zeroed(hidden_size)?,
                pool: B::Pool::zeroed(hidden_size)?,
                pooled: B::Hidden::zeroed(hidden_size)?,
                accumulators: B::Accumulators::zeroed(hidden_size)?,
                steps: 0,
            },
            logits: B::Logits::zeroed(dimensions.outputs.into())?,
        })
    }

    /// Back to the state before the first token.
    pub fn reset(&mut self) {
        self.window.clear();
        self.running.rewind();
    }

    /// The hidden state `h_t (hidden_size,)`, Q0.15.
    pub fn hidden(&self) -> &[i16] {
        self.running.hidden.as_ref()
    }
}

impl<B: Buffers> Running<B> {
    /// `h_0 = 0` and nothing pooled.
    fn rewind(&mut self) {
        self.hidden.as_mut().fill(0);
        self.pool.as_mut().fill(0);
        self.steps = 0;
    }
}

impl Network<'_> {
    /// The sizes that a [`State`] of this network needs.
    pub fn dimensions(&self) -> Dimensions {
        self.dimensions
    }

    /// Takes in one token. With a window the token is only remembered: what the network makes
    /// of the last `window` tokens is computed when the [`logits`](Self::logits) are asked for.
    ///
    /// A token outside of the input table counts as [`special::UNKNOWN`].
    #[inline]
    pub fn step<B: Buffers>(&self, state: &mut State<B>, token: Token) {
        if self.dimensions.window > 0 {
            state.window.push(token);
        } else {
            self.advance(&mut state.running, token);
        }
    }

    /// The logits `y (outputs,)` of the sequence so far, Q16.15.
    pub fn logits<'s, B: Buffers>(&self, state: &'s mut State<B>) -> &'s [i32] {
        if self.dimensions.window > 0 {
            self.replay(state);
        }
        let run = &mut state.running;
        let pooled = run.pooled.as_mut();
        self.readout
            .read(run.pool.as_ref(), run.hidden.as_ref(), run.steps, pooled);
        self.head.apply(pooled, state.logits.as_mut());
        state.logits.as_ref()
    }

    /// Multiply-accumulates of one step of time and of one read-out.
    pub fn macs(&self) -> (usize, usize) {
        (self.cell.macs(), self.head.macs())
    }

    /// `h_t` from `h_{t-1}` and the token.
    #[inline]
    fn advance<B: Buffers>(&self, run: &mut Running<B>, token: Token) {
        let hidden = run.hidden.as_mut();
        let input = self.input.look_up(token, run.input.as_mut());
        self.cell.step(input, hidden, run.accumulators.as_mut());
        self.readout.update(run.pool.as_mut(), hidden, run.steps);
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
