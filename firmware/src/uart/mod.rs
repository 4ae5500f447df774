//! The UART: one polled driver for each kind of peripheral, chosen by the board's file.
//!
//! Polled, because an interrupt that took bytes during the arithmetic would be counted as
//! arithmetic. The price on a wire: while a step of the network runs, or an answer is sent, only
//! the receiver's own registers hold what arrives, and bytes may be lost. A driver tells when
//! that happened, and the answer says so. (The emulator holds a byte back until it can be
//! received, at any rate.)
//!
//! Hence each board's rate, `uart_baud` in its file, 8N1: so low that a word of the shipped model
//! is done before the receiver is full, by the instructions that the emulator counts; on a wire
//! it has not been tried. Larger models need lower rates, and every host waits for an answer
//! before its next line.

#[cfg_attr(uart = "cmsdk", path = "cmsdk.rs")]
#[cfg_attr(uart = "nrf51", path = "nrf51.rs")]
#[cfg_attr(uart = "ns16550a", path = "ns16550a.rs")]
#[cfg_attr(uart = "pl011", path = "pl011.rs")]
#[cfg_attr(uart = "stm32f4", path = "stm32f4.rs")]
mod driver;

pub use driver::Uart;

/// A byte-wise serial port that never waits for its other end.
pub trait Port {
    /// Sets up clocks, pins and the peripheral.
    fn new() -> Self;

    /// The next byte, if one has arrived.
    fn read(&mut self) -> Option<u8>;

    /// Sends `byte`, after waiting for room in the transmitter.
    fn write(&mut self, byte: u8);

    /// Whether the receiver has lost a byte since the last call.
    fn overrun(&mut self) -> bool;
}

impl core::fmt::Write for Uart {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        for byte in text.bytes() {
            self.write(byte);
        }
        Ok(())
    }
}
