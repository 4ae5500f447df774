//! Which kernel is compiled in, and whether flash counts more than instructions, by what rustc is told to compile for.
//!
//! Stable Rust does not tell whether a target has the DSP extension or Helium: the target's name
//! says it for Armv7-M, `-C target-cpu` for Armv8-M, which leaves both to the chip's maker and
//! whose assembler refuses what the processor is not known to have.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(dsp, mla, mve, small)");
    let target = env::var("TARGET").unwrap_or_default();
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    if let Some(kernel) = kernel(&target, processor(&flags)) {
        println!("cargo::rustc-cfg={kernel}");
    }
}

/// The kernel for a target and, if one is named, a processor; none for the portable one.
fn kernel(target: &str, processor: Option<&str>) -> Option<&'static str> {
    match (target.split('-').next()?, processor) {
        // Every Cortex-M4 and M7 has it.
        ("thumbv7em", _) => Some("dsp"),
        ("thumbv7m", _) => Some("mla"),
        // The portable kernel, and small tables.
        ("thumbv6m", _) => Some("small"),
        ("thumbv8m.main", Some("cortex-m33" | "cortex-m35p")) => Some("dsp"),
        ("thumbv8m.main", Some("cortex-m55" | "cortex-m85")) => Some("mve"),
        _ => None,
    }
}

/// The processor among rustc's flags, the last `-C target-cpu=NAME`, with or without the space.
fn processor(flags: &str) -> Option<&str> {
    // Cargo puts this character between flags.
    let flags = flags.split('\x1f');
    flags
        .filter_map(|flag| flag.trim_start_matches("-C").strip_prefix("target-cpu="))
        .next_back()
}
