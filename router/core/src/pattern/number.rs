//! Numbers as event patterns compare them: by value where a double holds them, by spelling elsewhere.

use std::fmt;

/// A bound of a numeric range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bound {
    /// The number itself.
    pub(super) value: f64,
    /// Whether the number itself is inside.
    pub(super) inclusive: bool,
}

/// What `{"numeric": …}` asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Range {
    /// `["=", n]`
    Equal(f64),
    /// `[">", n]` or `[">=", n]`
    Above(Bound),
    /// `["<", n]` or `["<=", n]`
    Below(Bound),
    /// Both, the lower bound first.
    Between(Bound, Bound),
}

impl Range {
    /// Its least and its greatest number, whether or not they are inside; infinite where it is open.
    pub(super) fn ends(&self) -> (f64, f64) {
        match self {
            Range::Equal(value) => (*value, *value),
            Range::Above(lower) => (lower.value, f64::INFINITY),
            Range::Below(upper) => (f64::NEG_INFINITY, upper.value),
            Range::Between(lower, upper) => (lower.value, upper.value),
        }
    }

    /// Whether a comparable number lies inside.
    pub(super) fn contains(&self, value: f64) -> bool {
        let above = |bound: &Bound| value > bound.value || bound.inclusive && value == bound.value;
        let below = |bound: &Bound| value < bound.value || bound.inclusive && value == bound.value;
        match self {
            Range::Equal(wanted) => value == *wanted,
            Range::Above(lower) => above(lower),
            Range::Below(upper) => below(upper),
            Range::Between(lower, upper) => above(lower) && below(upper),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = |sign: &'static str, bound: &Bound| {
            format!("{sign}{} {}", if bound.inclusive { "=" } else { "" }, bound.value)
        };
        match self {
            Range::Equal(value) => write!(out, "a number = {value}"),
            Range::Above(lower) => write!(out, "a number {}", sign(">", lower)),
            Range::Below(upper) => write!(out, "a number {}", sign("<", upper)),
            Range::Between(lower, upper) => {
                write!(out, "a number {} and {}", sign(">", lower), sign("<", upper))
            }
        }
    }
}

/// The double a JSON number stands for, if its text says no more than the double does: the text and the
/// double's shortest spelling must be the same decimal number.
///
/// `5`, `5.0` and `0.5e1` are 5; `12345678901234567890`, `1e400` and `5.0000000000000000001` are none.
pub(super) fn comparable(text: &str) -> Option<f64> {
    // So short a number without sign, point or exponent is one.
    if (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.bytes().fold(0_u64, |value, byte| value * 10 + u64::from(byte - b'0')) as f64);
    }
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    let written = Decimal::read(text);
    // Fifteen digits always survive the way into a double and back, except near its limits.
    if written.digits <= 15 && (1e-290..1e290).contains(&value.abs()) {
        return Some(value);
    }
    written.same(&Decimal::read(&format!("{value:e}"))).then_some(value)
}

/// A decimal number without its sign: its significant digits and the power of ten they are scaled by.
struct Decimal<'a> {
    mantissa: &'a str,
    /// Significant digits: neither leading nor trailing zeros; 0 for zero.
    digits: usize,
    /// Power of ten of the last significant digit.
    scale: i64,
}

impl<'a> Decimal<'a> {
    fn read(text: &'a str) -> Self {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        // An exponent too long for 64 bits is far outside the doubles; any far number will do.
        let exponent: i32 =
            exponent.parse().unwrap_or(if exponent.starts_with('-') { i32::MIN } else { i32::MAX });
        let figures = || mantissa.bytes().filter(u8::is_ascii_digit);
        let zeros = |figures: &mut dyn Iterator<Item = u8>| figures.take_while(|byte| *byte == b'0').count();
        let (leading, trailing) = (zeros(&mut figures()), zeros(&mut figures().rev()));
        let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        Decimal {
            mantissa,
            digits: figures().count().saturating_sub(leading + trailing),
            scale: i64::from(exponent) + trailing as i64 - fraction as i64,
        }
    }

    fn same(&self, other: &Decimal<'_>) -> bool {
        self.digits == other.digits
            && (self.digits == 0 || self.scale == other.scale)
            && self.significant().eq(other.significant())
    }

    fn significant(&self) -> impl Iterator<Item = u8> {
        self.mantissa.bytes().filter(u8::is_ascii_digit).skip_while(|byte| *byte == b'0').take(self.digits)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_spelling_of_a_double_is_that_double() {
        for (text, value) in [
            ("5", 5.0),
            ("5.0", 5.0),
            ("5e0", 5.0),
            ("0.5e1", 5.0),
            ("50E-1", 5.0),
            ("500.00e-2", 5.0),
            ("0", 0.0),
            ("-0", 0.0),
            ("0.000", 0.0),
            ("0e999999999999", 0.0),
            ("1e22", 1e22),
            ("1E+22", 1e22),
            ("10000000000000000000000", 1e22),
            ("1.7976931348623157e308", f64::MAX),
            ("5e-324", 5e-324),
            ("4.999999999999999", 4.999999999999999),
            ("123456789012", 123456789012.0),
            ("100.0", 100.0),
            ("0.00000000000000000012", 1.2e-19),
            ("1636625755.218", 1636625755.218),
            ("20.30", 20.3),
        ] {
            assert_eq!(comparable(text), Some(value), "{text}");
        }
    }

    #[test]
    fn a_text_that_says_more_than_its_double_is_not_comparable() {
        for text in [
            "12345678901234567890",
            "1e400",
            "-1e400",
            "37.807807921694092",
            "5.0000000000000000001",
            "1e-400",
            "9007199254740993",
            "1e99999999999999999999",
            "1e-99999999999999999999",
            "2e308",
        ] {
            assert_eq!(comparable(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_shortest_spelling_of_any_double_is_comparable(value in proptest::num::f64::NORMAL) {
            prop_assert_eq!(comparable(&format!("{value:e}")), Some(value));
            prop_assert_eq!(comparable(&format!("{value}")), Some(value));
        }

        #[test]
        fn a_digit_more_than_the_shortest_is_refused(value in 1e-200_f64..1e200) {
            let text = format!("{value:e}");
            let (mantissa, exponent) = text.split_once('e').unwrap();
            let point = if mantissa.contains('.') { "" } else { "." };
            let longer = format!("{mantissa}{point}00000000000000000001e{exponent}");
            prop_assert_eq!(comparable(&longer), None);
        }
    }
}
