//! What the firmware's programs share: the model, the board's constants and the protocol.
#![no_std]

pub mod arch;
pub mod protocol;
pub mod trial;

pub mod board {
    //! The board's constants, as the build script wrote them.
    include!(concat!(env!("OUT_DIR"), "/board.rs"));
}

pub mod model {
    //! The model, as the build script wrote it.
    include!(concat!(env!("OUT_DIR"), "/model.rs"));
}
