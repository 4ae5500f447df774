//! National Semiconductor's NS16550A, as on QEMU's `virt`.
//!
//! Registers: PC16550D data sheet, chapter 8. Sixteen bytes of buffer each way.

use super::Port;
use crate::board;
use crate::register::Register;

/// The receiver's and the transmitter's buffers; the divisor's low byte while LCR says so.
const DATA: Register<u8> = Register::at(board::UART_BASE);
/// The divisor's high byte while LCR says so.
const DIVISOR_HIGH: Register<u8> = Register::at(board::UART_BASE + 1);
const FCR: Register<u8> = Register::at(board::UART_BASE + 2);
const LCR: Register<u8> = Register::at(board::UART_BASE + 3);
const LSR: Register<u8> = Register::at(board::UART_BASE + 5);

const FCR_ENABLE_AND_CLEAR: u8 = 0b111;
const LCR_8_BITS: u8 = 0b11;
const LCR_DIVISOR: u8 = 1 << 7;
const LSR_DATA: u8 = 1 << 0;
/// Cleared by reading LSR.
const LSR_OVERRUN: u8 = 1 << 1;
const LSR_TX_EMPTY: u8 = 1 << 5;

/// The UART's own clock, as the device tree of `virt` says.
const CLOCK_HZ: u32 = 3_686_400;
const DIVISOR: u16 = (CLOCK_HZ / (16 * board::BAUD)) as u16;

/// The UART.
pub struct Uart {
    overrun: bool,
}

impl Port for Uart {
    fn new() -> Self {
        let [high, low] = DIVISOR.to_be_bytes();
        LCR.write(LCR_DIVISOR);
        DATA.write(low);
        DIVISOR_HIGH.write(high);
        LCR.write(LCR_8_BITS);
        FCR.write(FCR_ENABLE_AND_CLEAR);
        Self { overrun: false }
    }

    fn read(&mut self) -> Option<u8> {
        (self.status() & LSR_DATA != 0).then(|| DATA.read())
    }

    fn write(&mut self, byte: u8) {
        while self.status() & LSR_TX_EMPTY == 0 {}
        DATA.write(byte);
    }

    fn overrun(&mut self) -> bool {
        self.status();
        core::mem::take(&mut self.overrun)
    }
}

impl Uart {
    /// The line's status, of which reading clears what is kept here.
    fn status(&mut self) -> u8 {
        let status = LSR.read();
        self.overrun |= status & LSR_OVERRUN != 0;
        status
    }
}
