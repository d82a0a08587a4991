//! What silences, inhibitions and groups look at: an incident's priority, rule, type and subject.

mod asked;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::context::{Context, Pods};
use crate::event::{Band, Event, Subject, instance_of, subject_json};
use crate::ids::RuleName;
use crate::json::Json;
use crate::priority::Priority;
use crate::rules::Rule;

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
            subject,
        }
    }

    /// As patterns match it: `priority`, `rule`, `family`, `type`, `source`, `severity` and `subject` with
    /// the members that it has in rules.
    pub fn json(&self) -> Json<'static> {
        self.seen(each_of_several)
    }

    fn seen(&self, subject: impl Fn(&Subject) -> Json<'static>) -> Json<'static> {
        let Self { priority, rule, family, kind, source, band, subject: _ } = self;
        let text = |text: &str| Json::string(text.to_owned());
        let members = [
            ("priority", Some(text(priority.as_str()))),
            ("rule", Some(text(rule.as_str()))),
            ("family", Some(text(family))),
            ("type", Some(text(kind))),
            ("source", Some(text(source))),
            ("severity", band.map(|band| text(band.as_str()))),
            ("subject", Some(subject(&self.subject))),
        ];
        let known = members.into_iter().filter_map(|(name, value)| Some((Cow::Borrowed(name), value?)));
        Json::Object(known.collect())
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
    let is_everywhere_one = ["account", "region", "cluster_arn", "image", "principal", "ip"];
    path.strip_prefix("subject.").is_some_and(|part| !is_everywhere_one.contains(&part))
}

/// Every path that [`Attributes::values`] knows.
pub const PATHS: [&str; 22] = [
    "priority",
    "rule",
    "family",
    "type",
    "source",
    "severity",
    "subject.account",
    "subject.region",
    "subject.cluster",
    "subject.cluster_arn",
    "subject.namespace",
    "subject.workload.kind",
    "subject.workload.name",
    "subject.pod",
    "subject.container.name",
    "subject.image",
    "subject.node",
    "subject.instance",
    "subject.service_account",
    "subject.principal",
    "subject.ip",
    "subject.resource",
];
