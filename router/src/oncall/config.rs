//! The part `oncall`: where it is read who is on call.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::oncall::Rota;
use watchfire_core::value_schema;
use watchfire_core::yaml::{Mistake, expected};
use watchfire_core::zone::Zone;

use super::source::text_of;
use crate::channel::{Address, fits_polls, is_address};
use crate::secret::{Secret, SecretSource};

/// Whether a secret is what it has to be.
type Fits = fn(&Secret) -> Result<(), Mistake>;

/// Where it is read who is on call: from one of them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "OnCall")]
#[serde(deny_unknown_fields, default, expecting = "a mapping of ical, ical_url, pagerduty, every_minutes")]
pub struct OnCallConfig {
    /// An iCalendar file, or its https address: each event is somebody's turn, whom its summary names.
    pub ical: Option<IcalPlace>,
    /// The same by an address that is a secret, as those are that calendars give out.
    pub ical_url: Option<SecretSource>,
    /// Schedules of PagerDuty.
    pub pagerduty: Option<SchedulesConfig>,
    /// How often it is read, 1 to 1,440.
    #[schemars(range(min = 1, max = 1_440))]
    pub every_minutes: u32,
}

/// Schedules of PagerDuty.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "OnCallSchedules")]
#[serde(deny_unknown_fields, expecting = "a mapping of schedules, token, api")]
pub struct SchedulesConfig {
    /// Their ids, such as `PI7DH85`: whoever is on call by any of them.
    #[schemars(length(min = 1, max = 20))]
    pub schedules: Vec<String>,
    /// A read-only key of the REST API.
    pub token: SecretSource,
    /// The REST API; plain HTTP only on this machine.
    #[serde(default = "api")]
    pub api: Address,
}

/// A file, or an address.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum IcalPlace {
    /// A file, relative to the configuration's.
    File(PathBuf),
    /// An address.
    At(Address),
}

value_schema!(IcalPlace, {
    "type": "string",
    "description": "A file, relative to the configuration's, or an https address; plain HTTP only on this machine.",
    "minLength": 1
});

impl TryFrom<String> for IcalPlace {
    type Error = Mistake;

    fn try_from(text: String) -> Result<Self, Mistake> {
        match (text.is_empty(), text.contains("://")) {
            (true, _) => Err(expected("a file or an https address").found("nothing")),
            (false, true) => Address::try_from(text).map(Self::At),
            (false, false) => Ok(Self::File(PathBuf::from(text))),
        }
    }
}

impl Default for OnCallConfig {
    fn default() -> Self {
        Self { ical: None, ical_url: None, pagerduty: None, every_minutes: 5 }
    }
}

impl OnCallConfig {
    pub(crate) fn every(&self) -> Duration {
        Duration::from_secs(60 * u64::from(self.every_minutes))
    }

    /// Its secret: the path of it below the part, what it has to be, where it comes from.
    pub(crate) fn secret(&mut self) -> Option<(&'static str, Fits, &mut SecretSource)> {
        match (&mut self.ical_url, &mut self.pagerduty) {
            (Some(source), _) => Some((".ical_url", is_address, source)),
            (None, Some(pagerduty)) => Some((".pagerduty.token", fits_polls, &mut pagerduty.token)),
            (None, None) => None,
        }
    }

    /// The files that it names: the calendar's, or that of a secret.
    pub(crate) fn file_paths(&mut self) -> Vec<&mut PathBuf> {
        let Self { ical, ical_url, pagerduty, every_minutes: _ } = self;
        let calendar = match ical {
            Some(IcalPlace::File(path)) => Some(path),
            Some(IcalPlace::At(_)) | None => None,
        };
        let url = ical_url.as_mut().and_then(SecretSource::file);
        let token = pagerduty.as_mut().and_then(|pagerduty| pagerduty.token.file());
        calendar.into_iter().chain(url).chain(token).collect()
    }

    /// What is wrong about the file of the calendar, as it is now. Waits for the file.
    pub(crate) fn wrong_calendar(&self, zone: &Zone) -> Option<Mistake> {
        let Some(IcalPlace::File(path)) = &self.ical else { return None };
        let read =
            text_of(path).and_then(|text| Rota::calendar(&text, zone).map_err(|error| error.to_string()));
        read.err().map(|why| expected("a calendar that can be read").found(why))
    }

    /// What is wrong about it, each at its path below the part.
    pub(crate) fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        let Self { ical, ical_url, pagerduty, every_minutes } = self;
        let given = [ical.is_some(), ical_url.is_some(), pagerduty.is_some()];
        let given = given.into_iter().filter(|is_given| *is_given).count();
        if given != 1 {
            let found = if given == 0 { "none" } else { "more" };
            mistake("", expected("one of ical, ical_url and pagerduty").found(found));
        }
        if let Some(IcalPlace::At(address)) = ical
            && is_telling(address.url())
        {
            let secret = expected("`ical_url`").found("an address with a secret in it");
            mistake(".ical", secret.hint("ical_url takes it from where secrets are kept"));
        }
        if !(1..=1_440).contains(every_minutes) {
            mistake(".every_minutes", expected("1 to 1440").found(every_minutes.to_string()));
        }
        if let Some(SchedulesConfig { schedules, token: _, api: _ }) = pagerduty {
            let is_id = |id: &String| {
                (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
            };
            if !(1..=20).contains(&schedules.len()) {
                let found = schedules.len().to_string();
                mistake(".pagerduty.schedules", expected("1 to 20 ids of schedules").found(found));
            }
            for (index, id) in schedules.iter().enumerate().filter(|(_, id)| !is_id(id)) {
                let path = format!(".pagerduty.schedules[{index}]");
                mistake(&path, expected("the id of a schedule, such as PI7DH85").found(format!("`{id}`")));
            }
        }
    }
}

/// Whether whoever knows the address knows a secret: a password in it, or what calendars give out to read them by.
fn is_telling(url: &reqwest::Url) -> bool {
    !url.username().is_empty()
        || url.password().is_some()
        || url.path().contains("/private-")
        || url.query().is_some()
}

fn api() -> Address {
    Address::known("https://api.pagerduty.com")
}
