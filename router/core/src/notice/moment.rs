//! Times as a reader in one zone takes them in: `02:14 CET`, `in 14 min`.

use jiff::{SignedDuration, Timestamp};

use crate::zone::Zone;

/// A time for readers in a zone at another: `02:14 CET` on the same day, else with its date.
pub fn moment(zone: &Zone, at: Timestamp, now: Timestamp) -> String {
    let [at, now] = [at, now].map(|time| time.to_zoned(zone.time_zone().clone()));
    let format = if at.date() == now.date() { "%H:%M %Z" } else { "%a %Y-%m-%d %H:%M %Z" };
    at.strftime(format).to_string()
}

/// How far off it is: `in 14 min`, `now`, `3 h ago`.
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let ahead = at.duration_since(now);
    match length(ahead) {
        length if length.is_empty() => "now".to_owned(),
        length if ahead.is_negative() => format!("{length} ago"),
        length => format!("in {length}"),
    }
}

/// In the greatest unit that tells enough: `14 min`, `3 h`, `2 h 30 min`, `5 days`; empty for less than half a minute.
fn length(time: SignedDuration) -> String {
    let minutes = (time.as_secs().unsigned_abs() + 30) / 60;
    let (hours, rest) = (minutes / 60, minutes % 60);
    match hours {
        0 if minutes == 0 => String::new(),
        0 => format!("{minutes} min"),
        1..24 if rest == 0 => format!("{hours} h"),
        1..24 => format!("{hours} h {rest} min"),
        24..48 => format!("{hours} h"),
        _ => format!("{} days", (hours + 12) / 24),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::builders::at;

    #[test]
    fn a_time_is_told_in_the_zone_and_with_its_date_where_that_is_another() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let now = at("2026-11-27T22:30:00Z");
        let told = ["2026-11-27T22:44:00Z", "2026-11-27T23:15:00Z"].map(|time| moment(&zone, at(time), now));
        assert_eq!(told, ["23:44 CET", "Sat 2026-11-28 00:15 CET"]);
        assert_eq!(moment(&Zone::UTC, at("2026-11-27T23:15:00Z"), now), "23:15 UTC");
    }

    #[test]
    fn a_distance_is_told_as_one_would_say_it() {
        let now = at("2026-11-27T12:00:00Z");
        let cases = [
            ("2026-11-27T12:00:29Z", "now"),
            ("2026-11-27T12:14:31Z", "in 15 min"),
            ("2026-11-27T11:57:00Z", "3 min ago"),
            ("2026-11-27T15:00:00Z", "in 3 h"),
            ("2026-11-27T14:30:00Z", "in 2 h 30 min"),
            ("2026-11-28T16:10:00Z", "in 28 h"),
            ("2026-12-02T12:00:00Z", "in 5 days"),
            ("2026-11-24T12:00:00Z", "3 days ago"),
        ];
        for (time, expected) in cases {
            assert_eq!(relative(at(time), now), expected, "{time}");
        }
    }
}
