//! A device that says what it was told to say, whatever it hears.

use std::io::{self, Cursor};

use spinet_core::sampling::Sampling;

use super::*;

const TEXTS: &str = "spinet ready board=mps2-an386 kind=classify-text\n";
const SERIES: &str = "spinet ready board=mps2-an386 kind=classify-series features=2\n";
const WRITER: &str = "spinet ready board=mps2-an386 kind=generate-text\n";
const FORECASTER: &str = "spinet ready board=mps2-an386 kind=generate-series features=2\n";
const ANSWER: &str = "probability=0.93211 tokens=12 unknown=1 overrun=0 ticks=1600 \
    tick_hz=25000000 logits=-10734,5 label=very good";
const END: &str = "generated=2 ended=1 overrun=0 ticks=1600 tick_hz=25000000";

/// What it says, and what it heard.
#[derive(Debug)]
struct Device {
    said: Cursor<Vec<u8>>,
    heard: Vec<u8>,
}

impl Read for Device {
    /// One byte at a time, so that no answer comes in one piece.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(1);
        self.said.read(&mut buffer[..most])
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

fn device(said: &str) -> Result<Console<Device>, DeviceError> {
    let board = Board::named(&crate::device::boards_folder(), "mps2-an386").unwrap();
    let said = Cursor::new(said.as_bytes().to_vec());
    let heard = Vec::new();
    Console::open(Device { said, heard }, &board)
}

fn heard(console: &Console<Device>) -> &str {
    str::from_utf8(&console.connection.get_ref().heard).unwrap()
}

fn request(prompt: &str) -> GenerateRequest {
    GenerateRequest {
        length: 9,
        sampling: Sampling::default(),
        end: None,
        skip_unknown: false,
        prompt: prompt.into(),
    }
}

/// What a device that said this after its greeting has written.
fn generated(said: &str) -> Result<(Vec<u8>, Generated), DeviceError> {
    let mut text = Vec::new();
    let mut console = device(&format!("{WRITER}{said}"))?;
    let generated = console.generate(&request("a\n"), &mut |bytes| text.extend(bytes))?;
    Ok((text, generated))
}

#[test]
fn a_text_is_answered_with_a_verdict() {
    let mut console = device(&format!("{TEXTS}{ANSWER}\n")).unwrap();
    assert_eq!(console.classify(b"some text").unwrap().label, "very good");
    assert_eq!(heard(&console), "some text\n");
}

#[test]
fn many_texts_are_answered_in_order() {
    let answers: String = (0..10)
        .map(|n| ANSWER.replace("tokens=12", &format!("tokens={n}")) + "\n")
        .collect();
    let mut console = device(&format!("{TEXTS}{answers}")).unwrap();
    let verdicts = console.classify_all(["a"; 10]).unwrap();
    let tokens: Vec<u32> = verdicts.iter().map(|verdict| verdict.tokens).collect();
    assert_eq!(tokens, (0..10).collect::<Vec<_>>());
}

#[test]
fn a_text_of_two_lines_is_refused_before_it_is_sent() {
    let mut console = device(TEXTS).unwrap();
    let error = console.classify(b"one\ntwo").unwrap_err();
    assert!(
        matches!(error, DeviceError::LineFeed { position: 3 }),
        "{error}"
    );
    assert_eq!(heard(&console), "");
}

#[test]
fn a_final_carriage_return_is_sent_twice_to_be_seen_once() {
    let mut console = device(&format!("{TEXTS}{ANSWER}\n")).unwrap();
    console.classify(b"one\r").unwrap();
    assert_eq!(heard(&console), "one\r\r\n");
}

#[test]
fn another_greeting_is_refused() {
    for greeting in [
        "spinet ready board=microbit kind=classify-text\n",
        "spinet ready board=mps2-an386 kind=classify\n",
    ] {
        let error = device(greeting).unwrap_err();
        assert!(matches!(error, DeviceError::Greeting(..)), "{error}");
    }
}

#[test]
fn a_silent_or_interrupted_device_has_hung_up() {
    for said in ["", "spinet rea"] {
        assert!(matches!(device(said), Err(DeviceError::Closed)));
    }
    let mut console = device(&format!("{TEXTS}{ANSWER}")).unwrap();
    assert!(matches!(console.classify(b""), Err(DeviceError::Closed)));
    for said in [
        "",
        "\x02",
        "\x02text",
        "\x02\x10\x04",
        "\x02text\x04",
        "\x02\x04gener",
    ] {
        assert!(matches!(generated(said), Err(DeviceError::Closed)));
    }
}

#[test]
fn vectors_are_answered_with_a_verdict() {
    let mut console = device(&format!("{SERIES}{ANSWER}\n")).unwrap();
    let verdict = console.classify_series(&[vec![1, -2], vec![3, 4]]);
    assert_eq!(verdict.unwrap().logits, [-10_734, 5]);
    assert_eq!(heard(&console), "1,-2 3,4\n");
    let error = console.classify_series(&[vec![1]]).unwrap_err();
    assert!(matches!(error, DeviceError::Vector { index: 0, .. }));
    assert_eq!(heard(&console), "1,-2 3,4\n");
}

#[test]
fn a_text_is_passed_on_without_what_marks_its_end() {
    let (text, end) = generated(&format!("\x02é\n\x10\x04\x10\x10\x02\x04{END}\n")).unwrap();
    assert_eq!(str::from_utf8(&text).unwrap(), "é\n\x04\x10\x02");
    let (generated, ended) = (2, true);
    let instructions = 1000;
    let expected = Generated {
        generated,
        ended,
        instructions,
    };
    assert_eq!(end, expected);
}

#[test]
fn a_prompt_that_is_not_understood_is_told_from_a_text() {
    let error = generated("error=unknown-symbol code=97 at=0 overrun=0\n").unwrap_err();
    assert!(matches!(
        error,
        DeviceError::UnknownSymbol { code: 97, at: 0 }
    ));
    let error = generated("error=length at=0 overrun=0\n").unwrap_err();
    assert!(matches!(error, DeviceError::Refused { at: 0, .. }));
    let error = generated(&format!("{END}\n")).unwrap_err().to_string();
    assert!(error.ends_with("no text before it"), "{error}");
    let error = generated(&format!("\x02\x04{ANSWER}\n")).unwrap_err();
    assert!(matches!(error, DeviceError::Answer { .. }), "{error}");
}

#[test]
fn a_series_is_continued_vector_by_vector() {
    let said = format!("{FORECASTER}vector=5,6 |. |\nvector=7,-8 | @|\n{END}\n");
    let mut console = device(&said).unwrap();
    let mut written = Vec::new();
    let mut note = |x: &[i16], drawing: &str| written.push((x.to_vec(), drawing.to_owned()));
    let end = console.continue_series(&[vec![1, 2]], 2, true, &mut note);
    assert_eq!(end.unwrap().generated, 2);
    let expected = [(vec![5, 6], ". "), (vec![7, -8], " @")];
    assert_eq!(
        written,
        expected.map(|(x, drawing)| (x, drawing.to_owned()))
    );
    assert_eq!(heard(&console), "length=2 art=1 prompt=1,2\n");
}

#[test]
fn vectors_that_are_missing_are_noticed() {
    let mut console = device(&format!("{FORECASTER}vector=5,6\n{END}\n")).unwrap();
    let error = console.continue_series(&[], 2, false, &mut |_, _| {});
    let error = error.unwrap_err().to_string();
    assert!(error.ends_with("1 vectors before it"), "{error}");
}

#[test]
fn a_model_of_another_kind_is_not_asked() {
    let mut texts = device(TEXTS).unwrap();
    let error = texts.generate(&request(""), &mut |_| {}).unwrap_err();
    let message = "the device's model classifies texts; it does not generate text";
    assert_eq!(error.to_string(), message);
    assert!(texts.classify_series(&[]).is_err());
    let error = texts.continue_series(&[], 1, false, &mut |_, _| {});
    assert!(matches!(error, Err(DeviceError::Kind { .. })));
    let mut writer = device(WRITER).unwrap();
    let error = writer.classify(b"text").unwrap_err();
    assert!(matches!(error, DeviceError::Kind { .. }));
    assert_eq!((heard(&texts), heard(&writer)), ("", ""));
}

#[test]
fn a_conversation_passes_lines_and_answers_on() {
    let said = format!("{WRITER}first\n\x02a\n\x10\x04b\x04{END}\nvector=1\nvector=2\n{END}\n");
    let mut console = device(&said).unwrap();
    let mut output = Vec::new();
    let input = &b"one\r\ntwo\nthree"[..];
    console.converse(input, &mut output).unwrap();
    let expected = format!("first\na\n\x04b\n{END}\nvector=1\nvector=2\n{END}\n");
    assert_eq!(str::from_utf8(&output).unwrap(), expected);
    assert_eq!(heard(&console), "one\r\ntwo\nthree\n");
}
