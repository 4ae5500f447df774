//! A waveform as a sound file: mono, 16 bits, linear.

use std::io::Cursor;
use std::path::Path;

use hound::{SampleFormat, WavSpec, WavWriter};

use super::{RenderError, encoding};
use crate::durable;

/// Writes samples in [-1, 1], `rate` a second; what is beyond is cut off, and what is no number
/// is silence. The file is replaced only when all is written.
pub fn write_wav(path: &Path, rate: u32, samples: &[f32]) -> Result<(), RenderError> {
    Ok(durable::write(path, &encode(rate, samples)?)?)
}

fn encode(rate: u32, samples: &[f32]) -> Result<Vec<u8>, RenderError> {
    let spec = WavSpec {
        channels: 1,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, spec).map_err(encoding)?;
    for sample in samples {
        writer.write_sample(quantised(*sample)).map_err(encoding)?;
    }
    writer.finalize().map_err(encoding)?;
    Ok(bytes.into_inner())
}

/// The cast turns NaN into 0.
fn quantised(sample: f32) -> i16 {
    (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_come_back_at_their_rate() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.wav");
        let samples = [0.0, 1.0, -1.0, 0.5, 3.0, f32::NAN];
        write_wav(&path, 8_000, &samples).expect("write");
        let mut reader = hound::WavReader::open(&path).expect("open");
        let spec = reader.spec();
        assert_eq!(
            (spec.channels, spec.sample_rate, spec.bits_per_sample),
            (1, 8_000, 16)
        );
        let read: Vec<i16> = reader
            .samples()
            .map(|sample| sample.expect("sample"))
            .collect();
        assert_eq!(read, [0, 32_767, -32_767, 16_384, 32_767, 0]);
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        let path = Path::new("no/such/folder/a.wav");
        assert!(matches!(
            write_wav(path, 8_000, &[0.0]),
            Err(RenderError::Write(_))
        ));
    }
}
