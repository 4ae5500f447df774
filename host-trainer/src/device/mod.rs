//! The firmware on a board: building it, booting it in the emulator, asking it.
//!
//! `board` reads the boards' descriptions, `toolchain` installs what they need, `firmware`
//! builds an image for a board and a model, `image` reads what it takes, `emulator` boots it
//! (`report` one that ends by itself), `connection` is the wire between, and `console` speaks the
//! UART's protocol with whatever answers at the other end: `greeting`, `request` and `answer` are
//! its lines, which `protocol`, the firmware's own module, defines.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub mod answer;
pub mod board;
mod connection;
pub mod console;
pub mod emulator;
pub mod error;
pub mod firmware;
pub mod greeting;
pub mod image;
pub mod report;
pub mod request;
pub mod toolchain;

#[path = "../../../firmware/src/protocol/mod.rs"]
pub mod protocol;

pub use answer::{DeviceVerdict, Generated};
pub use board::{Board, BoardError, Hardware};
pub use console::{Console, check_line};
pub use emulator::{Emulator, EmulatorError};
pub use error::DeviceError;
pub use firmware::{Firmware, FirmwareError, Program};
pub use greeting::Kind;
pub use image::Section;
pub use request::GenerateRequest;

/// The firmware's folder: `SPINET_FIRMWARE` if that is set, or the one beside this crate.
#[must_use]
pub fn firmware_folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| match std::env::var_os("SPINET_FIRMWARE") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware"),
    })
}

/// The boards' folder.
#[must_use]
pub fn boards_folder() -> PathBuf {
    firmware_folder().join("boards")
}

/// Where images and locks go: `firmware/` in the workspace's target folder.
fn target_folder() -> PathBuf {
    let target = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
    };
    // cargo runs in the firmware's folder, where a relative path would be another.
    let target = std::path::absolute(&target).unwrap_or(target);
    target.join("firmware")
}

/// Waits for the lock at `path`, and holds it until the file is dropped.
fn lock(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    file.lock()?;
    Ok(file)
}
