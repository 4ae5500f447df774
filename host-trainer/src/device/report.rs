//! Programs that run to their end and report by the UART: booted, listened to, and judged by how
//! they ended.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::board::Board;
use super::toolchain::{self, ToolchainError};

/// The longest that a program may take.
const TIMEOUT: Duration = Duration::from_secs(300);
/// How often it is looked at.
const POLL: Duration = Duration::from_millis(20);

/// A program that did not report.
#[derive(Debug, Error)]
pub enum ReportError {
    /// QEMU is missing.
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
    /// QEMU did not start, or could not be listened to.
    #[error("QEMU: {0}")]
    Emulator(#[from] io::Error),
    /// The program or QEMU failed.
    #[error("the program ended with {status}: {said}")]
    Failed {
        /// How.
        status: ExitStatus,
        /// What it had said.
        said: String,
    },
    /// The program did not end.
    #[error("the program took longer than {} s", TIMEOUT.as_secs())]
    Late,
}

/// Runs `image` on `board`, whose program ends by itself, and returns what it wrote to the UART.
/// Installs QEMU if it is missing.
///
/// # Errors
/// If QEMU does not start, or the program fails or takes more than five minutes.
pub fn run(board: &Board, image: &Path) -> Result<String, ReportError> {
    toolchain::ensure_emulator(board)?;
    let mut command = Command::new(&board.hardware.qemu_program);
    command
        .args(["-M", &board.hardware.qemu_machine])
        .args(["-display", "none", "-monitor", "none", "-serial", "stdio"])
        .args(["-semihosting-config", "enable=on,target=native"])
        .args(["-icount", "shift=6,sleep=off"])
        .arg("-kernel")
        .arg(image);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn()?;
    let stdout = child.stdout.take();
    let listener = thread::spawn(move || {
        let mut said = Vec::new();
        stdout.map_or(Ok(0), |mut stdout| stdout.read_to_end(&mut said))?;
        Ok::<_, io::Error>(String::from_utf8_lossy(&said).into_owned())
    });
    let status = end(&mut child);
    let said = match listener.join() {
        Ok(said) => said?,
        // A listener that panicked has heard nothing.
        Err(_) => String::new(),
    };
    match status? {
        None => Err(ReportError::Late),
        Some(status) if status.success() => Ok(said),
        Some(status) => Err(ReportError::Failed { status, said }),
    }
}

/// How the program ends, if it does in time; it has ended in any case.
fn end(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + TIMEOUT;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(POLL);
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}
