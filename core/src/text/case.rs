//! Lower case, code point by code point.
//!
//! Unicode's simple mapping, which is what Python's `str.lower` and Rust's `str::to_lowercase`
//! do but for two letters that need more than one code point or their neighbours: `İ` (U+0130)
//! stays as it is here, and `Σ` becomes `σ` at the end of a word, too.

use super::case_table::{BASIC, Run, SUPPLEMENTARY};

/// The lower-case form of a code point, or itself.
pub(super) fn lower(code: u32) -> u32 {
    let (runs, low): (&[Run], u16) = match code {
        0..=0x7F => return u32::from((code as u8).to_ascii_lowercase()),
        0x80..=0xFFFF => (&BASIC, code as u16),
        0x1_0000..=0x1_FFFF => (&SUPPLEMENTARY, code as u16),
        _ => return code,
    };
    let next = runs.partition_point(|run| run.0 <= low);
    match next.checked_sub(1).and_then(|index| runs.get(index)) {
        Some(run) => code & !0xFFFF | u32::from(mapped(run, low)),
        None => code,
    }
}

fn mapped(&Run(first, last, distance): &Run, low: u16) -> u16 {
    let upper = low <= last && (distance != 1 || (low - first).is_multiple_of(2));
    if upper {
        low.wrapping_add_signed(distance)
    } else {
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn every_code_point_maps_as_in_the_standard_library() {
        for c in (0..=0x10_FFFF).filter_map(char::from_u32) {
            let expected: Vec<char> = c.to_lowercase().collect();
            match expected[..] {
                [single] => assert_eq!(lower(c as u32), single as u32, "{c:?}"),
                _ => assert_eq!((c, lower(c as u32)), ('İ', 'İ' as u32)),
            }
        }
    }
}
