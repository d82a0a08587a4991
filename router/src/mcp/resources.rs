//! What can be read by its address: an incident, a rule, a playbook.

use serde_json::{Map, Value, json};

use super::desk::Asking;
use super::told::Trouble;
use super::tool::Tool;
use crate::api::WorkerEndpoint;
use crate::api::views::{Playbook, PlaybookStep};

/// What all addresses begin with.
const SCHEME: &str = "watchfire://";

/// A kind of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Incident,
    Rule,
    Playbook,
}

impl Kind {
    pub(super) const ALL: [Kind; 3] = [Kind::Incident, Kind::Rule, Kind::Playbook];

    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Incident => "incident",
            Kind::Rule => "rule",
            Kind::Playbook => "playbook",
        }
    }

    pub(super) fn description(self) -> &'static str {
        match self {
            Kind::Incident => "How an incident stands, as get_incident says it.",
            Kind::Rule => "A rule, as explain_rule says it.",
            Kind::Playbook => "What people do about one kind of incident, in order.",
        }
    }

    pub(super) fn mime(self) -> &'static str {
        match self {
            Kind::Incident | Kind::Rule => "application/json",
            Kind::Playbook => "text/markdown",
        }
    }

    /// Where one of them is.
    pub(super) fn address(self, name: &str) -> String {
        format!("{SCHEME}{}/{name}", self.word())
    }

    /// Which one an address is of.
    fn of(address: &str) -> Option<(Self, &str)> {
        let (word, name) = address.strip_prefix(SCHEME)?.split_once('/')?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.word() == word)?;
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        ((1..=300).contains(&name.len()) && name.bytes().all(is_name)).then_some((kind, name))
    }
}

/// What stands at an address, and as what.
pub(super) struct Read {
    pub(super) text: String,
    pub(super) mime: &'static str,
}

/// The playbooks: there are few of them. Incidents and rules are found by the tools.
pub(super) async fn playbooks(asking: Asking<'_>) -> Result<Vec<Playbook>, Trouble> {
    asking.look_at_worker(WorkerEndpoint::Playbooks, &()).await
}

pub(super) async fn read(asking: Asking<'_>, address: &str) -> Result<Read, Trouble> {
    let nothing =
        || Trouble::because("nothing has that address; resources/templates/list says how they look");
    let (kind, name) = Kind::of(address).ok_or_else(nothing)?;
    let called = |member: &str| Map::from_iter([(member.to_owned(), json!(name))]);
    let text = match kind {
        Kind::Incident => text(Tool::GetIncident.call(asking, called("id")).await?),
        Kind::Rule => text(Tool::ExplainRule.call(asking, called("rule")).await?),
        Kind::Playbook => {
            let all = playbooks(asking).await?;
            written(all.iter().find(|playbook| playbook.name.as_str() == name).ok_or_else(nothing)?)
        }
    };
    Ok(Read { text, mime: kind.mime() })
}

fn text(value: Value) -> String {
    format!("{value:#}")
}

fn written(Playbook { title, about, steps, .. }: &Playbook) -> String {
    let step = |(at, PlaybookStep { text, by }): (usize, &PlaybookStep)| {
        let by: Vec<_> = by.iter().map(|action| action.as_str()).collect();
        let by = if by.is_empty() { String::new() } else { format!(" (Watchfire can: {})", by.join(", ")) };
        format!("{}. {text}{by}\n", at + 1)
    };
    let steps: String = steps.iter().enumerate().map(step).collect();
    format!("# {title}\n\n{about}\n\n{steps}")
}
