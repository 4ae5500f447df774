//! A row of values as a line of characters, the darker the greater.

/// From 0 to 1 in equal steps.
const RAMP: &[u8; 10] = b" .:-=+*#%@";

/// One character a value: a space for 0, `@` for 1. The sign does not count, magnitudes above 1
/// are as dark as 1, and what is no number is `?`.
pub fn line(values: &[f32]) -> String {
    values.iter().map(|&value| character(value)).collect()
}

fn character(value: f32) -> char {
    if value.is_nan() {
        return '?';
    }
    let last = RAMP.len() - 1;
    let step = (value.abs().min(1.0) * last as f32).round() as usize;
    char::from(RAMP[step.min(last)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magnitudes_climb_the_ramp() {
        let tenths: Vec<f32> = (0..10).map(|step| step as f32 / 9.0).collect();
        assert_eq!(line(&tenths).as_bytes(), RAMP);
        assert_eq!(line(&[-1.0, 0.04, 7.0, f32::INFINITY, f32::NAN]), "@ @@?");
        assert_eq!(line(&[]), "");
    }
}
