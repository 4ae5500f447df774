//! What an image takes of a board's memory, section by section.

use object::{Object, ObjectSection, SectionFlags, SectionKind, elf};

use super::board::Board;

/// A section that is in memory while the program runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name, `.text` for example.
    pub name: String,
    /// Its size, in bytes.
    pub bytes: u64,
    /// Whether its contents are in flash, where the program is or as initial values.
    pub in_flash: bool,
    /// Whether it is in RAM when the program runs.
    pub in_ram: bool,
}

/// What riscv-rt calls the rest of RAM, which grows by itself: no more a program's than cortex-m-rt's,
/// which has no section for it.
const STACK: &str = ".stack";

/// The sections of an image for `board` that are not empty, in the image's order, without the stack.
///
/// # Errors
/// If `image` is no object file.
pub fn sections(image: &[u8], board: &Board) -> Result<Vec<Section>, object::Error> {
    let image = object::File::parse(image)?;
    let first = u64::from(board.hardware.ram_origin);
    let ram = first..first + u64::from(board.hardware.ram_bytes);
    let mut sections = Vec::new();
    for section in image.sections() {
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else {
            continue;
        };
        if !sh_flags.contains(elf::SHF_ALLOC) || section.size() == 0 {
            continue;
        }
        let name = section.name()?;
        if name == STACK {
            continue;
        }
        sections.push(Section {
            name: name.to_owned(),
            bytes: section.size(),
            in_flash: section.kind() != SectionKind::UninitializedData,
            in_ram: ram.contains(&section.address()),
        });
    }
    Ok(sections)
}
