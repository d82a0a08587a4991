//! Now: the open incidents, the most urgent first; how Watchfire is; what waits for somebody.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::Uri;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;
use watchfire_core::attributes::matchers;
use watchfire_core::priority::Priority;

use super::{Tag, as_text, shown};
use crate::api::params::{self, IncidentsIn};
use crate::api::views::{Approval, Condition, Contained, Incident, IncidentList, IncidentState};
use crate::api::{OperatorEndpoint, WorkerEndpoint};
use crate::board::Board;
use crate::board::deed::{Deed, Link, links};
use crate::board::desk::Trouble;
use crate::board::shell::Main;
use crate::board::visitor::Visitor;
use crate::board::words::{about, ago, asking, line, several, until};

/// So many incidents are on a page, and so many where all are asked for.
const LISTED: (u16, u16) = (100, 500);
/// What may be asked for by time.
const SPANS: [(&str, &str, i64); 4] =
    [("", "any time", 0), ("1h", "an hour", 1), ("24h", "a day", 24), ("7d", "a week", 168)];

/// What is asked for; what is empty is not.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    priority: String,
    state: String,
    since: String,
    mine: String,
    /// Who has it, or is to have it.
    who: String,
    label: String,
    #[serde(rename = "match")]
    matches: String,
    most: String,
    /// `text`: as text.
    #[serde(rename = "as")]
    form: String,
}

#[derive(Template)]
#[template(path = "now.html")]
struct Now {
    asked: Asked,
    on_call: Option<String>,
    strip: Option<Vec<Tag>>,
    waiting: usize,
    counts: Vec<Count>,
    total: usize,
    all_href: String,
    spans: [(&'static str, &'static str); 4],
    mistake: Option<String>,
    none: &'static str,
    cards: Vec<Card>,
    more: usize,
    more_href: Option<String>,
    text_href: String,
}

struct Count {
    priority: Priority,
    number: usize,
    href: String,
    is_on: bool,
}

/// An incident at a glance.
struct Card {
    key: String,
    short: String,
    href: String,
    priority: Priority,
    title: String,
    place: String,
    family: String,
    events: String,
    opened: String,
    clock: String,
    tags: Vec<Tag>,
    deeds: Vec<Link>,
}

impl Asked {
    fn is_some(&self) -> bool {
        let Self { priority, state, since, mine, who, label, matches, most: _, form: _ } = self;
        [priority, since, mine, who, label, matches].into_iter().any(|asked| !asked.is_empty())
            || state == "all"
    }

    /// The same page with one answer changed.
    fn with(&self, name: &'static str, value: &str) -> String {
        let Self { priority, state, since, mine, who, label, matches, most: _, form: _ } = self;
        let all = [
            ("priority", priority),
            ("state", state),
            ("since", since),
            ("mine", mine),
            ("who", who),
            ("label", label),
            ("match", matches),
        ];
        let mut all: Vec<(&str, &str)> =
            all.into_iter().map(|(name, value)| (name, value.as_str())).collect();
        all.retain(|(known, _)| *known != name);
        all.push((name, value));
        asking("/", &all)
    }

    /// As the API is asked.
    fn question(&self, visitor: &Visitor, now: Timestamp) -> Result<params::Incidents, String> {
        let priority = match self.priority.as_str() {
            "" => None,
            name => {
                let found = Priority::ALL.into_iter().find(|priority| priority.as_str() == name);
                Some(found.ok_or_else(|| format!("expected P0, P1, P2 or P3, found `{}`", line(name)))?)
            }
        };
        let hours = SPANS.iter().find(|(name, ..)| *name == self.since).map(|(_, _, hours)| *hours);
        let hours = hours.ok_or_else(|| format!("expected 1h, 24h or 7d, found `{}`", line(&self.since)))?;
        let matches = match self.matches.trim() {
            "" => None,
            text => {
                let made = matchers::words(text)
                    .and_then(|words| matchers::pattern(&words).map_err(|mistakes| mistakes.join("; ")));
                Some(made?.to_string())
            }
        };
        Ok(params::Incidents {
            state: if self.state == "all" { IncidentsIn::All } else { IncidentsIn::Open },
            priority,
            since: (hours > 0).then(|| now - SignedDuration::from_hours(hours)),
            mine: match (self.mine.as_str(), self.who.trim()) {
                ("", "") => None,
                ("", who) => Some(who.to_owned()),
                (_, _) => Some(visitor.name.clone()),
            },
            label: match self.label.trim() {
                "" => None,
                label => Some(label.parse()?),
            },
            matches,
            most: Some(if self.most.is_empty() { LISTED.0 } else { LISTED.1 }),
        })
    }
}

/// What of other lists belongs on an incident's card.
struct Beside {
    contained: BTreeMap<String, Vec<String>>,
    waiting: BTreeMap<String, Vec<Approval>>,
}

impl Beside {
    fn of(contained: Vec<Contained>, approvals: Vec<Approval>, now: Timestamp) -> Self {
        let mut beside = Self { contained: BTreeMap::new(), waiting: BTreeMap::new() };
        for Contained { incident, target, .. } in contained {
            beside.contained.entry(incident.to_string()).or_default().push(target);
        }
        for approval in approvals.into_iter().filter(|it| it.answer.is_none() && it.expires_at > now) {
            beside.waiting.entry(approval.incident.to_string()).or_default().push(approval);
        }
        beside
    }
}

pub(crate) async fn now(
    visitor: Visitor,
    State(board): State<Board>,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    if asked.form == "text" {
        return match listed(&board, &visitor, &asked).await {
            Ok((list, _)) => as_text(&list.incidents.iter().map(in_a_line).collect::<Vec<_>>()),
            Err(trouble) => crate::board::shell::trouble(&visitor, "/", trouble),
        };
    }
    // Whose incidents are mine is not what those see who may see the same.
    let sees = match asked.mine.is_empty() {
        true => visitor.sees.clone(),
        false => format!("{};{}", visitor.sees, visitor.name),
    };
    let visitor = Visitor { sees, ..visitor };
    let make = async || made(&board, &visitor, asked).await;
    shown(&board, &visitor, &uri, make).await
}

/// The incidents, or what of the question cannot be read.
async fn listed(
    board: &Board,
    visitor: &Visitor,
    asked: &Asked,
) -> Result<(IncidentList, Option<String>), Trouble> {
    let none =
        || IncidentList { incidents: Vec::new(), more: 0, by_priority: BTreeMap::new(), on_call: None };
    match asked.question(visitor, Timestamp::now()) {
        Ok(question) => {
            let mut list: IncidentList =
                board.desk.look(visitor, OperatorEndpoint::Incidents, &question).await?;
            list.incidents.sort_by_key(Incident::urgency);
            Ok((list, None))
        }
        Err(mistake) => Ok((none(), Some(mistake))),
    }
}

async fn made(board: &Board, visitor: &Visitor, asked: Asked) -> Result<Main, Trouble> {
    let now = Timestamp::now();
    let desk = &board.desk;
    let nothing = json!({});
    let (list, mistake) = listed(board, visitor, &asked).await?;
    let contained = desk.look(visitor, OperatorEndpoint::Contained, &nothing).await?;
    let approvals = desk.look(visitor, OperatorEndpoint::Approvals, &nothing).await?;
    let condition = desk.look_at_worker(visitor, WorkerEndpoint::Condition, &nothing).await.ok();
    let beside = Beside::of(contained, approvals, now);
    let IncidentList { incidents, more, by_priority, on_call } = list;
    let counts = Priority::ALL.map(|priority| Count {
        priority,
        number: by_priority.get(&priority).copied().unwrap_or_default(),
        href: asked.with("priority", priority.as_str()),
        is_on: asked.priority == priority.as_str(),
    });
    let page = Now {
        on_call: on_call.map(|said| line(&said)),
        strip: condition.as_ref().map(strip),
        waiting: beside.waiting.values().map(Vec::len).sum(),
        counts: counts.into(),
        total: by_priority.values().sum(),
        all_href: asked.with("priority", ""),
        spans: SPANS.map(|(name, text, _)| (name, text)),
        mistake,
        none: if asked.is_some() { "No incident is as asked for." } else { "No incident is open." },
        cards: incidents.iter().map(|incident| Card::of(incident, &beside, visitor, now)).collect(),
        more,
        more_href: asked.most.is_empty().then(|| asked.with("most", "500")),
        text_href: asked.with("as", "text"),
        asked,
    };
    Main::of("Now", &page)
}

/// How Watchfire is, in a tag each: what is well in few words, what is not with its reason.
fn strip(condition: &Condition) -> Vec<Tag> {
    let Condition { version: _, store, queued, channels, cluster } = condition;
    let store = match store {
        None => ("good", "store answers".to_owned()),
        Some(why) => ("bad", format!("store: {why}")),
    };
    let queued = queued.map(|queued| match queued {
        0 => ("good", "queue empty".to_owned()),
        1..100 => ("", format!("{queued} queued")),
        _ => ("warn", format!("{queued} queued")),
    });
    let down = channels.iter().filter_map(|channel| {
        Some(("bad", format!("{} is down: {}", channel.name, line(channel.down.as_deref()?))))
    });
    let up = channels.iter().filter(|channel| channel.down.is_none()).count();
    let up = (up > 0).then(|| ("good", format!("{} up", several(up as u64, "channel"))));
    let cluster = cluster.as_ref().map(|cluster| match cluster.answers {
        true => ("good", format!("{} answers", cluster.name)),
        false => ("bad", format!("{} does not answer", cluster.name)),
    });
    [Some(store), queued].into_iter().flatten().chain(up).chain(cluster).chain(down).collect()
}

impl Card {
    fn of(incident: &Incident, beside: &Beside, visitor: &Visitor, now: Timestamp) -> Self {
        let Incident { key, short, priority, title, family, events, opened_at, .. } = incident;
        let name = key.as_str();
        Self {
            key: name.to_owned(),
            short: short.clone().unwrap_or_else(|| name.to_owned()),
            href: about("/incident", name),
            priority: *priority,
            title: line(title),
            place: line(incident.place()),
            family: family.clone(),
            events: several(*events, "event"),
            opened: ago(*opened_at, now),
            clock: clock(incident, now),
            tags: tags(incident, beside),
            deeds: links(visitor, &deeds(incident, name)),
        }
    }
}

/// What can be done about an incident, what is most likely first.
pub(super) fn deeds<'n>(incident: &Incident, name: &'n str) -> Vec<(Deed, &'n str)> {
    let deeds: &[Deed] = match (incident.state, &incident.acknowledged) {
        (IncidentState::Over, _) => &[],
        (_, Some(_)) => &[Deed::Resolve, Deed::Take, Deed::Unack, Deed::Reassign],
        (_, None) => &[Deed::Ack, Deed::Resolve, Deed::Reassign],
    };
    deeds.iter().map(|deed| (*deed, name)).collect()
}

/// Until when somebody has to have it; HTML.
pub(super) fn clock(incident: &Incident, now: Timestamp) -> String {
    match (incident.state, &incident.acknowledged, incident.respond_by) {
        (IncidentState::Over, ..) | (_, Some(_), _) | (_, None, None) => String::new(),
        (_, None, Some(by)) => until(by, now),
    }
}

/// What has become of it, in a tag each.
pub(super) fn state(incident: &Incident) -> Vec<Tag> {
    let mut tags = Vec::new();
    match incident.state {
        IncidentState::Over => tags.push(("good", "over".to_owned())),
        IncidentState::Open | IncidentState::Acked | IncidentState::Held => {}
    }
    if let Some(whom) = &incident.acknowledged {
        tags.push(("good", format!("{} has it", line(&whom.by))));
    }
    if let Some(to) = &incident.assigned {
        tags.push(("", format!("assigned to {}", line(to))));
    }
    if incident.overdue {
        tags.push(("bad", "nobody has it".to_owned()));
    }
    if incident.escalation > 0 && incident.state != IncidentState::Over {
        tags.push(("warn", format!("escalated, step {}", incident.escalation)));
    }
    if let Some(held) = &incident.held {
        tags.push(("warn", format!("held: {}", line(&held.reason))));
    }
    tags.extend(incident.labels.lines().iter().map(|label| ("", line(label))));
    tags
}

fn tags(incident: &Incident, beside: &Beside) -> Vec<Tag> {
    let mut tags = state(incident);
    let key = incident.key.as_str();
    let contained = beside.contained.get(key).into_iter().flatten();
    tags.extend(contained.map(|target| ("good", format!("contained: {}", line(target)))));
    let waiting = beside.waiting.get(key).into_iter().flatten();
    tags.extend(waiting.map(|plan| ("warn", format!("{} waits for approval", plan.action))));
    tags
}

/// An incident as a line of text.
fn in_a_line(incident: &Incident) -> String {
    let Incident { key, priority, state, title, subject, .. } = incident;
    line(&format!("{priority} {key} {} {title} | {subject}", state.as_str()))
}
