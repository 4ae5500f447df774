//! Estimated cycles: QEMU counts instructions, a real core takes more or less of a clock for each.
//!
//! The model is a number of cycles for an average instruction of a core, one for its products and
//! one for everything else. It knows no waiting flash, no caches and no interrupts: what is made
//! of it is an estimate, and called one.
//!
//! | core | what an instruction takes beyond a cycle | source |
//! |---|---|---|
//! | Cortex-M0 | loads and stores 1, `LDM` and `STM` one a word, taken branches 2 | DDI 0432C, 3.3; the single-cycle multiplier |
//! | Cortex-M3 | loads 1, `LDRD` and `LDM` one a word, `MLA` 1, taken branches 2 | DDI 0337H, 3.3 |
//! | Cortex-M4 | loads 1, `LDRD` and `LDM` one a word, taken branches 2, multiplications nothing | DDI 0439B, 3.3 |
//! | Cortex-M7, M33 | no table is published: a Cortex-M4's cycles times 3.42 / 5.01 and 3.42 / 4.02, the cores' CoreMark a MHz | Arm's product pages |
//! | Cortex-M55 | no table is published: arithmetic with vectors 1, loads of vectors beside it nothing at all, gathered loads 3, taken branches 2, `LDM` half a word | half a vector a cycle, by Arm's description of the core |
//!
//! QEMU's `virt` is no chip, and RISC-V cores of that kind have pipelines of any length: there is no
//! estimate for it.
//!
//! The shares of those instructions were counted over all trials of the bench (QEMU's log of
//! executed instructions, `-singlestep -d exec,nochain`), for example of the Cortex-M4's products:
//! loads 0.145, words of `LDRD` 0.166, taken branches 0.024, hence 1 + 0.145 + 0.166 + 2 * 0.024 =
//! 1.36 cycles an instruction. One decimal is kept.

/// Cycles for an average instruction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pace {
    /// Of products with weights of 8 bits.
    int8: f64,
    /// Of products with weights of 4 bits.
    int4: f64,
    /// Of everything else.
    rest: f64,
}

impl Pace {
    /// The pace of `core`, as a board's file names it; none if it is not known.
    pub fn of(core: &str) -> Option<Self> {
        let [int8, int4, rest] = match core.trim_end_matches('F') {
            "Cortex-M0" => [1.4, 1.4, 1.4],
            "Cortex-M3" => [2.0, 1.6, 1.4],
            "Cortex-M4" => [1.4, 1.4, 1.4],
            "Cortex-M7" => [0.9, 0.9, 1.0],
            "Cortex-M33" => [1.2, 1.2, 1.2],
            "Cortex-M55" => [1.3, 1.3, 1.6],
            _ => return None,
        };
        Some(Self { int8, int4, rest })
    }

    /// The cycles of `instructions`, of which `product` are a product's with such weights.
    pub fn cycles(self, weights: &str, instructions: u64, product: u64) -> u64 {
        let pace = match weights {
            "int4" => self.int4,
            _ => self.int8,
        };
        let rest = instructions.saturating_sub(product);
        (product as f64 * pace + rest as f64 * self.rest).round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{Board, boards_folder};

    #[test]
    fn every_boards_core_has_a_pace_but_the_emulators_own() {
        for board in Board::all(&boards_folder()).unwrap() {
            let core = &board.hardware.core;
            assert_eq!(Pace::of(core).is_some(), board.name != "virt", "{core}");
        }
        assert_eq!(Pace::of("Cortex-M"), None);
    }

    #[test]
    fn products_and_the_rest_have_paces_of_their_own() {
        let pace = Pace::of("Cortex-M3").unwrap();
        assert_eq!(pace.cycles("int8", 1_000, 600), 600 * 2 + 400 * 14 / 10);
        assert_eq!(pace.cycles("int4", 1_000, 600), 960 + 560);
    }
}
