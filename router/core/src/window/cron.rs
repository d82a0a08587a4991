//! When a window begins, as a cron line in the wall clock's time of its zone.

use std::fmt;

use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::{DateTime, date};
use jiff::{Timestamp, Zoned};
use serde::Deserialize;

use crate::value_schema;
use crate::zone::Zone;

/// Five fields: minute, hour, day of the month, month, weekday; `L` is the last day of a month, `TUE#2` its
/// second Tuesday, `FRI#L` its last Friday. It comes at least once in twelve years.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Cron {
    text: String,
    cron: croner::Cron,
}

value_schema!(Cron, {
    "type": "string",
    "description": "Five fields: minute, hour, day of the month, month, weekday.",
    "pattern": "^\\s*(\\S+\\s+){4}\\S+\\s*$"
});

/// Why a text is no cron line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// Not five fields.
    #[error(
        "expected five fields (minute, hour, day of the month, month, weekday), found {found} in `{text}`"
    )]
    Fields {
        /// How many there are.
        found: usize,
        /// All of it.
        text: String,
    },
    /// One field is none.
    #[error("expected {expected}, found `{found}`")]
    Field {
        /// What may stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// Both a day of the month and a weekday.
    #[error(
        "expected a day of the month or a weekday, found both, `{day}` and `{weekday}`: cron begins on either of \
         them; `TUE#2` is the second Tuesday alone"
    )]
    EitherDay {
        /// The day of the month.
        day: String,
        /// The weekday.
        weekday: String,
    },
    /// There is no such day.
    #[error("expected a time that comes, found `{0}`, which never does")]
    Never(String),
}

/// What may stand in each field, the words in it besides numbers and `* , - /`, and a place to try it alone.
const FIELDS: [(&str, &[&str]); 5] = [
    ("a minute from 0 to 59, such as `0`, `0,30` or `*/15`", &[]),
    ("an hour from 0 to 23, such as `22`, `1,13` or `*/6`", &[]),
    ("a day of the month from 1 to 31, or `L` for the last", &["L"]),
    (
        "a month from 1 to 12, or JAN to DEC",
        &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    ),
    (
        "a weekday from SUN to SAT or 0 to 7, `TUE#2` for the second Tuesday or `FRI#L` for the last Friday",
        &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "L"],
    ),
];

impl Cron {
    /// Reads a line such as `0 22 * * TUE#2`.
    ///
    /// # Errors
    /// The first field that is none and what was expected there; or a line that never comes.
    pub fn parse(text: &str) -> Result<Cron, CronError> {
        let fields: Vec<String> = text.split_whitespace().map(str::to_ascii_uppercase).collect();
        let [_, _, day, _, weekday] = fields.as_slice() else {
            return Err(CronError::Fields { found: fields.len(), text: text.to_owned() });
        };
        for (place, (field, (expected, words))) in fields.iter().zip(FIELDS).enumerate() {
            if !(has_only(field, words) && stands_alone(field, place)) {
                return Err(CronError::Field { expected, found: field.clone() });
            }
        }
        // Cron begins on either of the two, which is wider than whoever writes both means: and what is wider
        // keeps more from being said.
        if day != "*" && weekday != "*" {
            return Err(CronError::EitherDay { day: day.clone(), weekday: weekday.clone() });
        }
        let text = fields.join(" ");
        let never = || CronError::Never(text.clone());
        let cron = parser().parse(&text).map_err(|_| never())?;
        let first = cron.find_next_occurrence(&START, true).map_err(|_| never())?;
        if first >= END {
            return Err(never());
        }
        Ok(Cron { text, cron })
    }

    /// The first time strictly after a moment; none up to the end of what can be said.
    ///
    /// A single time of day that a clock going forward leaves out comes when the clock has gone forward, and
    /// one that a clock going back repeats comes once. Of several times a day (`*/15`, `1,13`) those left out
    /// do not come, and those repeated come twice.
    pub fn after(&self, moment: Timestamp, zone: &Zone) -> Option<Timestamp> {
        let local: Zoned = moment.to_zoned(zone.time_zone().clone());
        self.cron.find_next_occurrence(&local, false).ok().map(|next| next.timestamp())
    }
}

/// Between these a line is looked at to find out whether it ever comes: the core has no clock, and these twelve
/// years have every date on every weekday but some 29th of February.
pub(super) const START: DateTime = date(2024, 1, 1).at(0, 0, 0, 0);
pub(super) const END: DateTime = date(2036, 1, 1).at(0, 0, 0, 0);

fn parser() -> CronParser {
    CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build()
}

/// The crate puts a number for every name wherever it stands, so that `MON` would do for a minute.
fn has_only(field: &str, words: &[&str]) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '*' | ',' | '-' | '/' | '#');
    let mut names = field.split(|c: char| !c.is_ascii_alphabetic()).filter(|name| !name.is_empty());
    field.chars().all(fits) && names.all(|name| words.contains(&name))
}

fn stands_alone(field: &str, place: usize) -> bool {
    let mut fields = ["*"; 5];
    fields[place] = field;
    parser().parse(&fields.join(" ")).is_ok()
}

impl fmt::Display for Cron {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl TryFrom<String> for Cron {
    type Error = CronError;

    fn try_from(text: String) -> Result<Self, CronError> {
        Cron::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        Cron::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_bad_line_says_which_field_and_what_was_expected() {
        for (text, found, place) in [
            ("60 22 * * *", "60", 0),
            ("MON 22 * * *", "MON", 0),
            ("*/0 22 * * *", "*/0", 0),
            ("0 24 * * *", "24", 1),
            ("0 22-20 * * *", "22-20", 1),
            ("0 22 0 * *", "0", 2),
            ("0 22 15W * *", "15W", 2),
            ("0 22 * 13 *", "13", 3),
            ("0 22 * mon *", "MON", 3),
            ("0 22 * * TUESDAY", "TUESDAY", 4),
            ("0 22 * * TUE#6", "TUE#6", 4),
            ("0 22 * * +TUE", "+TUE", 4),
            ("0 22 * * 8", "8", 4),
        ] {
            assert_eq!(refusal(text), format!("expected {}, found `{found}`", FIELDS[place].0), "{text}");
        }
        let fields = "expected five fields (minute, hour, day of the month, month, weekday), found";
        assert_eq!(refusal("@monthly"), format!("{fields} 1 in `@monthly`"));
        assert_eq!(refusal("0 0 22 * * *"), format!("{fields} 6 in `0 0 22 * * *`"));
        assert_eq!(refusal(" "), format!("{fields} 0 in ` `"));
    }

    #[test]
    fn a_day_and_a_weekday_together_are_refused() {
        assert_eq!(
            refusal("0 22 8-14 * TUE"),
            "expected a day of the month or a weekday, found both, `8-14` and `TUE`: cron begins on either of them; \
             `TUE#2` is the second Tuesday alone"
        );
    }

    #[test]
    fn a_day_that_never_comes_is_refused() {
        for text in ["0 22 30 2 *", "0 22 31 4,6,9,11 *"] {
            assert_eq!(
                refusal(text),
                format!("expected a time that comes, found `{text}`, which never does")
            );
        }
        assert!(Cron::parse("0 22 29 2 *").is_ok());
    }

    #[test]
    fn nth_and_last_days_are_those_of_the_month() {
        let first = |text: &str| {
            let after = "2026-11-15T00:00:00Z".parse().unwrap();
            let next = Cron::parse(text).unwrap().after(after, &Zone::UTC).unwrap();
            next.strftime("%a %F %R").to_string()
        };
        assert_eq!(first("0 22 * * TUE#2"), "Tue 2026-12-08 22:00");
        assert_eq!(first("0 22 * * 2#3"), "Tue 2026-11-17 22:00");
        assert_eq!(first("0 22 * * fri#l"), "Fri 2026-11-27 22:00");
        assert_eq!(first("0 22 * * 5L"), "Fri 2026-11-27 22:00");
        assert_eq!(first("0 22 L * *"), "Mon 2026-11-30 22:00");
        assert_eq!(first("0 22 L FEB *"), "Sun 2027-02-28 22:00");
        assert_eq!(first("30 6-8/2 * * MON-FRI"), "Mon 2026-11-16 06:30");
        assert_eq!(first("0 0 * * 7"), "Sun 2026-11-22 00:00");
    }
}
