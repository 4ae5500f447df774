//! The `spinet` command.
fn main() {}
