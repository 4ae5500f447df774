//! A checked artifact as Rust source, for programs that have their model compiled in.
//!
//! A build script runs on the host: there [`Source`] checks the artifact, as a device would with
//! [`Artifact::parse`], and writes down what it found, tensor by tensor. A program that includes
//! the source holds a constant [`Checked`] with references into the artifact's
//! bytes, and neither the code that checks nor any for what the model does not have:
//!
//! ```text
//! build.rs      bytes -> Source -> model.rs, and the bytes beside it
//! the program   include!(model.rs): Shape, Model, BYTES
//!               Classifier::<Shape, _>::of(Model)
//! ```
//!
//! What the source calls of this crate is public for it and hidden from the documentation: nothing
//! else should call it. It is safe for all that. A tensor that is not within the bytes, or a
//! number that is none, does not compile; and whatever a description says, no kernel leaves the
//! slices that it is given. Values that [`Source`] would have refused make wrong sums.

use crate::{
    Artifact, ArtifactError, Network, Readout,
    artifact::{Front, Task},
    cell::{Cell, Mix},
    input::InputLayer,
    matrix::Encoding,
    model::{Checked, Second},
    shape::Dimensions,
    table::Weights,
    text::{Marks, Unit, Vocabulary},
};
use bytemuck::{AnyBitPattern, NoUninit};
use core::{
    fmt::{self, Write},
    num::NonZeroUsize,
};

/// Gives a type its constructor for the source, and the source that calls it.
macro_rules! parts {
    ($module:literal, $type:ident { $($field:ident: $kind:ty),* $(,)? }) => {
        impl<'a> $type<'a> {
            /// From its parts, as [`emit`](crate::emit) writes them.
            #[doc(hidden)]
            pub const fn from_parts($($field: $kind),*) -> Self {
                Self { $($field),* }
            }
        }

        impl crate::emit::Emit for $type<'_> {
            fn emit(&self, to: &mut crate::emit::Emitter<'_, '_>) -> core::fmt::Result {
                const PATH: &str = concat!($module, "::", stringify!($type), "::from_parts");
                to.call(PATH, &[$(&self.$field),*])
            }
        }
    };
}
pub(crate) use parts;

/// The source of a model; [`Display`](fmt::Display) writes it.
pub struct Source<'a> {
    /// The model.
    pub artifact: Artifact<'a>,
    bytes: &'a [u8],
    /// The expression that is the name of the file with the bytes.
    file: &'a str,
}

impl<'a> Source<'a> {
    /// Checks the artifact `bytes`, which must lie at an address divisible by 4. `file` is the
    /// expression by which the source will include the same bytes, filled up with zeros to a
    /// multiple of four: `"model.words"`, or `concat!(env!("OUT_DIR"), "/model.words")`.
    ///
    /// # Errors
    /// Those of [`Artifact::parse`].
    pub fn new(bytes: &'a [u8], file: &'a str) -> Result<Self, ArtifactError> {
        Ok(Self {
            artifact: Artifact::parse(bytes)?,
            bytes,
            file,
        })
    }
}

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let second = self.artifact.companion.as_ref().map(Second::new);
        let second = second.transpose().map_err(|_| fmt::Error)?;
        f.write_str("/// The model's sizes.\n#[allow(dead_code)]\npub type Shape = ")?;
        match &second {
            None => shape(&self.artifact.network, f)?,
            Some(second) => {
                f.write_str("::spinet_core::shape::Pair<")?;
                shape(&self.artifact.network, f)?;
                f.write_str(", ")?;
                shape(&second.checked.network, f)?;
                f.write_char('>')?;
            }
        }
        let (file, length) = (self.file, self.bytes.len());
        let words = length.div_ceil(4);
        let alignment = crate::artifact::ALIGNMENT;
        write!(
            f,
            ";\n\
             #[repr(C, align({alignment}))]\n\
             struct Aligned([u32; {words}]);\n\
             static WORDS: Aligned = Aligned(::spinet_core::emit::words(*include_bytes!({file})));\n\
             /// The artifact's bytes.\n\
             #[allow(dead_code)]\n\
             pub static BYTES: &[u8] = ::spinet_core::emit::tensor(&WORDS.0, 0, {length});\n\
             /// The model, which was checked before it was compiled in.\n\
             #[derive(Debug, Clone, Copy)]\n\
             pub struct Model;\n\
             impl ::spinet_core::Model<'static> for Model {{\n    \
                 #[inline]\n    \
                 fn checked(&self) -> &::spinet_core::Checked<'static> {{\n        \
                     &CHECKED\n    \
                 }}\n"
        )?;
        if second.is_some() {
            f.write_str(
                "    #[inline]\n    \
                 fn second(&self) -> Option<&::spinet_core::model::Second<'static>> {\n        \
                     Some(&SECOND)\n    \
                 }\n",
            )?;
        }
        let mut emitter = Emitter {
            out: f,
            bytes: self.bytes,
        };
        (emitter.out).write_str("}\nstatic CHECKED: ::spinet_core::Checked<'static> = ")?;
        Checked::first(&self.artifact).emit(&mut emitter)?;
        emitter.out.write_str(";\n")?;
        if let Some(second) = second {
            (emitter.out).write_str("static SECOND: ::spinet_core::model::Second<'static> = ")?;
            second.emit(&mut emitter)?;
            emitter.out.write_str(";\n")?;
        }
        Ok(())
    }
}

/// The sizes of a network, as a type.
fn shape(network: &Network<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let [input, hidden, widest, memory, pool, outputs, window] = network.dimensions().parameters();
    let Dimensions { wide, seen, .. } = network.dimensions();
    write!(
        f,
        "::spinet_core::Shape<{input}, {hidden}, {widest}, {memory}, {pool}, {outputs}, {window}, {{ ::spinet_core::shape::cells(&["
    )?;
    for layer in network.layers() {
        let kind = layer.cell.kind();
        write!(f, "::spinet_core::cell::CellKind::{kind:?}, ")?;
    }
    write!(f, "]) }}, {wide}, {seen}>")
}

/// The bytes of an artifact as words.
#[doc(hidden)]
pub const fn words<A: NoUninit, B: AnyBitPattern>(bytes: A) -> B {
    bytemuck::must_cast(bytes)
}

/// The tensor of `count` values that begins at a word.
#[doc(hidden)]
pub const fn tensor<T: AnyBitPattern>(words: &[u32], first: usize, count: usize) -> &[T] {
    let (_, rest) = words.split_at(first);
    let (words, _) = rest.split_at((count * size_of::<T>()).div_ceil(4));
    bytemuck::must_cast_slice::<u32, T>(words).split_at(count).0
}

/// The same of a constant length.
#[doc(hidden)]
pub const fn array<T: AnyBitPattern, const N: usize>(words: &[u32], first: usize) -> &[T; N] {
    match tensor(words, first, N).first_chunk() {
        Some(array) => array,
        None => panic!("a tensor has its length"),
    }
}

/// What the source can say.
pub(crate) trait Emit {
    /// Writes the expression that makes the same value.
    fn emit(&self, to: &mut Emitter<'_, '_>) -> fmt::Result;
}

/// Where a source goes, and the bytes in which its tensors lie.
pub(crate) struct Emitter<'f, 'o> {
    out: &'f mut fmt::Formatter<'o>,
    bytes: &'f [u8],
}

impl Emitter<'_, '_> {
    /// A call of a function, or a variant with fields, of this crate.
    pub fn call(&mut self, path: &str, arguments: &[&dyn Emit]) -> fmt::Result {
        write!(self.out, "::spinet_core::{path}(")?;
        self.list(arguments)?;
        self.out.write_char(')')
    }

    fn list(&mut self, values: &[&dyn Emit]) -> fmt::Result {
        for value in values {
            value.emit(self)?;
            self.out.write_str(", ")?;
        }
        Ok(())
    }

    /// The word at which a tensor begins; an error if it does not lie in the artifact.
    fn place<T>(&self, values: &[T]) -> Result<usize, fmt::Error> {
        // One without values may lie anywhere.
        if values.is_empty() {
            return Ok(0);
        }
        let start = self.bytes.as_ptr().addr();
        let byte = (values.as_ptr().addr())
            .checked_sub(start)
            .ok_or(fmt::Error)?;
        let whole = byte.is_multiple_of(4) && byte + size_of_val(values) <= self.bytes.len();
        whole.then_some(byte / 4).ok_or(fmt::Error)
    }
}

/// Numbers and words of the language, as they print themselves.
macro_rules! literals {
    ($($type:ty),*) => {
        $(impl Emit for $type {
            fn emit(&self, to: &mut Emitter<'_, '_>) -> fmt::Result {
                write!(to.out, "{self:?}")
            }
        })*
    };
}
literals!(bool, u8, u16, u32, usize, i16, i64, &str);

/// Variants without fields, as they print themselves behind their type.
macro_rules! variants {
    ($($type:ident in $module:literal),*) => {
        $(impl Emit for $type {
            fn emit(&self, to: &mut Emitter<'_, '_>) -> fmt::Result {
                const PATH: &str = concat!("::spinet_core::", $module, "::", stringify!($type));
                write!(to.out, "{PATH}::{self:?}")
            }
        })*
    };
}
variants!(Encoding in "matrix", Readout in "readout", Marks in "text", Unit in "text");

impl Emit for NonZeroUsize {
    fn emit(&self, to: &mut Emitter<'_, '_>) -> fmt::Result {
        write!(to.out, "::core::num::NonZeroUsize::new({self}).unwrap()")
    }
}

impl<T: AnyBitPattern> Emit for &[T] {
    fn emit(&self, to: &mut Emitter<'_, '_>) -> fmt::Result {
        let (place, count) = (to.place(self)?, self.len());
        write!(
            to.out,
            "::spinet_core::emit::tensor(&WORDS.0, {place}, {count})"
        )
    }
}

impl<T: AnyBitPattern, const N: usize> Emit for &[T; N] {
    fn emit(&self, to: &mut Emitter<'_, '_>) -> fmt::Result {
        let place = to.place(*self)?;
        write!(to.out, "::spinet_core::emit::array(&WORDS.0, {place})")
    }
}

impl<A: Emit, B: Emit> Emit for (A, B) {
    fn emit(&self, to: &mut Emitter<'_, '_>) -> fmt::Result {
        to.out.write_char('(')?;
        to.list(&[&self.0, &self.1])?;
        to.out.write_char(')')
    }
}

impl<T: Emit> Emit for Option<T> {
    fn emit(&self, to: &mut Emitter<'_, '_>) -> fmt::Result {
        let Some(value) = self else {
            return to.out.write_str("None");
        };
        to.out.write_str("Some(")?;
        value.emit(to)?;
        to.out.write_char(')')
    }
}

impl<T: Emit, const N: usize> Emit for [T; N] {
    fn emit(&self, to: &mut Emitter<'_, '_>) -> fmt::Result {
        to.out.write_char('[')?;
        for value in self {
            to.list(&[value])?;
        }
        to.out.write_char(']')
    }
}

impl Emit for Dimensions {
    fn emit(&self, to: &mut Emitter<'_, '_>) -> fmt::Result {
        // Its fields are public, and numbers.
        write!(to.out, "::spinet_core::shape::{self:?}")
    }
}

impl Emit for Mix {
    fn emit(&self, to: &mut Emitter<'_, '_>) -> fmt::Result {
        write!(to.out, "::spinet_core::cell::{self:?}")
    }
}

impl Emit for Weights<'_> {
    fn emit(&self, to: &mut Emitter<'_, '_>) -> fmt::Result {
        match self {
            Self::Int8(weights) => to.call("table::Weights::Int8", &[weights]),
            Self::Int4(words) => to.call("table::Weights::Int4", &[words]),
        }
    }
}

impl Emit for InputLayer<'_> {
    fn emit(&self, to: &mut Emitter<'_, '_>) -> fmt::Result {
        match self {
            Self::OneHot(table) => to.call("input::InputLayer::OneHot", &[table]),
            Self::Embedding(table) => to.call("input::InputLayer::Embedding", &[table]),
            Self::Vector => to.out.write_str("::spinet_core::input::InputLayer::Vector"),
        }
    }
}

impl Emit for Cell<'_> {
    fn emit(&self, to: &mut Emitter<'_, '_>) -> fmt::Result {
        match self {
            Self::SimpleRnn(cell) => to.call("cell::Cell::SimpleRnn", &[cell]),
            Self::Gru(cell) => to.call("cell::Cell::Gru", &[cell]),
            Self::Lstm(cell) => to.call("cell::Cell::Lstm", &[cell]),
            Self::FastGrnn(cell) => to.call("cell::Cell::FastGrnn", &[cell]),
        }
    }
}

impl Emit for Front<'_> {
    fn emit(&self, to: &mut Emitter<'_, '_>) -> fmt::Result {
        match self {
            Self::Words(vocabulary) => to.call("artifact::Front::Words", &[vocabulary]),
            Self::Symbols(symbols) => to.call("artifact::Front::Symbols", &[symbols]),
            Self::Series(series) => to.call("artifact::Front::Series", &[series]),
            Self::Ngrams(ngrams) => to.call("artifact::Front::Ngrams", &[ngrams]),
        }
    }
}

impl Emit for Vocabulary<'_> {
    fn emit(&self, to: &mut Emitter<'_, '_>) -> fmt::Result {
        match self {
            Self::PerfectHash(hash) => to.call("text::Vocabulary::PerfectHash", &[hash]),
            Self::Hashed { buckets } => write!(
                to.out,
                "::spinet_core::text::Vocabulary::Hashed {{ buckets: {buckets} }}"
            ),
        }
    }
}

impl Emit for Task<'_> {
    fn emit(&self, to: &mut Emitter<'_, '_>) -> fmt::Result {
        match self {
            Self::Classify {
                labels,
                readout,
                window,
            } => to.call("emit::classify", &[labels, readout, window]),
            Self::Generate => to.out.write_str("::spinet_core::artifact::Task::Generate"),
        }
    }
}

/// The task of a model that classifies.
#[doc(hidden)]
pub const fn classify(labels: &str, readout: Readout, window: u16) -> Task<'_> {
    Task::Classify {
        labels,
        readout,
        window,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static WORDS: [u32; 3] = words(*b"\x01\x00\x00\x00\x02\x00\xFF\xFF\x03\x04\x05\x00");

    #[test]
    fn a_tensor_lies_where_its_first_word_is() {
        assert_eq!(tensor::<i16>(&WORDS, 1, 2), [2, -1]);
        assert_eq!(tensor::<u8>(&WORDS, 2, 3), [3, 4, 5]);
        assert_eq!(array::<u32, 2>(&WORDS, 0), &[1, 0xFFFF_0002]);
        assert!(tensor::<i8>(&WORDS, 3, 0).is_empty());
    }

    // The programs that the source is for evaluate it when they are compiled.
    #[test]
    #[should_panic]
    fn a_tensor_beyond_the_end_is_none() {
        tensor::<u8>(&WORDS, 2, 5);
    }
}
