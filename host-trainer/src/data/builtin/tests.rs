//! What the built-in corpus promises: balance, no overlap, and that counting words is no help.

use std::sync::LazyLock;

use super::*;

static CORPUS: LazyLock<Corpus> = LazyLock::new(|| generate(1));

/// Multinomial naive Bayes with add-one smoothing, over whatever features are given.
struct NaiveBayes {
    counts: [HashMap<String, f64>; 2],
    totals: [f64; 2],
    vocabulary: f64,
}

impl NaiveBayes {
    fn fit(examples: &[Example], features: fn(&str) -> Vec<String>) -> Self {
        let mut counts = [HashMap::new(), HashMap::new()];
        for example in examples {
            for feature in features(&example.text) {
                *counts[example.label].entry(feature).or_insert(0.0) += 1.0;
            }
        }
        let distinct: HashSet<&String> = counts.iter().flat_map(HashMap::keys).collect();
        let vocabulary = distinct.len() as f64;
        let totals = [0, 1].map(|class| counts[class].values().sum());
        Self {
            counts,
            totals,
            vocabulary,
        }
    }

    fn likelihood(&self, feature: &str, class: usize) -> f64 {
        let count = self.counts[class].get(feature).copied().unwrap_or(0.0);
        (count + 1.0) / (self.totals[class] + self.vocabulary)
    }

    /// The fraction of examples whose class it finds; the classes are equally likely before.
    fn accuracy(&self, examples: &[Example], features: fn(&str) -> Vec<String>) -> f64 {
        let odds =
            |feature: String| (self.likelihood(&feature, 1) / self.likelihood(&feature, 0)).ln();
        let right = examples.iter().filter(|example| {
            let sum: f64 = features(&example.text).into_iter().map(odds).sum();
            usize::from(sum > 0.0) == example.label
        });
        right.count() as f64 / examples.len() as f64
    }
}

fn unigrams(text: &str) -> Vec<String> {
    words(text).collect()
}

fn bigrams(text: &str) -> Vec<String> {
    let words = unigrams(text);
    words.windows(2).map(|pair| pair.join(" ")).collect()
}

#[test]
fn counting_words_guesses_and_pairs_of_words_do_better() {
    let corpus = &*CORPUS;
    let accuracy =
        |features| NaiveBayes::fit(&corpus.train, features).accuracy(&corpus.test, features);
    let (single, pairs) = (accuracy(unigrams), accuracy(bigrams));
    println!("naive Bayes on the test set: words {single:.3}, pairs {pairs:.3}");
    assert!((0.40..0.60).contains(&single), "words: {single}");
    assert!((0.65..0.90).contains(&pairs), "pairs: {pairs}");
}

#[test]
fn classes_are_equal_and_every_word_is_as_often_in_both() {
    let corpus = &*CORPUS;
    assert_eq!((corpus.train.len(), corpus.test.len()), (TRAIN, TEST));
    for set in [&corpus.train, &corpus.test] {
        let positive = set.iter().filter(|example| example.label == 1).count();
        assert_eq!(positive * 2, set.len());
    }
    let mut counts: HashMap<String, [f64; 2]> = HashMap::new();
    for example in &corpus.train {
        for word in words(&example.text) {
            counts.entry(word).or_default()[example.label] += 1.0;
        }
    }
    assert!(counts.len() > 500, "{} words", counts.len());
    for (word, [negative, positive]) in counts {
        let share = positive / (negative + positive);
        let frequent = negative + positive >= 50.0;
        assert!(!frequent || (0.4..=0.6).contains(&share), "{word}: {share}");
    }
}

#[test]
fn no_text_is_used_twice_and_no_test_verdict_in_training() {
    let corpus = &*CORPUS;
    let all = corpus.train.iter().chain(&corpus.test);
    let distinct: HashSet<&str> = all.map(|example| example.text.as_str()).collect();
    assert_eq!(distinct.len(), TRAIN + TEST);

    let mut writer = Writer {
        rng: Pcg64::seed_from_u64(3),
        written: HashSet::new(),
    };
    for index in 0..200 {
        let verdict = polish(&writer.draft(index % 2, true).verdict);
        let later = format!(". {verdict}");
        let seen =
            |example: &Example| example.text.starts_with(&verdict) || example.text.contains(&later);
        assert!(!corpus.train.iter().any(seen), "{verdict}");
    }
}

#[test]
fn the_seed_decides_the_corpus() {
    assert_eq!(generate(5), generate(5));
    assert_ne!(generate(5).sha256, generate(6).sha256);
    // Pinned: the name `builtin` in a report must mean this text and no other.
    assert_eq!(CORPUS.sha256[..4], [154, 52, 119, 134]);
}

#[test]
fn reviews_are_sentences_of_a_fitting_length() {
    for example in &CORPUS.test {
        let text = &example.text;
        assert!(WORDS.contains(&text.split_whitespace().count()), "{text}");
        assert!(text.starts_with(char::is_uppercase), "{text}");
        assert!(text.ends_with(['.', '?', '!']), "{text}");
        assert!(!text.contains(['{', '}']) && !text.contains("  "), "{text}");
    }
}

#[test]
fn every_slot_of_the_grammar_and_the_lexicon_has_words() {
    let mut rng = Pcg64::seed_from_u64(1);
    for domain in DOMAINS {
        let frames = [ADJECTIVES, NOUNS, DEEDS];
        let verdicts = frames
            .iter()
            .flat_map(|f| f.clauses.iter().chain(&f.sentences));
        let others = OPENINGS
            .iter()
            .chain(&ASIDES)
            .chain([&THROAT, &SUBJECTS, &lexicon::FILLERS]);
        for template in verdicts
            .chain(others)
            .chain([&domain.fillers])
            .copied()
            .flatten()
        {
            let text = Scene::new(&mut rng, domain, 1).fill(template);
            assert!(!text.contains('{') && text.len() >= 2, "{template}");
        }
    }
}

#[test]
fn a_verdict_turns_or_holds_as_its_template_says() {
    let mut rng = Pcg64::seed_from_u64(1);
    let mut scene = Scene::new(&mut rng, &DOMAINS[0], 1);
    scene.polarity = 0;
    for _ in 0..50 {
        let (adj, anti) = (scene.word("adj"), scene.word("anti"));
        let of = |word: &str, polarity: usize| {
            [lexicon::ADJECTIVES, DOMAINS[0].adjectives]
                .iter()
                .any(|pair| pair[polarity].contains(&word))
        };
        assert!(of(adj, 0) && !of(adj, 1), "{adj}");
        assert!(of(anti, 1) && !of(anti, 0), "{anti}");
    }
}

#[test]
fn capitals_and_articles_are_set() {
    assert_eq!(
        polish("a ordeal? never. it was a awful a bit."),
        "An ordeal? Never. It was an awful a bit."
    );
}
