//! Memory-mapped registers: the only place where a number becomes an address.

/// A 32-bit register of a peripheral.
#[derive(Clone, Copy)]
pub struct Register(usize);

impl Register {
    /// The register at `address`.
    ///
    /// # Panics
    /// If `address` is not an aligned address in the peripherals' half gigabyte, 0x4000_0000
    /// to 0x5FFF_FFFF in every Armv6-M, Armv7-M and Armv8-M memory map: in a constant, a compile
    /// error.
    pub const fn at(address: u32) -> Self {
        assert!(address >> 29 == 0b010 && address.is_multiple_of(4));
        Self(address as usize)
    }

    /// The register's value.
    #[allow(unsafe_code)]
    pub fn read(self) -> u32 {
        // SAFETY: `at` admits only aligned addresses of the peripherals' region, where the
        // linker places nothing, so no Rust object is aliased; the access is volatile.
        unsafe { core::ptr::read_volatile(self.0 as *const u32) }
    }

    /// Writes `value`.
    #[allow(unsafe_code)]
    pub fn write(self, value: u32) {
        // SAFETY: as in `read`. No driver here starts DMA, so no write reaches memory.
        unsafe { core::ptr::write_volatile(self.0 as *mut u32, value) }
    }

    /// Clears the bits of `clear`, then sets those of `set`.
    #[allow(dead_code)] // Not every driver changes single bits.
    pub fn modify(self, clear: u32, set: u32) {
        self.write(self.read() & !clear | set);
    }

    /// Whether all bits of `mask` are set.
    pub fn has(self, mask: u32) -> bool {
        self.read() & mask == mask
    }
}
