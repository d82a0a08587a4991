//! Who is on call: a calendar or PagerDuty's schedules, read at intervals and kept; whoever asks never waits for them.

mod config;
mod schedules;
mod source;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::notice::relative;
use watchfire_core::oncall::{OnCall, Rota};
use watchfire_core::zone::Zone;

pub use config::{IcalPlace, OnCallConfig, SchedulesConfig};

use crate::clients::Clients;
use source::{Read, Source};

/// What is known so much longer than it is read anew is said with its age.
const STALE: i32 = 3;

/// It is read in so long, or not.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads who is on call, and keeps it.
#[derive(Debug)]
pub struct Roster {
    source: Source,
    every: Duration,
    zone: Zone,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    rota: Option<(Rota, Timestamp)>,
    tried_at: Option<Timestamp>,
    trouble: Option<String>,
}

/// Who is on call, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OnCallKnown")]
pub struct Known {
    /// Who; none where nothing could be read yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_call: Option<OnCall>,
    /// When it was last read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// Why it was not read the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// All of it in a clause.
    pub said: String,
}

/// What came of reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// It is as it was: read, or not.
    None,
    /// It cannot be read any more.
    Lost,
    /// It is read again.
    Found,
}

impl Roster {
    /// Nothing is read yet. Days and times without a zone are those of `zone`.
    ///
    /// # Errors
    /// A secret that cannot be had, or cannot be one.
    pub(crate) async fn open(config: &OnCallConfig, zone: &Zone, clients: &Clients) -> anyhow::Result<Self> {
        let source = Source::open(config, clients).await?;
        Ok(Self { source, every: config.every(), zone: zone.clone(), kept: Mutex::default() })
    }

    /// Reads it anew if it is time to.
    pub(crate) async fn look(&self, now: Timestamp) -> News {
        let every = SignedDuration::try_from(self.every).unwrap_or(SignedDuration::MAX);
        let is_due = self.kept().tried_at.is_none_or(|tried| now.duration_since(tried).abs() >= every);
        if is_due { self.read(now).await } else { News::None }
    }

    /// Reads it anew.
    pub(crate) async fn read(&self, now: Timestamp) -> News {
        let read = tokio::time::timeout(PATIENCE, self.source.read(&self.zone, now)).await;
        let read = read.unwrap_or_else(|_| Err(format!("it was not read within {} s", PATIENCE.as_secs())));
        let mut kept = self.kept();
        kept.tried_at = Some(now);
        let before = kept.trouble.take();
        match read {
            Ok(Read::Anew(rota)) => kept.rota = Some((rota, now)),
            Ok(Read::AsItWas) => {
                if let Some((_, at)) = &mut kept.rota {
                    *at = now;
                }
            }
            Err(error) => {
                kept.trouble = Some(error);
                return if before.is_none() { News::Lost } else { News::None };
            }
        }
        if before.is_some() { News::Found } else { News::None }
    }

    /// Why it was not read the last time; none where it was.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.kept().trouble.clone()
    }

    /// Where it comes from, without what is secret.
    pub(crate) fn place(&self) -> String {
        self.source.place()
    }

    /// Who is on call, as far as it is known.
    pub fn known(&self, now: Timestamp) -> Known {
        let kept = self.kept();
        let Kept { rota, tried_at: _, trouble } = &*kept;
        let unread = || "it was not read yet".to_owned();
        let Some((rota, as_of)) = rota else {
            let said = format!("not known: {}", trouble.clone().unwrap_or_else(unread));
            return Known { on_call: None, as_of: None, trouble: trouble.clone(), said };
        };
        let on_call = rota.at(now);
        let mut said = on_call.clause(&self.zone, now);
        let every = SignedDuration::try_from(self.every).unwrap_or(SignedDuration::MAX);
        let is_stale = now.duration_since(*as_of) > every.saturating_mul(STALE);
        if let Some(why) = trouble.as_ref().filter(|_| is_stale) {
            said.push_str(&format!("; as it was {}: {why}", relative(*as_of, now)));
        }
        Known { on_call: Some(on_call), as_of: Some(*as_of), trouble: trouble.clone(), said }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
