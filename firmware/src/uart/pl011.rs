//! Arm's PL011, with the clocks and pins of the Stellaris LM3S6965.
//!
//! Registers: Arm DDI 0183, and the LM3S6965's data sheet, chapters 6 (System Control),
//! 9 (GPIO) and 13 (UART). Sixteen bytes of buffer each way.

use super::Port;
use crate::board;
use crate::register::Register;

const DR: Register = Register::at(board::UART_BASE);
/// Receive status; any write clears it.
const RSR: Register = Register::at(board::UART_BASE + 0x04);
const FR: Register = Register::at(board::UART_BASE + 0x18);
const IBRD: Register = Register::at(board::UART_BASE + 0x24);
const FBRD: Register = Register::at(board::UART_BASE + 0x28);
const LCRH: Register = Register::at(board::UART_BASE + 0x2C);
const CR: Register = Register::at(board::UART_BASE + 0x30);

const RSR_OVERRUN: u32 = 1 << 3;
const FR_RX_EMPTY: u32 = 1 << 4;
const FR_TX_FULL: u32 = 1 << 5;
const LCRH_FIFO: u32 = 1 << 4;
const LCRH_8_BITS: u32 = 0b11 << 5;
const CR_ENABLE: u32 = 1 << 0;
const CR_TX_ENABLE: u32 = 1 << 8;
const CR_RX_ENABLE: u32 = 1 << 9;

/// Raw interrupt status: the PLL's lock.
const SYSCTL_RIS: Register = Register::at(0x400F_E050);
const SYSCTL_RCC: Register = Register::at(0x400F_E060);
const SYSCTL_RCGC1: Register = Register::at(0x400F_E104);
const SYSCTL_RCGC2: Register = Register::at(0x400F_E108);
const RIS_PLL_LOCKED: u32 = 1 << 6;
const RCC_MAIN_OSCILLATOR_OFF: u32 = 1 << 0;
const RCC_SOURCE: u32 = 0b11 << 4;
const RCC_CRYSTAL: u32 = 0b1111 << 6;
const RCC_CRYSTAL_8_MHZ: u32 = 0xE << 6;
const RCC_BYPASS: u32 = 1 << 11;
const RCC_PLL_OFF: u32 = 1 << 13;
const RCC_USE_DIVIDER: u32 = 1 << 22;
const RCC_DIVIDER: u32 = 0xF << 23;
const RCC_DIVIDE_BY_16: u32 = 0xF << 23;
const RCGC1_UART0: u32 = 1 << 0;
const RCGC2_GPIO_A: u32 = 1 << 0;

const GPIO_A_AFSEL: Register = Register::at(0x4000_4420);
const GPIO_A_DEN: Register = Register::at(0x4000_451C);
const PA0_AND_PA1: u32 = 0b11;

/// The baud divisor, clock / (16 * baud), in 64ths and to the nearest.
const DIVISOR: u32 = (board::CLOCK_HZ * 4 + board::BAUD / 2) / board::BAUD;

/// UART0.
pub struct Uart(());

impl Port for Uart {
    fn new() -> Self {
        start_pll();
        SYSCTL_RCGC1.modify(0, RCGC1_UART0);
        SYSCTL_RCGC2.modify(0, RCGC2_GPIO_A);
        // A peripheral answers three clocks after it gets its own.
        cortex_m::asm::delay(3);
        GPIO_A_AFSEL.modify(0, PA0_AND_PA1);
        GPIO_A_DEN.modify(0, PA0_AND_PA1);
        CR.write(0);
        IBRD.write(DIVISOR / 64);
        FBRD.write(DIVISOR % 64);
        LCRH.write(LCRH_8_BITS | LCRH_FIFO);
        CR.write(CR_ENABLE | CR_TX_ENABLE | CR_RX_ENABLE);
        Self(())
    }

    fn read(&mut self) -> Option<u8> {
        (!FR.has(FR_RX_EMPTY)).then(|| DR.read() as u8)
    }

    fn write(&mut self, byte: u8) {
        while FR.has(FR_TX_FULL) {}
        DR.write(byte.into());
    }

    fn overrun(&mut self) -> bool {
        let overrun = RSR.has(RSR_OVERRUN);
        if overrun {
            RSR.write(0);
        }
        overrun
    }
}

/// 8 MHz crystal, PLL at 200 MHz, divided by 16: `board::CLOCK_HZ`.
///
/// The data sheet's order (5.3): bypass the PLL, choose its input, power it, wait for its
/// lock, use it.
fn start_pll() {
    SYSCTL_RCC.modify(RCC_USE_DIVIDER, RCC_BYPASS | RCC_PLL_OFF);
    SYSCTL_RCC.modify(
        RCC_MAIN_OSCILLATOR_OFF | RCC_SOURCE | RCC_CRYSTAL,
        RCC_CRYSTAL_8_MHZ,
    );
    SYSCTL_RCC.modify(RCC_PLL_OFF, 0);
    SYSCTL_RCC.modify(RCC_DIVIDER, RCC_DIVIDE_BY_16 | RCC_USE_DIVIDER);
    while !SYSCTL_RIS.has(RIS_PLL_LOCKED) {}
    SYSCTL_RCC.modify(RCC_BYPASS, 0);
}
