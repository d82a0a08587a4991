//! Lengths of time as `amtool` takes them: `30m`, `2h`, `1h30m`, `1d`.

use jiff::SignedDuration;

/// Seconds in each unit, the greatest first.
const UNITS: [(char, i64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Reads a length of time: numbers each with its unit, the greater unit first, each unit once.
///
/// # Errors
/// What was expected and what was found.
pub fn parse(text: &str) -> Result<SignedDuration, String> {
    let expected = || format!("expected a length of time such as 30m, 2h, 1h30m or 1d, found `{text}`");
    let mut units = UNITS.iter();
    let (mut seconds, mut rest) = (0_i64, text);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(expected)?;
        let number: i64 = rest[..end].parse().map_err(|_| expected())?;
        let unit = rest[end..].chars().next().ok_or_else(expected)?;
        // Goes on from the unit before: each once, and none after a lesser one.
        let (_, length) = units.find(|(known, _)| *known == unit).ok_or_else(expected)?;
        seconds =
            number.checked_mul(*length).and_then(|more| seconds.checked_add(more)).ok_or_else(expected)?;
        rest = &rest[end + unit.len_utf8()..];
    }
    if seconds == 0 { Err(expected()) } else { Ok(SignedDuration::from_secs(seconds)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_as_amtool_reads_them() {
        let table = [
            ("30s", 30),
            ("30m", 1_800),
            ("2h", 7_200),
            ("1h30m", 5_400),
            ("1d", 86_400),
            ("1w2d3h4m5s", 788_645),
            ("0h30m", 1_800),
        ];
        for (text, seconds) in table {
            assert_eq!(parse(text), Ok(SignedDuration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_length_of_time_is_refused() {
        for text in
            ["", "0", "0h", "2", "h", "-2h", "2 h", "30m1h", "1h1h", "1.5h", "2H", "99999999999999w", "2µ"]
        {
            let expected = format!("expected a length of time such as 30m, 2h, 1h30m or 1d, found `{text}`");
            assert_eq!(parse(text), Err(expected), "{text}");
        }
    }
}
