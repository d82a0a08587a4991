//! From an event and its decision to the words of a page.

mod facts;
mod rows;
mod what;

use jiff::Timestamp;

use crate::action::Role;
use crate::context::Context;
use crate::decision::Withheld;
use crate::event::{Event, FindingSource, OWN_SOURCE, seen};
use crate::ids::IncidentKey;
use crate::notice::{Followed, Head, Notice, RUNBOOK};
use crate::policy::Policy;
use crate::rules::{Playbook, Rule};
use crate::text::clean;
use crate::verdict::Why;

/// What a page is about, besides the event itself.
pub(crate) struct About<'a> {
    pub(crate) rule: &'a Rule,
    pub(crate) policy: &'a Policy,
    pub(crate) context: &'a Context,
    pub(crate) why: Why,
    pub(crate) doing: &'a [String],
    pub(crate) withheld: &'a [Withheld],
    pub(crate) incident: &'a IncidentKey,
    pub(crate) now: Timestamp,
}

/// What the page about this event says. Its head has what happened and where; the rest of it is looked up when all is
/// decided ([`crate::heading`]).
pub(crate) fn notice(event: &Event<'_>, about: &About<'_>) -> Notice {
    let About { rule, policy, context, why, doing, withheld, incident, now } = about;
    let seen = seen::seen(event, policy.calendar.zone());
    let unknown = context.unknown.iter().cloned().chain(event.faults.iter().map(ToString::to_string));
    let unknown: Vec<String> = unknown.collect();
    let finding = event.finding.as_ref();
    let kind = finding.map_or(&event.detail_type, |finding| &finding.kind);
    let severity = finding.and_then(|finding| finding.severity);
    Notice {
        priority: rule.priority,
        head: Head {
            what: what::happened(event, &seen, rule),
            subject: what::to_whom(event, &seen, context),
            place: what::place(event, context, policy),
            alias: what::alias(event, context, policy),
            unasked: finding.is_some_and(|finding| finding.source == FindingSource::GuardDuty)
                && rule.actions.iter().all(|action| action.role() != Role::Contain),
            ..Head::default()
        },
        title: clean(title(event), 200),
        description: clean(description(event), 1_000),
        why: why.sentence().to_owned(),
        rule: rule.name.clone(),
        family: rule.family.clone(),
        kind: clean(kind, 200),
        source: match finding {
            Some(finding) => finding.source.as_str().to_owned(),
            None => clean(&event.source, 100),
        },
        severity: severity.map_or(String::new(), |severity| {
            format!("{:.1} {}", severity.value(), severity.band().as_str())
        }),
        facts: facts::facts(event, &seen, context, *now),
        doing: doing.iter().map(|doing| clean(doing, 500)).collect(),
        over: false,
        unknown: unknown.iter().map(|unknown| clean(unknown, 200)).collect(),
        withheld: withheld.iter().map(Withheld::told).collect(),
        playbook: playbook(rule, policy, kind),
        lists: facts::lists(&seen),
        routes: Vec::new(),
        links: links(event, rule),
        incident: (*incident).clone(),
        finding: finding.map(|finding| finding.key.clone()),
        hub: finding.and_then(|finding| finding.hub.clone()),
        event: event.id.clone(),
        note: None,
        at: finding.and_then(|finding| finding.last_seen.or(finding.updated_at)).or(event.time),
        beside: None,
        sample: finding.is_some_and(|finding| finding.sample),
        drill: false,
    }
}

/// What people do about it, where there is a playbook for it; nothing of it is done yet.
fn playbook(rule: &Rule, policy: &Policy, kind: &str) -> Option<Followed> {
    let playbook = policy.rules.playbooks().of(rule.name.as_str(), &rule.family, kind);
    playbook.map(Playbook::told)
}

/// What it is, in the finder's words.
pub(crate) fn title<'e>(event: &'e Event<'_>) -> &'e str {
    match &event.finding {
        Some(finding) if !finding.title.is_empty() => &finding.title,
        Some(finding) => &finding.kind,
        None => &event.detail_type,
    }
}

/// Watchfire's own events say what is the matter in their detail.
fn description<'e>(event: &'e Event<'_>) -> &'e str {
    match &event.finding {
        Some(finding) => &finding.description,
        None if event.source == OWN_SOURCE => {
            event.json.get("detail").and_then(|detail| detail.get("reason")?.as_str()).unwrap_or_default()
        }
        None => "",
    }
}

fn links(event: &Event<'_>, rule: &Rule) -> Vec<(String, String)> {
    let runbook = rule.runbook.as_ref().map(|address| (RUNBOOK.to_owned(), address.clone()));
    runbook.into_iter().chain(guardduty_console(event)).collect()
}

/// The finding in its partition's console; only from an ARN of exactly the published form, because
/// what stands in an event is not to steer anyone's browser.
fn guardduty_console(event: &Event<'_>) -> Option<(String, String)> {
    let finding = event.finding.as_ref().filter(|finding| finding.source == FindingSource::GuardDuty)?;
    let mut parts = finding.key.as_str().split(':');
    let (Some("arn"), Some(partition), Some("guardduty"), Some(region)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let id = finding.key.as_str().rsplit_once("/finding/")?.1;
    let host = match partition {
        "aws" => "console.aws.amazon.com",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        _ => return None,
    };
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    (plain(region) && plain(id)).then(|| {
        let address =
            format!("https://{host}/guardduty/home?region={region}#/findings?macros=current&fId={id}");
        ("GuardDuty console".to_owned(), address)
    })
}
