//! A conversation with a device, whatever carries it: lines there, answers back.
//!
//! [`protocol`](super::protocol) defines both. The lines to send are `request`'s, those that come
//! back `answer`'s affair; here is their order.
//!
//! The emulator's UART holds bytes back; a wire's, at the rate in the board's file, loses what
//! comes while the device is busy. It says so (`overrun=1`), and that is [`DeviceError::Overrun`].

use std::io::{BufRead, BufReader, Read, Write};

use super::answer::{self, DeviceVerdict, Generated};
use super::board::Board;
use super::error::DeviceError;
use super::greeting::Kind;
use super::protocol::{DLE, EOT, STX};
use super::request::{self, GenerateRequest};

/// The longest line that a device may send, in bytes.
const LONGEST_ANSWER: u64 = 1 << 20;

/// How many lines may wait for their answers: enough that an emulated device never waits for
/// the host. On a wire, a line must wait for the last one's answer: that is `classify`.
const IN_FLIGHT: usize = 4;

/// A device at the other end of `C`.
#[derive(Debug)]
pub struct Console<C> {
    connection: BufReader<C>,
    board: Board,
    kind: Kind,
}

impl<C: Read + Write> Console<C> {
    /// Waits for the greeting of a device that has just been started.
    ///
    /// # Errors
    /// If it does not come, or is another board's.
    pub fn open(connection: C, board: &Board) -> Result<Self, DeviceError> {
        let mut connection = BufReader::new(connection);
        let greeting = receive(&mut connection)?;
        match Kind::greeted(&greeting, &board.name) {
            Some(kind) => Ok(Self {
                connection,
                board: board.clone(),
                kind,
            }),
            None => Err(DeviceError::Greeting(greeting, board.name.clone())),
        }
    }

    /// What the device's model is for.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Classifies one text, which must not hold a line feed.
    ///
    /// # Errors
    /// If the model does not classify texts, the text is not one line, or the device fails.
    pub fn classify(&mut self, text: &[u8]) -> Result<DeviceVerdict, DeviceError> {
        self.send_text(text)?;
        self.verdict()
    }

    /// Classifies many texts, sending the next ones while an answer is awaited: for an emulated
    /// device, whose UART loses nothing.
    ///
    /// Nothing may be sent after an error: answers may be outstanding.
    ///
    /// # Errors
    /// If the model does not classify texts, a text is not one line, or the device fails.
    pub fn classify_all<T: AsRef<[u8]>>(
        &mut self,
        texts: impl IntoIterator<Item = T>,
    ) -> Result<Vec<DeviceVerdict>, DeviceError> {
        let mut verdicts = Vec::new();
        let mut sent = 0;
        for text in texts {
            self.send_text(text.as_ref())?;
            sent += 1;
            if sent - verdicts.len() == IN_FLIGHT {
                verdicts.push(self.verdict()?);
            }
        }
        while verdicts.len() < sent {
            verdicts.push(self.verdict()?);
        }
        Ok(verdicts)
    }

    /// Classifies a sequence of vectors `(features,)`, Q0.15.
    ///
    /// # Errors
    /// If the model does not classify series or has another number of features, or the device
    /// fails.
    pub fn classify_series(&mut self, vectors: &[Vec<i16>]) -> Result<DeviceVerdict, DeviceError> {
        let Kind::ClassifySeries { features } = self.kind else {
            return Err(self.unsuited("classify series"));
        };
        let line = request::vectors(vectors, features)?;
        self.send(&[line.as_bytes(), b"\n"])?;
        self.verdict()
    }

    /// Lets the device write text, which goes to `sink` as it comes, in chunks that may end
    /// within a character.
    ///
    /// # Errors
    /// If the model does not generate text or does not know a symbol of the prompt, or the
    /// device fails.
    pub fn generate(
        &mut self,
        request: &GenerateRequest,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Generated, DeviceError> {
        let Kind::GenerateText = self.kind else {
            return Err(self.unsuited("generate text"));
        };
        self.send(&[&request.line(), b"\n"])?;
        if self.peek()? == STX {
            self.connection.consume(1);
            self.text(&mut |bytes| {
                sink(bytes);
                Ok(())
            })?;
            return answer::generated(&receive(&mut self.connection)?, &self.board);
        }
        let answer = receive(&mut self.connection)?;
        // A refusal; an end without a text is none.
        answer::generated(&answer, &self.board).and_then(|_| {
            let what = "no text before it".to_owned();
            Err(DeviceError::Answer { answer, what })
        })
    }

    /// Lets the device continue a sequence of vectors `(features,)`, Q0.15, by `length` more.
    /// Each goes to `sink` as it comes, with its drawing if `art` asks for it.
    ///
    /// # Errors
    /// If the model does not continue series or has another number of features, or the device
    /// fails.
    pub fn continue_series(
        &mut self,
        prompt: &[Vec<i16>],
        length: u32,
        art: bool,
        sink: &mut dyn FnMut(&[i16], &str),
    ) -> Result<Generated, DeviceError> {
        let Kind::GenerateSeries { features } = self.kind else {
            return Err(self.unsuited("continue series"));
        };
        let vectors = request::vectors(prompt, features)?;
        let line = format!("length={length} art={} prompt={vectors}\n", u8::from(art));
        self.send(&[line.as_bytes()])?;
        let mut written = 0;
        loop {
            let answer = receive(&mut self.connection)?;
            if answer.starts_with("vector=") {
                let (x, drawing) = answer::vector(&answer, features, art)?;
                sink(&x, drawing);
                written += 1;
                continue;
            }
            let generated = answer::generated(&answer, &self.board)?;
            return match generated.generated == written {
                true => Ok(generated),
                false => {
                    let what = format!("{written} vectors before it");
                    Err(DeviceError::Answer { answer, what })
                }
            };
        }
    }

    /// Sends each line of `input` and writes its answer, as it came, to `output`; a text is
    /// written without what marks its ends, on lines of its own.
    ///
    /// # Errors
    /// If `input` or `output` fails, or the device.
    pub fn converse(
        &mut self,
        mut input: impl BufRead,
        mut output: impl Write,
    ) -> Result<(), DeviceError> {
        let mut line = Vec::new();
        loop {
            line.clear();
            if input
                .read_until(b'\n', &mut line)
                .map_err(DeviceError::Terminal)?
                == 0
            {
                return Ok(());
            }
            self.send(&[line.strip_suffix(b"\n").unwrap_or(&line), b"\n"])?;
            self.pass_on(&mut |bytes| {
                let passed_on = output.write_all(bytes).and_then(|()| output.flush());
                passed_on.map_err(DeviceError::Terminal)
            })?;
        }
    }

    /// Passes an answer on, whatever it is.
    fn pass_on(
        &mut self,
        output: &mut dyn FnMut(&[u8]) -> Result<(), DeviceError>,
    ) -> Result<(), DeviceError> {
        if self.peek()? == STX {
            self.connection.consume(1);
            self.text(output)?;
            output(b"\n")?;
        }
        loop {
            let answer = receive(&mut self.connection)?;
            output(format!("{answer}\n").as_bytes())?;
            if !answer.starts_with("vector=") {
                return Ok(());
            }
        }
    }

    /// Passes a text on, as it comes, up to its end.
    fn text(
        &mut self,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), DeviceError>,
    ) -> Result<(), DeviceError> {
        let mut literal = false;
        loop {
            let arrived = self.connection.fill_buf()?;
            if arrived.is_empty() {
                return Err(DeviceError::Closed);
            }
            let (mut text, mut used, mut ended) = (Vec::new(), 0, false);
            for &byte in arrived {
                used += 1;
                match byte {
                    DLE if !literal => literal = true,
                    EOT if !literal => {
                        ended = true;
                        break;
                    }
                    _ => {
                        literal = false;
                        text.push(byte);
                    }
                }
            }
            self.connection.consume(used);
            if !text.is_empty() {
                sink(&text)?;
            }
            if ended {
                return Ok(());
            }
        }
    }

    /// The next byte, which stays where it is.
    fn peek(&mut self) -> Result<u8, DeviceError> {
        let arrived = self.connection.fill_buf()?;
        arrived.first().copied().ok_or(DeviceError::Closed)
    }

    /// Sends a text so that the device sees it as it is: it drops one `\r` before the `\n`.
    fn send_text(&mut self, text: &[u8]) -> Result<(), DeviceError> {
        let Kind::ClassifyText = self.kind else {
            return Err(self.unsuited("classify texts"));
        };
        check_line(text)?;
        let end: &[u8] = if text.ends_with(b"\r") {
            b"\r\n"
        } else {
            b"\n"
        };
        self.send(&[text, end])
    }

    fn send(&mut self, parts: &[&[u8]]) -> Result<(), DeviceError> {
        let connection = self.connection.get_mut();
        for part in parts {
            connection.write_all(part)?;
        }
        Ok(connection.flush()?)
    }

    fn verdict(&mut self) -> Result<DeviceVerdict, DeviceError> {
        answer::verdict(&receive(&mut self.connection)?, &self.board)
    }

    fn unsuited(&self, wanted: &'static str) -> DeviceError {
        let kind = self.kind;
        DeviceError::Kind { kind, wanted }
    }
}

/// The next line, without its end.
fn receive(connection: &mut impl BufRead) -> Result<String, DeviceError> {
    let mut line = Vec::new();
    connection
        .take(LONGEST_ANSWER)
        .read_until(b'\n', &mut line)?;
    let Some(text) = line.strip_suffix(b"\n") else {
        return Err(DeviceError::Closed);
    };
    match str::from_utf8(text) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => Err(DeviceError::Answer {
            answer: String::from_utf8_lossy(text).into_owned(),
            what: error.to_string(),
        }),
    }
}

/// Refuses a text that a device would take for several: before anything is built or booted.
///
/// # Errors
/// [`DeviceError::LineFeed`] with the first line feed's place.
pub fn check_line(text: &[u8]) -> Result<(), DeviceError> {
    match text.iter().position(|&byte| byte == b'\n') {
        Some(position) => Err(DeviceError::LineFeed { position }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
