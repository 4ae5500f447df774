//! Text behind a prompt.

use super::Generate;
use crate::{
    cli::{Outcome, output, run::boot},
    device::GenerateRequest,
    inference::Model,
    symbols::symbols,
};
use serde::Serialize;
use spinet_core::{
    generator::Unknown,
    sampling::{Sampler, Sampling},
    text::{Symbol, Symbols},
};
use std::io::{self, Write};

/// Symbols without `--length`.
const LENGTH: u32 = 200;

/// Why no text was written.
#[derive(Debug, thiserror::Error)]
enum TextError {
    #[error(
        "the model does not know {} of the prompt: {}; leave {} out with --skip-unknown",
        if symbols.len() == 1 { "a symbol" } else { "symbols" },
        list(symbols),
        if symbols.len() == 1 { "it" } else { "them" }
    )]
    Unknown { symbols: Vec<Symbol> },
    #[error("--end {0:?} is not one symbol that the model knows")]
    End(String),
}

fn list(symbols: &[Symbol]) -> String {
    let names: Vec<String> = symbols.iter().map(Symbol::to_string).collect();
    names.join(", ")
}

#[derive(Serialize)]
struct Written {
    prompt: String,
    text: String,
    symbols: u32,
    ended: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<u64>,
}

/// What is written, shown as it comes unless it is to be JSON.
struct Page {
    shown: bool,
    text: Vec<u8>,
    failed: Option<io::Error>,
}

impl Page {
    fn write(&mut self, bytes: &[u8]) {
        self.text.extend_from_slice(bytes);
        if self.shown
            && let Err(error) = show(bytes)
        {
            self.failed.get_or_insert(error);
        }
    }
}

pub(super) fn run(command: &Generate, model: &Model, known: Symbols<'_>) -> Outcome {
    let request = request(command, known)?;
    let mut page = Page {
        shown: !command.json,
        text: Vec::new(),
        failed: None,
    };
    if page.shown {
        show(&request.prompt)?;
    }
    let sink = &mut |bytes: &[u8]| page.write(bytes);
    let (symbols, ended, instructions) = match &command.board {
        None => host(model, &request, sink)?,
        Some(board) => {
            let (_, mut emulator) = boot(board, &command.model)?;
            let generated = emulator.generate(&request, sink)?;
            let instructions = Some(generated.instructions);
            (generated.generated, generated.ended, instructions)
        }
    };
    if let Some(error) = page.failed {
        return Err(error.into());
    }
    if page.shown {
        output::line("")?;
        if let Some(instructions) = instructions {
            eprintln!("{instructions} instructions for prompt and text");
        }
        return Ok(true);
    }
    output::json(&Written {
        prompt: String::from_utf8_lossy(&request.prompt).into_owned(),
        text: String::from_utf8_lossy(&page.text).into_owned(),
        symbols,
        ended,
        instructions,
    })?;
    Ok(true)
}

fn request(
    command: &Generate,
    known: Symbols<'_>,
) -> Result<GenerateRequest, Box<dyn std::error::Error>> {
    let args = &command.text;
    let prompt = args.prompt.clone().into_bytes();
    let mut unknown: Vec<Symbol> = symbols(&prompt, known.unit)
        .filter(|&symbol| known.token(symbol).is_none())
        .collect();
    if !unknown.is_empty() && !args.skip_unknown {
        unknown.sort_by_key(|symbol| symbol.code);
        unknown.dedup();
        return Err(TextError::Unknown { symbols: unknown }.into());
    }
    let end = args.end.as_deref().map(|text| {
        let mut all = symbols(text.as_bytes(), known.unit);
        match (all.next(), all.next()) {
            (Some(symbol), None) if known.token(symbol).is_some() => Ok(symbol.code),
            _ => Err(TextError::End(text.to_owned())),
        }
    });
    Ok(GenerateRequest {
        length: command.length.unwrap_or(LENGTH),
        sampling: Sampling {
            temperature: args.temperature,
            top_k: args.top_k,
            top_p: args.top_p,
            seed: args.seed,
        },
        end: end.transpose()?,
        skip_unknown: args.skip_unknown,
        prompt,
    })
}

/// What the host writes: the number of symbols, and whether the text ended by itself.
fn host(
    model: &Model,
    request: &GenerateRequest,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(u32, bool, Option<u64>), Box<dyn std::error::Error>> {
    let mut generator = model.generator()?;
    let unknown = match request.skip_unknown {
        true => Unknown::Skip,
        false => Unknown::Refuse,
    };
    let primed = generator
        .prime(&request.prompt, unknown)
        .and_then(|()| generator.end_prompt(unknown));
    if let Err(symbol) = primed {
        let symbols = vec![symbol];
        return Err(TextError::Unknown { symbols }.into());
    }
    let mut sampler = Sampler::new(request.sampling);
    for written in 0..request.length {
        let Some(symbol) = generator.next_symbol(&mut sampler) else {
            return Ok((written, true, None));
        };
        let (bytes, length) = symbol.bytes();
        sink(&bytes[..length]);
        if request.end == Some(symbol.code) {
            return Ok((written + 1, true, None));
        }
    }
    Ok((request.length, false, None))
}

fn show(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}
