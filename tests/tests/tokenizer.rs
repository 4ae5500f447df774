//! The streaming tokenizer against Keras's rule, written as Keras writes it, on whole strings.

use proptest::{collection::vec, prelude::*};
use spinet_core::text::{Marks, Tokenizer, WordHash};
use spinet_tests::cases;

/// `keras.preprocessing.text.Tokenizer().filters`.
const FILTERS: &str = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n";

/// `text.lower().translate(filters -> " ").split(" ")`, without the empty words.
fn keras(text: &str) -> Vec<WordHash> {
    split(&text.to_lowercase())
}

fn split(lowered: &str) -> Vec<WordHash> {
    lowered
        .replace(|c| FILTERS.contains(c), " ")
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(|word| WordHash::of(word.as_bytes()))
        .collect()
}

fn tokenize(bytes: &[u8]) -> Vec<WordHash> {
    tokenize_with(Marks::Dropped, bytes)
}

fn tokenize_with(marks: Marks, bytes: &[u8]) -> Vec<WordHash> {
    let mut tokenizer = Tokenizer::new(marks);
    let mut words: Vec<_> = bytes.iter().flat_map(|&b| tokenizer.push(b)).collect();
    words.extend(tokenizer.finish());
    words
}

/// Characters of every plane, with many that words are made of and many that have a case.
fn characters() -> impl Strategy<Value = char> {
    prop_oneof![
        4 => prop_oneof![Just(' '), prop::char::range('\0', '\x7F')],
        4 => prop::char::range('a', 'z'),
        3 => prop::char::range('\u{80}', '\u{5FF}'),
        2 => prop_oneof![
            prop::char::range('\u{10A0}', '\u{10FF}'),
            prop::char::range('\u{1E00}', '\u{1FFF}'),
            prop::char::range('\u{2000}', '\u{2DFF}'),
            prop::char::range('\u{A640}', '\u{ABFF}'),
            prop::char::range('\u{10400}', '\u{118FF}'),
        ],
        2 => any::<char>(),
    ]
}

/// Any text.
fn texts() -> impl Strategy<Value = String> {
    vec(characters(), 0..80).prop_map(String::from_iter)
}

/// The letters that are documented to differ.
fn differs(c: char) -> bool {
    c == 'İ' || c == 'Σ'
}

/// Keras's rule once more, on a text in which every mark stands between two spaces and is not
/// among the filtered characters.
fn with_marks(text: &str) -> Vec<WordHash> {
    const MARKS: &str = ".,!?;:\"()*-";
    let mut spaced = text.to_lowercase();
    for mark in MARKS.chars() {
        spaced = spaced.replace(mark, &format!(" {mark} "));
    }
    let filtered = |c: char| FILTERS.contains(c) && !MARKS.contains(c);
    spaced
        .replace(filtered, " ")
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(|word| WordHash::of(word.as_bytes()))
        .collect()
}

proptest! {
    #![proptest_config(cases(4000))]

    #[test]
    fn marks_are_words_where_they_are_kept(text in texts()) {
        let text = text.replace(differs, "");
        prop_assert_eq!(tokenize_with(Marks::Kept, text.as_bytes()), with_marks(&text));
    }

    #[test]
    fn words_are_kerass(text in texts()) {
        let text = text.replace(differs, "");
        prop_assert_eq!(tokenize(text.as_bytes()), keras(&text));
    }

    /// With the two letters as they are documented: `İ` as it is, `Σ` always `σ`.
    #[test]
    fn two_letters_differ_as_documented(
        characters in vec(prop_oneof![4 => characters(), 1 => Just('İ'), 1 => Just('Σ')], 0..40),
    ) {
        let text = String::from_iter(&characters);
        let lowered: String = characters
            .iter()
            .map(|&c| if differs(c) { String::from(if c == 'Σ' { 'σ' } else { c }) } else { String::from(c).to_lowercase() })
            .collect();
        prop_assert_eq!(tokenize(text.as_bytes()), split(&lowered));
    }

    /// Any bytes at all: each maximal valid part by the rule, every other byte as it is.
    #[test]
    fn bytes_that_are_not_utf8_are_taken_as_they_are(
        bytes in vec(prop_oneof![any::<u8>(), 0x80..=0xFFu8, b'A'..=b'Z', Just(b' ')], 0..80),
    ) {
        let mut lowered = Vec::new();
        for chunk in bytes.utf8_chunks() {
            let lower = |c: char| if differs(c) { c.to_string().replace('Σ', "σ") } else { c.to_lowercase().to_string() };
            lowered.extend(chunk.valid().chars().map(lower).collect::<String>().into_bytes());
            lowered.extend(chunk.invalid());
        }
        let expected: Vec<WordHash> = lowered
            .split(|byte| *byte == b' ' || FILTERS.as_bytes().contains(byte))
            .filter(|word| !word.is_empty())
            .map(WordHash::of)
            .collect();
        prop_assert_eq!(tokenize(&bytes), expected);
    }

    #[test]
    fn a_text_ends_where_it_is_ended(first in vec(any::<u8>(), 0..40), second in vec(any::<u8>(), 0..40)) {
        let mut tokenizer = Tokenizer::default();
        let mut words = Vec::new();
        for text in [&first, &second] {
            words.extend(text.iter().flat_map(|&byte| tokenizer.push(byte)));
            words.extend(tokenizer.finish());
        }
        prop_assert_eq!(words, [tokenize(&first), tokenize(&second)].concat());
    }
}

#[test]
fn every_character_alone_and_between_letters() {
    for c in (0..=0x10_FFFF)
        .filter_map(char::from_u32)
        .filter(|&c| !differs(c))
    {
        for text in [format!("{c}"), format!("a{c}B")] {
            assert_eq!(tokenize(text.as_bytes()), keras(&text), "{c:?}");
        }
    }
}

#[test]
fn every_ascii_character_is_a_mark_or_is_not() {
    for byte in 0..0x80u8 {
        let text = format!("a{0}B{0}{0}", char::from(byte));
        let words = tokenize_with(Marks::Kept, text.as_bytes());
        assert_eq!(words, with_marks(&text), "{byte:#x}");
        let is_mark = b".,!?;:\"()*-".contains(&byte);
        assert_eq!(words.len() == 5, is_mark, "{byte:#x}");
    }
}

#[test]
fn the_two_letters() {
    let word = |word: &str| vec![WordHash::of(word.as_bytes())];
    assert_eq!(tokenize("İzmir".as_bytes()), word("İzmir"));
    assert_eq!(keras("İzmir"), word("i\u{307}zmir"));
    assert_eq!(tokenize("ΛΟΓΟΣ".as_bytes()), word("λογοσ"));
    assert_eq!(keras("ΛΟΓΟΣ"), word("λογος"));
}
