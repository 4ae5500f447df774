//! Which kernel is compiled in, and whether flash counts more than instructions: stable Rust does not tell whether a target has the DSP extension.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(dsp, mla, small)");
    let target = std::env::var("TARGET").unwrap_or_default();
    // Every Cortex-M4 and M7 has it. Armv8-M leaves it to the chip's maker, and the target's
    // assembler refuses its instructions: the portable kernel serves there.
    if target.starts_with("thumbv7em") {
        println!("cargo::rustc-cfg=dsp");
    } else if target.starts_with("thumbv7m") {
        println!("cargo::rustc-cfg=mla");
    } else if target.starts_with("thumbv6m") {
        println!("cargo::rustc-cfg=small");
    }
}
