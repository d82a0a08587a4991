//! Which events arrive, by the patterns of the rules that send: our own matcher on the sample events of our rules.

use serde_json::Value;
use watchfire_core::json::Json;
use watchfire_core::pattern::Pattern;

use super::aws::Us;
use super::queue::Queue;
use super::rules::{self, Rule};
use crate::clients::Clients;
use crate::finding::{Finding, Grade};
use crate::rules_files;

/// A kind of events.
struct Kind {
    /// In words, followed by `arrive`.
    what: &'static str,
    /// Sample events of our rules, all of which are to arrive.
    samples: &'static [&'static str],
    /// How bad it is where one does not.
    without: Grade,
    /// What that means.
    means: &'static str,
}

const KINDS: [Kind; 10] = [
    Kind {
        what: "findings of GuardDuty",
        samples: &["attack-sequence-eks.json", "miner.json", "console-login.json"],
        without: Grade::Fail,
        means: "nobody is paged for them",
    },
    Kind {
        what: "reports of GuardDuty about itself",
        samples: &["coverage-unhealthy.json", "bucket-scan-error.json"],
        without: Grade::Warn,
        means: "nobody hears where it sees nothing",
    },
    Kind {
        what: "failed findings of Security Hub",
        samples: &["control-failed.json", "product-threat.json"],
        without: Grade::Fail,
        means: "nobody is told of them",
    },
    Kind {
        what: "passed and archived findings of Security Hub",
        samples: &["control-passed.json", "control-archived.json"],
        without: Grade::Warn,
        means: "pages about them do not end by themselves",
    },
    Kind {
        what: "custom actions of Security Hub",
        samples: &["custom-action.json", "insight-results.json"],
        without: Grade::Warn,
        means: "the buttons do nothing",
    },
    Kind {
        what: "findings of Security Hub in OCSF",
        samples: &["exposure.json", "posture-failed.json"],
        without: Grade::Warn,
        means: "exposures are not known",
    },
    Kind {
        what: "alarms of CloudWatch",
        samples: &["alarm.json", "alarm-node-ok.json"],
        without: Grade::Warn,
        means: "none of them pages",
    },
    Kind {
        what: "notices of AWS Health",
        samples: &["health-eks.json", "abuse-report.json"],
        without: Grade::Warn,
        means: "an abuse report is not heard of",
    },
    Kind {
        what: "findings about images by Inspector and ECR",
        samples: &["vulnerability.json", "image-scan.json"],
        without: Grade::Warn,
        means: "they are not told",
    },
    Kind {
        what: "calls that switch off what sees and tells",
        samples: &["call-rule-disabled.json", "call-detector-deleted.json"],
        without: Grade::Warn,
        means: "who blinds it is not heard of",
    },
];
/// Where not all was looked at.
const NOT_KNOWN: &str = "what arrives is not known without all queues and rules";
/// What is urgent, and what never is.
const URGENT: &str = "attack-sequence-eks.json";
const ORDINARY: [&str; 2] = ["control-passed.json", "console-login.json"];

/// A rule that delivers, with what it takes.
struct Taking<'a> {
    queue: &'a Queue,
    rule: &'a Rule,
    pattern: Pattern,
}

/// The queues that could be looked at.
pub(super) struct Queues<'a> {
    pub(super) known: &'a [Queue],
    /// There are more, which could not.
    pub(super) in_part: bool,
}

/// Looks at the rules of all queues.
pub(super) async fn look(
    Queues { known: queues, in_part }: Queues<'_>,
    us: Option<&Us>,
    clients: &Clients,
    findings: &mut Vec<Finding>,
) {
    if queues.is_empty() {
        findings.extend(in_part.then(|| Finding::not_asked(NOT_KNOWN)));
        return;
    }
    let (mut rules, mut in_part) = (Vec::new(), in_part);
    for queue in queues {
        let told = rules::of(queue, clients, findings).await;
        in_part |= told.in_part;
        if told.rules.is_empty() && !told.in_part {
            findings.push(Finding::fail(
                format!("no rule sends to {}", queue.name),
                "apply infra/terraform, or make rules of infra/terraform/modules/events/patterns",
            ));
        }
        rules.extend(told.rules.into_iter().map(|rule| (queue, rule)));
    }
    findings.extend(rules.iter().flat_map(|(queue, rule)| rule.look(queue)));
    rules::undelivered(&rules, clients, findings).await;
    let taking: Vec<Taking<'_>> =
        rules.iter().filter_map(|(queue, rule)| taking(queue, rule, findings)).collect();
    if in_part {
        findings.push(Finding::not_asked(NOT_KNOWN));
        return;
    }
    findings.extend(KINDS.iter().map(|kind| arrives(kind, &taking, us)));
    if queues.len() > 1 {
        findings.push(apart(&taking, us));
    }
}

/// Nothing where it delivers nothing, or is a schedule.
fn taking<'a>(queue: &'a Queue, rule: &'a Rule, findings: &mut Vec<Finding>) -> Option<Taking<'a>> {
    let text = rule.pattern.as_ref().filter(|_| rule.delivers(queue))?;
    match Pattern::parse(text) {
        Ok(pattern) => Some(Taking { queue, rule, pattern }),
        Err(error) => {
            findings.push(Finding::warn(
                format!("the pattern of {} cannot be read here: {error}", rule.name),
                "try it by `watchfire pattern`",
            ));
            None
        }
    }
}

/// A sample as it would come from this account and region.
fn sample(name: &str, us: Option<&Us>) -> String {
    let text = rules_files::read_example(None, &format!("examples/{name}")).unwrap_or_default();
    let mut event: Value = serde_json::from_str(&text).unwrap_or_default();
    if let Some(Us { account, region }) = us {
        event["account"] = account.as_str().into();
        event["region"] = region.as_str().into();
    }
    event.to_string()
}

/// The rules that take it.
fn takers<'a>(sample: &str, taking: &'a [Taking<'a>]) -> Vec<&'a Taking<'a>> {
    let Ok(event) = Json::parse(sample) else { return Vec::new() };
    taking.iter().filter(|taking| taking.pattern.matches(&event)).collect()
}

fn arrives(kind: &Kind, taking: &[Taking<'_>], us: Option<&Us>) -> Finding {
    let Kind { what, samples, without, means } = kind;
    let mut by: Vec<&str> = Vec::new();
    let mut missed = Vec::new();
    for name in *samples {
        let takers = takers(&sample(name, us), taking);
        if takers.is_empty() {
            missed.push(*name);
        }
        by.extend(takers.iter().map(|taking| taking.rule.name.as_str()));
    }
    by.sort_unstable();
    by.dedup();
    if missed.is_empty() {
        return Finding::ok(format!("{what} arrive, by {}", by.join(", ")));
    }
    let all = if missed.len() == samples.len() { "do not arrive" } else { "do not all arrive" };
    Finding {
        grade: *without,
        found: format!("{what} {all}: {means}"),
        remedy: format!(
            "a rule is to take rules/examples/{}: infra/terraform/modules/events/patterns has it",
            missed.join(", ")
        ),
    }
}

/// Whether what is urgent waits behind nothing else.
fn apart(taking: &[Taking<'_>], us: Option<&Us>) -> Finding {
    let ordinary: Vec<&str> = ORDINARY
        .iter()
        .flat_map(|name| takers(&sample(name, us), taking))
        .map(|taking| taking.queue.name.as_str())
        .collect();
    let urgent = takers(&sample(URGENT, us), taking);
    match urgent.iter().find(|taking| !ordinary.contains(&taking.queue.name.as_str())) {
        Some(taking) => Finding::ok(format!("what is urgent has {} for itself", taking.queue.name)),
        None => Finding::warn(
            "no queue is for what is urgent alone: a P0 waits behind everything else",
            "send what infra/terraform/modules/events/patterns/urgent.json takes to one of them, and nothing else",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_an_event_that_we_ship() {
        let names = KINDS.iter().flat_map(|kind| kind.samples).copied().chain(ORDINARY).chain([URGENT]);
        for name in names {
            let event: Value = serde_json::from_str(&sample(name, None)).unwrap_or_default();
            assert!(event["detail-type"].is_string(), "{name}");
        }
    }
}
