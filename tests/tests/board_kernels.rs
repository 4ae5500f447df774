//! The kernels that are compiled for a core compute what the portable ones do, on that core.

use spinet_tests::device::{cores, shipped_model};
use spinet_trainer::device::{Firmware, Program, report};

#[test]
fn every_core_multiplies_as_the_portable_kernels_do() {
    for board in cores() {
        let firmware = Firmware::build(&board, &shipped_model().path, Program::Kernels).unwrap();
        let ended = report::run(&board, &firmware.path);
        assert!(ended.is_ok(), "{}: {ended:?}", board.name);
    }
}
