//! What stands beside an incident's story: what its page says of it, and incidents that it has to do with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::attributes::{Attributes, matchers};
use watchfire_core::ids::IncidentKey;
use watchfire_core::noise::PageDraft;
use watchfire_core::notice::{Fact, Group, Notice};
use watchfire_core::priority::Priority;

use super::IncidentState;
use crate::router::{self, Relation};

/// What is known of what an incident is about, as it was when its page was last composed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Known {
    /// A paragraph; may be empty.
    pub description: String,
    /// What is known, by the question that it answers.
    pub groups: Vec<Facts>,
    /// What could not be found out, each in a sentence.
    pub unknown: Vec<String>,
    /// Label and https address: the runbook, the console.
    pub links: Vec<(String, String)>,
    /// By which others that are about the same are found.
    pub alike: Vec<Alike>,
}

/// What answers one question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Facts {
    /// The question.
    pub head: String,
    /// Label and value.
    pub facts: Vec<(String, String)>,
}

/// Matchers of what has something in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alike {
    /// What that is.
    pub what: String,
    /// Each as it is typed, `pod=web-1`.
    pub matchers: Vec<String>,
}

/// No value that others may have in common is longer.
const LONGEST: usize = 300;

/// An incident that another has to do with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Related {
    /// Which.
    pub incident: IncidentKey,
    /// What it has to do with it.
    pub how: Relation,
    /// Whether it is open or over.
    pub state: IncidentState,
    /// Its priority.
    pub priority: Priority,
    /// What it is, in a line.
    pub title: String,
    /// What it is about, in a line.
    pub subject: String,
}

impl Known {
    /// What a page says of it.
    pub(crate) fn of(PageDraft { face, notice }: &PageDraft) -> Self {
        let Notice { description, facts, unknown, links, .. } = notice;
        let of_group = |group: Group| {
            let facts = facts.iter().filter(|fact| fact.group == group);
            let facts = facts.map(|Fact { group: _, label, value }| (label.clone(), value.clone()));
            Facts { head: group.head().to_owned(), facts: facts.collect() }
        };
        let groups = Group::ALL.map(of_group).into_iter().filter(|group| !group.facts.is_empty());
        Self {
            description: description.clone(),
            groups: groups.collect(),
            unknown: unknown.clone(),
            links: links.clone(),
            alike: Alike::of(face),
        }
    }
}

impl Alike {
    /// What of a subject others may have in common, the narrowest first.
    fn of(face: &Attributes) -> Vec<Self> {
        let subject = &face.subject;
        let namespace = subject.namespace.as_deref();
        let parts = [
            ("pod", subject.pod.as_deref(), namespace),
            ("image", subject.image.as_deref(), None),
            ("node", subject.node.as_deref(), None),
            ("instance", subject.instance.as_deref(), None),
            ("service_account", subject.service_account.as_deref(), None),
            ("principal", subject.principal.as_deref(), None),
            ("resource", subject.resource.as_deref(), None),
            ("namespace", namespace, None),
            ("rule", Some(face.rule.as_str()), None),
        ];
        let is_ours = |name: &str| matchers::names().contains(&name);
        let of = |(name, value, within): (&str, Option<&str>, Option<&str>)| {
            let value = value.filter(|value| value.len() <= LONGEST && is_ours(name))?;
            let within = within.map(|within| matchers::word("namespace", within));
            let matchers = [matchers::word(name, value)].into_iter().chain(within).collect::<Option<_>>()?;
            Some(Self { what: name.replace('_', " "), matchers })
        };
        parts.into_iter().filter_map(of).collect()
    }
}

impl Related {
    /// As it is shown.
    pub(crate) fn of(router::Related { incident, how, record }: &router::Related) -> Self {
        Self {
            incident: incident.clone(),
            how: *how,
            state: IncidentState::of(record),
            priority: record.priority,
            title: record.title.clone(),
            subject: record.subject.clone(),
        }
    }

    /// In a line.
    pub(crate) fn line(&self) -> String {
        let Self { incident, how, state, priority, title, subject } = self;
        format!("{}: {priority} {title}, {subject} ({}, {incident})", how.clause(), state.as_str())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use watchfire_core::builders;
    use watchfire_core::event::Subject;

    use super::*;

    #[test]
    fn others_are_found_by_what_they_have_in_common_and_not_by_what_a_sender_made_a_wildcard() {
        let face = builders::attributes(Subject {
            pod: Some("web-1".to_owned()),
            namespace: Some("shop".to_owned()),
            node: Some("*".to_owned()),
            principal: Some("Jane \"Ops\" Doe".to_owned()),
            ..Subject::default()
        });
        let alike = Alike::of(&face);
        let pod = Alike {
            what: "pod".to_owned(),
            matchers: vec!["pod=web-1".to_owned(), "namespace=shop".to_owned()],
        };
        assert_eq!(alike.first(), Some(&pod));
        let pattern = |what: &str| {
            let one = alike.iter().find(|one| one.what == what).expect("it is listed");
            matchers::pattern(&matchers::words(&one.matchers.join(" ")).expect("words")).expect("matchers")
        };
        assert_eq!(pattern("node"), json!({"subject": {"node": [{"wildcard": "\\*"}]}}));
        assert_eq!(pattern("principal"), json!({"subject": {"principal": ["Jane \"Ops\" Doe"]}}));
    }
}
