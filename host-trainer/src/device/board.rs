//! The boards: `firmware/boards/*.toml`, one file each.
//!
//! Their reader lives beside them, because the firmware's build script needs it too; what only
//! the host asks of a board is here. Installing what a board needs is `toolchain`'s affair,
//! booting it `emulator`'s.

use std::path::Path;

#[path = "../../../firmware/boards/board.rs"]
mod reader;

pub use reader::{Board, BoardError, Hardware};

/// What each instruction takes of the emulator's virtual time, in nanoseconds: `-icount shift=6`.
pub const NANOSECONDS_PER_INSTRUCTION: u64 = 1 << 6;

impl Board {
    /// Every board of `folder`, by name.
    ///
    /// # Errors
    /// If the folder cannot be listed, or a file in it is malformed.
    pub fn all(folder: &Path) -> Result<Vec<Self>, BoardError> {
        reader::names(folder)?
            .iter()
            .map(|name| Self::named(folder, name))
            .collect()
    }

    /// The instructions executed in `ticks` under the emulator, to the nearest.
    ///
    /// An instruction takes 64 ns of virtual time, so `clock_hz * 64e-9` ticks.
    #[must_use]
    pub fn instructions(&self, ticks: u64) -> u64 {
        let ticks_per_giga =
            u128::from(self.hardware.clock_hz) * u128::from(NANOSECONDS_PER_INSTRUCTION);
        let instructions =
            (u128::from(ticks) * 1_000_000_000 + ticks_per_giga / 2) / ticks_per_giga;
        u64::try_from(instructions).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    fn boards() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware/boards")
    }

    #[test]
    fn every_file_in_the_folder_is_a_board() {
        let all = Board::all(&boards()).unwrap();
        let found: Vec<&str> = all.iter().map(|board| board.name.as_str()).collect();
        for name in [
            "lm3s6965evb",
            "microbit",
            "mps2-an386",
            "mps2-an500",
            "mps2-an505",
            "mps3-an547",
            "stm32f405",
            "virt",
        ] {
            assert!(found.contains(&name), "{name} is not among {found:?}");
        }
        for board in all {
            assert_eq!(Board::named(&boards(), &board.name).unwrap(), board);
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = Board::named(&boards(), "arduino").unwrap_err().to_string();
        assert!(
            error.starts_with("no board `arduino`; the boards are "),
            "{error}"
        );
        assert!(
            error.contains("microbit, ") && error.contains("stm32f405"),
            "{error}"
        );
    }

    #[test]
    fn a_path_is_not_a_name() {
        let error = Board::named(&boards(), "../boards/microbit").unwrap_err();
        assert!(matches!(error, BoardError::Unknown { .. }), "{error}");
    }

    #[test]
    fn a_file_that_names_another_board_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::copy(
            boards().join("microbit.toml"),
            folder.path().join("other.toml"),
        )
        .unwrap();
        let error = Board::named(folder.path(), "other")
            .unwrap_err()
            .to_string();
        assert!(
            error.ends_with("env.SPINET_BOARD must be the file's own name, `other`"),
            "{error}"
        );
    }

    #[test]
    fn a_misspelt_key_is_refused_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let text = fs::read_to_string(boards().join("microbit.toml")).unwrap();
        let text = text.replace("stack_bytes", "stack_byte");
        fs::write(folder.path().join("microbit.toml"), text).unwrap();
        let error = Board::named(folder.path(), "microbit")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("unknown field `stack_byte`") && !error.contains('\n'),
            "{error}"
        );
    }

    /// 168 MHz: 10.752 ticks an instruction. 25 MHz: 1.6.
    #[test]
    fn instructions_are_ticks_over_the_clock_times_64_ns() {
        let board = Board::named(&boards(), "stm32f405").unwrap();
        assert_eq!(board.instructions(10_752_000), 1_000_000);
        let board = Board::named(&boards(), "mps2-an386").unwrap();
        assert_eq!(board.instructions(16), 10);
        assert_eq!(board.instructions(u64::MAX / 2), 5_764_607_523_034_234_879);
    }
}
