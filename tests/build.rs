//! Writes the shipped models as source, for the test that compiles it.

use spinet_core::emit::Source;
use std::{env, fs, path::Path};

/// Words in their order, n-grams without a cell, both together, symbols.
const MODELS: [&str; 4] = ["imdb", "imdb-16k", "imdb-200k", "shakespeare"];

fn main() {
    let out = env::var("OUT_DIR").expect("cargo sets it");
    for name in MODELS {
        let path = format!("../firmware/models/{name}.spinet");
        println!("cargo::rerun-if-changed={path}");
        let file = fs::read(&path).expect("a shipped model");
        let mut words = vec![0u32; file.len().div_ceil(4)];
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
        bytes[..file.len()].copy_from_slice(&file);
        let included = format!("concat!(env!(\"OUT_DIR\"), \"/{name}.words\")");
        let source = Source::new(&bytes[..file.len()], &included).expect("a valid model");
        let write = |kind: &str, contents: &[u8]| {
            let path = Path::new(&out).join(format!("{name}.{kind}"));
            fs::write(path, contents).expect("cargo's folder can be written to");
        };
        write("rs", source.to_string().as_bytes());
        write("words", bytes);
    }
}
