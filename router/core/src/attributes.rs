//! What silences, inhibitions and groups look at: an incident's priority, rule, type and subject.

mod asked;
pub mod matchers;

use std::borrow::Cow;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::context::{Context, Pods};
use crate::event::{Band, Event, Subject, Worth, instance_of, subject_json};
use crate::ids::RuleName;
use crate::json::Json;
use crate::priority::Priority;
use crate::rules::Rule;
use crate::text::clean;

/// What is the same for all events of an incident, as far as that can be said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attributes {
    /// As the rule says.
    pub priority: Priority,
    /// The rule.
    pub rule: RuleName,
    /// The rule's family.
    pub family: String,
    /// The finding's type, or the detail-type where there is no finding.
    pub kind: String,
    /// The finder, such as `guardduty`, or the event's source.
    pub source: String,
    /// The finder's severity.
    pub band: Option<Band>,
    /// Whose it is, by a label or annotation of the one pod or of its namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// What it is about, completed by what the cluster says of the one pod it is about.
    pub subject: Subject,
}

impl Attributes {
    /// The face of an event.
    pub fn of(event: &Event<'_>, rule: &Rule, context: &Context) -> Self {
        let finding = event.finding.as_ref();
        let mut subject = event.subject.clone();
        if let Pods::Found { .. } = &context.pods
            && let Some(pod) = context.pod()
        {
            subject.namespace = subject.namespace.or_else(|| Some(pod.namespace.clone()));
            subject.pod = subject.pod.or_else(|| Some(pod.name.clone()));
            subject.node = subject.node.or_else(|| pod.node.clone());
        }
        Self {
            priority: rule.priority,
            rule: rule.name.clone(),
            family: rule.family.clone(),
            kind: finding.map_or(&event.detail_type, |finding| &finding.kind).clone(),
            source: finding.map_or(event.source.clone(), |finding| finding.source.as_str().to_owned()),
            band: finding.and_then(|finding| finding.severity).map(|severity| severity.band()),
            team: team(context),
            subject,
        }
    }

    /// As patterns match it: `priority`, `rule`, `family`, `type`, `source`, `severity`, `team` and `subject` with
    /// the members that it has in rules.
    pub fn json(&self) -> Json<'static> {
        self.seen(each_of_several)
    }

    fn seen(&self, subject: impl Fn(&Subject) -> Json<'static>) -> Json<'static> {
        let own = OWN.iter().filter_map(|(name, text)| Some((*name, Json::string(text(self)?.to_owned()))));
        let members = own.chain([("subject", subject(&self.subject))]);
        Json::Object(members.map(|(name, value)| (Cow::Borrowed(name), value)).collect())
    }

    /// What has to be equal where these paths have to be: the texts there, and where one of them is a name that
    /// is given within an account and region, these two. None if any of them is missing: what is unknown is equal
    /// to nothing, and somebody else's `prod` is not ours.
    pub fn equals(&self, paths: &[String]) -> Option<Vec<String>> {
        let mut values = self.values(paths)?;
        if paths.iter().any(|path| is_local(path)) {
            values.extend([self.subject.account.clone()?, self.subject.region.clone()?]);
        }
        Some(values)
    }

    /// The texts at these paths, such as `subject.node`; none if any of them is missing: what is unknown
    /// is equal to nothing.
    pub fn values(&self, paths: &[String]) -> Option<Vec<String>> {
        let json = self.seen(subject_json);
        let value = |path: &String| {
            let found = path.split('.').try_fold(&json, |json, name| json.get(name))?;
            let Json::String(text) = found else { return None };
            Some(text.clone().into_owned())
        };
        paths.iter().map(value).collect()
    }
}

/// Under `team`, or a name that ends in `/team`: what is written on the pod goes before what is written on its namespace.
fn team(context: &Context) -> Option<String> {
    let pod = context.pod().map(|pod| [&pod.annotations, &*pod.labels]);
    let namespace = context.namespace.as_ref().map(|namespace| [&namespace.annotations, &namespace.labels]);
    let written = pod.into_iter().chain(namespace).flatten();
    let mut named = written.flatten().filter(|(name, team)| is_of_a_team(name) && !team.trim().is_empty());
    named.next().map(|(_, team)| clean(team.trim(), 100))
}

fn is_of_a_team(name: &str) -> bool {
    name == "team" || name.ends_with("/team")
}

/// A subject as patterns match it: of several resources and instances each is its own.
fn each_of_several(subject: &Subject) -> Json<'static> {
    let Json::Object(mut members) = subject_json(subject) else { return Json::Null };
    members.retain(|(name, _)| name != "resources");
    let resources: Vec<_> = subject.all_resources().cloned().collect();
    let others = resources.iter().filter_map(|resource| instance_of(resource));
    let mut instances: Vec<_> = subject.instance.iter().cloned().chain(others).collect();
    instances.dedup();
    for (part, all) in [("resource", resources), ("instance", instances)] {
        if all.len() > 1 {
            members.retain(|(name, _)| name != part);
            let all = all.into_iter().map(Json::string).collect();
            members.push((Cow::Borrowed(part), Json::Array(all)));
        }
    }
    Json::Object(members)
}

/// Whether it is a name that another account or region may give as well.
fn is_local(path: &str) -> bool {
    let member = Subject::MEMBERS.iter().find(|member| member.paths.contains(&path));
    member.is_some_and(|member| member.worth == Worth::Within)
}

/// The text of one of them, where it has one.
type Text = fn(&Attributes) -> Option<&str>;

/// What they are besides the subject, by the names that patterns have for them.
const OWN: [(&str, Text); 7] = [
    ("priority", |it| Some(it.priority.as_str())),
    ("rule", |it| Some(it.rule.as_str())),
    ("family", |it| Some(&it.family)),
    ("type", |it| Some(&it.kind)),
    ("source", |it| Some(&it.source)),
    ("severity", |it| it.band.map(Band::as_str)),
    ("team", |it| it.team.as_deref()),
];

/// Every path that [`Attributes::values`] knows.
pub static PATHS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let own = OWN.iter().map(|(name, _)| *name);
    own.chain(Subject::MEMBERS.iter().flat_map(|member| member.paths).copied()).collect()
});
