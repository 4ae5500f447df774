//! The fixed header: what makes a file an artifact, and an intact one.

use crate::{data::Data, error::ArtifactError};
use crc::{CRC_32_ISO_HDLC, Crc, Table};

/// The first bytes of every artifact.
pub const MAGIC: [u8; 8] = *b"SPINET\x1A\n";
/// The version of the format that this crate reads and writes.
pub const VERSION: u16 = 3;
/// Bytes before the manifest.
pub const HEADER_BYTES: usize = 24;
/// The data begins at a multiple of this.
pub const ALIGNMENT: usize = 16;
/// Where the CRC lies; it covers everything else.
const CRC_AT: usize = 20;

static CRC: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC);

/// Where the data begins behind a manifest of `manifest_bytes`.
pub const fn data_offset(manifest_bytes: usize) -> usize {
    (HEADER_BYTES + manifest_bytes).next_multiple_of(ALIGNMENT)
}

/// Writes the header of `artifact`, whose first 24 bytes are room for it and whose manifest,
/// padding and data are in place.
pub fn seal(artifact: &mut [u8], manifest_bytes: u32) -> Option<()> {
    let data_bytes = artifact
        .len()
        .checked_sub(data_offset(manifest_bytes as usize))?;
    let mut header = [0; HEADER_BYTES];
    header[..8].copy_from_slice(&MAGIC);
    header[8..10].copy_from_slice(&VERSION.to_le_bytes());
    header[12..16].copy_from_slice(&manifest_bytes.to_le_bytes());
    header[16..20].copy_from_slice(&u32::try_from(data_bytes).ok()?.to_le_bytes());
    artifact.get_mut(..HEADER_BYTES)?.copy_from_slice(&header);
    let crc = checksum(artifact)?;
    artifact
        .get_mut(CRC_AT..HEADER_BYTES)?
        .copy_from_slice(&crc.to_le_bytes());
    Some(())
}

/// The manifests' bytes and the data's of an intact artifact.
///
/// # Errors
/// An [`ArtifactError`] if it is damaged; what the bytes say is not looked at.
pub fn sections(bytes: &[u8]) -> Result<(&[u8], &[u8]), ArtifactError> {
    let (manifests, data) = open(bytes)?;
    Ok((manifests, data.bytes()))
}

/// The manifests' bytes and the data of an intact artifact.
pub(super) fn open(bytes: &[u8]) -> Result<(&[u8], Data<'_>), ArtifactError> {
    let found = bytes.len();
    if !bytes.starts_with(&MAGIC) {
        // A file that ends within the magic is a truncated one.
        return Err(match MAGIC.starts_with(bytes) {
            true => ArtifactError::Length {
                expected: HEADER_BYTES,
                found,
            },
            false => ArtifactError::Magic,
        });
    }
    let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else {
        return Err(ArtifactError::Length {
            expected: HEADER_BYTES,
            found,
        });
    };
    let version = half::<8>(header);
    if version != VERSION {
        return Err(ArtifactError::Version {
            found: version,
            supported: VERSION,
        });
    }
    if half::<10>(header) != 0 {
        return Err(ArtifactError::OutOfRange("reserved field"));
    }
    let manifest_bytes = word::<12>(header) as usize;
    let data_bytes = word::<16>(header) as usize;
    let crc = word::<CRC_AT>(header);
    let data_at = manifest_bytes
        .checked_add(HEADER_BYTES)
        .and_then(|end| end.checked_next_multiple_of(ALIGNMENT));
    let expected = data_at.and_then(|at| at.checked_add(data_bytes));
    let length_error = ArtifactError::Length {
        expected: expected.unwrap_or(usize::MAX),
        found,
    };
    if expected != Some(found) {
        return Err(length_error);
    }
    if checksum(bytes) != Some(crc) {
        return Err(ArtifactError::Crc);
    }
    if bytes.as_ptr().align_offset(4) != 0 {
        return Err(ArtifactError::Misaligned);
    }
    let manifest = bytes
        .get(HEADER_BYTES..)
        .and_then(|rest| rest.get(..manifest_bytes));
    let data = data_at.and_then(|at| bytes.get(at..));
    manifest.zip(data.map(Data::new)).ok_or(length_error)
}

/// The `u16` at byte `AT`.
const fn half<const AT: usize>(header: &[u8; HEADER_BYTES]) -> u16 {
    u16::from_le_bytes([header[AT], header[AT + 1]])
}

/// The `u32` at byte `AT`.
const fn word<const AT: usize>(header: &[u8; HEADER_BYTES]) -> u32 {
    let [a, b, c, d] = [header[AT], header[AT + 1], header[AT + 2], header[AT + 3]];
    u32::from_le_bytes([a, b, c, d])
}

/// The CRC of everything but the CRC itself.
fn checksum(bytes: &[u8]) -> Option<u32> {
    let mut digest = CRC.digest();
    digest.update(bytes.get(..CRC_AT)?);
    digest.update(bytes.get(HEADER_BYTES..)?);
    Some(digest.finalize())
}
