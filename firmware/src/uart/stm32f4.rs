//! USART1 of the STM32F4, on PA9 and PA10, with the clock tree of the STM32F405.
//!
//! Registers: ST RM0090, chapters 3 (flash), 7 (RCC), 8 (GPIO) and 30 (USART). One byte of
//! receive buffer beside the shift register.

use super::Port;
use crate::board;
use crate::register::Register;

const SR: Register = Register::at(board::UART_BASE);
const DR: Register = Register::at(board::UART_BASE + 0x04);
const BRR: Register = Register::at(board::UART_BASE + 0x08);
const CR1: Register = Register::at(board::UART_BASE + 0x0C);

/// Cleared by reading SR, then DR.
const SR_OVERRUN: u32 = 1 << 3;
const SR_RX_NOT_EMPTY: u32 = 1 << 5;
const SR_TX_EMPTY: u32 = 1 << 7;
const CR1_RX_ENABLE: u32 = 1 << 2;
const CR1_TX_ENABLE: u32 = 1 << 3;
const CR1_ENABLE: u32 = 1 << 13;

const RCC_CR: Register = Register::at(0x4002_3800);
const RCC_PLLCFGR: Register = Register::at(0x4002_3804);
const RCC_CFGR: Register = Register::at(0x4002_3808);
const RCC_AHB1ENR: Register = Register::at(0x4002_3830);
const RCC_APB2ENR: Register = Register::at(0x4002_3844);
const FLASH_ACR: Register = Register::at(0x4002_3C00);
const GPIOA_MODER: Register = Register::at(0x4002_0000);
const GPIOA_AFRH: Register = Register::at(0x4002_0024);

const CR_HSI_READY: u32 = 1 << 1;
const CR_PLL_ON: u32 = 1 << 24;
const CR_PLL_READY: u32 = 1 << 25;
/// M = 16, N = 336, P = 2, Q = 7, from the HSI: 16 MHz / 16 * 336 / 2 = 168 MHz.
const PLL_168_MHZ: u32 = 7 << 24 | 336 << 6 | 16;
/// AHB undivided, APB1 by 4 (42 MHz), APB2 by 2 (84 MHz).
const CFGR_BUSES: u32 = 0b101 << 10 | 0b100 << 13;
const CFGR_SWITCH_PLL: u32 = 0b10;
const CFGR_RUNS_FROM_PLL: u32 = 0b10 << 2;
/// Five wait states (168 MHz at 2.7 V or more), prefetch and both caches.
const ACR_168_MHZ: u32 = 0b111 << 8 | 5;
const AHB1_GPIOA: u32 = 1 << 0;
const APB2_USART1: u32 = 1 << 4;
/// USART1's bus clock, APB2.
const UART_CLOCK_HZ: u32 = board::CLOCK_HZ / 2;

/// USART1.
pub struct Uart {
    overrun: bool,
}

impl Port for Uart {
    fn new() -> Self {
        start_pll();
        RCC_AHB1ENR.modify(0, AHB1_GPIOA);
        RCC_APB2ENR.modify(0, APB2_USART1);
        // A peripheral answers two clocks after it gets its own; reading back waits longer.
        RCC_APB2ENR.read();
        // PA9 and PA10: alternate function 7.
        GPIOA_AFRH.modify(0xFF << 4, 0x77 << 4);
        GPIOA_MODER.modify(0b1111 << 18, 0b1010 << 18);
        BRR.write((UART_CLOCK_HZ + board::BAUD / 2) / board::BAUD);
        CR1.write(CR1_ENABLE | CR1_TX_ENABLE | CR1_RX_ENABLE);
        Self { overrun: false }
    }

    fn read(&mut self) -> Option<u8> {
        let status = SR.read();
        self.overrun |= status & SR_OVERRUN != 0;
        if status & (SR_RX_NOT_EMPTY | SR_OVERRUN) == 0 {
            return None;
        }
        // After an overrun DR may hold the byte that was taken last: read to clear, not to take.
        let byte = DR.read() as u8;
        (status & SR_RX_NOT_EMPTY != 0).then_some(byte)
    }

    fn write(&mut self, byte: u8) {
        while !SR.has(SR_TX_EMPTY) {}
        DR.write(byte.into());
    }

    fn overrun(&mut self) -> bool {
        core::mem::take(&mut self.overrun)
    }
}

/// From the 16 MHz HSI, on which the chip starts, to the PLL at `board::CLOCK_HZ`.
///
/// The regulator's reset value (scale 1) serves 168 MHz. The HSI is always ready when code
/// runs; an emulator that reads zero there has no clock tree to set up.
fn start_pll() {
    if !RCC_CR.has(CR_HSI_READY) {
        return;
    }
    FLASH_ACR.write(ACR_168_MHZ);
    RCC_PLLCFGR.write(PLL_168_MHZ);
    RCC_CR.modify(0, CR_PLL_ON);
    while !RCC_CR.has(CR_PLL_READY) {}
    RCC_CFGR.write(CFGR_BUSES | CFGR_SWITCH_PLL);
    while !RCC_CFGR.has(CFGR_RUNS_FROM_PLL) {}
}
