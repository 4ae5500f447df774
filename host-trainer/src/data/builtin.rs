//! A sentiment corpus made from a grammar, for a first training run without a download.
//!
//! Every judging word praises and blames equally often, because negation, concession, quoted
//! opinions and comparison turn it round: the verdict is in the order of the words, and a bag
//! of words guesses. One review is
//!
//! ```text
//! [fillers and asides]  [opening clause] verdict  [filler or aside]
//! ```
//!
//! and its class a function of that structure, readable from left to right. Owns the assembly;
//! `builtin/grammar` holds the sentences, `builtin/lexicon` and `builtin/domains` the words.

mod domains;
mod grammar;
mod lexicon;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::{Corpus, Example};
use domains::{DOMAINS, Domain};
use grammar::{ADJECTIVES, ASIDES, DEEDS, Frames, NOUNS, OPENINGS, SUBJECTS, THROAT};
use lexicon::Pair;

const TRAIN: usize = 20_000;
const TEST: usize = 2_000;

/// The length of a review in words.
const WORDS: RangeInclusive<usize> = 5..=40;

/// How many sentences stand around a verdict, drawn evenly; at most one of them after it.
const COMPANY: [usize; 10] = [0, 0, 0, 0, 0, 1, 1, 1, 2, 3];

/// Of this many drafts the one is kept that evens out best how often each word praises.
const DRAFTS: usize = 4;

/// One verdict in this many is kept for the test set and never used in training.
const RESERVED: u64 = 7;

/// Writes the corpus of a seed: both classes in turn, no text twice.
pub(super) fn generate(seed: u64) -> Corpus {
    let mut writer = Writer {
        rng: Pcg64::seed_from_u64(seed),
        written: HashSet::new(),
    };
    let train = writer.reviews(TRAIN, false);
    let test = writer.reviews(TEST, true);
    Corpus::new(vec!["negative".into(), "positive".into()], train, test)
}

/// A review, and the clause in it that decides, without its opening and its capital.
struct Draft {
    text: String,
    verdict: String,
}

struct Writer {
    rng: Pcg64,
    written: HashSet<String>,
}

impl Writer {
    /// Writes one set; `reserved` says which side of the reserve its verdicts come from.
    fn reviews(&mut self, count: usize, reserved: bool) -> Vec<Example> {
        let mut lean = Lean::default();
        let mut examples = Vec::with_capacity(count);
        for (index, group) in (0..count).zip(0..) {
            let label = index % 2;
            let drafts: Vec<Draft> = (0..DRAFTS).map(|_| self.draft(label, reserved)).collect();
            let best = drafts
                .into_iter()
                .min_by_key(|draft| lean.cost(&draft.text, label));
            let Draft { text, .. } = best.expect("there are always drafts");
            lean.add(&text, label);
            self.written.insert(text.clone());
            examples.push(Example { text, label, group });
        }
        examples
    }

    /// Drafts until one is new, of the right length and on the right side of the reserve.
    fn draft(&mut self, label: usize, reserved: bool) -> Draft {
        loop {
            let domain = pick(&mut self.rng, DOMAINS);
            let draft = Scene::new(&mut self.rng, domain, label).review();
            let fits = WORDS.contains(&draft.text.split_whitespace().count());
            let side = stable_hash(&draft.verdict).is_multiple_of(RESERVED) == reserved;
            if fits && side && !self.written.contains(&draft.text) {
                return draft;
            }
        }
    }
}

/// For each word, in how many more positive than negative reviews it was used.
#[derive(Default)]
struct Lean(HashMap<String, i64>);

impl Lean {
    /// How much a review would add to what its words already lean towards.
    fn cost(&self, text: &str, label: usize) -> i64 {
        let leans = words(text).map(|word| self.0.get(&word).copied().unwrap_or(0));
        leans.sum::<i64>() * sign(label)
    }

    fn add(&mut self, text: &str, label: usize) {
        for word in words(text) {
            *self.0.entry(word).or_insert(0) += sign(label);
        }
    }
}

fn sign(label: usize) -> i64 {
    if label == 1 { 1 } else { -1 }
}

/// The words of a text in lower case, without punctuation other than the apostrophe.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

/// FNV-1a, which is the same on every machine and in every version of the compiler.
fn stable_hash(text: &str) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, mix)
}

fn pick<'a, T>(rng: &mut Pcg64, from: &'a [T]) -> &'a T {
    from.choose(rng).unwrap_or(&from[0])
}

/// One reviewer with one thing to review and a verdict about it.
struct Scene<'a> {
    rng: &'a mut Pcg64,
    domain: &'static Domain,
    thing: &'static str,
    /// The verdict: 0 negative, 1 positive.
    label: usize,
    /// The polarity the verdict's template is about: the label where it holds, else the other.
    polarity: usize,
    /// Words already used, so that a review does not repeat itself.
    used: Vec<&'static str>,
}

impl<'a> Scene<'a> {
    fn new(rng: &'a mut Pcg64, domain: &'static Domain, label: usize) -> Self {
        let thing = pick(rng, domain.things);
        Self {
            rng,
            domain,
            thing,
            label,
            polarity: label,
            used: Vec::new(),
        }
    }

    /// Verdict in the middle, sentences that do not decide before and after it.
    fn review(mut self) -> Draft {
        let (opening, verdict) = self.verdict();
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for _ in 0..*pick(self.rng, &COMPANY) {
            let sentence = match self.rng.random_bool(0.15) {
                true => self.aside(),
                false => self.filler(),
            };
            let side = match after.is_empty() && self.rng.random_bool(0.5) {
                true => &mut after,
                false => &mut before,
            };
            side.push(sentence);
        }
        before.push(polish(&format!("{opening}{verdict}")));
        before.append(&mut after);
        let text = before.join(" ");
        Draft { text, verdict }
    }

    /// The clause that decides, from a template that holds or turns, and what stands before it.
    fn verdict(&mut self) -> (String, String) {
        let holds = usize::from(self.rng.random_bool(0.5));
        self.polarity = if holds == 1 {
            self.label
        } else {
            1 - self.label
        };
        let frames = match self.rng.random_range(0..10) {
            0..6 => &ADJECTIVES,
            6..8 => &NOUNS,
            _ => &DEEDS,
        };
        let (opening, template) = self.template(frames, holds);
        (self.fill(opening), self.fill(template))
    }

    /// A template, with what stands before it if it is a clause; all templates equally likely.
    fn template(&mut self, frames: &Frames, holds: usize) -> (&'static str, &'static str) {
        let (clauses, sentences) = (frames.clauses[holds], frames.sentences[holds]);
        let index = self.rng.random_range(0..clauses.len() + sentences.len());
        if let Some(sentence) = index.checked_sub(clauses.len()) {
            return ("", sentences[sentence]);
        }
        let opening = match self.rng.random_range(0..10) {
            0 => pick(self.rng, THROAT),
            1..3 => {
                let with = usize::from(self.rng.random_bool(0.5));
                pick(self.rng, OPENINGS[with])
            }
            _ => "",
        };
        (opening, clauses[index])
    }

    fn aside(&mut self) -> String {
        let with = usize::from(self.rng.random_bool(0.5));
        let template = self.unused(ASIDES[with]);
        self.sentence(template)
    }

    fn filler(&mut self) -> String {
        let general = self.rng.random_bool(0.5);
        let from = if general {
            lexicon::FILLERS
        } else {
            self.domain.fillers
        };
        let template = self.unused(from);
        self.sentence(template)
    }

    /// Fills the slots of a template and sets it as a sentence.
    fn sentence(&mut self, template: &str) -> String {
        polish(&self.fill(template))
    }

    fn fill(&mut self, template: &str) -> String {
        let mut text = String::new();
        for piece in template.split('}') {
            let (plain, slot) = piece.split_once('{').unwrap_or((piece, ""));
            text.push_str(plain);
            match slot {
                "" => {}
                "it" => {
                    let subject = pick(self.rng, SUBJECTS);
                    text.push_str(&self.fill(subject));
                }
                slot => text.push_str(self.word(slot)),
            }
        }
        text
    }

    /// A word for a slot; the slots are listed at the head of `grammar`.
    fn word(&mut self, slot: &str) -> &'static str {
        let (same, other) = (self.polarity, 1 - self.polarity);
        match slot {
            "thing" => self.thing,
            "part" => self.unused(self.domain.parts),
            "who" => self.unused(lexicon::PEOPLE),
            "day" => self.unused(lexicon::DAYS),
            "month" => self.unused(lexicon::MONTHS),
            "number" => self.unused(lexicon::NUMBERS),
            "nth" => self.unused(lexicon::ORDINALS),
            "place" => self.unused(lexicon::PLACES),
            "adj" | "adj2" => self.judging(lexicon::ADJECTIVES, self.domain.adjectives, same),
            "anti" => self.judging(lexicon::ADJECTIVES, self.domain.adjectives, other),
            "deed" | "deed2" => self.judging(lexicon::DEEDS, self.domain.deeds, same),
            "antideed" => self.judging(lexicon::DEEDS, self.domain.deeds, other),
            "long" => self.unused(lexicon::LONG_ADJECTIVES[same]),
            "noun" => self.unused(lexicon::NOUNS[same]),
            "antinoun" => self.unused(lexicon::NOUNS[other]),
            "bench" => self.unused(lexicon::BENCHMARKS[same]),
            "antibench" => self.unused(lexicon::BENCHMARKS[other]),
            "with" => self.unused(lexicon::ADJECTIVES[self.label]),
            "against" => self.unused(lexicon::ADJECTIVES[1 - self.label]),
            _ => unreachable!("the tests fill every slot of the grammar"),
        }
    }

    /// A judging word of the domain or of the general list, equally often.
    fn judging(&mut self, general: Pair, domain: Pair, polarity: usize) -> &'static str {
        let from = if self.rng.random_bool(0.5) {
            general
        } else {
            domain
        };
        self.unused(from[polarity])
    }

    /// A word that this review has not used, as long as there is one.
    fn unused(&mut self, from: &'static [&'static str]) -> &'static str {
        let used = &self.used;
        let fresh: Vec<&'static str> = from
            .iter()
            .copied()
            .filter(|word| !used.contains(word))
            .collect();
        let word = pick(self.rng, if fresh.is_empty() { from } else { &fresh });
        self.used.push(word);
        word
    }
}

/// Sets capitals at the start of sentences, and "an" before a vowel.
fn polish(text: &str) -> String {
    let mut polished = String::with_capacity(text.len());
    let mut starts = true;
    let mut words = text.split(' ').peekable();
    while let Some(word) = words.next() {
        let vowel = words
            .peek()
            .is_some_and(|next| next.starts_with(['a', 'e', 'i', 'o', 'u']));
        let word = if word == "a" && vowel { "an" } else { word };
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if starts => polished.extend(first.to_uppercase()),
            first => polished.extend(first),
        }
        polished.push_str(letters.as_str());
        starts = word.ends_with(['.', '?', '!']);
        if words.peek().is_some() {
            polished.push(' ');
        }
    }
    polished
}
