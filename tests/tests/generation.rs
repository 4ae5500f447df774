//! What a model writes: text that depends on the prompt and the seed alone, vectors that are the
//! oracle's.

use proptest::{collection::vec, prelude::*};
use spinet_core::{
    Artifact, ArtifactError, Classifier, Generator, SeriesClassifier, SeriesGenerator,
    generator::Unknown,
    sampling::{Sampler, Sampling, Temperature},
    text::{Symbol, Unit},
};
use spinet_tests::{
    artifact::Aligned,
    cases,
    model::{Front, Model, Purpose, models_for, samples},
    oracle::Oracle,
    sequence::{Element, with_sequence},
};
use spinet_trainer::inference::Heap;

fn writers() -> impl Strategy<Value = Model> {
    models_for((1u16..=40).prop_map(|symbols| Purpose::WriteText { symbols }))
}

fn generator(bytes: &Aligned) -> Generator<'_, Heap> {
    Generator::new(&Artifact::parse(bytes).expect("valid")).expect("the heap has any shape")
}

fn sampling(seed: u64) -> Sampling {
    Sampling {
        temperature: "3".parse().expect("a temperature"),
        seed,
        ..Sampling::default()
    }
}

/// The symbols that the model knows.
fn known(model: &Model) -> (Unit, &[u32]) {
    match &model.front {
        Front::Symbols { unit, codes } => (*unit, codes),
        _ => panic!("the model writes text"),
    }
}

/// The bytes of known symbols and, in between, some of any kind.
fn prompts(model: &Model) -> impl Strategy<Value = Vec<u8>> + use<> {
    let (unit, codes) = known(model);
    let codes = codes.to_vec();
    let symbol = prop::sample::select(codes).prop_map(move |code| {
        let (bytes, length) = Symbol { unit, code }.bytes();
        bytes[..length].to_vec()
    });
    let piece = prop_oneof![6 => symbol, 1 => vec(any::<u8>(), 1..4), 1 => Just("é日".into())];
    vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

fn with_prompt() -> impl Strategy<Value = (Model, Vec<u8>)> {
    writers().prop_flat_map(|model| {
        let prompt = prompts(&model);
        (Just(model), prompt)
    })
}

/// The symbols of a prompt: its bytes, or its characters as the standard library sees them.
fn symbols(unit: Unit, prompt: &[u8]) -> Vec<u32> {
    match unit {
        Unit::Byte => prompt.iter().map(|&byte| byte.into()).collect(),
        Unit::Character => String::from_utf8_lossy(prompt)
            .chars()
            .map(u32::from)
            .collect(),
    }
}

/// An oracle that has read the boundary and the known symbols of `prompt` up to the first
/// unknown one, if those are `refused`; and that one.
fn primed<'m>(model: &'m Model, prompt: &[u8], refused: bool) -> (Oracle<'m>, Option<u32>) {
    let (unit, codes) = known(model);
    let mut oracle = Oracle::new(model);
    oracle.step(codes.len() as u16);
    for code in symbols(unit, prompt) {
        match codes.iter().position(|&known| known == code) {
            Some(token) => oracle.step(token as u16),
            None if refused => return (oracle, Some(code)),
            None => {}
        }
    }
    (oracle, None)
}

proptest! {
    #![proptest_config(cases(300))]

    /// Unknown symbols left out: however the prompt is cut, the logits are the oracle's.
    #[test]
    fn a_prompt_may_come_in_any_pieces(
        (model, prompt) in with_prompt(),
        cuts in vec(any::<prop::sample::Index>(), 0..9),
    ) {
        let bytes = model.artifact();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(prompt.len() + 1)).collect();
        cuts.extend([0, prompt.len()]);
        cuts.sort_unstable();
        let mut generator = generator(&bytes);
        for ends in cuts.windows(2) {
            prop_assert_eq!(generator.prime(&prompt[ends[0]..ends[1]], Unknown::Skip), Ok(()));
        }
        prop_assert_eq!(generator.end_prompt(Unknown::Skip), Ok(()));
        let (oracle, _) = primed(&model, &prompt, false);
        prop_assert_eq!(generator.logits(), oracle.logits());
    }

    /// Unknown symbols refused: the first of them is named, and all before it has been read.
    #[test]
    fn the_first_unknown_symbol_is_named((model, prompt) in with_prompt()) {
        let bytes = model.artifact();
        let mut generator = generator(&bytes);
        let primed_with = generator
            .prime(&prompt, Unknown::Refuse)
            .and_then(|()| generator.end_prompt(Unknown::Refuse));
        let (oracle, unknown) = primed(&model, &prompt, true);
        let unit = known(&model).0;
        prop_assert_eq!(primed_with.err(), unknown.map(|code| Symbol { unit, code }));
        prop_assert_eq!(generator.logits(), oracle.logits());
    }

    /// Each symbol is the sampler's draw from the oracle's logits, which then reads it.
    #[test]
    fn what_is_written_is_read((model, prompt) in with_prompt(), seed: u64) {
        let bytes = model.artifact();
        let mut generator = generator(&bytes);
        generator.prime(&prompt, Unknown::Skip).expect("nothing is refused");
        generator.end_prompt(Unknown::Skip).expect("nothing is refused");
        let (mut oracle, _) = primed(&model, &prompt, false);
        let (unit, codes) = known(&model);
        let [mut ours, mut theirs] = [Sampler::new(sampling(seed)), Sampler::new(sampling(seed))];
        for _ in 0..30 {
            let token = theirs.draw(&mut oracle.logits());
            oracle.step(token as u16);
            let expected = codes.get(token).map(|&code| Symbol { unit, code });
            prop_assert_eq!(generator.next_symbol(&mut ours), expected);
        }
        prop_assert_eq!(generator.logits(), oracle.logits());
    }

    /// Temperature 0 takes the first of the largest logits.
    #[test]
    fn a_greedy_text_is_the_likeliest(model in writers()) {
        let bytes = model.artifact();
        let (mut oracle, _) = primed(&model, b"", false);
        let greedy = Sampling { temperature: Temperature::GREEDY, ..Sampling::default() };
        let mut generator = generator(&bytes);
        let mut text = generator.generate(greedy);
        for _ in 0..30 {
            let logits = oracle.logits();
            let most = logits.iter().max().expect("some logits");
            let token = logits.iter().position(|logit| logit == most).expect("the largest");
            oracle.step(token as u16);
            let expected = known(&model).1.get(token).copied();
            prop_assert_eq!(text.next().map(|symbol| symbol.code), expected);
            if expected.is_none() {
                break;
            }
        }
    }

    #[test]
    fn a_seed_and_a_prompt_are_a_text((model, prompt) in with_prompt(), seed: u64) {
        let bytes = model.artifact();
        let mut generator = generator(&bytes);
        let mut text = || {
            generator.reset();
            generator.prime(&prompt, Unknown::Skip).expect("nothing is refused");
            generator.generate(sampling(seed)).take(40).collect::<Vec<_>>()
        };
        prop_assert_eq!(text(), text());
    }

    #[test]
    fn vectors_continue_as_the_oracle_says(
        (model, sequence) in with_sequence(
            models_for((1u16..=9).prop_map(|features| Purpose::WriteSeries { features })),
            0..10,
        ),
    ) {
        let bytes = model.artifact();
        let artifact = Artifact::parse(&bytes).expect("valid");
        let mut generator = SeriesGenerator::<Heap>::new(&artifact).expect("the heap has any shape");
        let mut oracle = Oracle::new(&model);
        for element in &sequence {
            let Element::Vector(x) = element else { panic!("the model reads vectors") };
            generator.feed(x);
            oracle.step_vector(x);
        }
        let mut x = vec![0; generator.series().features().into()];
        let mut first = Vec::new();
        for step in 0..30 {
            generator.next_vector(&mut x);
            prop_assert_eq!(&x, &oracle.step_prediction());
            if step == 0 {
                first.clone_from(&x);
            }
        }
        generator.reset();
        for element in &sequence {
            let Element::Vector(x) = element else { panic!("the model reads vectors") };
            generator.feed(x);
        }
        generator.next_vector(&mut x);
        prop_assert_eq!(x, first);
    }
}

#[test]
fn seeds_tell_texts_apart() {
    let bytes = samples::text_writer().artifact();
    let mut generator = generator(&bytes);
    let mut text = |seed| {
        generator.reset();
        let mut sampler = Sampler::new(Sampling {
            temperature: Temperature::MAX,
            ..sampling(seed)
        });
        let symbols = (0..40).map(|_| generator.next_symbol(&mut sampler));
        symbols.collect::<Vec<_>>()
    };
    let texts: std::collections::HashSet<_> = (0..20).map(&mut text).collect();
    assert_eq!(texts.len(), 20);
}

/// A model that knows nothing but what its head's biases say.
fn biased(model: &Model, biases: impl Fn(usize) -> i32) -> Aligned {
    let mut model = model.clone();
    let rows = &mut model.head.rows;
    rows.multipliers.fill(1 << 30);
    model.head.weights.weights.fill(0);
    model.head.weights.shift = 0;
    for (index, bias) in rows.biases.iter_mut().enumerate() {
        *bias = biases(index);
    }
    model.artifact()
}

#[test]
fn the_boundary_ends_a_text_and_another_may_follow() {
    let model = samples::text_writer();
    let boundary = known(&model).1.len();
    // 2^28 * 2^30 / 2^32 = 2^26: 2,048 in Q16.15.
    let ends = biased(&model, |token| if token == boundary { 1 << 28 } else { 0 });
    let mut writer = generator(&ends);
    assert_eq!(writer.generate(sampling(1)).count(), 0);
    assert_eq!(writer.generate(sampling(1)).next(), None);
    // The likeliest is the first symbol: a text without an end, of which as much is taken as
    // is wanted.
    let goes_on = biased(&model, |token| if token == 0 { 1 << 28 } else { 0 });
    let mut writer = generator(&goes_on);
    let (unit, codes) = known(&model);
    let code = codes[0];
    for symbol in writer.generate(sampling(1)).take(1_000) {
        assert_eq!(symbol, Symbol { unit, code });
    }
    // Even odds: texts end, and the generator writes on behind an end.
    let even = biased(&model, |_| 0);
    let mut writer = generator(&even);
    let mut sampler = Sampler::new(sampling(5));
    let symbols: Vec<_> = (0..800).map(|_| writer.next_symbol(&mut sampler)).collect();
    let ends = symbols.iter().filter(|symbol| symbol.is_none()).count();
    assert!((60..140).contains(&ends), "{ends} of 800, 1 in 8 expected");
}

#[test]
fn a_model_is_opened_for_its_own_task_only() {
    let task = |model: &Model| {
        let bytes = model.artifact();
        let artifact = Artifact::parse(&bytes).expect("valid");
        [
            Classifier::<Heap>::new(&artifact).err(),
            Generator::<Heap>::new(&artifact).err(),
            SeriesClassifier::<Heap>::new(&artifact).err(),
            SeriesGenerator::<Heap>::new(&artifact).err(),
        ]
    };
    let models = [
        samples::one_hot(),
        samples::text_writer(),
        samples::series_reader(),
        samples::series_writer(),
    ];
    for (index, model) in models.iter().enumerate() {
        let mut expected = [Some(ArtifactError::Task); 4];
        expected[index] = None;
        assert_eq!(task(model), expected);
    }
}
