//! What Alertmanager, Prometheus, Grafana and `amtool` post, taken apart into an event for each alert.
//!
//! The events are of our own making and have no more than what is read, each part cut to a length: whatever stands in
//! labels and annotations, it makes no other event, and fits on a queue.

use std::borrow::Cow;

use jiff::Timestamp;

use super::alert::{ALERT, CONDITION, CUT_OFF, is_told};
use super::envelope::Report;
use super::read::{as_text, number, text, time};
use super::room::Room;
use super::several::last;
use crate::hash::keyed;
use crate::json::{Fault, Json, Member, Outline, outline};
use crate::yaml::Node;

/// When and where alerts were heard, as far as whoever takes them knows; of what they say themselves it is not part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// When.
    pub at: Option<Timestamp>,
    /// The account of those that name no cluster, or this one.
    pub account: Option<String>,
    /// Their region.
    pub region: Option<String>,
    /// The cluster that those are in which name none.
    pub cluster: Option<String>,
}

/// So many labels and annotations of an alert are kept, with so many bytes of their names and values each.
const LABELS: Most = Most { parts: 64, name: 128, value: 512 };
const ANNOTATIONS: Most = Most { parts: 32, name: 128, value: 2_048 };
/// Other texts.
const LONGEST: usize = 2_048;

/// How much of something is kept.
#[derive(Clone, Copy)]
struct Most {
    parts: usize,
    name: usize,
    value: usize,
}

/// The texts of the events in what is posted as alerts, for [`super::Event::read`]: one for each alert, and one that
/// says how many were cut off. What is no alert gives an event that cannot be read, and never another one, whatever
/// stands in it.
pub fn alerts(body: &str, heard: &Heard) -> Vec<String> {
    let mut room = Room::default();
    let texts = match outline(body) {
        (Outline::Array(elements), _) => {
            let texts = elements.iter().map_while(|alert| kept(&mut room, event(alert, &[], heard)));
            Some(texts.collect())
        }
        (Outline::Object(members), _) => notified(&members, heard, &mut room),
        (Outline::Other, _) => None,
    };
    let mut texts = texts.unwrap_or_else(|| vec![unreadable(body, heard)]);
    texts.extend(room.left_out(body).map(|text| unreadable(&text, heard)));
    texts
}

/// The events in a notification of Alertmanager or Grafana; none in what is none.
pub(super) fn notified(members: &[Member<'_>], heard: &Heard, room: &mut Room) -> Option<Vec<String>> {
    const WORDS: [&str; 4] = ["receiver", "groupKey", "groupLabels", "commonLabels"];
    let alerts = last(members, "alerts").and_then(Outline::elements_of)?;
    if !members.iter().any(|member| WORDS.contains(&&*member.name)) {
        return None;
    }
    let events = alerts.iter().map(|alert| event(alert, members, heard)).chain(cut_off(members, heard));
    let mut events = events.peekable();
    // One about nothing is none: whoever sends it means something else by it.
    events.peek()?;
    Some(events.map_while(|text| kept(room, text)).collect())
}

/// The same of a notification in YAML, as a template may write it.
pub(super) fn notified_in_yaml(text: &str, heard: &Heard, room: &mut Room) -> Option<Vec<String>> {
    // Of a text that is no such thing nothing but its beginning is read.
    let is_named = text.lines().any(|line| line.starts_with("alerts:"));
    let node = is_named.then(|| Node::parse(text).ok()).flatten()?;
    let json = node.json().to_string();
    match outline(&json) {
        (Outline::Object(members), _) => notified(&members, heard, room),
        (Outline::Array(_) | Outline::Other, _) => None,
    }
}

fn kept(room: &mut Room, text: String) -> Option<String> {
    room.take(text.len()).then_some(text)
}

/// The event of one alert, firing or over.
fn event(alert: &str, around: &[Member<'_>], heard: &Heard) -> String {
    let (json, faults) = Json::read(alert);
    let labels = json.get("labels").map(Json::members).unwrap_or_default();
    // What is not whole may lack what tells it from another.
    if labels.is_empty() || faults.iter().any(Fault::takes_away) {
        return unreadable(alert, heard);
    }
    let said = |name: &str| text(&json, name).map(|said| cut(&said, LONGEST));
    let beside = |name: &str| last(around, name).and_then(Outline::string_of).map(|said| cut(&said, LONGEST));
    let cluster = text(&json, "labels.cluster");
    let is_here = heard.cluster.is_none() || cluster.is_none() || cluster == heard.cluster;
    let labels = parts(labels, LABELS);
    let annotations = json.get("annotations").map(Json::members).unwrap_or_default();
    let detail = object([
        ("status", Some(status(&json, heard.at).to_owned())),
        ("startsAt", said("startsAt")),
        ("endsAt", said("endsAt")),
        ("generatorURL", said("generatorURL")),
        ("silenceURL", said("silenceURL")),
        ("values", said("valueString")),
        ("receiver", beside("receiver")),
        ("externalURL", beside("externalURL")),
        ("cluster", heard.cluster.clone().filter(|_| is_here)),
    ]);
    let of = [("labels", labels), ("annotations", parts(annotations, ANNOTATIONS))];
    let of = of.into_iter().map(|(name, parts)| (Cow::Borrowed(name), Json::Object(parts)));
    let detail = Json::Object(of.chain(detail).collect());
    enveloped(ALERT, detail, heard, is_here)
}

/// By its own word; an alert that Prometheus sends has none, and is over once its end is not to come.
fn status(alert: &Json<'_>, heard: Option<Timestamp>) -> &'static str {
    let is_over = match text(alert, "status") {
        Some(status) => status.eq_ignore_ascii_case("resolved"),
        None => {
            let ends_at = time(alert, "endsAt").filter(is_told);
            ends_at.zip(heard).is_some_and(|(ends_at, heard)| ends_at <= heard)
        }
    };
    if is_over { "resolved" } else { "firing" }
}

/// What says that alerts were left out of a notification.
fn cut_off(members: &[Member<'_>], heard: &Heard) -> Option<String> {
    let json = Json::read(last(members, "truncatedAlerts")?).0;
    let wrapped = Json::Object(vec![(Cow::Borrowed("alerts"), json)]);
    let alerts = number(&wrapped, "alerts").filter(|alerts| *alerts >= 1.0)?;
    let beside =
        |name: &str| last(members, name).and_then(Outline::string_of).map(|said| cut(&said, LONGEST));
    let said = object(["receiver", "groupKey", "externalURL"].map(|name| (name, beside(name))));
    // `as` saturates.
    let count = Json::Number(Cow::Owned((alerts as u64).to_string()));
    let detail = said.chain([(Cow::Borrowed("alerts"), count)]).collect();
    Some(enveloped(CUT_OFF, Json::Object(detail), heard, true))
}

/// What our own watch of the cluster tells of one condition.
#[derive(Clone, Debug)]
pub(crate) struct Told<'t> {
    /// What tells this report from any other.
    pub(crate) id: &'t str,
    /// As an alert has them.
    pub(crate) labels: Vec<(&'static str, String)>,
    pub(crate) is_over: bool,
    pub(crate) starts_at: Timestamp,
    /// Until when it is to count; of one that is over since when it is.
    pub(crate) ends_at: Timestamp,
    pub(crate) summary: &'t str,
    pub(crate) description: &'t str,
}

/// The text of its event: an alert of our own.
pub(crate) fn told(told: &Told<'_>, heard: &Heard) -> String {
    let Told { id, labels, is_over, starts_at, ends_at, summary, description } = told;
    let text = |(name, value): &(&'static str, String)| {
        (Cow::Borrowed(*name), Json::string(cut(value, LABELS.value)))
    };
    let annotations =
        [("summary", Some((*summary).to_owned())), ("description", Some(cut(description, LONGEST)))];
    let of = [
        ("labels", labels.iter().map(text).collect()),
        ("annotations", object(annotations).collect::<Vec<_>>()),
    ];
    let of = of.into_iter().map(|(name, parts)| (Cow::Borrowed(name), Json::Object(parts)));
    let detail = object([
        ("status", Some(if *is_over { "resolved" } else { "firing" }.to_owned())),
        ("startsAt", Some(starts_at.to_string())),
        ("endsAt", Some(ends_at.to_string())),
        ("cluster", heard.cluster.clone()),
    ]);
    let detail = Json::Object(of.chain(detail).collect());
    let envelope = (Report::Watch.envelope().0, CONDITION);
    enveloped_as(envelope, keyed("watch", &[id]), detail, heard, true)
}

/// An event that no reader takes for an alert, with what there is to see.
fn unreadable(text: &str, heard: &Heard) -> String {
    let text = Json::string(cut(text, LONGEST));
    enveloped(ALERT, Json::Array(vec![text]), heard, true)
}

fn enveloped(detail_type: &'static str, detail: Json<'_>, heard: &Heard, is_here: bool) -> String {
    let id = keyed("alert-event", &[&detail.to_string()]);
    enveloped_as((Report::Prometheus.envelope().0, detail_type), id, detail, heard, is_here)
}

fn enveloped_as(
    (source, detail_type): (&'static str, &'static str),
    id: String,
    detail: Json<'_>,
    heard: &Heard,
    is_here: bool,
) -> String {
    let Heard { at, account, region, cluster: _ } = heard;
    let here = |part: &Option<String>| part.clone().filter(|_| is_here);
    let said = object([
        ("version", Some("0".to_owned())),
        ("id", Some(id)),
        ("detail-type", Some(detail_type.to_owned())),
        ("source", Some(source.to_owned())),
        ("account", here(account)),
        ("region", here(region)),
        ("time", at.map(|at| at.to_string())),
    ]);
    Json::Object(said.chain([(Cow::Borrowed("detail"), detail)]).collect()).to_string()
}

fn object<'a, const N: usize>(
    members: [(&'static str, Option<String>); N],
) -> impl Iterator<Item = (Cow<'a, str>, Json<'a>)> {
    members.into_iter().filter_map(|(name, text)| Some((Cow::Borrowed(name), Json::string(text?))))
}

/// Labels or annotations in the order of their names, as many as are kept. Of those that are not there is one in their
/// place that tells them from others.
fn parts(members: &[(Cow<'_, str>, Json<'_>)], most: Most) -> Vec<(Cow<'static, str>, Json<'static>)> {
    let text_of = |value: &Json<'_>| match value {
        // As YAML may read it.
        Json::Bool(truth) => Some(truth.to_string()),
        other => as_text(other),
    };
    let mut texts: Vec<_> =
        members.iter().filter_map(|(name, value)| Some((&**name, text_of(value)?))).collect();
    texts.sort();
    let more: Vec<_> =
        texts.iter().skip(most.parts).flat_map(|(name, value)| [*name, value.as_str()]).collect();
    let left_out = (!more.is_empty()).then(|| ("left out".to_owned(), keyed("left-out", &more)));
    let kept =
        texts.iter().take(most.parts).map(|(name, value)| (cut(name, most.name), cut(value, most.value)));
    kept.chain(left_out).map(|(name, value)| (Cow::Owned(name), Json::string(value))).collect()
}

/// A text that fits; of a longer one its beginning, and what tells it from others that begin so.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    format!("{}~{}", &text[..text.floor_char_boundary(most)], &keyed("cut", &[text])[..16])
}
