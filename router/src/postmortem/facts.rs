//! What is read out of a story.

use jiff::Timestamp;
use watchfire_core::action::{ActionName, Role};
use watchfire_core::command::FOLLOW_UP;
use watchfire_core::notice::ByWhom;
use watchfire_core::standing::{Approval, ApprovalState, Delivery, NotDone, Progress};
use watchfire_core::verdict::{EffectKind, Why};

use super::{Milestone, PostMortem, QUESTIONS, lasting, timeline};
use crate::api::told::{self, Words};
use crate::api::views::{DecidedBy, Decision, Incident, IncidentDetail, IncidentState};

/// A story has so many decisions at most, the latest.
const MOST: usize = 200;

pub(super) fn of(story: &IncidentDetail) -> Option<PostMortem> {
    let incident = story.incident.as_ref()?;
    let decisions: Vec<_> =
        story.decisions.iter().filter(|decision| decision.at >= incident.opened_at).collect();
    let times = times(incident, story, &decisions);
    Some(PostMortem {
        incident: incident.key.to_string(),
        episode: incident.episode,
        priority: incident.priority.to_string(),
        title: Words::theirs(&incident.title),
        about: about(incident, &decisions),
        response: response(incident, &times),
        times,
        timeline: timeline::of(&decisions, &story.standing.zone),
        notes: notes(incident, story),
        links: links(incident, story),
        evidence: evidence(&decisions),
        follow_ups: follow_ups(&decisions),
        approvals: story.standing.approvals.iter().map(|approval| asked(approval, story)).collect(),
        not_done: not_done(&decisions),
        stands: story.standing.lines().iter().map(|line| Words::theirs(line)).collect(),
        limits: limits(incident, story),
        questions: QUESTIONS.to_vec(),
        machine_texts: machine_texts(incident, story),
        zone: story.standing.zone.clone(),
    })
}

fn about(incident: &Incident, decisions: &[&Decision]) -> Vec<(&'static str, Words)> {
    let mut rules: Vec<&str> = Vec::new();
    for decision in decisions.iter().filter(|decision| decision.by == DecidedBy::Event) {
        if !rules.contains(&decision.rule.as_str()) {
            rules.push(decision.rule.as_str());
        }
    }
    let who = |whom: &ByWhom| Words::theirs(&whom.by);
    let rows = [
        ("Subject", Some(Words::theirs(&incident.subject))),
        ("Family", Some(Words::theirs(&incident.family))),
        ("Rules", Some(Words::theirs(&rules.join(", ")))),
        ("State", Some(Words::ours(incident.state.as_str()))),
        ("Events", Some(Words::ours(incident.events.to_string()))),
        ("Had it", incident.acknowledged.as_ref().map(who)),
        ("Assigned", incident.assigned.as_deref().map(Words::theirs)),
        ("Labels", Some(Words::theirs(&incident.labels.lines().join(", ")))),
        ("Ended by", incident.ended.as_ref().map(who)),
        ("Part of", incident.campaign.as_ref().map(|campaign| Words::theirs(campaign.as_str()))),
    ];
    rows.into_iter()
        .filter_map(|(name, words)| words.filter(|words| !words.0.is_empty()).map(|words| (name, words)))
        .collect()
}

/// The first of each, the earliest first.
fn times(incident: &Incident, story: &IncidentDetail, decisions: &[&Decision]) -> Vec<Milestone> {
    let nobody = Words::default();
    let paged = decisions.iter().flat_map(|decision| &decision.effects);
    let paged = paged.filter(|effect| {
        effect.kind == EffectKind::Page && effect.result == Progress::Done && !is_follow_up(effect)
    });
    let paged = paged
        .filter_map(|effect| Some((effect.at?, Words::ours("over ").and_theirs(effect.channel.as_str()))));
    let done = |wanted: fn(ActionName) -> bool| {
        let acts = told::acts(decisions.iter().copied(), wanted);
        acts.filter(|act| act.result == Progress::Done).filter_map(|act| act.at).min()
    };
    let acknowledged = decisions.iter().filter(|decision| is_taken(&decision.kind)).find_map(|decision| {
        let DecidedBy::Human { name, .. } = &decision.by else { return None };
        Some((decision.at, Words::theirs(name)))
    });
    let by_record = || incident.acknowledged.as_ref().map(|whom| (whom.at, Words::theirs(&whom.by)));
    let approved =
        story.standing.approvals.iter().filter(|approval| approval.state == ApprovalState::Approved);
    let approved = approved.filter_map(|approval| approval.answer.as_ref());
    let approved = approved.map(|answer| (answer.at, Words::theirs(&answer.by))).min_by_key(|(at, _)| *at);
    let released = decisions.iter().flat_map(|decision| &decision.acts);
    let released =
        released.filter(|act| act.id.as_str().starts_with("release:") && act.result == Progress::Done);
    let over = (incident.state == IncidentState::Over).then(|| match &incident.ended {
        Some(whom) => Some((whom.at, Words::theirs(&whom.by))),
        // What people add to it afterwards did not end it, nor what a model says.
        None => decisions
            .iter()
            .rfind(|decision| !matches!(decision.by, DecidedBy::Human { .. }) && decision.why != Why::Triaged)
            .map(|decision| (decision.at, Words::ours("its own findings"))),
    });
    let all = [
        ("first report", Some((incident.opened_at, nobody.clone()))),
        ("first page taken", paged.min_by_key(|(at, _)| *at)),
        ("acknowledged", acknowledged.or_else(by_record)),
        ("evidence stored", done(|action| action == ActionName::Evidence).map(|at| (at, nobody.clone()))),
        ("approved", approved),
        ("contained", done(|action| action.role() == Role::Contain).map(|at| (at, nobody.clone()))),
        ("released", released.filter_map(|act| act.at).min().map(|at| (at, nobody.clone()))),
        ("over", over.flatten()),
    ];
    let mut all: Vec<_> = all
        .into_iter()
        .filter_map(|(what, reached)| {
            let (at, by) = reached?;
            let after_seconds = at.duration_since(incident.opened_at).as_secs();
            Some(Milestone { what, at, after_seconds, by })
        })
        .collect();
    all.sort_by_key(|milestone| milestone.at);
    all
}

/// Whether it made a ticket of what is to be done, and paged nobody.
fn is_follow_up(effect: &Delivery) -> bool {
    effect.id.as_str().starts_with(FOLLOW_UP)
}

/// What is to be done, who said so, and what its ticket is.
fn follow_ups(decisions: &[&Decision]) -> Vec<Words> {
    let of = |decision: &&Decision| {
        let effect = decision.effects.iter().find(|effect| is_follow_up(effect))?;
        let DecidedBy::Human { name, says, .. } = &decision.by else { return None };
        let said = Words::theirs(says.as_deref().unwrap_or_default()).and(", by ").and_theirs(name);
        Some(
            said.and(": ")
                .and_theirs(effect.channel.as_str())
                .and(" ")
                .and_theirs(&effect.came_of())
                .with(", ", &effect.said),
        )
    };
    decisions.iter().filter_map(of).collect()
}

/// Whether somebody has it by that command.
fn is_taken(kind: &str) -> bool {
    matches!(kind.strip_prefix("Command:"), Some("acknowledge" | "take"))
}

fn response(incident: &Incident, times: &[Milestone]) -> Words {
    let Some(by) = incident.respond_by else { return Words::ours("Nobody had to respond.") };
    let allowed = lasting(by.duration_since(incident.opened_at).as_secs());
    let had = times.iter().find(|milestone| milestone.what == "acknowledged");
    Words::ours(match had.map(|had| (had.at, lasting(had.after_seconds))) {
        None => format!("Nobody acknowledged it; {allowed} were allowed from the first report."),
        Some((at, after)) if at <= by => {
            format!("Acknowledged after {after}, in time: {allowed} were allowed.")
        }
        Some((at, after)) => {
            let late = lasting(at.duration_since(by).as_secs());
            format!("Acknowledged after {after}, late by {late}: {allowed} were allowed.")
        }
    })
}

fn evidence(decisions: &[&Decision]) -> Vec<Words> {
    let acts = told::acts(decisions.iter().copied(), |action| action == ActionName::Evidence);
    acts.map(told::came_of).collect()
}

fn notes(incident: &Incident, story: &IncidentDetail) -> Vec<Words> {
    let notes = story.notes.iter().filter(|note| note.episode == incident.episode);
    let noted = notes.map(|note| {
        let at = story.standing.zone.second(note.at);
        Words::ours(format!("{at}, ")).and_theirs(&note.by).and(": ").and_theirs(note.text.as_str())
    });
    noted.collect()
}

/// Each line as it is shown everywhere: first that it is a machine's, then what the page rests on.
fn machine_texts(incident: &Incident, story: &IncidentDetail) -> Vec<Words> {
    let texts = story.machine_texts.iter().filter(|text| text.of.episode == incident.episode);
    texts.flat_map(|text| &text.shown).map(|line| Words::theirs(line)).collect()
}

fn links(incident: &Incident, story: &IncidentDetail) -> Vec<Words> {
    let links = story.links.iter().filter(|link| link.episode == incident.episode);
    let linked = links.map(|link| {
        let title = link.title.as_ref().map_or_else(String::new, ToString::to_string);
        Words::theirs(link.url.as_str()).with(", ", &title).with(", by ", &link.by)
    });
    linked.collect()
}

fn asked(approval: &Approval, story: &IncidentDetail) -> Words {
    let second = |at: Timestamp| story.standing.zone.second(at);
    let asked = Words::ours(format!("{} of ", approval.action)).and_theirs(&approval.target);
    let asked = asked.and(", asked because ").and_theirs(&approval.because);
    match &approval.answer {
        Some(answer) => {
            let word = if approval.state == ApprovalState::Denied { "denied" } else { "approved" };
            asked
                .and(format!("; {word} at {} by ", second(answer.at)))
                .and_theirs(&answer.by)
                .with(": ", &answer.reason)
        }
        None if approval.state == ApprovalState::Expired => {
            asked.and(format!("; nobody answered by {}", second(approval.until)))
        }
        None => asked.and(format!("; waits until {}", second(approval.until))),
    }
}

/// Each once: what a rule wants is withheld from every event anew.
fn not_done(decisions: &[&Decision]) -> Vec<Words> {
    let mut all = Vec::new();
    for NotDone { action, reason, since } in decisions.iter().flat_map(|decision| &decision.withheld) {
        let words = match since {
            Some(since) => Words::theirs(action).with(": ", since),
            None => Words::theirs(action).with(": ", reason),
        };
        if !all.contains(&words) {
            all.push(words);
        }
    }
    all
}

fn limits(incident: &Incident, story: &IncidentDetail) -> Vec<String> {
    let mut limits = Vec::new();
    if incident.state != IncidentState::Over {
        limits.push("The incident is not over: this is how it stood when the report was made.".to_owned());
    }
    if story.decisions.len() >= MOST {
        limits.push(format!(
            "Only the latest {MOST} decisions are here; `watchfire store export` has every one."
        ));
    }
    if incident.episode > 1 {
        limits.push("Earlier episodes are left out; `watchfire incidents timeline` has them.".to_owned());
    }
    limits
}
