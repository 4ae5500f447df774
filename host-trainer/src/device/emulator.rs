//! The emulator: boots an image in QEMU and connects its UART and its logs.
//!
//! The UART is a `Connection`, given to a [`Console`]; logs arrive as defmt frames on QEMU's stdout
//! and leave as lines to whoever booted the machine. An instruction takes 64 ns of virtual time
//! (`-icount`), so that counts repeat to the instruction. Nothing outlives an [`Emulator`].

use std::fs;
use std::io::{self, BufRead, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use defmt_decoder::{DecodeError, Table};
use thiserror::Error;

use super::answer::{DeviceVerdict, Generated};
use super::board::Board;
use super::connection::{Connection, TIMEOUT};
use super::console::Console;
use super::error::DeviceError;
use super::greeting::Kind;
use super::request::GenerateRequest;
use super::toolchain::{self, ToolchainError};

/// How often a state that nothing announces is looked at.
const POLL: Duration = Duration::from_millis(5);

/// Receives the device's logs, a line each.
pub type LogSink = Box<dyn FnMut(&str) + Send>;

/// An image that did not boot.
#[derive(Debug, Error)]
pub enum EmulatorError {
    /// QEMU is missing.
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
    /// The image could not be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The image.
        path: PathBuf,
        /// Why it could not be read.
        source: io::Error,
    },
    /// The image's table of log messages could not be read.
    #[error("{}: {why}", path.display())]
    Logs {
        /// The image.
        path: PathBuf,
        /// What is wrong with the table.
        why: String,
    },
    /// QEMU did not start.
    #[error("QEMU: {0}")]
    Start(io::Error),
    /// QEMU ended before the device said anything.
    #[error("QEMU ended with {status} before the device was ready: {said}")]
    Ended {
        /// How.
        status: ExitStatus,
        /// The last thing that QEMU or the device said.
        said: String,
    },
    /// QEMU or the device took too long, or did not greet as it should.
    #[error("the device was not ready: {0}")]
    NotReady(DeviceError),
}

/// A board that runs an image. It is switched off when this is dropped.
#[derive(Debug)]
pub struct Emulator {
    console: Console<Connection>,
    machine: Machine,
}

impl Emulator {
    /// Boots `image` on `board` and waits until it is ready for text; its logs go to `log`.
    /// Installs QEMU if it is missing.
    ///
    /// # Errors
    /// If QEMU does not start, or the image does not greet within two minutes.
    pub fn boot(board: &Board, image: &Path, log: LogSink) -> Result<Self, EmulatorError> {
        toolchain::ensure_emulator(board)?;
        let read = |source| EmulatorError::Read {
            path: image.to_owned(),
            source,
        };
        let elf = fs::read(image).map_err(read)?;
        let table = Table::parse(&elf).map_err(|error| error.to_string());
        let table = table.and_then(|table| table.ok_or_else(|| "no defmt messages".to_owned()));
        let table = table.map_err(|why| EmulatorError::Logs {
            path: image.to_owned(),
            why,
        })?;
        // The host listens and QEMU calls, so that no port can be taken by another meanwhile.
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(EmulatorError::Start)?;
        let mut machine = Machine::start(board, image, &listener, table, log)?;
        let uart = machine.connect(&listener)?;
        match Console::open(uart, board) {
            Ok(console) => Ok(Self { console, machine }),
            Err(error) => Err(machine.ended().unwrap_or(EmulatorError::NotReady(error))),
        }
    }

    /// What the device's model is for.
    pub fn kind(&self) -> Kind {
        self.console.kind()
    }

    /// Classifies one text. See [`Console::classify`].
    ///
    /// # Errors
    /// Those of the console; [`DeviceError::Ended`] if the device is gone.
    pub fn classify(&mut self, text: &[u8]) -> Result<DeviceVerdict, DeviceError> {
        let result = self.console.classify(text);
        result.map_err(|error| self.explain(error))
    }

    /// Classifies many texts without a pause between them. See [`Console::classify_all`].
    ///
    /// # Errors
    /// Those of the console; [`DeviceError::Ended`] if the device is gone.
    pub fn classify_all<T: AsRef<[u8]>>(
        &mut self,
        texts: impl IntoIterator<Item = T>,
    ) -> Result<Vec<DeviceVerdict>, DeviceError> {
        let result = self.console.classify_all(texts);
        result.map_err(|error| self.explain(error))
    }

    /// Classifies a sequence of vectors. See [`Console::classify_series`].
    ///
    /// # Errors
    /// Those of the console; [`DeviceError::Ended`] if the device is gone.
    pub fn classify_series(&mut self, vectors: &[Vec<i16>]) -> Result<DeviceVerdict, DeviceError> {
        let result = self.console.classify_series(vectors);
        result.map_err(|error| self.explain(error))
    }

    /// Lets the device write text. See [`Console::generate`].
    ///
    /// # Errors
    /// Those of the console; [`DeviceError::Ended`] if the device is gone.
    pub fn generate(
        &mut self,
        request: &GenerateRequest,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Generated, DeviceError> {
        let result = self.console.generate(request, sink);
        result.map_err(|error| self.explain(error))
    }

    /// Lets the device continue a sequence of vectors. See [`Console::continue_series`].
    ///
    /// # Errors
    /// Those of the console; [`DeviceError::Ended`] if the device is gone.
    pub fn continue_series(
        &mut self,
        prompt: &[Vec<i16>],
        length: u32,
        art: bool,
        sink: &mut dyn FnMut(&[i16], &str),
    ) -> Result<Generated, DeviceError> {
        let result = self.console.continue_series(prompt, length, art, sink);
        result.map_err(|error| self.explain(error))
    }

    /// Gives the lines of `input` to the UART and what it answers to `output`, until the input
    /// ends.
    ///
    /// # Errors
    /// If the input, the output or the device fails.
    pub fn converse(&mut self, input: impl BufRead, output: impl Write) -> Result<(), DeviceError> {
        let result = self.console.converse(input, output);
        result.map_err(|error| self.explain(error))
    }

    /// A console's error, or the device's end if that is what is behind it.
    fn explain(&mut self, error: DeviceError) -> DeviceError {
        let silent = matches!(error, DeviceError::Connection(_) | DeviceError::Closed);
        match silent.then(|| self.machine.ended()).flatten() {
            Some(EmulatorError::Ended { status, said }) => DeviceError::Ended { status, said },
            _ => error,
        }
    }
}

/// Runs a program until it ends or stdin does: whatever becomes of this process, its end closes
/// the pipe, and QEMU is not left behind.
const LEASH: &str = r#"
"$@" < /dev/null &
program=$!
exec 3<&0
{ cat <&3; kill -KILL $program; } > /dev/null 2>&1 &
exec 3<&- < /dev/null
wait $program
"#;

/// QEMU's process, on its leash, and the threads that listen to it.
#[derive(Debug)]
struct Machine {
    child: Child,
    listeners: Vec<JoinHandle<()>>,
    /// The last line that QEMU or the device's log said.
    said: Arc<Mutex<String>>,
}

impl Machine {
    fn start(
        board: &Board,
        image: &Path,
        uart: &TcpListener,
        table: Table,
        mut log: LogSink,
    ) -> Result<Self, EmulatorError> {
        let port = uart.local_addr().map_err(EmulatorError::Start)?.port();
        let mut command = Command::new("sh");
        command
            .args(["-c", LEASH, "sh", &board.hardware.qemu_program])
            .args(["-M", &board.hardware.qemu_machine])
            .args(["-display", "none", "-monitor", "none"])
            .args(["-serial", &format!("tcp:127.0.0.1:{port},nodelay=on")])
            .args(["-semihosting-config", "enable=on,target=native"])
            .args(["-icount", "shift=6,sleep=off"])
            .arg("-kernel")
            .arg(image);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(EmulatorError::Start)?;
        let said = Arc::new(Mutex::new(String::new()));
        let mut listeners = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            let said = Arc::clone(&said);
            let log = move |line: &str| {
                remember(&said, line);
                log(line);
            };
            listeners.push(thread::spawn(move || decode(&table, stdout, log)));
        }
        if let Some(stderr) = child.stderr.take() {
            let said = Arc::clone(&said);
            let lines = io::BufReader::new(stderr).lines().map_while(Result::ok);
            listeners.push(thread::spawn(move || {
                lines.for_each(|line| remember(&said, &line))
            }));
        }
        Ok(Self {
            child,
            listeners,
            said,
        })
    }

    /// Waits for QEMU's call.
    fn connect(&mut self, listener: &TcpListener) -> Result<Connection, EmulatorError> {
        listener
            .set_nonblocking(true)
            .map_err(EmulatorError::Start)?;
        let deadline = Instant::now() + TIMEOUT;
        loop {
            match listener.accept() {
                Ok((uart, _)) => {
                    return Connection::new(uart).map_err(EmulatorError::Start);
                }
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                    return Err(EmulatorError::Start(error));
                }
                Err(_) if self.exited().is_some() => {
                    let late = || EmulatorError::Start(io::ErrorKind::TimedOut.into());
                    return Err(self.ended().unwrap_or_else(late));
                }
                Err(_) if Instant::now() > deadline => {
                    return Err(EmulatorError::Start(io::ErrorKind::TimedOut.into()));
                }
                Err(_) => thread::sleep(POLL),
            }
        }
    }

    /// How QEMU ended, if it has, or is about to: a closed UART precedes the exit.
    fn ended(&mut self) -> Option<EmulatorError> {
        let deadline = Instant::now() + Duration::from_secs(1);
        let status = loop {
            match self.exited() {
                Some(status) => break status,
                None if Instant::now() > deadline => return None,
                None => thread::sleep(POLL),
            }
        };
        for listener in self.listeners.drain(..) {
            // A listener that panicked has said what it could.
            let _ = listener.join();
        }
        let said = self
            .said
            .lock()
            .map(|said| said.clone())
            .unwrap_or_default();
        Some(EmulatorError::Ended { status, said })
    }

    fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // The end of its stdin is the end of QEMU. Waiting cannot fail but for a process that
        // has ended already.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
        for listener in self.listeners.drain(..) {
            let _ = listener.join();
        }
    }
}

fn remember(said: &Mutex<String>, line: &str) {
    if let Ok(mut said) = said.lock() {
        line.clone_into(&mut said);
    }
}

/// Turns defmt frames into lines until QEMU closes its end.
fn decode(table: &Table, mut frames: ChildStdout, mut log: impl FnMut(&str)) {
    let mut decoder = table.new_stream_decoder();
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = frames.read(&mut buffer) {
        decoder.received(&buffer[..count]);
        loop {
            match decoder.decode() {
                Ok(frame) => log(&frame.display(false).to_string()),
                Err(DecodeError::UnexpectedEof) => break,
                Err(DecodeError::Malformed) => log("a log message that cannot be decoded"),
            }
        }
    }
}
