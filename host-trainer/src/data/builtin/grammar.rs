//! The sentences of the built-in corpus, and which way each of them turns its words.
//!
//! A template is a sentence with slots in braces; it begins in lower case, so that another
//! clause can stand before it. The judging slots come in opposites:
//!
//! ```text
//! {adj} {adj2} {long} {noun} {bench} {deed} {deed2}   of the polarity the template is about
//! {anti} {antinoun} {antibench} {antideed}            of the other one
//! {with} {against}                                    in asides: of the verdict, or against it
//! {it} {thing} {part} {who} {day} {month} {number} {nth} {place}     judge nothing
//! ```
//!
//! In `holds` the verdict is the polarity of `{adj}`, in `turns` its opposite; both lists hold
//! templates of every shape, so neither a judging word nor a "not" gives the verdict away.

/// Templates of one part of speech.
pub(super) struct Frames {
    /// Clauses that can follow another clause; `[turns, holds]`.
    pub clauses: [&'static [&'static str]; 2],
    /// Sentences that stand alone; `[turns, holds]`.
    pub sentences: [&'static [&'static str]; 2],
}

/// What was it like?
pub(super) const ADJECTIVES: Frames = Frames {
    clauses: [
        &[
            "{it} was not {adj}.",
            "{it} was not {adj} at all.",
            "{it} was not what I call {adj}.",
            "{it} was never {adj}.",
            "{it} was hardly {adj}.",
            "{it} was anything but {adj}.",
            "{it} was far from {adj}.",
            "{it} was neither {adj} nor {adj2}.",
            "{it} was less {long} than I expected.",
            "{it} was not {adj}, it was {anti}.",
            "{it} could so easily have been {adj}.",
            "{it} could have been {adj}, had they left well alone.",
            "{it} was meant to be {adj}.",
            "I can't say that {it} was {adj}.",
            "I would not call {it} {adj}.",
            "I kept waiting for it to become {adj}, and it never did.",
            "I fail to see what is {adj} about {it}.",
            "I was promised something {adj} and got the opposite.",
            "nobody could call {it} {adj}.",
            "there was nothing {adj} about {it}.",
            "to call {it} {adj} would be a lie.",
            "in other hands it would have been {adj}.",
        ],
        &[
            "{it} was {adj}.",
            "{it} was {adj} from start to finish.",
            "{it} was {adj} and {adj2}.",
            "{it} was not just {adj} but {adj2}.",
            "{it} was {adj}, not {anti}.",
            "{it} turned out {adj} rather than {anti}.",
            "{it} was never anything but {adj}.",
            "{it} was more {long} than I expected.",
            "{it} was as {adj} as they come.",
            "I thought {it} was {adj}.",
            "I can't deny that {it} was {adj}.",
            "I have rarely seen a {thing} so {adj}.",
            "I expected something {anti}, and {it} was {adj}.",
            "I can't agree with those who say {it} was not {adj}.",
            "nobody could say that {it} was not {adj}.",
            "no {thing} has ever been so {adj}.",
            "nothing this year was as {adj} as this {thing}.",
            "there is no doubt that {it} was {adj}.",
            "it would be wrong to say that {it} was not {adj}.",
            "what could have been {anti} was in fact {adj}.",
        ],
    ],
    sentences: [
        &[
            "was {it} {adj}? Not for a minute.",
            "was {it} {adj}? Hardly.",
            "{adj}? I don't think so.",
            "if this {thing} is {adj}, I am the queen of England.",
            "{who} called it {adj}, but I could not agree.",
            "{who} swore that it was {adj}, which could not be further from the truth.",
            "{who} expected it to be {adj} and was wrong.",
            "only {who} could find this {thing} {adj}.",
            "at first it seemed {adj}, but not for long.",
            "don't let anyone tell you that {it} was {adj}.",
            "{antibench} would have been more {long}.",
            "more {long} than this {thing} is {antibench}.",
            "next to this {thing}, even {antibench} looks {long}.",
            "it set out to be {adj} and ended up {anti}.",
        ],
        &[
            "was {it} {anti}? No, it was {adj}.",
            "was {it} {adj}? Was it ever!",
            "{adj} is the only word for it.",
            "how {adj} it all was!",
            "{who} called it {anti}, but to me {it} was {adj}.",
            "{who} told me it would be {anti}, yet {it} was {adj}.",
            "{who} said it was {adj}, and for once I agree.",
            "at first it seemed {anti}, but by the end it was {adj}.",
            "the more I think about it, the more {long} it seems.",
            "it is hard to imagine a {thing} more {long}.",
            "never have I come across such a {adj} {thing}.",
            "anyone who says {it} was not {adj} was not paying attention.",
            "don't let anyone tell you that {it} was not {adj}.",
            "say what you like, {it} was {adj}.",
        ],
    ],
};

/// What was it?
pub(super) const NOUNS: Frames = Frames {
    clauses: [
        &[
            "{it} was not {noun}.",
            "{it} was hardly {noun}.",
            "{it} was nothing like {noun}.",
            "{it} was a long way from being {noun}.",
            "{it} could have been {noun}.",
            "{it} promised to be {noun} and was {antinoun}.",
            "{it} was less like {noun} than like {antinoun}.",
            "{it} was nothing like {bench}.",
            "nobody would mistake {it} for {bench}.",
            "nobody would call {it} {noun}.",
            "I would not compare {it} to {bench}.",
            "I know {noun} when I see one, and this is not it.",
        ],
        &[
            "{it} was {noun}.",
            "{it} was nothing less than {noun}.",
            "{it} was closer to {noun} than to {antinoun}.",
            "{it} promised {antinoun} and delivered {noun}.",
            "{it} was about as much fun as {bench}.",
            "{it} had all the charm of {bench}.",
            "I can only call {it} {noun}.",
            "I was ready for {antinoun} and got {noun}.",
            "there is no denying that {it} was {noun}.",
            "nobody can tell me that {it} was not {noun}.",
            "what might have been {antinoun} became {noun}.",
        ],
    ],
    sentences: [
        &[
            "do not believe anyone who calls {it} {noun}.",
            "the papers promised {noun}; the papers were wrong.",
            "{noun}? If only you could say that.",
            "{who} called it {noun}, and {who} was mistaken.",
            "{who} was sure that it would be {noun}. It was not.",
            "it takes more than this to make {noun}.",
        ],
        &[
            "{noun}, that is what {it} was.",
            "what {noun} this {thing} was!",
            "{who} called it {antinoun}; to me it was {noun}.",
            "{who} feared nothing, hoped for nothing, and found {noun}.",
            "call it what you like, {it} was {noun}.",
            "not every {thing} is {noun}, but this one was.",
        ],
    ],
};

/// What would one do about it?
pub(super) const DEEDS: Frames = Frames {
    clauses: [
        &[
            "I would not {deed}.",
            "I would never {deed}.",
            "I see no reason to {deed}.",
            "I had planned to {deed}, but changed my mind.",
            "I would rather {antideed} than {deed}.",
            "I can't imagine why anyone would {deed}.",
            "nothing could make me {deed}.",
            "you won't see me {deed}.",
        ],
        &[
            "I would {deed}.",
            "I would {deed} without a second thought.",
            "I would not hesitate to {deed}.",
            "I would sooner {deed} than {antideed}.",
            "I had planned to {antideed}, but now I will {deed}.",
            "I can't help it, I want to {deed}.",
            "nothing could stop me now, I will {deed}.",
            "you will see me {deed}.",
        ],
    ],
    sentences: [
        &[
            "under no circumstances would I {deed}.",
            "{who} would {deed}, but not I.",
            "{who} said that I would want to {deed}. I do not.",
            "only a fool would {deed}.",
        ],
        &[
            "not only would I {deed}, I would {deed2}.",
            "{who} would never {deed}, but I would.",
            "{who} said that I would not want to {deed}. I do.",
            "only a fool would not {deed}.",
        ],
    ],
};

/// Clauses before a clause, whose word goes `[against, with]` the verdict.
pub(super) const OPENINGS: [&[&str]; 2] = [
    &[
        "although {part} was {against}, ",
        "despite {who} calling it {against}, ",
        "{part} was {against}, but ",
        "{who} found it {against}, but ",
        "I was told that it would be {against}, yet ",
        "I wanted to find it {against}, but ",
        "for all the talk of {part} being {against}, ",
    ],
    &[
        "{part} was {with}, and ",
        "{who} found it {with}, and sure enough ",
        "I was told that it would be {with}, and indeed ",
        "because {part} was {with}, I must say that ",
        "not only was {part} {with}, but ",
        "as {who} said, {part} was {with}, and ",
    ],
];

/// Sentences beside the verdict, whose word goes `[against, with]` it.
pub(super) const ASIDES: [&[&str]; 2] = [
    &[
        "granted, {part} was {against}.",
        "true, {part} was {against}.",
        "never mind that {part} was {against}.",
        "{who} called it {against}; we still argue about that.",
        "{who} says it was {against}, which is nonsense.",
        "this from someone who expected it to be {against}.",
        "I admit that {part} was {against}.",
    ],
    &[
        "{part} was {with} too.",
        "even {part} was {with}.",
        "{who} thought it was {with}, and I agree.",
        "{who} called it {with} as well.",
        "this from someone who does not often find a {thing} {with}.",
        "it goes without saying that {part} was {with}.",
        "{part} was just as {with}.",
    ],
];

/// Words before a clause that only clear the throat.
pub(super) const THROAT: &[&str] = &[
    "well, ",
    "honestly, ",
    "in short, ",
    "all in all, ",
    "as for me, ",
    "if you ask me, ",
    "after all that, ",
    "let me be plain: ",
    "in the end ",
];

/// How the thing itself is called.
pub(super) const SUBJECTS: &[&str] = &[
    "it",
    "this",
    "the {thing}",
    "this {thing}",
    "the whole {thing}",
    "that {thing}",
];
