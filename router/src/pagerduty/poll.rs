//! Asking PagerDuty's REST API how our open alerts stand, where no webhook can reach us.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::Value;
use tokio::time::Instant;
use watchfire_core::ids::{ChannelName, DedupKey, incident_of};

use super::incident::{Asked, changes};
use super::{Change, Heard};
use crate::channel::{PollConfig, asks_to_wait, fits_polls};
use crate::clients::{Clients, Doubt, chain};
use crate::secret::Secret;

/// How many alerts one round asks about; the next round goes on behind the last of them.
const MOST_ASKED: usize = 100;
/// A quarter of the 960 requests a minute that PagerDuty takes from one key, which others may use as well.
const PER_SECOND: std::num::NonZeroU32 = std::num::NonZeroU32::new(4).expect("it is over 0");
/// What is read of an answer: ten incidents have some 60 KB.
const MOST_READ: usize = 1024 * 1024;
/// Where PagerDuty says that its limit is reached and not for how long.
const WAIT: Duration = Duration::from_secs(60);

/// Asks about the alerts of one channel.
#[derive(Debug)]
pub struct Poller {
    channel: ChannelName,
    http: reqwest::Client,
    incidents: reqwest::Url,
    token: Secret,
    doubt: Doubt,
    every: Duration,
    pace: DefaultDirectRateLimiter,
    next: Mutex<Next>,
}

#[derive(Debug, Default)]
struct Next {
    not_before: Option<Instant>,
    behind: Option<DedupKey>,
}

/// Why a round ended before its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unheard {
    /// PagerDuty wants a rest; nothing is asked before it is over.
    #[error("PagerDuty's limit is reached; it is asked again in {} s", .0.as_secs())]
    Limited(Duration),
    /// The token is wrong, or may not read incidents.
    #[error("PagerDuty refuses the token: status {0}")]
    Refused(u16),
    /// No answer, or none that can be read.
    #[error("{0}")]
    NoAnswer(String),
    /// A change could not be decided; it is found again.
    #[error("{0}")]
    NotDecided(String),
}

impl Poller {
    pub(super) async fn open(
        channel: ChannelName,
        config: &PollConfig,
        clients: &Clients,
    ) -> anyhow::Result<Self> {
        let PollConfig { token: source, api, every_seconds } = config;
        let token = source.resolve(clients).await.context("token")?;
        authorization(&token).with_context(|| format!("token: {source}"))?;
        let mut incidents = api.url().clone();
        let path = incidents.path_segments_mut();
        path.expect("http and https addresses have paths").pop_if_empty().push("incidents");
        Ok(Self {
            channel,
            http: clients.http()?,
            incidents,
            token,
            doubt: clients.doubt.clone(),
            every: every_seconds.duration(),
            pace: RateLimiter::direct(Quota::per_second(PER_SECOND)),
            next: Mutex::default(),
        })
    }

    /// Whose alerts it asks about.
    pub fn channel(&self) -> &ChannelName {
        &self.channel
    }

    /// How long it rests between two rounds.
    pub(crate) fn every(&self) -> Duration {
        self.every
    }

    /// What people did about an alert, and what else was heard; none for a key that is not ours.
    pub(crate) async fn asked(&self, key: &DedupKey) -> Result<Option<(Vec<Change>, Vec<Heard>)>, Unheard> {
        let Some((incident, episode)) = incident_of(key.as_str()) else { return Ok(None) };
        // Before it is asked about: one that is refused every time must not hold up those behind it.
        self.next().behind = Some(key.clone());
        let answer = self.ask(key).await?;
        let asked = Asked { key: key.as_str(), of: (&incident, episode), channel: &self.channel };
        Ok(Some(changes(&answer, asked)))
    }

    /// Those whose turn it is: behind the last one of the last round, then from the front.
    pub(crate) fn turn(&self, mut keys: Vec<DedupKey>) -> Vec<DedupKey> {
        keys.sort();
        keys.dedup();
        let begin = self.next().behind.as_ref().map_or(0, |last| keys.partition_point(|key| key <= last));
        keys.rotate_left(begin);
        keys.truncate(MOST_ASKED);
        keys
    }

    async fn ask(&self, key: &DedupKey) -> Result<Value, Unheard> {
        self.wait_for_room().await?;
        let mut url = self.incidents.clone();
        url.query_pairs_mut()
            .append_pair("incident_key", key.as_str())
            .append_pair("date_range", "all")
            .append_pair("sort_by", "created_at:desc")
            .append_pair("limit", "10");
        let authorization =
            authorization(&self.token).map_err(|error| Unheard::NoAnswer(error.to_string()))?;
        let request = self.http.get(url).header(AUTHORIZATION, authorization);
        let request = request.header(ACCEPT, "application/vnd.pagerduty+json;version=2");
        let silent = |error: reqwest::Error| {
            Unheard::NoAnswer(format!("PagerDuty did not answer: {}", chain(&error.without_url())))
        };
        let mut answer = request.send().await.map_err(silent)?;
        let status = answer.status().as_u16();
        if let Some(wait) = rest(status, answer.headers()) {
            self.next().not_before = Some(Instant::now() + wait);
        }
        match status {
            200 => {}
            429 => return Err(Unheard::Limited(self.rest_left().unwrap_or(WAIT))),
            401 | 403 => {
                self.doubt.raise();
                return Err(Unheard::Refused(status));
            }
            _ => return Err(Unheard::NoAnswer(format!("PagerDuty answered with status {status}"))),
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(silent)? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_READ {
                return Err(Unheard::NoAnswer(format!("PagerDuty's answer is over {MOST_READ} bytes")));
            }
        }
        // Errors of serde_json may quote what they read.
        serde_json::from_slice(&body)
            .map_err(|_| Unheard::NoAnswer("PagerDuty's answer is no JSON".to_owned()))
    }

    async fn wait_for_room(&self) -> Result<(), Unheard> {
        if let Some(left) = self.rest_left() {
            return Err(Unheard::Limited(left));
        }
        while let Err(until) = self.pace.check() {
            tokio::time::sleep(until.wait_time_from(DefaultClock::default().now())).await;
        }
        Ok(())
    }

    fn rest_left(&self) -> Option<Duration> {
        let left = self.next().not_before?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    fn next(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn authorization(token: &Secret) -> anyhow::Result<HeaderValue> {
    fits_polls(token).map_err(|expected| anyhow!(expected))?;
    let mut value = HeaderValue::from_str(&format!("Token token={}", token.expose()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// How long nothing is to be asked: told by a 429, or by the last answer that there was room for.
fn rest(status: u16, headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let is_last = number("ratelimit-remaining") == Some(0);
    if status != 429 && !is_last {
        return None;
    }
    let told = asks_to_wait(headers, Timestamp::now());
    let reset = number("ratelimit-reset").map(Duration::from_secs);
    Some(told.max(reset).unwrap_or(WAIT).min(60 * WAIT))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_limit_is_honoured_however_it_is_told() {
        let seconds = |status, headers: &[(&'static str, &str)]| {
            let headers = headers.iter().map(|(name, value)| {
                (reqwest::header::HeaderName::from_static(name), value.parse().unwrap())
            });
            rest(status, &HeaderMap::from_iter(headers)).map(|rest| rest.as_secs())
        };
        let (left, reset) = ("ratelimit-remaining", "ratelimit-reset");
        assert_eq!(seconds(200, &[]), None);
        assert_eq!(seconds(200, &[(left, "959"), (reset, "20")]), None);
        assert_eq!(seconds(200, &[(left, "0"), (reset, "20")]), Some(20));
        assert_eq!(seconds(429, &[(left, "0"), (reset, "20")]), Some(20));
        assert_eq!(seconds(429, &[("retry-after", "30"), (reset, "20")]), Some(30));
        assert_eq!(seconds(429, &[]), Some(60));
        assert_eq!(seconds(429, &[(reset, "99999999")]), Some(3600));
        assert_eq!(seconds(429, &[(reset, "soon")]), Some(60));
    }

    #[tokio::test]
    async fn more_alerts_than_a_round_asks_about_take_turns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "hunter2").unwrap();
        let config: PollConfig =
            serde_json::from_value(serde_json::json!({"token": {"file": path}})).unwrap();
        let clients = Clients::new(None).unwrap();
        let poller = Poller::open(ChannelName::new("oncall"), &config, &clients).await.unwrap();
        assert_eq!(poller.incidents.as_str(), "https://api.pagerduty.com/incidents");
        let keys = || (100..250).map(|number| DedupKey::new(format!("wf1-{number}-1"))).collect();
        let mut asked: Vec<DedupKey> = Vec::new();
        for _ in 0..3 {
            let turn = poller.turn(keys());
            assert_eq!(turn.len(), MOST_ASKED);
            poller.next().behind = turn.last().cloned();
            asked.extend(turn);
        }
        let all: Vec<DedupKey> = keys();
        assert_eq!(asked, [&all[..], &all[..]].concat());
        // One that was closed meanwhile holds up nothing.
        poller.next().behind = Some(DedupKey::new("wf1-9-1"));
        assert_eq!(poller.turn(keys())[0], all[0]);
    }

    #[test]
    fn a_token_that_cannot_be_a_header_is_refused_and_not_printed() {
        for wrong in ["hunter 2", "hunter2\n", "hünter2"] {
            let error = format!("{:#}", authorization(&Secret::new(wrong)).unwrap_err());
            assert_eq!(error, "expected a token of visible ASCII characters, found others in it");
        }
        let value = authorization(&Secret::new("hunter2")).unwrap();
        assert_eq!(
            (value.to_str().unwrap(), format!("{value:?}").as_str()),
            ("Token token=hunter2", "Sensitive")
        );
    }
}
