//! What operators ask of a worker alone: what was decided last, its rules, its condition, its digest.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::on;
use axum::{Extension, Json, Router as Routes};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use watchfire_core::canary;
use watchfire_core::context::Context;
use watchfire_core::decide::decide;
use watchfire_core::event::{Event, unreadable};
use watchfire_core::hash::sha256;
use watchfire_core::health::Report;
use watchfire_core::journal::Entry;
use watchfire_core::standing::Standing;
use watchfire_core::state::State as Known;

use super::answer::unavailable;
use super::asked::{Body, Question, asked_by};
use super::commands::{Operator, for_operators};
use super::health::Health;
use super::line::Line;
use super::report;
use crate::api::{WorkerEndpoint, params, views};
use crate::identity::{Identity, Place, Role};
use crate::router::CountsByPlace;
use crate::store;

/// An event that is to be explained fits.
pub(crate) const MOST_BYTES: usize = 1024 * 1024;
/// So many decisions are listed, unless another number is asked for, and so many at most.
const LISTED: (u16, u16) = (100, 200);
/// Over so long it is counted what rules did.
const COUNTED: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long a count is shown before it is made again: it reads every decision of that time.
const FRESH: Duration = Duration::from_secs(15 * 60);

/// How long a report of health is shown before another is made: it lists all of the cluster.
const REPORT_FRESH: Duration = Duration::from_secs(30);

/// The report that was made last, and when.
type Reported = (Instant, Arc<Report>);

#[derive(Clone)]
struct Worker {
    operator: Operator,
    health: Health,
    counted: Arc<Mutex<Option<Counted>>>,
    reported: Arc<Mutex<Option<Reported>>>,
}

/// What rules did, as it was counted last.
struct Counted {
    at: Instant,
    since: Timestamp,
    counts: Arc<CountsByPlace>,
}

/// The routes.
pub(super) fn worker(operator: Operator, health: Health) -> Routes {
    let all = WorkerEndpoint::ALL.iter();
    let routes = all.fold(Routes::new(), |routes, endpoint| {
        let by = asked_by(endpoint.method());
        let answering = match endpoint {
            WorkerEndpoint::Decisions => on(by, decisions),
            WorkerEndpoint::Rules => on(by, rules),
            WorkerEndpoint::Playbooks => on(by, playbooks),
            WorkerEndpoint::Condition => on(by, condition),
            WorkerEndpoint::Digest => on(by, digest),
            WorkerEndpoint::Explain => on(by, explain),
            WorkerEndpoint::SignReport => on(by, sign),
            WorkerEndpoint::Health => on(by, reported),
        };
        routes.route(endpoint.path(), answering)
    });
    let (counted, reported) = Default::default();
    let worker = Worker { operator: operator.clone(), health, counted, reported };
    for_operators(routes, &operator, MOST_BYTES).with_state(worker)
}

async fn decisions(
    State(Worker { operator, .. }): State<Worker>,
    Question(params::Decisions { most }): Question<params::Decisions>,
) -> Response {
    let most = most.unwrap_or(LISTED.0).min(LISTED.1);
    match operator.router.journal(usize::from(most)).await {
        Ok(entries) => {
            let standing = Standing::default();
            Json(entries.iter().map(|entry| views::Decision::of(entry, &standing)).collect::<Vec<_>>())
                .into_response()
        }
        Err(error) => unavailable(&error),
    }
}

/// Whoever may not look everywhere is told what rules did where they may.
async fn rules(State(worker): State<Worker>, Extension(identity): Extension<Identity>) -> Response {
    let (since, counts) = match worker.counts().await {
        Ok(counted) => counted,
        Err(error) => return unavailable(&error),
    };
    let set = worker.operator.router.in_force();
    let rules = set.policy.rules.rules().iter();
    let may_see = |place: &Place| identity.has(Role::Viewer, place).is_ok();
    let rules = rules.map(|rule| views::Rule::of(rule, counts.seen_in(&rule.name, may_see)));
    Json(views::Rules { since, rules: rules.collect() }).into_response()
}

async fn playbooks(State(Worker { operator, .. }): State<Worker>) -> Response {
    let set = operator.router.in_force();
    let playbooks = set.policy.rules.playbooks().all().map(views::Playbook::of);
    Json(playbooks.collect::<Vec<_>>()).into_response()
}

impl Worker {
    /// What rules did, counted at most a quarter of an hour ago. Whoever asks meanwhile waits for the same count.
    async fn counts(&self) -> Result<(Timestamp, Arc<CountsByPlace>), store::Error> {
        let mut counted = self.counted.lock().await;
        if let Some(Counted { since, counts, .. }) =
            counted.as_ref().filter(|counted| counted.at.elapsed() < FRESH)
        {
            return Ok((*since, counts.clone()));
        }
        let since = self.operator.router.clock.now() - COUNTED;
        let counts = Arc::new(self.operator.router.rule_counts(since).await?);
        *counted = Some(Counted { at: Instant::now(), since, counts: counts.clone() });
        Ok((since, counts))
    }

    /// How everything is, looked at no longer ago than that. Whoever asks meanwhile waits for the same look.
    async fn report(&self) -> Arc<Report> {
        let mut reported = self.reported.lock().await;
        if let Some((_, report)) = reported.as_ref().filter(|(at, _)| at.elapsed() < REPORT_FRESH) {
            return report.clone();
        }
        let report = Arc::new(self.operator.router.health().await);
        *reported = Some((Instant::now(), report.clone()));
        report
    }
}

/// Whoever may not look everywhere is shown the objects of the namespaces where they may.
async fn reported(State(worker): State<Worker>, Extension(identity): Extension<Identity>) -> Response {
    let report = worker.report().await;
    if identity.has(Role::Viewer, &Place::everywhere()).is_ok() {
        return Json(&*report).into_response();
    }
    let cluster = report.cluster.clone();
    let may_see =
        |namespace: &str| identity.has(Role::Viewer, &Place::of(Some(namespace), cluster.as_deref())).is_ok();
    Json(Report::clone(&report).seen_in(may_see)).into_response()
}

async fn condition(State(Worker { operator, health, .. }): State<Worker>) -> Response {
    let store = match (health.store.broken(), health.store.is_healthy()) {
        (Some(error), _) => Some(error.to_string()),
        (None, false) => Some("it does not answer".to_owned()),
        (None, true) => None,
    };
    let set = operator.router.in_force();
    let channels = set.channels.iter().filter(|(name, _)| name.as_str() != canary::NAME);
    let channels = channels.map(|(name, channel)| views::ChannelCondition {
        name: name.clone(),
        kind: channel.kind().to_owned(),
        down: channel.down_because(),
    });
    let cluster = operator.router.responder().map(|responder| views::ClusterCondition {
        name: responder.cluster.identity().name.clone(),
        answers: responder.cluster.counts().answers,
    });
    let condition = views::Condition {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        store,
        queued: health.spool.as_ref().map(crate::source::spool::Spool::depth),
        channels: channels.collect(),
        cluster,
    };
    Json(condition).into_response()
}

async fn digest(State(Worker { operator, .. }): State<Worker>) -> Response {
    match operator.router.open_digest().await {
        Ok(open) => {
            let digest = open.map(|(record, contents)| views::Digest::of(&record, &contents));
            Json(digest.unwrap_or_default()).into_response()
        }
        Err(error) => unavailable(&error),
    }
}

async fn sign(
    State(Worker { operator, .. }): State<Worker>,
    Extension(identity): Extension<Identity>,
    line: Option<Extension<Arc<Line>>>,
    body: Body<params::Of>,
) -> Response {
    report::sign(operator, identity, line, body).await
}

async fn explain(State(Worker { operator, .. }): State<Worker>, text: String) -> Response {
    let (event, unreadable) = match Event::read(&text) {
        Ok(event) => (event, None),
        Err(error) => {
            let reason = error.to_string();
            (unreadable(&text, &reason, operator.router.clock.now()), Some(reason))
        }
    };
    let set = operator.router.in_force();
    let explained = set.policy.rules.explain(&event, &Context::none());
    let rules = explained.rules.iter().enumerate().map(|(index, (rule, trace))| views::RuleAnswer {
        rule: rule.name.clone(),
        matched: trace.is_match(),
        first: index == explained.first,
        said: trace.to_string(),
    });
    let rules = rules.collect();
    let now = event.time.unwrap_or_else(|| operator.router.clock.now());
    let decision = decide(&event, &set.policy, &Known::whole(), &Context::none(), now)
        .expect("a whole state has been read");
    let entry = Entry { decision, sha256: sha256(&text), raw: text.clone(), outcomes: BTreeMap::new() };
    let decision = views::Decision::of(&entry, &Standing::default());
    Json(views::Explained { rules, decision, unreadable }).into_response()
}
