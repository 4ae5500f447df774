//! How deep the stack becomes while something runs.

use spinet_firmware::arch;

/// Words below the stack's end that are looked at: more than any step takes.
const WORDS: usize = 768;
const PAINT: u32 = 0x5AC0_FFEE;

/// The bytes of stack that `work` takes, at least to the word.
#[inline(never)]
pub fn depth(work: impl FnOnce()) -> usize {
    let end = arch::stack_pointer() & !3;
    for word in 1..=WORDS {
        write(end, word, PAINT);
    }
    work();
    let untouched = (1..=WORDS)
        .rev()
        .take_while(|&word| read(end, word) == PAINT);
    4 * (WORDS - untouched.count())
}

#[inline(always)]
#[allow(unsafe_code)]
fn write(end: u32, word: usize, value: u32) {
    // SAFETY: an aligned word of RAM below the stack pointer, where no Rust object lives; the
    // board's file keeps more than `WORDS` words for the stack, and the access is volatile.
    unsafe { (end as *mut u32).wrapping_sub(word).write_volatile(value) }
}

#[inline(always)]
#[allow(unsafe_code)]
fn read(end: u32, word: usize) -> u32 {
    // SAFETY: as in `write`.
    unsafe { (end as *const u32).wrapping_sub(word).read_volatile() }
}
