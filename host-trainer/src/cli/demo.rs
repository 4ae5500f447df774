//! `spinet demo`: the whole way in one command, on the built-in corpus.

use super::{Outcome, output, predict::Prediction, run::DevicePrediction, run::boot, train::train};
use crate::{
    data::{self, Columns, Example, Source},
    device::{Board, Firmware, GenerateRequest, boards_folder, firmware_folder, toolchain},
    inference::Model,
    pipeline::{Data, Start},
    recipe::{Recipe, RecipeFields},
};
use clap::Args;
use indicatif::ProgressBar;
use spinet_core::{generator::Unknown, sampling::Sampling};
use std::{
    error::Error,
    path::{Path, PathBuf},
};

/// Letters of a text that the table shows.
const SHOWN: usize = 58;

/// Reviews for the model that was trained on IMDB.
const REVIEWS: [&str; 6] = [
    "One of the best films I have seen in years: superbly acted, moving, and never a dull moment.",
    "A complete waste of time. The plot makes no sense and the acting is awful.",
    "I expected nothing and was delighted; a small, perfect, wonderful little film.",
    "Boring, predictable and far too long. I walked out before the end.",
    "The worst sequel ever made, and I love the original.",
    "A brilliant cast, an excellent script and a beautiful score. Highly recommended!",
];

/// What the writing model begins with, and at which temperature it goes on.
const PROMPTS: [(&str, &str); 2] = [("ROMEO:\n", "0.7"), ("First Citizen:\n", "0.5")];
/// Symbols that it writes.
const SYMBOLS: u32 = 300;

/// Train, quantise, flash and ask an emulated board, on data that come with the program
#[derive(Args)]
pub(super) struct Demo {
    /// The board, a file of firmware/boards
    #[arg(long, default_value = "stm32f405")]
    board: String,
    /// Held-out reviews to ask the device about
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=2000))]
    reviews: u16,
    /// Where the trained model goes [default: demo.spinet beside the program]
    #[arg(long, value_name = "MODEL")]
    out: Option<PathBuf>,
    #[command(flatten)]
    fields: RecipeFields,
}

/// What a model costs on a board, and how often the board agreed with the host.
struct Trial {
    name: &'static str,
    firmware: Firmware,
    texts: usize,
    equal: usize,
    tokens: u64,
    instructions: u64,
}

impl Demo {
    pub fn run(self) -> Outcome {
        let out = match self.out {
            Some(out) => out,
            None => std::env::current_exe()?.with_file_name("demo.spinet"),
        };
        toolchain::ensure(&Board::named(&boards_folder(), &self.board)?)?;
        output::line("== training a SimpleRNN on the built-in corpus")?;
        let recipe = Recipe::named("demo", self.fields)?;
        let corpus = data::load(
            &Source::Builtin,
            &Columns::default(),
            &ProgressBar::hidden(),
        )?;
        let data = Data::Texts(corpus);
        let trained = train(data, &recipe, Start::default(), &out, "spinet demo")?;
        let texts = texts(&trained.test, self.reviews.into());
        output::line(format_args!(
            "\n== {} reviews that it has not seen, on the host and on {}",
            texts.len(),
            self.board
        ))?;
        let demo = trial("demo", &self.board, &out, &texts)?;
        let shipped = firmware_folder().join("models/imdb.spinet");
        output::line("\n== the model that was trained on IMDB")?;
        let reviews: Vec<&str> = REVIEWS.to_vec();
        let imdb = trial("imdb", &self.board, &shipped, &reviews)?;
        output::line("\n== the model that was trained on Shakespeare's plays")?;
        let plays = write("shakespeare", &self.board)?;
        output::line(format_args!(
            "\nmodel        flash, with the model      RAM  instructions per token ({})",
            self.board
        ))?;
        for trial in [&demo, &imdb, &plays] {
            output::line(trial)?;
        }
        let trials = [&demo, &imdb, &plays];
        let equal = trials.iter().map(|trial| trial.equal).sum();
        let all = trials.iter().map(|trial| trial.texts).sum();
        output::line(format_args!("\n{}", agreement(equal, all)))?;
        Ok(equal == all)
    }
}

/// The first texts, as lines.
fn texts(examples: &[Example], count: usize) -> Vec<&str> {
    examples
        .iter()
        .map(|example| example.text.as_str())
        .take(count)
        .collect()
}

fn agreement(equal: usize, all: usize) -> String {
    match equal == all {
        true => format!("device = host on {equal} of {all}, bit for bit"),
        false => format!("device = host on {equal} of {all} only"),
    }
}

/// Asks host and device about each text, and shows both answers.
fn trial(
    name: &'static str,
    board: &str,
    path: &Path,
    texts: &[&str],
) -> Result<Trial, Box<dyn Error>> {
    let model = Model::open(path)?;
    let (firmware, mut emulator) = boot(board, path)?;
    let mut trial = Trial {
        name,
        firmware,
        texts: texts.len(),
        equal: 0,
        tokens: 0,
        instructions: 0,
    };
    output::line(format_args!(
        "{:<SHOWN$}  {:<25} {:<25}",
        "text", "host", "device"
    ))?;
    let mut classifier = model.classifier()?;
    for (text, answer) in texts.iter().zip(emulator.classify_all(texts)?) {
        let host = Prediction::of(&mut classifier, text.as_bytes());
        let device = DevicePrediction::from(answer);
        let equal = host == device.prediction;
        trial.equal += usize::from(equal);
        trial.tokens += u64::from(host.tokens);
        trial.instructions += device.instructions;
        output::line(format_args!(
            "{:<SHOWN$}  {:<25} {:<25}{}",
            shown(text),
            verdict(&host),
            verdict(&device.prediction),
            if equal { "" } else { "  differs" }
        ))?;
    }
    output::line(agreement(trial.equal, trial.texts))?;
    Ok(trial)
}

/// Lets host and device write behind the same prompt, and shows what they wrote.
fn write(name: &'static str, board: &str) -> Result<Trial, Box<dyn Error>> {
    let path = firmware_folder().join(format!("models/{name}.spinet"));
    let model = Model::open(&path)?;
    let mut generator = model.generator()?;
    let (firmware, mut emulator) = boot(board, &path)?;
    let mut trial = Trial {
        name,
        firmware,
        texts: 0,
        equal: 0,
        tokens: 0,
        instructions: 0,
    };
    for (prompt, temperature) in PROMPTS {
        let request = GenerateRequest {
            length: SYMBOLS,
            sampling: Sampling {
                temperature: temperature.parse()?,
                ..Sampling::default()
            },
            end: None,
            skip_unknown: false,
            prompt: prompt.as_bytes().to_vec(),
        };
        let mut host = Vec::new();
        generator.reset();
        // The model knows every symbol of these prompts.
        let _ = generator.prime(&request.prompt, Unknown::Refuse);
        for symbol in generator.generate(request.sampling).take(SYMBOLS as usize) {
            let (bytes, length) = symbol.bytes();
            host.extend_from_slice(&bytes[..length]);
        }
        let mut device = Vec::new();
        let written = emulator.generate(&request, &mut |bytes| device.extend_from_slice(bytes))?;
        output::line(format_args!(
            "-- {prompt:?}, temperature {temperature}\n{prompt}{}",
            String::from_utf8_lossy(&device)
        ))?;
        trial.texts += 1;
        trial.equal += usize::from(host == device);
        trial.tokens += u64::from(written.generated) + prompt.chars().count() as u64;
        trial.instructions += written.instructions;
    }
    output::line(agreement(trial.equal, trial.texts))?;
    Ok(trial)
}

fn verdict(prediction: &Prediction) -> String {
    format!(
        "{} {:.3} ({})",
        prediction.label, prediction.probability, prediction.logit
    )
}

/// The beginning of a text.
fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN - 1) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

impl std::fmt::Display for Trial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let n = |bytes: u64| output::thousands(bytes as usize);
        write!(
            f,
            "{:<12} {:>9} ({:>9} B) {:>6} B  {:>10}",
            self.name,
            n(self.firmware.flash_bytes),
            n(self.firmware.model_bytes),
            n(self.firmware.ram_bytes),
            n(self.instructions / self.tokens.max(1))
        )
    }
}
