//! Memory-mapped registers: the only place where a number becomes an address.

use core::marker::PhantomData;
use core::ops::{BitAnd, BitOr, Not};

use spinet_firmware::arch::PERIPHERALS;

/// A register of a peripheral, of as many bits as `W`.
#[derive(Clone, Copy)]
pub struct Register<W = u32>(usize, PhantomData<W>);

/// The widths of registers.
pub trait Width:
    Copy + PartialEq + BitAnd<Output = Self> + BitOr<Output = Self> + Not<Output = Self>
{
}

impl Width for u8 {}
impl Width for u32 {}

impl<W: Width> Register<W> {
    /// The register at `address`.
    ///
    /// # Panics
    /// If `address` is not an aligned address among the peripherals: in a constant, a compile
    /// error.
    pub const fn at(address: u32) -> Self {
        assert!(PERIPHERALS.start <= address && address < PERIPHERALS.end);
        assert!(address.is_multiple_of(size_of::<W>() as u32));
        Self(address as usize, PhantomData)
    }

    /// The register's value.
    #[allow(unsafe_code)]
    pub fn read(self) -> W {
        // SAFETY: `at` admits only aligned addresses of the peripherals' region, where the
        // linker places nothing, so no Rust object is aliased; the widths are integers, of which
        // every value is valid; the access is volatile.
        unsafe { core::ptr::read_volatile(self.0 as *const W) }
    }

    /// Writes `value`.
    #[allow(unsafe_code)]
    pub fn write(self, value: W) {
        // SAFETY: as in `read`. No driver here starts DMA, so no write reaches memory.
        unsafe { core::ptr::write_volatile(self.0 as *mut W, value) }
    }

    /// Clears the bits of `clear`, then sets those of `set`.
    #[allow(dead_code)] // Not every driver changes single bits.
    pub fn modify(self, clear: W, set: W) {
        self.write(self.read() & !clear | set);
    }

    /// Whether all bits of `mask` are set.
    #[allow(dead_code)] // Not every driver may read twice what reading clears.
    pub fn has(self, mask: W) -> bool {
        self.read() & mask == mask
    }
}
