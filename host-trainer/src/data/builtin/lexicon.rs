//! The words of the built-in corpus that fit anything: who reviews, and the words that judge.
//!
//! A pair of lists holds words that praise (index 1, the class "positive") and words that
//! blame (index 0). How they are put together is `grammar`'s; what is reviewed, `domains`'.

/// Words that blame, then words that praise.
pub(super) type Pair = [&'static [&'static str]; 2];

/// Adjectives that judge anything.
pub(super) const ADJECTIVES: Pair = [
    &[
        "bad",
        "poor",
        "awful",
        "weak",
        "lousy",
        "dreadful",
        "terrible",
        "horrible",
        "dismal",
        "appalling",
        "tiresome",
        "disappointing",
        "forgettable",
        "annoying",
        "unpleasant",
        "mediocre",
        "hopeless",
        "painful",
        "pitiful",
        "ghastly",
    ],
    &[
        "good",
        "great",
        "fine",
        "lovely",
        "superb",
        "splendid",
        "terrific",
        "excellent",
        "wonderful",
        "brilliant",
        "charming",
        "delightful",
        "enjoyable",
        "impressive",
        "memorable",
        "satisfying",
        "remarkable",
        "pleasant",
        "fantastic",
        "marvellous",
    ],
];

/// Adjectives that are compared with "more".
pub(super) const LONG_ADJECTIVES: Pair = [
    &[
        "tiresome",
        "disappointing",
        "forgettable",
        "annoying",
        "unpleasant",
        "tedious",
        "miserable",
        "frustrating",
        "depressing",
        "exhausting",
    ],
    &[
        "charming",
        "delightful",
        "enjoyable",
        "impressive",
        "memorable",
        "satisfying",
        "rewarding",
        "pleasant",
        "exciting",
        "refreshing",
    ],
];

/// Nouns that judge, with their articles.
pub(super) const NOUNS: Pair = [
    &[
        "a disaster",
        "a mess",
        "a bore",
        "a chore",
        "a failure",
        "a letdown",
        "an ordeal",
        "a waste of time",
        "a nightmare",
        "a disgrace",
        "a swindle",
        "a wet weekend",
    ],
    &[
        "a joy",
        "a treat",
        "a triumph",
        "a delight",
        "a success",
        "a pleasure",
        "a masterpiece",
        "a gem",
        "a bargain",
        "a revelation",
        "a small miracle",
        "a breath of fresh air",
    ],
];

/// Experiences that everybody knows, to measure others by.
pub(super) const BENCHMARKS: Pair = [
    &[
        "a visit to the dentist",
        "a tax form",
        "a traffic jam",
        "a power cut",
        "a lecture on drains",
        "a night at the airport",
    ],
    &[
        "a week by the sea",
        "a birthday party",
        "a picnic in the sun",
        "a walk in the hills",
        "a dance with a film star",
        "a win on the lottery",
    ],
];

/// What one would do after anything.
pub(super) const DEEDS: Pair = [
    &[
        "ask for my money back",
        "warn all my friends",
        "write an angry letter",
        "complain to the manager",
        "call it money down the drain",
        "forget the whole business",
    ],
    &[
        "recommend it to anyone",
        "tell all my friends to try it",
        "give it full marks",
        "pay twice the price",
        "do it all over again",
        "sing its praises",
    ],
];

/// Who else has an opinion; all take a singular verb.
pub(super) const PEOPLE: &[&str] = &[
    "my sister",
    "my brother",
    "my neighbour",
    "my boss",
    "my aunt",
    "my cousin",
    "my barber",
    "a friend at work",
    "the critic in the paper",
    "the woman next to me",
    "the man at the door",
    "my old teacher",
    "everyone",
    "the whole office",
    "half the town",
    "the internet",
];

/// Days, for fillers.
pub(super) const DAYS: &[&str] = &[
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// Months, for fillers.
pub(super) const MONTHS: &[&str] = &[
    "January", "February", "March", "April", "June", "July", "August", "October", "November",
];

/// Small numbers, for fillers.
pub(super) const NUMBERS: &[&str] = &[
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve",
];

/// Ordinals, for fillers.
pub(super) const ORDINALS: &[&str] = &["second", "third", "fourth", "fifth", "sixth", "ninth"];

/// Places, for fillers.
pub(super) const PLACES: &[&str] = &[
    "Lisbon", "Oslo", "Glasgow", "Turin", "Prague", "Dublin", "Vienna", "Lyon",
];

/// Sentences that judge nothing, in any domain. Some hold a negation, so that a "not" by
/// itself means little.
pub(super) const FILLERS: &[&str] = &[
    "That was in {month}.",
    "It was a {day} in {month}.",
    "I had the day off.",
    "I did not take any notes.",
    "Nobody paid me to write this.",
    "This is my {nth} review of the year.",
    "I am writing this on the train.",
    "It had been a long week.",
    "The bus was late, as always.",
    "I paid for it myself.",
    "I do not often write these things.",
    "That is all I have to say.",
    "So there you have it.",
    "I was not in a hurry.",
    "{who} asked me to write this down.",
    "We talked about it on the way home.",
    "I have slept on it for {number} nights.",
    "I never give stars.",
];
