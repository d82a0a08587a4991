//! What the reports of an incident name: its pods, buckets, callers. One that none of them has named is news.

use std::collections::BTreeSet;

use crate::event::{Event, Finding, Subject};
use crate::hash::sha256;
use crate::incident::IncidentRecord;
use crate::text::clean;

/// The names in one report.
#[derive(Debug)]
pub(crate) struct Names {
    feed: Feed,
    names: Vec<Name>,
}

/// In whose words a report names things: each form of Security Hub lists other things than the finder, or the same in
/// other words, so that only another report of the same feed can name one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Feed {
    Finder,
    Asff,
    Ocsf,
}

impl Feed {
    fn of(event: &Event<'_>) -> Self {
        match &event.finding {
            Some(finding) if event.source == "aws.securityhub" && finding.hub.is_some() => Feed::Asff,
            Some(_) if event.source == "aws.securityhub" => Feed::Ocsf,
            Some(_) | None => Feed::Finder,
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Feed::Finder => "",
            Feed::Asff => "asff/",
            Feed::Ocsf => "ocsf/",
        }
    }
}

/// What a name is the name of. The most exact part of a subject is `About`, whatever it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Name {
    kind: &'static str,
    name: String,
}

const ABOUT: &str = "about";
/// Of these another finding of the incident may name one more.
const PARTS: [&str; 4] = ["container", "contributor", "instance", "resource"];

/// How a report stands to its incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reports {
    /// A finding that is known.
    Again,
    /// Another finding, which the subject of both made one incident.
    Another,
}

impl Names {
    pub(crate) fn of(event: &Event<'_>) -> Self {
        let subject = &event.subject;
        // That it names nothing exactly is remembered, too: a report that does then names the first.
        let about = Name { kind: ABOUT, name: short(&subject.primary().unwrap_or_default()) };
        let parts = parts(subject).chain(contributor(event.finding.as_ref()));
        // Of several resources the first is no more than the others: the next report may name another first.
        let is_one_of_several = |name: &Name| name.kind == "resource" && !subject.resources.is_empty();
        let others: Vec<_> =
            parts.filter(|name| is_one_of_several(name) || name.word() != about.name).collect();
        Self { feed: Feed::of(event), names: [about].into_iter().chain(others).collect() }
    }

    /// Whether one of them is of a kind of which the incident has one already, and is not among those.
    pub(crate) fn has_another(&self, incident: &IncidentRecord, reports: Reports) -> bool {
        let known = Known(&incident.resources);
        self.names.iter().any(|name| {
            let has_one = match reports {
                Reports::Again => known.has_one(name.kind, Some(self.feed)),
                Reports::Another => PARTS.contains(&name.kind) && known.has_one(name.kind, None),
            };
            has_one && !name.name.is_empty() && !known.has(&name.word())
        })
    }

    /// Remembers as many as there is room for.
    pub(crate) fn remember(&self, resources: &mut BTreeSet<String>) {
        for name in &self.names {
            let known = Known(resources);
            let is_told = known.has(&name.word()) && known.has_one(name.kind, Some(self.feed));
            if !is_told && resources.len() < IncidentRecord::MOST_RESOURCES {
                resources.insert(format!("{}{}={}", self.feed.prefix(), name.kind, name.name));
            }
        }
    }
}

impl Name {
    fn word(&self) -> String {
        match self.kind {
            ABOUT => self.name.clone(),
            kind => format!("{kind}/{}", self.name),
        }
    }
}

/// What an incident remembers, each as `[FEED/]KIND=NAME`.
struct Known<'k>(&'k BTreeSet<String>);

impl Known<'_> {
    fn entries(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.0.iter().filter_map(|entry| {
            let (kind, name) = entry.split_once('=')?;
            let (feed, kind) = kind.split_once('/').unwrap_or(("", kind));
            Some((feed, kind, name))
        })
    }

    fn has(&self, word: &str) -> bool {
        self.entries().any(|(_, kind, name)| match kind {
            ABOUT => name == word,
            kind => word.strip_prefix(kind).and_then(|rest| rest.strip_prefix('/')) == Some(name),
        })
    }

    /// Whether a report of that feed, or of any, named one of that kind.
    fn has_one(&self, kind: &str, feed: Option<Feed>) -> bool {
        let is_of_kind = |its: &str, name: &str| {
            its == kind || (its == ABOUT && name.split_once('/').is_some_and(|(its, _)| its == kind))
        };
        let is_of_feed = |its: &str| feed.is_none_or(|feed| feed.prefix().trim_end_matches('/') == its);
        self.entries().any(|(its_feed, its, name)| is_of_feed(its_feed) && is_of_kind(its, name))
    }
}

fn parts(subject: &Subject) -> impl Iterator<Item = Name> {
    let container = subject.container.as_ref().and_then(|container| container.name.as_ref());
    let (who, caller) = match &subject.principal {
        Some(principal) => ("principal", Some(principal)),
        None => ("serviceaccount", subject.service_account.as_ref()),
    };
    let parts = [("container", container), ("instance", subject.instance.as_ref()), (who, caller)];
    let named = parts.into_iter().filter_map(|(kind, part)| Some((kind, part?)));
    let named = named.chain(subject.all_resources().map(|resource| ("resource", resource)));
    named.map(|(kind, name)| Name { kind, name: short(name) })
}

/// Each contributor of an alarm is one of its problems, whatever it shares with the others.
fn contributor(finding: Option<&Finding>) -> Option<Name> {
    let finding = finding.filter(|finding| finding.is_contributor())?;
    Some(Name { kind: "contributor", name: short(finding.key.as_str()) })
}

/// A name that fits; of a longer one its beginning, and what tells it from others that begin so.
fn short(name: &str) -> String {
    const LONGEST: usize = 200;
    match clean(name, LONGEST) {
        cleaned if cleaned == name => cleaned,
        _ => format!("{}#{}", clean(name, 120), &sha256(name)[..16]),
    }
}
