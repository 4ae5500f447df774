//! Sequences for models of any kind: tokens or vectors.

use crate::model::{Model, Purpose};
use proptest::{
    collection::{SizeRange, vec},
    prelude::*,
};
use spinet_core::Token;

/// An element of a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    /// A word or a symbol.
    Token(Token),
    /// A vector, Q0.15.
    Vector(Vec<i16>),
}

/// A model of `models` and a sequence for it: tokens of its table and, now and then, any other,
/// or vectors of any values.
pub fn with_sequence(
    models: impl Strategy<Value = Model>,
    length: impl Into<SizeRange>,
) -> impl Strategy<Value = (Model, Vec<Element>)> {
    let length = length.into();
    models.prop_flat_map(move |model| {
        let elements = vec(elements(&model), length.clone());
        (Just(model), elements)
    })
}

fn elements(model: &Model) -> BoxedStrategy<Element> {
    match model.purpose() {
        Purpose::ReadText { .. } | Purpose::WriteText { .. } => {
            let known = 0..model.tokens() as Token;
            prop_oneof![9 => known, 1 => any::<Token>()]
                .prop_map(Element::Token)
                .boxed()
        }
        Purpose::ReadSeries { features, .. } | Purpose::WriteSeries { features } => {
            let value = prop_oneof![
                6 => -32_767i16..=32_767,
                1 => Just(0),
                1 => prop_oneof![Just(-32_767i16), Just(32_767)],
            ];
            vec(value, usize::from(features))
                .prop_map(Element::Vector)
                .boxed()
        }
    }
}
