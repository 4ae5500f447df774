//! The lines of an answer, without their ends.

use super::Fault;
use core::fmt::{self, Display, Formatter};
use spinet_core::{Verdict, probability::decimals};

/// What an answer cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Whether the UART lost bytes.
    pub overrun: bool,
    /// The ticks spent in the model.
    pub ticks: u64,
    /// Ticks in a second.
    pub tick_hz: u32,
}

impl Display for Cost {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (overrun, ticks, tick_hz) = (u8::from(self.overrun), self.ticks, self.tick_hz);
        write!(f, "overrun={overrun} ticks={ticks} tick_hz={tick_hz}")
    }
}

/// What a classifier says of a line.
#[derive(Debug)]
pub struct Classified<'v> {
    /// What it makes of it.
    pub verdict: Verdict<'v>,
    /// What that cost.
    pub cost: Cost,
}

impl Display for Classified<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { verdict, cost } = self;
        // Below 1, so the integer part is 0.
        let probability = decimals(verdict.probability);
        let (tokens, unknown) = (verdict.tokens, verdict.unknown);
        write!(
            f,
            "probability=0.{probability:05} tokens={tokens} unknown={unknown} {cost} logits="
        )?;
        write_list(verdict.logits, f)?;
        write!(f, " label={}", verdict.label)
    }
}

/// What a generator says when it has written all.
#[derive(Debug, Clone, Copy)]
pub struct Generated {
    /// Symbols or vectors written.
    pub generated: u32,
    /// Whether they ended before their number was reached.
    pub ended: bool,
    /// What they cost.
    pub cost: Cost,
}

impl Display for Generated {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (generated, ended, cost) = (self.generated, u8::from(self.ended), self.cost);
        write!(f, "generated={generated} ended={ended} {cost}")
    }
}

/// A vector that was written, Q0.15.
#[derive(Debug, Clone, Copy)]
pub struct Written<'v> {
    /// Its components `(features,)`.
    pub x: &'v [i16],
    /// Whether to draw it.
    pub art: bool,
}

impl Display for Written<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("vector=")?;
        write_list(self.x, f)?;
        if self.art {
            f.write_str(" |")?;
            for &x in self.x {
                fmt::Write::write_char(f, shade(x))?;
            }
            f.write_str("|")?;
        }
        Ok(())
    }
}

/// From blank for -32767 to `@` for 32767, in ten equal steps.
fn shade(x: i16) -> char {
    const SHADES: [u8; 10] = *b" .:-=+*#%@";
    let step = (i32::from(x) + 32_767) * 10 / 65_535;
    let shade = usize::try_from(step).ok().and_then(|step| SHADES.get(step));
    (*shade.unwrap_or(&b' ')).into()
}

/// What is said of a line that cannot be understood.
#[derive(Debug, Clone, Copy)]
pub struct Refused {
    /// Why.
    pub fault: Fault,
    /// Whether the UART lost bytes.
    pub overrun: bool,
}

impl Display for Refused {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Fault { error, at } = self.fault;
        write!(
            f,
            "error={error} at={at} overrun={}",
            u8::from(self.overrun)
        )
    }
}

fn write_list<T: Display>(values: &[T], f: &mut Formatter<'_>) -> fmt::Result {
    for (index, value) in values.iter().enumerate() {
        let separator = if index == 0 { "" } else { "," };
        write!(f, "{separator}{value}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::Error, *};

    const COST: Cost = Cost {
        overrun: true,
        ticks: 4711,
        tick_hz: 168_000_000,
    };

    #[test]
    fn lines_are_those_of_the_protocol() {
        let verdict = Verdict {
            class: 1,
            label: "very good",
            probability: 30_000,
            logits: &[-10_734, 5],
            tokens: 12,
            unknown: 1,
        };
        let line = Classified {
            verdict,
            cost: COST,
        };
        assert_eq!(
            line.to_string(),
            "probability=0.91553 tokens=12 unknown=1 overrun=1 ticks=4711 tick_hz=168000000 \
             logits=-10734,5 label=very good"
        );
        let line = Generated {
            generated: 3,
            ended: true,
            cost: COST,
        };
        assert_eq!(
            line.to_string(),
            "generated=3 ended=1 overrun=1 ticks=4711 tick_hz=168000000"
        );
        let fault = Error::UnknownSymbol { code: 233 }.at(5);
        let line = Refused {
            fault,
            overrun: false,
        };
        assert_eq!(
            line.to_string(),
            "error=unknown-symbol code=233 at=5 overrun=0"
        );
    }

    #[test]
    fn vectors_are_drawn_from_blank_to_black() {
        let x = &[-32_767, 0, 32_767, -26_214, -26_213];
        let line = |art| Written { x, art }.to_string();
        assert_eq!(line(false), "vector=-32767,0,32767,-26214,-26213");
        assert_eq!(line(true), "vector=-32767,0,32767,-26214,-26213 | =@ .|");
        assert_eq!(shade(i16::MIN), ' ');
    }
}
