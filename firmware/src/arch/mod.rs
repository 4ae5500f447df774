//! What differs between the processors' architectures, chosen by the target: how a program starts,
//! waits and faults, and where peripherals may be. Nothing else asks for the architecture.
//!
//! Each file has the same items:
//!
//! - `entry`, the attribute of a program's first function, and `singleton!`, a value made once that
//!   stays for ever;
//! - `wait`, `breakpoint`, `spin` and `stack_pointer`;
//! - `on_fault!`, which makes a function the handler of every fault;
//! - `PERIPHERALS`, the addresses of registers.

#[cfg_attr(target_arch = "arm", path = "arm.rs")]
#[cfg_attr(target_arch = "riscv32", path = "riscv.rs")]
mod chosen;

pub use chosen::*;
