//! What building for a board and emulating it need: the Rust target and QEMU.
//!
//! Says on stderr what it installs, and where it cannot, what to type. Commands run in the
//! firmware's folder, so that rustup and rustc speak of the toolchain that cargo builds with.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use thiserror::Error;

use super::board::Board;

/// The emulator's programs, each with Debian's package that has it where that is called otherwise.
const PACKAGES: [(&str, &str); 1] = [("qemu-system-riscv32", "qemu-system-misc")];

/// How long apt waits for another apt, in seconds.
const LOCK_TIMEOUT: &str = "--option=DPkg::Lock::Timeout=600";

/// A tool that is missing and could not be installed.
#[derive(Debug, Error)]
pub enum ToolchainError {
    /// A command failed; the user may have more luck with it.
    #[error("{what} is missing and could not be installed ({why}); type: {command}")]
    Missing {
        /// The tool.
        what: String,
        /// Why it was not installed.
        why: String,
        /// What to type.
        command: String,
    },
    /// The lock that keeps two installations apart could not be taken.
    #[error("{}: {source}", path.display())]
    Lock {
        /// The lock's file.
        path: PathBuf,
        /// Why it was not taken.
        source: io::Error,
    },
}

/// Makes sure that `board`'s target is installed, so that firmware can be built for it.
///
/// # Errors
/// If it is missing and cannot be installed.
pub fn ensure_target(board: &Board) -> Result<(), ToolchainError> {
    let target = &board.target;
    let _lock = lock()?;
    if has_target(target) {
        return Ok(());
    }
    eprintln!("installing the Rust target {target}");
    let steps = [vec!["rustup", "target", "add", target]];
    install(&format!("the Rust target {target}"), &steps, || {
        has_target(target)
    })
}

/// Makes sure that `board`'s emulator is installed.
///
/// # Errors
/// If it is missing and cannot be installed.
pub fn ensure_emulator(board: &Board) -> Result<(), ToolchainError> {
    let program = &board.hardware.qemu_program;
    let _lock = lock()?;
    if has_emulator(program) {
        return Ok(());
    }
    eprintln!("installing {program}");
    let sudo: &[&str] = if is_root() {
        &[]
    } else {
        &["sudo", "--non-interactive"]
    };
    let apt = |arguments: &[&'static str]| [sudo, &["apt-get"], arguments].concat();
    let mut installation = apt(&[
        "install",
        LOCK_TIMEOUT,
        "--yes",
        "--quiet",
        "--no-install-recommends",
    ]);
    installation.push(package(program));
    let steps = [apt(&["update", "--quiet"]), installation];
    install(program, &steps, || has_emulator(program))
}

/// Debian's package that has `program`.
fn package(program: &str) -> &str {
    let other = PACKAGES.iter().find(|&&(name, _)| name == program);
    other.map_or(program, |&(_, package)| package)
}

/// Makes sure that `board` can be built for and emulated.
///
/// # Errors
/// If something is missing and cannot be installed.
pub fn ensure(board: &Board) -> Result<(), ToolchainError> {
    ensure_target(board)?;
    ensure_emulator(board)
}

/// Runs `steps` until one fails, then asks whether `what` is there.
fn install(
    what: &str,
    steps: &[Vec<&str>],
    present: impl Fn() -> bool,
) -> Result<(), ToolchainError> {
    let why = match steps.iter().find_map(|step| run(step).err()) {
        None if present() => return Ok(()),
        None => "it is still not found".to_owned(),
        Some(why) => why,
    };
    let by_hand = |step: &Vec<&str>| {
        let unattended = ["--non-interactive", "--quiet", LOCK_TIMEOUT];
        let words = step.iter().filter(|word| !unattended.contains(word));
        words.copied().collect::<Vec<_>>().join(" ")
    };
    let command = steps.iter().map(by_hand).collect::<Vec<_>>().join(" && ");
    Err(ToolchainError::Missing {
        what: what.to_owned(),
        why,
        command,
    })
}

/// Runs one command; its output goes to stderr, because stdout is for answers.
fn run(words: &[&str]) -> Result<(), String> {
    eprintln!("+ {}", words.join(" "));
    let mut command = command(words[0]);
    command
        .args(&words[1..])
        .env("DEBIAN_FRONTEND", "noninteractive");
    command.stdin(Stdio::null()).stdout(io::stderr());
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{}` ended with {status}", words.join(" "))),
        Err(error) => Err(format!("`{}`: {error}", words[0])),
    }
}

/// A command that runs in the firmware's folder.
fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(super::firmware_folder());
    command
}

/// Whether the firmware's toolchain has the standard library for `target`.
fn has_target(target: &str) -> bool {
    let output = command("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .output();
    output.is_ok_and(|output| {
        let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        output.status.success() && folder.is_dir()
    })
}

fn has_emulator(program: &str) -> bool {
    let mut command = Command::new(program);
    command
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Held by one process at a time: tests run in parallel, and apt and rustup do not.
fn lock() -> Result<File, ToolchainError> {
    let path = super::target_folder().join("toolchain.lock");
    super::lock(&path).map_err(|source| ToolchainError::Lock { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_cannot_be_installed_says_what_to_type() {
        let steps = [vec!["false", "--quiet"], vec!["never", "reached"]];
        let error = install("a tool", &steps, || false).unwrap_err().to_string();
        assert!(
            error.starts_with("a tool is missing and could not be installed (`false"),
            "{error}"
        );
        assert!(error.ends_with("type: false && never reached"), "{error}");
    }

    #[test]
    fn an_installer_that_is_absent_is_an_error_too() {
        let steps = [vec!["spinet-no-such-installer"]];
        let error = install("a tool", &steps, || true).unwrap_err().to_string();
        assert!(error.contains("`spinet-no-such-installer`: "), "{error}");
    }

    #[test]
    fn installing_without_effect_is_an_error() {
        let error = install("a tool", &[vec!["true"]], || false)
            .unwrap_err()
            .to_string();
        assert!(error.contains("it is still not found"), "{error}");
    }

    #[test]
    fn a_program_is_in_the_package_of_its_name_or_in_another() {
        assert_eq!(package("qemu-system-arm"), "qemu-system-arm");
        assert_eq!(package("qemu-system-riscv32"), "qemu-system-misc");
    }

    #[test]
    fn a_target_nobody_has_is_not_found() {
        assert!(!has_target("thumbv0-none-eabi"));
    }
}
