//! Incident: how it stands, what comes next, who was told, and every decision about it with its reason.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::Uri;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use watchfire_core::action::ActionName;
use watchfire_core::attributes::matchers;
use watchfire_core::standing::{Approval, ApprovalState, Progress, Told};
use watchfire_core::text::without_markup;
use watchfire_core::zone::Zone;

use super::now::{clock, deeds, state};
use super::{Tag, as_text, shown};
use crate::api::OperatorEndpoint;
use crate::api::params::Of;
use crate::api::told as api_told;
use crate::api::views::{
    Act, Alike, DecidedBy, Decision, Facts, Incident, IncidentDetail, IncidentState, Known, Related,
};
use crate::board::Board;
use crate::board::decided::{Decided, said};
use crate::board::deed::{Deed, Link, links, unlink};
use crate::board::desk::Trouble;
use crate::board::shell::{self, Main};
use crate::board::visitor::Visitor;
use crate::board::words::{about, asking, line, several, until, when};
use crate::identity::Role;

/// Which, and in which form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    pub(crate) of: String,
    /// `text`: as text.
    #[serde(rename = "as")]
    pub(crate) form: String,
}

#[derive(Template)]
#[template(path = "incident.html")]
struct Page {
    title: String,
    head: Option<Head>,
    can_act: bool,
    plans: Vec<Plan>,
    stands: Vec<String>,
    /// What people do about it, and how that is called.
    playbook: Option<(String, Vec<String>)>,
    next: Vec<String>,
    /// What models wrote about it, a line each; the latest episode's.
    machine: Vec<String>,
    facts: Vec<(&'static str, String)>,
    added: Option<Added>,
    known: Option<Known>,
    alike: Vec<(String, String)>,
    evidence: Vec<ToldLine>,
    done: Vec<Done>,
    related: Vec<Beside>,
    more_related: u64,
    findings: Vec<String>,
    more_findings: u64,
    told: Vec<ToldLine>,
    decisions: Vec<Decided>,
    silence: Option<String>,
    text_href: String,
}

struct Head {
    priority: String,
    title: String,
    subject: String,
    clock: String,
    tags: Vec<Tag>,
    deeds: Vec<Link>,
}

/// What people added to it.
struct Added {
    notes: Vec<NoteLine>,
    links: Vec<LinkLine>,
    deeds: Vec<Link>,
}

struct NoteLine {
    /// HTML.
    at: String,
    by: String,
    text: String,
}

struct LinkLine {
    url: String,
    text: String,
    by: String,
    unlink: Option<Link>,
}

/// What was done to the cluster, or is to be, with how far each step went.
struct Done {
    at: Option<String>,
    title: String,
    tone: &'static str,
    result: &'static str,
    steps: Vec<String>,
}

/// An incident that this has to do with.
struct Beside {
    href: String,
    priority: String,
    title: String,
    how: String,
}

struct Plan {
    title: String,
    steps: Vec<String>,
    because: String,
    until: String,
    deeds: Vec<Link>,
}

struct ToldLine {
    at: String,
    text: String,
}

pub(crate) async fn incident(
    visitor: Visitor,
    State(board): State<Board>,
    uri: Uri,
    Query(Asked { of, form }): Query<Asked>,
) -> Response {
    let look = async || board.desk.look(&visitor, OperatorEndpoint::Story, &Of { of }).await;
    if form == "text" {
        return match look().await {
            Ok(story) => as_text(&text(&story)),
            Err(trouble) => shell::trouble(&visitor, uri.path(), trouble),
        };
    }
    shown(&board, &visitor, &uri, async || made(&look().await?, &visitor)).await
}

fn made(story: &IncidentDetail, visitor: &Visitor) -> Result<Main, Trouble> {
    let now = Timestamp::now();
    let IncidentDetail { incident, decisions, standing, next, .. } = story;
    let name = name(story);
    let title = incident.as_ref().map_or_else(|| name.clone(), |incident| line(&incident.title));
    let waiting = standing.approvals.iter().filter(|approval| approval.state == ApprovalState::Waiting);
    let page = Page {
        head: incident.as_ref().map(|incident| head(incident, story, visitor, now)),
        can_act: visitor.has(Role::Responder),
        plans: waiting.map(|approval| plan(approval, visitor, now)).collect(),
        stands: standing.lines().iter().map(|text| line(text)).collect(),
        playbook: playbook(story),
        next: next.iter().map(|text| line(text)).collect(),
        machine: machine(story),
        facts: facts(story),
        added: incident.as_ref().map(|incident| added(story, incident, visitor)),
        known: story.known.as_ref().map(shown_of),
        alike: story.known.iter().flat_map(|known| &known.alike).map(alike).collect(),
        evidence: evidence(decisions),
        done: decisions.iter().rev().flat_map(|decision| &decision.acts).filter_map(done).collect(),
        related: story.related.iter().map(beside).collect(),
        more_related: story.more_related,
        findings: story.findings.iter().map(|finding| line(finding.as_str())).collect(),
        more_findings: story.more_findings,
        told: standing.told.iter().rev().map(told).collect(),
        decisions: decisions.iter().rev().map(Decided::of).collect(),
        silence: decisions.iter().rev().find_map(silence),
        text_href: asking("/incident", &[("of", &name), ("as", "text")]),
        title: title.clone(),
    };
    Main::of(title, &page)
}

/// What its playbook is about, and its steps; none once it is over.
fn playbook(story: &IncidentDetail) -> Option<(String, Vec<String>)> {
    let incident = story.incident.as_ref().filter(|incident| incident.state != IncidentState::Over);
    let playbook = incident.and(story.standing.playbook.as_ref())?;
    let steps = playbook.lines(&story.standing.zone).iter().map(|text| line(text)).collect();
    Some((line(&playbook.title), steps))
}

/// What a model wrote of its latest episode, with all that stands around it.
fn machine(story: &IncidentDetail) -> Vec<String> {
    let latest = story.machine_texts.last();
    latest.iter().flat_map(|text| &text.shown).map(|text| line(text)).collect()
}

/// What it was asked about.
fn name(story: &IncidentDetail) -> String {
    let IncidentDetail { incident, id, finding, event, .. } = story;
    let key = incident.as_ref().map(|incident| incident.key.to_string());
    let event = id.as_ref().map(ToString::to_string).or_else(|| event.clone());
    key.or(event).or_else(|| finding.as_ref().map(ToString::to_string)).unwrap_or_default()
}

fn head(incident: &Incident, story: &IncidentDetail, visitor: &Visitor, now: Timestamp) -> Head {
    let mut links = links(visitor, &deeds(incident, incident.key.as_str()));
    if visitor.has(Deed::Silence.least())
        && let Some(matches) = story.decisions.iter().rev().find_map(silence)
    {
        links.push(Deed::Silence.link(&matches));
    }
    let contained = story
        .standing
        .measures
        .iter()
        .any(|measure| matches!(measure.state, watchfire_core::notice::MeasureState::Done { .. }));
    if contained && visitor.has(Deed::Release.least()) {
        links.push(Deed::Release.link(incident.key.as_str()));
    }
    Head {
        priority: incident.priority.to_string(),
        title: line(&incident.title),
        subject: line(&incident.subject),
        clock: clock(incident, now),
        tags: state(incident),
        deeds: links,
    }
}

/// The matchers that such news would be silenced by: its rule, and the namespace where it is about a pod.
fn silence(decision: &Decision) -> Option<String> {
    let Decision { by, rule, subject, .. } = decision;
    if *by != DecidedBy::Event {
        return None;
    }
    let rule = matchers::word("rule", rule.as_str())?;
    let pod = subject.split_once(" pods/").and_then(|(_, pod)| pod.split_once('/'));
    match pod {
        // What cannot be typed would be left out, and so much more would be silenced.
        Some((namespace, _)) => Some(format!("{rule} {}", matchers::word("namespace", namespace)?)),
        None => Some(rule),
    }
}

fn plan(approval: &Approval, visitor: &Visitor, now: Timestamp) -> Plan {
    let Approval { id, action, target, plan, because, until: by, .. } = approval;
    Plan {
        steps: plan.iter().map(|step| line(step)).collect(),
        title: line(&format!("{action} of {target} waits for an approval")),
        because: line(because),
        until: format!("{} ({})", when(*by), until(*by, now)),
        deeds: links(visitor, &[(Deed::Approve, id.as_str()), (Deed::Deny, id.as_str())]),
    }
}

/// What is known, in lines.
fn shown_of(known: &Known) -> Known {
    let group = |Facts { head, facts }: &Facts| Facts {
        head: head.clone(),
        facts: facts.iter().map(|(label, value)| (line(label), line(value))).collect(),
    };
    Known {
        description: line(&known.description),
        groups: known.groups.iter().map(group).collect(),
        unknown: known.unknown.iter().map(|text| line(text)).collect(),
        links: known.links.iter().filter(|(_, url)| url.starts_with("https://")).cloned().collect(),
        alike: Vec::new(),
    }
}

/// A list of others that have that in common.
fn alike(Alike { what, matchers }: &Alike) -> (String, String) {
    (format!("same {what}"), asking("/", &[("match", &matchers.join(" ")), ("state", "all")]))
}

fn evidence(decisions: &[Decision]) -> Vec<ToldLine> {
    let acts = api_told::acts(decisions, |action| action == ActionName::Evidence);
    acts.map(|act| ToldLine {
        at: act.at.map(when).unwrap_or_default(),
        text: line(&api_told::came_of(act).plain()),
    })
    .collect()
}

/// An act with steps; none for one that is no matter of steps.
fn done(act: &Act) -> Option<Done> {
    let tone = match act.result {
        Progress::Done => "good",
        Progress::Failed => "bad",
        Progress::Pending => "warn",
        Progress::NotNeeded => "",
    };
    (!act.steps.is_empty()).then(|| Done {
        at: act.at.map(when),
        title: line(&format!("{} of {}{}", act.id, act.target, said(&act.said))),
        tone,
        result: act.result.as_str(),
        steps: act.steps.iter().map(|step| line(&api_told::step_said(step).plain())).collect(),
    })
}

fn beside(related: &Related) -> Beside {
    let Related { incident, how, state, priority, title, subject } = related;
    Beside {
        href: about("/incident", incident.as_str()),
        priority: priority.to_string(),
        title: line(&format!("{title}: {subject}")),
        how: format!("{}, {}", how.clause(), state.as_str()),
    }
}

fn added(story: &IncidentDetail, incident: &Incident, visitor: &Visitor) -> Added {
    let key = incident.key.as_str();
    let earlier = |episode: u32| match episode == incident.episode {
        true => String::new(),
        false => format!(", episode {episode}"),
    };
    let notes = story.notes.iter().map(|note| NoteLine {
        at: when(note.at),
        by: line(&format!("{}{}", note.by, earlier(note.episode))),
        text: line(note.text.as_str()),
    });
    let may_unlink = visitor.has(Deed::Unlink.least());
    let links_to = story.links.iter().map(|link| LinkLine {
        url: link.url.to_string(),
        text: line(&link.named()),
        by: line(&format!("{}{}", link.by, earlier(link.episode))),
        unlink: may_unlink.then(|| unlink(key, link.url.as_str())),
    });
    Added {
        notes: notes.collect(),
        links: links_to.collect(),
        deeds: links(visitor, &[Deed::Note, Deed::Link, Deed::Label].map(|deed| (deed, key))),
    }
}

fn told(told: &Told) -> ToldLine {
    ToldLine { at: when(told.at()), text: delivered(told) }
}

fn delivered(told: &Told) -> String {
    let Told { with_others, delivery, decided_at: _ } = told;
    let with = if *with_others { " with others" } else { "" };
    let (kind, channel) = (delivery.kind.as_str(), &delivery.channel);
    line(&format!("{kind}{with} to {channel}: {}{}", delivery.came_of(), said(&delivery.said)))
}

/// What else is known; HTML.
fn facts(story: &IncidentDetail) -> Vec<(&'static str, String)> {
    let html = |text: &str| without_markup(&line(text));
    let link = |path: &str, name: &str| {
        format!("<a class=\"id\" href=\"{}\">{}</a>", without_markup(&about(path, name)), html(name))
    };
    let mut facts = Vec::new();
    if let Some(incident) = &story.incident {
        let Incident { key, family, episode, opened_at, last_at, events, said_at, respond_by, .. } = incident;
        facts.push(("Incident", link("/incident", key.as_str())));
        facts.push(("Family", html(family)));
        let episode = if *episode > 1 { format!(", episode {episode}") } else { String::new() };
        facts.push(("Opened", format!("{}{episode}", when(*opened_at))));
        let last = when(last_at.unwrap_or(*opened_at));
        facts.push(("Events", format!("{}, the last at {last}", several(*events, "event"))));
        facts.push(("Said", said_at.map_or_else(|| "to nobody yet".to_owned(), when)));
        facts.extend(respond_by.map(|by| ("Respond by", when(by))));
        let by = |whom: &watchfire_core::notice::ByWhom| format!("{}, at {}", html(&whom.by), when(whom.at));
        facts.extend(incident.acknowledged.as_ref().map(|whom| ("Has it", by(whom))));
        facts.extend(story.on_call.as_ref().map(|said| ("On call", html(said))));
        facts.extend(incident.ended.as_ref().map(|whom| ("Ended by", by(whom))));
        facts.extend(incident.campaign.as_ref().map(|of| ("Part of", link("/incident", of.as_str()))));
        let labels: Vec<_> = incident.labels.lines().iter().map(|label| html(label)).collect();
        facts.extend((!labels.is_empty()).then(|| ("Labels", labels.join("<br>"))));
        let channels: Vec<_> = incident.channels.iter().map(|channel| html(channel.as_str())).collect();
        facts.extend((!channels.is_empty()).then(|| ("Channels", channels.join(", "))));
    }
    facts.extend(story.id.as_ref().map(|id| ("Event", link("/event", id.as_str()))));
    facts.extend(story.finding.as_ref().map(|finding| ("Finding", html(finding.as_str()))));
    for other in &story.others {
        facts.push(("Same name", link("/event", other.as_str())));
    }
    facts
}

/// The whole of it as text: for a ticket, or a chat.
fn text(story: &IncidentDetail) -> Vec<String> {
    let second = |at| Zone::UTC.second(at);
    let mut lines = Vec::new();
    if let Some(incident) = &story.incident {
        let Incident { key, priority, state, title, subject, opened_at, events, .. } = incident;
        lines.push(line(&format!("{priority} {title}")));
        lines.push(line(subject));
        let events = several(*events, "event");
        lines.push(line(&format!("{key}, {}, opened {}, {events}", state.as_str(), second(*opened_at))));
        lines.extend(super::now::state(incident).into_iter().map(|(_, text)| text));
    }
    let section = |name: &str, of: Vec<String>| -> Vec<String> {
        let head = (!of.is_empty()).then(|| format!("\n{name}"));
        head.into_iter().chain(of.into_iter().map(|text| format!("- {}", line(&text)))).collect()
    };
    lines.extend(section("Stands", story.standing.lines()));
    let steps = playbook(story).map(|(_, steps)| steps).unwrap_or_default();
    lines.extend(section("To do", steps));
    lines.extend(section("Next", story.next.clone()));
    lines.extend(section("Written by a machine, unverified", machine(story)));
    let links = story.links.iter().map(|link| format!("{} {}", link.named(), link.url));
    lines.extend(section("Links", links.collect()));
    let notes = story.notes.iter().map(|note| format!("{} {}: {}", second(note.at), note.by, note.text));
    lines.extend(section("Notes", notes.collect()));
    lines.extend(section("Related", story.related_lines()));
    let told = story.standing.told.iter().map(|told| format!("{} {}", second(told.at()), delivered(told)));
    lines.extend(section("Told", told.collect()));
    let timeline = story.decisions.iter().map(|decision| {
        let shown = Decided::of(decision);
        format!("{} {} {}: {} ({})", second(decision.at), shown.verdict, shown.what, shown.because, shown.by)
    });
    lines.extend(section("Timeline", timeline.collect()));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_fact_is_no_element() {
        assert_eq!(
            without_markup("<script a='1' b=\"2\">&"),
            "&lt;script a=&#39;1&#39; b=&quot;2&quot;&gt;&amp;"
        );
    }
}
