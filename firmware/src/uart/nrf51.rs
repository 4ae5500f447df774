//! The nRF51's UART, on the micro:bit's pins.
//!
//! Registers: nRF51 Series Reference Manual 3.0, chapters 13 (CLOCK), 14 (GPIO) and 29 (UART).
//! Six bytes of receive buffer.

use super::Port;
use crate::board;
use crate::register::Register;

const TASKS_STARTRX: Register = Register::at(board::UART_BASE);
const TASKS_STARTTX: Register = Register::at(board::UART_BASE + 0x008);
const EVENTS_RXDRDY: Register = Register::at(board::UART_BASE + 0x108);
const EVENTS_TXDRDY: Register = Register::at(board::UART_BASE + 0x11C);
/// Cleared by writing ones.
const ERRORSRC: Register = Register::at(board::UART_BASE + 0x480);
const ENABLE: Register = Register::at(board::UART_BASE + 0x500);
const PSELTXD: Register = Register::at(board::UART_BASE + 0x50C);
const PSELRXD: Register = Register::at(board::UART_BASE + 0x514);
const RXD: Register = Register::at(board::UART_BASE + 0x518);
const TXD: Register = Register::at(board::UART_BASE + 0x51C);
const BAUDRATE: Register = Register::at(board::UART_BASE + 0x524);

const TASKS_HFCLKSTART: Register = Register::at(0x4000_0000);
const EVENTS_HFCLKSTARTED: Register = Register::at(0x4000_0100);
const GPIO_OUTSET: Register = Register::at(0x5000_0508);
const GPIO_DIRSET: Register = Register::at(0x5000_0518);

const TX_PIN: u32 = 24;
const RX_PIN: u32 = 25;
const ENABLED: u32 = 4;
/// The board's rate in the manual's table, which is baud * 2^32 / 16 MHz, about.
const RATE: u32 = match board::BAUD {
    1_200 => 0x0004_F000,
    2_400 => 0x0009_D000,
    4_800 => 0x0013_B000,
    9_600 => 0x0027_5000,
    19_200 => 0x004E_A000,
    38_400 => 0x009D_5000,
    57_600 => 0x00EB_F000,
    115_200 => 0x01D7_E000,
    _ => panic!("the manual's table lacks the board's `uart_baud`"),
};
const ERROR_OVERRUN: u32 = 1 << 0;

/// The chip's one UART.
pub struct Uart {
    /// Whether a byte has been given to the transmitter whose TXDRDY has not been seen.
    sending: bool,
}

impl Port for Uart {
    fn new() -> Self {
        start_crystal();
        GPIO_OUTSET.write(1 << TX_PIN);
        GPIO_DIRSET.write(1 << TX_PIN);
        PSELTXD.write(TX_PIN);
        PSELRXD.write(RX_PIN);
        BAUDRATE.write(RATE);
        ENABLE.write(ENABLED);
        EVENTS_RXDRDY.write(0);
        EVENTS_TXDRDY.write(0);
        TASKS_STARTTX.write(1);
        TASKS_STARTRX.write(1);
        Self { sending: false }
    }

    fn read(&mut self) -> Option<u8> {
        EVENTS_RXDRDY.has(1).then(|| {
            // The event first: reading RXD may raise it again for the next byte.
            EVENTS_RXDRDY.write(0);
            RXD.read() as u8
        })
    }

    fn write(&mut self, byte: u8) {
        while self.sending && !EVENTS_TXDRDY.has(1) {}
        EVENTS_TXDRDY.write(0);
        TXD.write(byte.into());
        self.sending = true;
    }

    fn overrun(&mut self) -> bool {
        let overrun = ERRORSRC.has(ERROR_OVERRUN);
        if overrun {
            ERRORSRC.write(ERROR_OVERRUN);
        }
        overrun
    }
}

/// Switches from the RC oscillator, too coarse for a UART, to the crystal.
fn start_crystal() {
    EVENTS_HFCLKSTARTED.write(0);
    TASKS_HFCLKSTART.write(1);
    while !EVENTS_HFCLKSTARTED.has(1) {}
}
