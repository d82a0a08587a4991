//! `watchfire incidents list`: which incidents there are, the most urgent first.

use std::cmp::Reverse;

use clap::{Args, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use watchfire_core::annotation::LabelFilter;
use watchfire_core::attributes::matchers;
use watchfire_core::notice::ByWhom;
use watchfire_core::priority::Priority;
use watchfire_core::span;

use crate::api::OperatorEndpoint;
use crate::api::params::{self, IncidentsIn};
use crate::api::views::{Incident, IncidentList, IncidentState};
use crate::cli::Failed;
use crate::cli::asking::{Form, Whom, look, minute, question};
use crate::cli::screen::{self, Tone, age, plain, relative, theirs};
use crate::cli::table::{Table, cut, whole};
use crate::cli::watching::Listing;

/// What `incidents list` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    /// Only what a silence of these would match: namespace=shop
    #[arg(value_name = "MATCHER", hide = true)]
    matchers: Vec<String>,
    /// Those that are over, too
    #[arg(long)]
    all: bool,
    /// Only of that priority, such as P1
    #[arg(long, value_name = "PRIORITY", value_parser = priority)]
    priority: Option<Priority>,
    /// Only what has had an event in the last, such as 2h
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    since: Option<SignedDuration>,
    /// Only what you have, or were assigned (see --by)
    #[arg(long)]
    mine: bool,
    /// Only what that person has, or was assigned
    #[arg(long, value_name = "NAME", conflicts_with = "mine")]
    who: Option<String>,
    /// Only what has these labels: team=shop,cause
    #[arg(long, value_name = "LABELS", value_parser = str::parse::<LabelFilter>)]
    label: Option<LabelFilter>,
    /// By urgency (the default), opened, last or subject
    #[arg(long, value_name = "ORDER", value_enum, default_value_t = Order::Urgency)]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    sort: Order,
    #[command(flatten)]
    listing: Listing,
}

/// What comes first in a list of incidents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Order {
    /// The most urgent, and of these what is overdue
    Urgency,
    /// What was opened last
    Opened,
    /// What had the latest event
    Last,
    /// What it is about, by name
    Subject,
}

/// A priority as people write it.
pub(in crate::cli) fn priority(text: &str) -> Result<Priority, String> {
    let found = Priority::ALL.into_iter().find(|priority| priority.as_str().eq_ignore_ascii_case(text));
    found.ok_or_else(|| "expected P0, P1, P2 or P3".to_owned())
}

pub(in crate::cli) fn list(list: List) -> Result<(), Failed> {
    let List { matchers, all, priority, since, mine, who, label, sort, listing } = list;
    let pattern = match matchers.is_empty() {
        true => None,
        false => Some(matchers::pattern(&matchers).map_err(Failed::Usage)?.to_string()),
    };
    let mine = if mine { Some(listing.whom.author()?) } else { who };
    let ask = |whom: &Whom| {
        let since = since.map(|since| Timestamp::now() - since);
        let state = if all { IncidentsIn::All } else { IncidentsIn::Open };
        let (mine, label, matches) = (mine.clone(), label.clone(), pattern.clone());
        let asked = params::Incidents { state, priority, since, mine, label, matches, most: None };
        look::<IncidentList>(whom, &question(OperatorEndpoint::Incidents, &asked))
    };
    let is_part =
        pattern.is_some() || priority.is_some() || since.is_some() || mine.is_some() || label.is_some();
    let none = match (is_part, all) {
        (false, false) => "no incident is open",
        (false, true) => "there are no incidents",
        (true, false) => "no open incident is as asked for",
        (true, true) => "no incident is as asked for",
    };
    listing.each(ask, |whom, answer| show(whom, answer, sort, none))
}

fn show(whom: &Whom, answer: IncidentList, sort: Order, none: &str) -> Result<(), Failed> {
    let IncidentList { mut incidents, more, by_priority: _, on_call } = answer;
    let on_call = on_call.map(|said| format!("on call: {}", plain(&said)));
    if incidents.is_empty() {
        say!("{none}");
        if let Some(on_call) = &on_call {
            say!("{on_call}");
        }
        return Ok(());
    }
    sorted(&mut incidents, sort);
    let now = Timestamp::now();
    match whom.output {
        Form::Wide => wide(&incidents).print(None)?,
        Form::Human | Form::Json | Form::Yaml => narrow(&incidents, now).print(screen::columns())?,
    }
    if more > 0 {
        say!("and {more} more, which are less urgent or older");
    }
    if let Some(on_call) = &on_call {
        say!("{on_call}");
    }
    Ok(())
}

fn sorted(incidents: &mut [Incident], order: Order) {
    match order {
        Order::Urgency => incidents.sort_by_key(Incident::urgency),
        Order::Opened => incidents.sort_by_key(|incident| Reverse(incident.opened_at)),
        Order::Last => {
            incidents.sort_by_key(|incident| Reverse(incident.last_at.unwrap_or(incident.opened_at)))
        }
        Order::Subject => incidents.sort_by_key(|incident| incident.subject.clone()),
    }
}

fn narrow(incidents: &[Incident], now: Timestamp) -> Table {
    let columns = [whole("ID"), whole("PRI"), whole("AGE"), whole("RESPOND"), cut("WHAT"), cut("WHERE")];
    let mut table = Table::new(&columns);
    for incident in incidents {
        let cells = [
            incident.short.clone().unwrap_or_else(|| incident.key.to_string()),
            incident.priority.to_string(),
            age(incident.opened_at, now),
            clock(incident, now),
            theirs(&incident.title),
            theirs(incident.place()),
        ];
        table.row(tone(incident), cells);
    }
    table
}

fn wide(incidents: &[Incident]) -> Table {
    let names = [
        "ID",
        "PRI",
        "STATE",
        "OPENED",
        "RESPOND BY",
        "HAS IT",
        "ASSIGNED",
        "LABELS",
        "EVENTS",
        "FAMILY",
        "ROUTES",
        "HELD",
        "WHAT",
        "WHERE",
    ];
    let mut table = Table::new(&names.map(whole));
    for incident in incidents {
        let Incident { key, priority, state, opened_at, respond_by, acknowledged, assigned, .. } = incident;
        let cells = [
            key.to_string(),
            priority.to_string(),
            state.as_str().to_owned(),
            minute(*opened_at),
            respond_by.map(minute).unwrap_or_default(),
            acknowledged.as_ref().map(|whom| whom.by.clone()).unwrap_or_default(),
            assigned.clone().unwrap_or_default(),
            incident.labels.lines().join(", "),
            incident.events.to_string(),
            incident.family.clone(),
            incident.routes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            incident.held.as_ref().map(|held| held.reason.clone()).unwrap_or_default(),
            theirs(&incident.title),
            theirs(&incident.subject),
        ];
        table.row(tone(incident), cells);
    }
    table
}

fn tone(incident: &Incident) -> Tone {
    match (incident.overdue, incident.state) {
        (true, _) => Tone::Late,
        (false, IncidentState::Acked | IncidentState::Over) => Tone::Faint,
        (false, IncidentState::Open | IncidentState::Held) => Tone::Plain,
    }
}

/// Until when somebody has to respond, or who has.
fn clock(incident: &Incident, now: Timestamp) -> String {
    match (incident.state, &incident.acknowledged, incident.respond_by) {
        (IncidentState::Over, _, _) => "over".to_owned(),
        (_, Some(ByWhom { by, .. }), _) => format!("{} has it", watchfire_core::text::clean(by, 12)),
        (_, None, Some(by)) if incident.overdue => format!("overdue {}", age(by, now)),
        (_, None, Some(by)) => relative(by, now),
        (IncidentState::Held, None, None) => "held".to_owned(),
        (IncidentState::Open | IncidentState::Acked, None, None) => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(minute: i64) -> Timestamp {
        let start: Timestamp = "2026-11-25T12:00:00Z".parse().expect("a time");
        start + SignedDuration::from_mins(minute)
    }

    fn incident(key: &str, priority: &str, respond_by: Option<i64>, state: &str) -> Incident {
        let acknowledged = (state == "acked").then(|| json!({"by": "ana", "at": at(0)}));
        serde_json::from_value(json!({
            "key": key, "state": state, "priority": priority, "title": "A miner", "subject": "shop/web-1",
            "family": "crypto-mining", "episode": 1, "opened_at": at(-30), "said_at": null, "last_at": null,
            "events": 1, "respond_by": respond_by.map(at), "overdue": respond_by.is_some_and(|by| by < 0) && state == "open",
            "acknowledged": acknowledged, "assigned": null, "escalation": 0, "held": null, "bundle": null,
            "campaign": null, "channels": [], "ended": null,
        }))
        .expect("an incident")
    }

    #[test]
    fn the_most_urgent_come_first_and_of_these_what_is_overdue() {
        let mut incidents = [
            incident("p0-over", "P0", Some(-9), "over"),
            incident("p1-late", "P1", Some(-3), "open"),
            incident("p2", "P2", Some(200), "open"),
            incident("p0-acked", "P0", Some(2), "acked"),
            incident("p0-in-time", "P0", Some(4), "open"),
            incident("p0-late", "P0", Some(-1), "open"),
            incident("p0-later", "P0", Some(-5), "open"),
        ];
        sorted(&mut incidents, Order::Urgency);
        let keys = incidents.each_ref().map(|incident| incident.key.as_str());
        assert_eq!(keys, ["p0-later", "p0-late", "p0-in-time", "p0-acked", "p1-late", "p2", "p0-over"]);
        let clocks = incidents.each_ref().map(|incident| clock(incident, at(0)));
        assert_eq!(
            clocks,
            ["overdue 5m", "overdue 1m", "in 4m", "ana has it", "overdue 3m", "in 3h", "over"]
        );
    }
}
