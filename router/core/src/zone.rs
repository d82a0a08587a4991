//! A time zone by its IANA name, from the database that is built in: the same on every machine.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};

use crate::value_schema;

/// A time zone; UTC where nothing else is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

value_schema!(Zone, {
    "type": "string",
    "description": "The IANA name of a time zone, such as Europe/Berlin."
});

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Zone = Zone(TimeZone::UTC);

    /// The zone of that name, such as `Europe/Berlin`, however it is capitalised.
    ///
    /// # Errors
    /// The IANA database has none of that name.
    pub fn named(name: &str) -> Result<Zone, ZoneError> {
        // The machine's own database would make the same configuration mean something else elsewhere.
        let zone = TimeZoneDatabase::bundled().get(name).ok().filter(|zone| !zone.is_unknown());
        zone.map(Zone).ok_or_else(|| ZoneError(name.to_owned()))
    }

    /// Its name in the IANA database.
    pub fn name(&self) -> &str {
        self.0.iana_name().expect("every zone of the database has a name")
    }

    /// A time to the minute, with its date: `2026-11-20 03:28 CET`.
    pub fn minute(&self, at: Timestamp) -> String {
        at.to_zoned(self.0.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
    }

    /// The same with its weekday: `Fri 2026-11-20 03:28 CET`.
    pub fn day_and_minute(&self, at: Timestamp) -> String {
        at.to_zoned(self.0.clone()).strftime("%a %Y-%m-%d %H:%M %Z").to_string()
    }

    /// The same to the second: `2026-11-20 03:28:07 CET`.
    pub fn second(&self, at: Timestamp) -> String {
        at.to_zoned(self.0.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
    }

    /// The zone for calculations.
    pub fn time_zone(&self) -> &TimeZone {
        &self.0
    }
}

impl Default for Zone {
    fn default() -> Self {
        Zone::UTC
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> String {
        zone.name().to_owned()
    }
}

impl TryFrom<String> for Zone {
    type Error = ZoneError;

    fn try_from(name: String) -> Result<Self, ZoneError> {
        Zone::named(&name)
    }
}

/// There is no time zone of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a time zone of the IANA database, such as `Europe/Berlin` or `UTC`, found `{0}`")]
pub struct ZoneError(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_found_by_its_name_on_any_machine() {
        let names = ["Europe/Berlin", "america/new_york", "UTC", "Asia/Kolkata"]
            .map(|name| Zone::named(name).unwrap().name().to_owned());
        assert_eq!(names, ["Europe/Berlin", "America/New_York", "UTC", "Asia/Kolkata"]);
        assert_eq!(Zone::named("UTC").unwrap(), Zone::default());
    }

    #[test]
    fn a_name_that_is_none_says_what_was_expected() {
        for name in ["Berlin", "", "CET+1", "Etc/Unknown", "../etc/passwd"] {
            assert_eq!(
                Zone::named(name).unwrap_err().to_string(),
                format!(
                    "expected a time zone of the IANA database, such as `Europe/Berlin` or `UTC`, found `{name}`"
                )
            );
        }
    }

    #[test]
    fn a_time_is_told_in_its_zone_with_the_zones_name() {
        let (berlin, at) = (Zone::named("Europe/Berlin").unwrap(), "2026-11-20T02:28:07Z".parse().unwrap());
        assert_eq!(
            [berlin.minute(at), berlin.second(at), berlin.day_and_minute(at)],
            ["2026-11-20 03:28 CET", "2026-11-20 03:28:07 CET", "Fri 2026-11-20 03:28 CET"]
        );
    }

    /// What has no configuration at hand says that it tells UTC; each is here.
    const TOLD_IN_UTC: [&str; 3] = ["cli/evidence.rs", "cluster/context.rs", "cluster/missing.rs"];

    #[test]
    fn nothing_else_writes_a_time_for_people_in_a_zone_of_its_own() {
        let mut own = Vec::new();
        let sources = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut folders = vec![sources.join("src"), sources.join("core/src")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                let is_own = |line: &str| line.contains("UTC") && line.contains(concat!("strf", "time("));
                if text.lines().any(is_own) {
                    own.push(path.display().to_string());
                }
            }
        }
        own.retain(|name| !TOLD_IN_UTC.iter().any(|told| name.ends_with(told)));
        assert_eq!(own, Vec::<String>::new());
    }
}
