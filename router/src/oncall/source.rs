//! Where it stands who is on call: fetched in bounded time and size, and only if it is another than before.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context as _;
use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{ETAG, HeaderValue, IF_NONE_MATCH};
use watchfire_core::oncall::Rota;
use watchfire_core::zone::Zone;

use super::config::{IcalPlace, OnCallConfig};
use super::schedules::Schedules;
use crate::channel::is_address;
use crate::clients::{Clients, chain};
use crate::secret::Secret;

/// No calendar is larger.
const MOST_READ: usize = 4 * 1024 * 1024;

/// Where it stands.
#[derive(Debug)]
pub(super) enum Source {
    File(PathBuf),
    Address(Box<Calendar>),
    Schedules(Box<Schedules>),
}

/// A calendar at an address.
#[derive(Debug)]
pub(super) struct Calendar {
    http: reqwest::Client,
    /// Whoever knows it can read it.
    url: Secret,
    /// The mark of what was last read.
    mark: Mutex<Option<HeaderValue>>,
}

/// What was read.
pub(super) enum Read {
    Anew(Rota),
    AsItWas,
}

impl Source {
    pub(super) async fn open(config: &OnCallConfig, clients: &Clients) -> anyhow::Result<Self> {
        let OnCallConfig { ical, ical_url, pagerduty, every_minutes: _ } = config;
        let calendar = |url: Secret| -> anyhow::Result<Self> {
            let http = clients.http()?;
            Ok(Self::Address(Box::new(Calendar { http, url, mark: Mutex::default() })))
        };
        match (ical, ical_url, pagerduty) {
            (Some(IcalPlace::File(path)), _, _) => Ok(Self::File(path.clone())),
            (Some(IcalPlace::At(address)), _, _) => calendar(Secret::new(address.url().as_str())),
            (None, Some(source), _) => {
                let url = source.resolve(clients).await.context("ical_url")?;
                is_address(&url).map_err(|mistake| anyhow::anyhow!("ical_url: {source}: {mistake}"))?;
                calendar(url)
            }
            (None, None, Some(schedules)) => {
                Ok(Self::Schedules(Box::new(Schedules::open(schedules, clients).await?)))
            }
            (None, None, None) => anyhow::bail!("expected one of ical, ical_url and pagerduty"),
        }
    }

    /// What it says now.
    ///
    /// # Errors
    /// Why it is not known, in a clause without anything secret.
    pub(super) async fn read(&self, zone: &Zone, now: Timestamp) -> Result<Read, String> {
        let rota =
            |text: String| Rota::calendar(&text, zone).map(Read::Anew).map_err(|error| error.to_string());
        match self {
            Source::File(path) => rota(file(path).await?),
            Source::Address(calendar) => match calendar.fetch().await? {
                Some((text, mark)) => {
                    let read = rota(text)?;
                    // What cannot be read is fetched again.
                    *calendar.mark() = mark;
                    Ok(read)
                }
                None => Ok(Read::AsItWas),
            },
            Source::Schedules(schedules) => schedules.read(now).await.map(Read::Anew),
        }
    }

    /// In words, without what is secret.
    pub(super) fn place(&self) -> String {
        match self {
            Source::File(path) => format!("the calendar {}", path.display()),
            Source::Address(calendar) => {
                let url: Option<reqwest::Url> = calendar.url.expose().parse().ok();
                let host = url.as_ref().and_then(reqwest::Url::host_str).unwrap_or("an address").to_owned();
                format!("the calendar at {host}")
            }
            Source::Schedules(schedules) => schedules.place(),
        }
    }
}

/// The text of a calendar's file. Waits for the file.
pub(super) fn text_of(path: &Path) -> Result<String, String> {
    let unread = |error: std::io::Error| format!("{} cannot be read: {error}", path.display());
    // A pipe would be waited for until somebody writes.
    if !std::fs::metadata(path).map_err(unread)?.is_file() {
        return Err(format!("{} is no file", path.display()));
    }
    let file = std::fs::File::open(path).map_err(unread)?;
    let mut text = String::new();
    let read = file.take(MOST_READ as u64 + 1).read_to_string(&mut text).map_err(unread)?;
    if read > MOST_READ {
        return Err(format!("{} is over {MOST_READ} bytes", path.display()));
    }
    Ok(text)
}

async fn file(path: &Path) -> Result<String, String> {
    let path = path.to_owned();
    let read = tokio::task::spawn_blocking(move || text_of(&path)).await;
    read.unwrap_or_else(|_| Err("it was not read".to_owned()))
}

impl Calendar {
    /// The text and its mark; none where it is what was read before.
    async fn fetch(&self) -> Result<Option<(String, Option<HeaderValue>)>, String> {
        let mark = self.mark().clone();
        let mut request = self.http.get(self.url.expose().as_str());
        if let Some(mark) = &mark {
            request = request.header(IF_NONE_MATCH, mark);
        }
        let mut answer = request.send().await.map_err(|error| silent(&error.without_url()))?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED if mark.is_some() => return Ok(None),
            status if status.is_redirection() => {
                return Err("the calendar is elsewhere: its address sends us to another".to_owned());
            }
            status => return Err(format!("the calendar's address answers with status {}", status.as_u16())),
        }
        let mark = answer.headers().get(ETAG).cloned();
        let body = body(&mut answer, MOST_READ).await?;
        let text = String::from_utf8(body).map_err(|_| "the calendar is no UTF-8".to_owned())?;
        Ok(Some((text, mark)))
    }

    fn mark(&self) -> std::sync::MutexGuard<'_, Option<HeaderValue>> {
        self.mark.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The whole of an answer that is not too large.
pub(super) async fn body(answer: &mut reqwest::Response, most: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > most => {
                return Err(format!("the answer is over {most} bytes"));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            // The address may be a secret.
            Err(error) => return Err(silent(&error.without_url())),
        }
    }
}

pub(super) fn silent(error: &reqwest::Error) -> String {
    format!("there is no answer: {}", chain(error))
}
