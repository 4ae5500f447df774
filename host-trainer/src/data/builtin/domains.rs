//! What the built-in corpus reviews, each with the words that only it is judged by.

use super::lexicon::Pair;

/// One kind of thing to review.
pub(super) struct Domain {
    /// What it may be called: "film", "movie".
    pub things: &'static [&'static str],
    /// Its parts, each with its article; all singular.
    pub parts: &'static [&'static str],
    /// Adjectives that judge this kind of thing.
    pub adjectives: Pair,
    /// What one would do after it, as a bare infinitive.
    pub deeds: Pair,
    /// Sentences that judge nothing; slots as in `grammar`.
    pub fillers: &'static [&'static str],
}

/// Everything that is reviewed.
pub(super) const DOMAINS: &[Domain] = &[
    Domain {
        things: &["film", "movie", "thriller", "comedy", "drama", "sequel"],
        parts: &[
            "the plot",
            "the acting",
            "the dialogue",
            "the music",
            "the ending",
            "the casting",
            "the camera work",
            "the opening scene",
        ],
        adjectives: [
            &[
                "dull",
                "predictable",
                "clumsy",
                "shallow",
                "lifeless",
                "silly",
                "boring",
                "corny",
            ],
            &[
                "funny",
                "gripping",
                "moving",
                "clever",
                "stylish",
                "thrilling",
                "touching",
                "bold",
            ],
        ],
        deeds: [
            &[
                "walk out",
                "leave before the end",
                "read a newspaper instead",
            ],
            &[
                "watch it again",
                "take my parents to see it",
                "buy a second ticket",
            ],
        ],
        fillers: &[
            "We sat in the {nth} row.",
            "I saw it with {who}.",
            "The cinema was half full.",
            "The director was new to me.",
            "It was made {number} years ago.",
            "It is set in {place}.",
        ],
    },
    Domain {
        things: &["novel", "book", "story", "memoir", "biography"],
        parts: &[
            "the plot",
            "the prose",
            "the first chapter",
            "the dialogue",
            "the translation",
            "the final chapter",
            "the main character",
        ],
        adjectives: [
            &[
                "dull",
                "wordy",
                "predictable",
                "dry",
                "repetitive",
                "muddled",
                "boring",
            ],
            &[
                "gripping",
                "witty",
                "absorbing",
                "moving",
                "elegant",
                "thoughtful",
                "wise",
            ],
        ],
        deeds: [
            &[
                "throw it across the room",
                "prop up a table with it",
                "stop at page ten",
            ],
            &[
                "read it again",
                "lend it to a friend",
                "look for the next one",
            ],
        ],
        fillers: &[
            "I borrowed it from {who}.",
            "It has {number} chapters.",
            "I read it on the way to {place}.",
            "It is set in {place}.",
            "My copy came from a library.",
            "I finished it on a {day}.",
        ],
    },
    Domain {
        things: &["meal", "dinner", "lunch", "curry", "supper"],
        parts: &[
            "the soup",
            "the sauce",
            "the service",
            "the bread",
            "the dessert",
            "the wine",
            "the salad",
        ],
        adjectives: [
            &[
                "bland",
                "greasy",
                "stale",
                "soggy",
                "tasteless",
                "heavy",
                "salty",
            ],
            &[
                "delicious",
                "tasty",
                "fresh",
                "generous",
                "fragrant",
                "light",
                "tender",
            ],
        ],
        deeds: [
            &["send it back", "feed it to the dog", "eat at home instead"],
            &["eat there again", "book another table", "leave a large tip"],
        ],
        fillers: &[
            "We were a party of {number}.",
            "{who} sat opposite me.",
            "The table was by the window.",
            "The place opened in {month}.",
            "The cook comes from {place}.",
            "We ate at {number}.",
        ],
    },
    Domain {
        things: &["hotel", "room", "guesthouse", "hostel", "apartment"],
        parts: &[
            "the bed",
            "the breakfast",
            "the view",
            "the shower",
            "the lobby",
            "the pool",
            "the service",
        ],
        adjectives: [
            &[
                "noisy", "grubby", "cramped", "damp", "gloomy", "shabby", "dirty",
            ],
            &[
                "spotless",
                "cosy",
                "quiet",
                "comfortable",
                "welcoming",
                "bright",
                "clean",
            ],
        ],
        deeds: [
            &[
                "sleep in the car instead",
                "check out early",
                "look for another place",
            ],
            &[
                "stay there again",
                "book another week",
                "send my parents there",
            ],
        ],
        fillers: &[
            "We stayed for {number} nights.",
            "We were on the {nth} floor.",
            "It is {number} minutes from the station.",
            "I shared it with {who}.",
            "We were in {place} for a wedding.",
            "We came by train on a {day}.",
        ],
    },
    Domain {
        things: &["phone", "camera", "laptop", "radio", "printer", "kettle"],
        parts: &[
            "the screen",
            "the battery",
            "the case",
            "the sound",
            "the manual",
            "the handle",
            "the power cord",
        ],
        adjectives: [
            &[
                "flimsy",
                "sluggish",
                "unreliable",
                "fiddly",
                "clunky",
                "slow",
                "ugly",
            ],
            &[
                "sturdy", "speedy", "reliable", "handy", "sleek", "accurate", "elegant",
            ],
        ],
        deeds: [
            &[
                "send it back",
                "throw it out of the window",
                "swap it for my old one",
            ],
            &[
                "buy it again",
                "buy one for my father",
                "take it everywhere",
            ],
        ],
        fillers: &[
            "It arrived on a {day}.",
            "I have had it for {number} weeks.",
            "I chose the black one.",
            "{who} has the same one.",
            "It was made in {place}.",
            "It is my {nth} in ten years.",
        ],
    },
    Domain {
        things: &["concert", "show", "play", "musical", "recital"],
        parts: &[
            "the band",
            "the singer",
            "the lighting",
            "the stage",
            "the second half",
            "the encore",
            "the costume",
        ],
        adjectives: [
            &[
                "flat",
                "lifeless",
                "sloppy",
                "shapeless",
                "dreary",
                "boring",
                "stiff",
            ],
            &[
                "lively",
                "electrifying",
                "graceful",
                "powerful",
                "joyful",
                "polished",
                "moving",
            ],
        ],
        deeds: [
            &["leave at the interval", "cover my ears", "ask for a refund"],
            &[
                "go again tomorrow",
                "stand in line for tickets",
                "clap until my hands hurt",
            ],
        ],
        fillers: &[
            "We sat in the {nth} row.",
            "I went with {who}.",
            "It was part of a festival in {place}.",
            "The hall was built {number} years ago.",
            "It began at {number} on a {day}.",
            "They go on to {place} in {month}.",
        ],
    },
];
