//! Who is on call by schedules of PagerDuty: `GET /oncalls` of its REST API.

use anyhow::Context as _;
use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use serde::Deserialize;
use watchfire_core::oncall::{Rota, Shift};

use super::config::SchedulesConfig;
use super::source::{body, silent};
use crate::channel::fits_polls;
use crate::clients::Clients;
use crate::secret::Secret;

/// A page has some 60 KB.
const MOST_READ: usize = 1024 * 1024;
/// So many turns a page, and so many pages.
const PAGE: usize = 100;
const MOST_PAGES: usize = 10;

/// Asks PagerDuty.
#[derive(Debug)]
pub(super) struct Schedules {
    http: reqwest::Client,
    oncalls: reqwest::Url,
    ids: Vec<String>,
    token: Secret,
}

/// A page of the answer; what else stands in it is not looked at.
#[derive(Debug, Deserialize)]
struct Page {
    oncalls: Vec<Turn>,
    #[serde(default)]
    more: bool,
}

#[derive(Debug, Deserialize)]
struct Turn {
    user: User,
    #[serde(default)]
    start: Option<Timestamp>,
    #[serde(default)]
    end: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct User {
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    id: Option<String>,
}

impl Schedules {
    pub(super) async fn open(config: &SchedulesConfig, clients: &Clients) -> anyhow::Result<Self> {
        let SchedulesConfig { schedules, token: source, api } = config;
        let token = source.resolve(clients).await.context("pagerduty.token")?;
        fits_polls(&token).map_err(|mistake| anyhow::anyhow!("pagerduty.token: {source}: {mistake}"))?;
        let mut oncalls = api.url().clone();
        let path = oncalls.path_segments_mut();
        path.expect("http and https addresses have paths").pop_if_empty().push("oncalls");
        Ok(Self { http: clients.http()?, oncalls, ids: schedules.clone(), token })
    }

    /// Whose turn it is from now on, as far ahead as it is looked.
    pub(super) async fn read(&self, now: Timestamp) -> Result<Rota, String> {
        let mut shifts = Vec::new();
        for page in 0..MOST_PAGES {
            let Page { oncalls, more } = self.page(now, page * PAGE).await?;
            let is_last = !more || oncalls.is_empty();
            shifts.extend(oncalls.into_iter().map(|Turn { user, start, end }| {
                let name = user.summary.or(user.id).unwrap_or_else(|| "somebody without a name".to_owned());
                Shift::new(&name, start.unwrap_or(Timestamp::MIN), end)
            }));
            if is_last {
                return Ok(Rota::shifts(shifts));
            }
        }
        Err(format!("PagerDuty has more than {} turns", MOST_PAGES * PAGE))
    }

    async fn page(&self, now: Timestamp, offset: usize) -> Result<Page, String> {
        let mut url = self.oncalls.clone();
        {
            let mut query = url.query_pairs_mut();
            for id in &self.ids {
                query.append_pair("schedule_ids[]", id);
            }
            let until = now.saturating_add(Rota::AHEAD).unwrap_or(now);
            query.append_pair("since", &now.to_string()).append_pair("until", &until.to_string());
            query.append_pair("limit", &PAGE.to_string()).append_pair("offset", &offset.to_string());
        }
        let mut token = HeaderValue::from_str(&format!("Token token={}", self.token.expose()))
            .map_err(|_| "the token is none".to_owned())?;
        token.set_sensitive(true);
        let request = self.http.get(url).header(AUTHORIZATION, token);
        let request = request.header(ACCEPT, "application/vnd.pagerduty+json;version=2");
        let mut answer = request.send().await.map_err(|error| silent(&error.without_url()))?;
        match answer.status().as_u16() {
            200 => {}
            401 | 403 => return Err("PagerDuty refuses the token".to_owned()),
            404 => return Err("PagerDuty knows no such schedule".to_owned()),
            429 => return Err("PagerDuty's limit is reached".to_owned()),
            status => return Err(format!("PagerDuty answers with status {status}")),
        }
        let body = body(&mut answer, MOST_READ).await?;
        // Errors of serde_json may quote what they read.
        serde_json::from_slice(&body).map_err(|_| "PagerDuty's answer is not understood".to_owned())
    }

    pub(super) fn place(&self) -> String {
        format!("PagerDuty's schedules {}", self.ids.join(", "))
    }
}
