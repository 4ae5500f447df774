//! The protocol of the UART, with whatever carries it: a line of text there, a line of
//! `key=value` pairs back.
//!
//! `firmware/src/main.rs` speaks the other side and shows both lines. Answers are parsed
//! strictly: a key that is missing, doubled or unknown is an error.
//!
//! The emulator's UART holds bytes back; a wire's, at the rate in the board's file, loses what
//! comes while the device is busy. It says so (`overrun=1`), and that is [`DeviceError::Overrun`].

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::ExitStatus;

use thiserror::Error;

use super::board::Board;

/// The longest line that a device may send, in bytes.
const LONGEST_ANSWER: u64 = 1 << 20;

/// How many lines may wait for their answers: enough that an emulated device never waits for
/// the host. On a wire, a line must wait for the last one's answer: that is `classify`.
const IN_FLIGHT: usize = 4;

/// What a device made of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceVerdict {
    /// The most probable class.
    pub label: String,
    /// Its probability, 0 to 1, as printed: within 5e-6 of a multiple of 2^-15.
    pub probability: f64,
    /// The words of the text.
    pub tokens: u32,
    /// How many of them the vocabulary does not have.
    pub unknown: u32,
    /// The head's outputs, Q16.15.
    pub logits: Vec<i32>,
    /// The instructions spent in the classifier, if the device is emulated with `-icount
    /// shift=6`; on a wire, `clock_hz * 64e-9` of them stand for a tick.
    pub instructions: u64,
}

/// A conversation that failed.
#[derive(Debug, Error)]
pub enum DeviceError {
    /// The connection failed or timed out.
    #[error("the connection to the device: {0}")]
    Connection(#[from] io::Error),
    /// The device hung up.
    #[error("the device hung up")]
    Closed,
    /// The emulator ended.
    #[error("the device ended with {status}: {said}")]
    Ended {
        /// How.
        status: ExitStatus,
        /// The last thing that the device said.
        said: String,
    },
    /// The text is more than one line.
    #[error("byte {position} of the text ends a line; a text for a device is one line")]
    LineFeed {
        /// Where the first line feed is, from 0.
        position: usize,
    },
    /// The first line is not the greeting of this board.
    #[error("`{0}` is not the greeting of board {1}")]
    Greeting(String, String),
    /// An answer lacks something, has something twice, or something unknown.
    #[error("the device's answer `{answer}`: {what}")]
    Answer {
        /// The whole line.
        answer: String,
        /// What is wrong with it.
        what: String,
    },
    /// The UART lost bytes of the text.
    #[error("the device's UART lost bytes; send more slowly, or lower its rate")]
    Overrun,
    /// The lines to send could not be read, or the answers not be passed on.
    #[error("{0}")]
    Terminal(io::Error),
}

/// A device at the other end of `C`.
#[derive(Debug)]
pub struct Console<C> {
    connection: BufReader<C>,
    board: Board,
}

impl<C: Read + Write> Console<C> {
    /// Waits for the greeting of a device that has just been started.
    ///
    /// # Errors
    /// If it does not come, or is another board's.
    pub fn open(connection: C, board: &Board) -> Result<Self, DeviceError> {
        let connection = BufReader::new(connection);
        let mut console = Self {
            connection,
            board: board.clone(),
        };
        let greeting = console.receive()?;
        match greeting == format!("spinet ready board={} kind=classify", board.name) {
            true => Ok(console),
            false => Err(DeviceError::Greeting(greeting, board.name.clone())),
        }
    }

    /// Classifies one text, which must not hold a line feed.
    ///
    /// # Errors
    /// If the text is not one line, or the device fails.
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
    /// If a text is not one line, or the device fails.
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

    /// Sends each line of `input` and writes its answer, as it came, to `output`.
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
            let answer = self.receive()?;
            let passed_on = writeln!(output, "{answer}").and_then(|()| output.flush());
            passed_on.map_err(DeviceError::Terminal)?;
        }
    }

    /// Sends a text so that the device sees it as it is: it drops one `\r` before the `\n`.
    fn send_text(&mut self, text: &[u8]) -> Result<(), DeviceError> {
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
        let answer = self.receive()?;
        match Answer::parse(&answer) {
            Ok(Answer { overrun: 1.., .. }) => Err(DeviceError::Overrun),
            Ok(fields) if fields.tick_hz != self.board.hardware.clock_hz => {
                let what = format!("the clock of {} is another", self.board.name);
                Err(DeviceError::Answer { answer, what })
            }
            Ok(fields) => Ok(fields.verdict(&self.board)),
            Err(what) => Err(DeviceError::Answer { answer, what }),
        }
    }

    /// The next line, without its end.
    fn receive(&mut self) -> Result<String, DeviceError> {
        let mut line = Vec::new();
        (&mut self.connection)
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

/// The fields of an answer.
#[derive(Debug, PartialEq)]
struct Answer {
    probability: f64,
    tokens: u32,
    unknown: u32,
    overrun: u32,
    ticks: u64,
    tick_hz: u32,
    logits: Vec<i32>,
    label: String,
}

impl Answer {
    /// Reads the fields, which come in the firmware's order, the label last.
    fn parse(line: &str) -> Result<Self, String> {
        let mut rest = line;
        let mut field = |name: &str| {
            let value = rest
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('='));
            let value = value.ok_or_else(|| format!("no `{name}` where it should be"))?;
            let (value, next) = value
                .split_once(' ')
                .ok_or_else(|| format!("it ends with `{name}`"))?;
            rest = next;
            Ok::<_, String>(value)
        };
        let probability = number("probability", field("probability")?)?;
        if !(0.0..=1.0).contains(&probability) {
            return Err(format!("the probability {probability} is not one"));
        }
        let tokens = number("tokens", field("tokens")?)?;
        let unknown = number("unknown", field("unknown")?)?;
        let overrun = number("overrun", field("overrun")?)?;
        let ticks = number("ticks", field("ticks")?)?;
        let tick_hz = number("tick_hz", field("tick_hz")?)?;
        let logits = field("logits")?.split(',');
        let logits = logits
            .map(|value| number("logits", value))
            .collect::<Result<_, _>>()?;
        let label = rest
            .strip_prefix("label=")
            .ok_or("no `label` where it should be")?;
        let label = label.to_owned();
        Ok(Self {
            probability,
            tokens,
            unknown,
            overrun,
            ticks,
            tick_hz,
            logits,
            label,
        })
    }

    fn verdict(self, board: &Board) -> DeviceVerdict {
        DeviceVerdict {
            label: self.label,
            probability: self.probability,
            tokens: self.tokens,
            unknown: self.unknown,
            logits: self.logits,
            instructions: board.instructions(self.ticks),
        }
    }
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String>
where
    T::Err: std::fmt::Display,
{
    value
        .parse()
        .map_err(|error| format!("{name} `{value}`: {error}"))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const GREETING: &str = "spinet ready board=mps2-an386 kind=classify\n";
    const ANSWER: &str = "probability=0.93211 tokens=12 unknown=1 overrun=0 ticks=1600 \
        tick_hz=25000000 logits=-10734,5 label=very good";

    /// A device that says `said` whatever it hears, and remembers what it heard.
    #[derive(Debug)]
    struct Device {
        said: Cursor<Vec<u8>>,
        heard: Vec<u8>,
    }

    impl Read for Device {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.said.read(buffer)
        }
    }

    impl Write for Device {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.heard.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn board() -> Board {
        Board::named(&crate::device::boards_folder(), "mps2-an386").unwrap()
    }

    fn device(said: &str) -> Result<Console<Device>, DeviceError> {
        let said = Cursor::new(said.as_bytes().to_vec());
        Console::open(
            Device {
                said,
                heard: Vec::new(),
            },
            &board(),
        )
    }

    #[test]
    fn a_verdict_is_read_field_by_field() {
        let mut console = device(&format!("{GREETING}{ANSWER}\n")).unwrap();
        let expected = DeviceVerdict {
            label: "very good".to_owned(),
            probability: 0.93211,
            tokens: 12,
            unknown: 1,
            logits: vec![-10734, 5],
            instructions: 1000,
        };
        assert_eq!(console.classify(b"some text").unwrap(), expected);
        assert_eq!(console.connection.get_ref().heard, b"some text\n");
    }

    #[test]
    fn many_texts_are_answered_in_order() {
        let answers: String = (0..10)
            .map(|n| ANSWER.replace("tokens=12", &format!("tokens={n}")) + "\n")
            .collect();
        let mut console = device(&format!("{GREETING}{answers}")).unwrap();
        let verdicts = console.classify_all(["a"; 10]).unwrap();
        let tokens: Vec<u32> = verdicts.iter().map(|verdict| verdict.tokens).collect();
        assert_eq!(tokens, (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn a_text_of_two_lines_is_refused_before_it_is_sent() {
        let mut console = device(GREETING).unwrap();
        let error = console.classify(b"one\ntwo").unwrap_err();
        assert!(
            matches!(error, DeviceError::LineFeed { position: 3 }),
            "{error}"
        );
        assert!(console.connection.get_ref().heard.is_empty());
    }

    #[test]
    fn a_final_carriage_return_is_sent_twice_to_be_seen_once() {
        let mut console = device(&format!("{GREETING}{ANSWER}\n")).unwrap();
        console.classify(b"one\r").unwrap();
        assert_eq!(console.connection.get_ref().heard, b"one\r\r\n");
    }

    #[test]
    fn another_greeting_is_refused() {
        let error = device("spinet ready board=microbit kind=classify\n").unwrap_err();
        assert!(matches!(error, DeviceError::Greeting(..)), "{error}");
    }

    #[test]
    fn a_silent_or_interrupted_device_has_hung_up() {
        for said in ["", "spinet rea"] {
            assert!(matches!(device(said), Err(DeviceError::Closed)));
        }
        let mut console = device(&format!("{GREETING}{ANSWER}")).unwrap();
        assert!(matches!(console.classify(b""), Err(DeviceError::Closed)));
    }

    #[test]
    fn lost_bytes_are_an_error() {
        let answer = ANSWER.replace("overrun=0", "overrun=1");
        let mut console = device(&format!("{GREETING}{answer}\n")).unwrap();
        assert!(matches!(console.classify(b""), Err(DeviceError::Overrun)));
    }

    #[test]
    fn every_malformed_answer_says_what_is_wrong() {
        for (from, to, what) in [
            ("tokens=12 ", "", "no `tokens` where it should be"),
            (
                "unknown=1",
                "unknown=1 unknown=1",
                "no `overrun` where it should be",
            ),
            (
                "ticks=1600",
                "ticks=-1",
                "ticks `-1`: invalid digit found in string",
            ),
            (
                "logits=-10734,5",
                "logits=",
                "logits ``: cannot parse integer from empty string",
            ),
            (
                "logits=-10734,5",
                "logits=1,,2",
                "logits ``: cannot parse integer from empty string",
            ),
            ("0.93211", "1.5", "the probability 1.5 is not one"),
            ("0.93211", "NaN", "the probability NaN is not one"),
            (" label=very good", "", "it ends with `logits`"),
            ("label=", "labels=", "no `label` where it should be"),
            ("25000000", "16000000", "the clock of mps2-an386 is another"),
        ] {
            let answer = ANSWER.replace(from, to);
            let mut console = device(&format!("{GREETING}{answer}\n")).unwrap();
            match console.classify(b"") {
                Err(DeviceError::Answer { what: found, .. }) => assert_eq!(found, what),
                other => panic!("{answer}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_conversation_passes_lines_and_answers_on() {
        let mut console = device(&format!("{GREETING}first\nsecond\n")).unwrap();
        let mut output = Vec::new();
        console.converse(&b"one\r\ntwo"[..], &mut output).unwrap();
        assert_eq!(output, b"first\nsecond\n");
        assert_eq!(console.connection.get_ref().heard, b"one\r\ntwo\n");
    }
}
