//! The UART of Arm's Cortex-M System Design Kit, as on the MPS2 and MPS3 boards.
//!
//! Registers: Arm DDI 0479, "APB UART". One byte of buffer each way.

use super::Port;
use crate::board;
use crate::register::Register;

const DATA: Register = Register::at(board::UART_BASE);
const STATE: Register = Register::at(board::UART_BASE + 0x04);
const CTRL: Register = Register::at(board::UART_BASE + 0x08);
const BAUDDIV: Register = Register::at(board::UART_BASE + 0x10);

const STATE_TX_FULL: u32 = 1 << 0;
const STATE_RX_FULL: u32 = 1 << 1;
/// Cleared by writing it.
const STATE_RX_OVERRUN: u32 = 1 << 3;
const CTRL_TX_ENABLE: u32 = 1 << 0;
const CTRL_RX_ENABLE: u32 = 1 << 1;

/// UART0.
pub struct Uart(());

impl Port for Uart {
    fn new() -> Self {
        BAUDDIV.write(board::CLOCK_HZ / board::BAUD);
        CTRL.write(CTRL_TX_ENABLE | CTRL_RX_ENABLE);
        Self(())
    }

    fn read(&mut self) -> Option<u8> {
        STATE.has(STATE_RX_FULL).then(|| DATA.read() as u8)
    }

    fn write(&mut self, byte: u8) {
        while STATE.has(STATE_TX_FULL) {}
        DATA.write(byte.into());
    }

    fn overrun(&mut self) -> bool {
        let overrun = STATE.has(STATE_RX_OVERRUN);
        if overrun {
            STATE.write(STATE_RX_OVERRUN);
        }
        overrun
    }
}
