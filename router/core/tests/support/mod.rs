//! Findings as EventBridge delivers them, and decisions as readable lines.

#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub)]

pub mod scene;
pub mod world;

use std::collections::BTreeSet;

use watchfire_core::decision::{Decision, When};
use watchfire_core::ids::ChannelName;
use watchfire_core::policy::{Policy, Route, Routes};
use watchfire_core::priority::Priority;
use watchfire_core::replay::Replay;
use watchfire_core::rules::{RuleFile, RuleSet};

const RULES: &str = r#"
rules:
  - name: miner
    family: crypto-mining
    match: {finding: {type: [{prefix: "CryptoCurrency:Runtime/"}]}}
    priority: P0
    actions: [evidence, quarantine]
  - name: shadowed
    family: shadowed
    match: {finding: {type: ["Trojan:Runtime/DropPoint"]}}
    priority: P1
    stage: shadow
  - name: graded-high
    family: graded
    match: {finding: {type: ["Execution:Runtime/SuspiciousTool"], severity: [{numeric: [">=", 7]}]}}
    priority: P1
  - name: graded
    family: graded
    match: {finding: {type: ["Execution:Runtime/SuspiciousTool"]}}
    priority: P2
  - name: low
    family: low
    when: finding != null && finding.type == "Discovery:Kubernetes/TorIPCaller"
    priority: P3
  - name: catch-all
    family: unclassified
    priority: P2
"#;

pub fn policy() -> Policy {
    let file = RuleFile { name: "rules.yaml".to_owned(), text: RULES.to_owned() };
    let route = |fallback: Option<&str>| Route {
        to: vec![ChannelName::new("oncall")],
        fallback: fallback.map(ChannelName::new),
    };
    let routes = Routes::new([
        (Priority::P0, route(Some("mail"))),
        (Priority::P1, route(Some("mail"))),
        (Priority::P2, route(None)),
    ]);
    Policy::new(RuleSet::load(&[file]).unwrap(), routes)
}

/// A GuardDuty runtime finding, built up by what matters to a test.
#[derive(Clone)]
pub struct Finding {
    kind: &'static str,
    id: String,
    day: u8,
    at: String,
    updated: Option<String>,
    severity: String,
    count: u64,
    pod: String,
    archived: bool,
    sample: bool,
}

impl Finding {
    fn new(kind: &'static str, severity: &str, id: &str) -> Self {
        Self {
            kind,
            id: id.to_owned(),
            day: 1,
            at: "12:00".to_owned(),
            updated: None,
            severity: severity.to_owned(),
            count: 1,
            pod: "checkout-6c9f7d5b8-x2x4q".to_owned(),
            archived: false,
            sample: false,
        }
    }

    pub fn miner(id: &str) -> Self {
        Self::new("CryptoCurrency:Runtime/BitcoinTool.B", "8", id)
    }

    pub fn medium(id: &str) -> Self {
        Self::new("Execution:Runtime/NewBinaryExecuted", "5", id)
    }

    pub fn graded(id: &str) -> Self {
        Self::new("Execution:Runtime/SuspiciousTool", "5", id)
    }

    pub fn low(id: &str) -> Self {
        Self::new("Discovery:Kubernetes/TorIPCaller", "2", id)
    }

    pub fn shadowed(id: &str) -> Self {
        Self::new("Trojan:Runtime/DropPoint", "8", id)
    }

    pub fn at(mut self, time: &str) -> Self {
        self.at = time.to_owned();
        self
    }

    pub fn on(mut self, day: u8) -> Self {
        self.day = day;
        self
    }

    pub fn updated(mut self, time: &str) -> Self {
        self.updated = Some(time.to_owned());
        self
    }

    pub fn severity(mut self, severity: &str) -> Self {
        self.severity = severity.to_owned();
        self
    }

    pub fn count(mut self, count: u64) -> Self {
        self.count = count;
        self
    }

    pub fn pod(mut self, pod: &str) -> Self {
        self.pod = pod.to_owned();
        self
    }

    pub fn archived(mut self) -> Self {
        self.archived = true;
        self
    }

    pub fn sample(mut self) -> Self {
        self.sample = true;
        self
    }

    fn arn(&self) -> String {
        format!("arn:aws-us-gov:guardduty:us-gov-west-1:111122223333:detector/d1/finding/{}", self.id)
    }

    fn time(&self, clock: &str) -> String {
        format!("2026-11-{:02}T{clock}:00.000Z", self.day)
    }

    /// As EventBridge delivers it; a new event id for every report.
    pub fn text(&self) -> String {
        let Self { kind, id, severity, count, pod, archived, sample, .. } = self;
        let (arn, time) = (self.arn(), self.time(&self.at));
        let updated = self.time(self.updated.as_ref().unwrap_or(&self.at));
        format!(
            r#"{{"version":"0","id":"{id}-{time}-{archived}","detail-type":"GuardDuty Finding","source":"aws.guardduty","account":"111122223333","time":"{time}","region":"us-gov-west-1","resources":[],"detail":{{"schemaVersion":"2.0","accountId":"111122223333","region":"us-gov-west-1","partition":"aws-us-gov","id":"{id}","arn":"{arn}","type":"{kind}","severity":{severity},"title":"A title","description":"A description","createdAt":"{updated}","updatedAt":"{updated}","resource":{{"resourceType":"EKSCluster","eksClusterDetails":{{"name":"payments"}},"kubernetesDetails":{{"kubernetesWorkloadDetails":{{"name":"{pod}","type":"pods","namespace":"shop","uid":"u1"}}}}}},"service":{{"serviceName":"guardduty","archived":{archived},"count":{count},"additionalInfo":{{"sample":{sample}}}}}}}}}"#
        )
    }

    /// The same finding as Security Hub relays it.
    pub fn security_hub_copy(&self) -> String {
        let Self { kind, id, severity, .. } = self;
        let (arn, time) = (self.arn(), self.time(&self.at));
        let updated = self.time(self.updated.as_ref().unwrap_or(&self.at));
        let types = kind.replace('/', "-");
        format!(
            r#"{{"version":"0","id":"sh-{id}-{time}","detail-type":"Security Hub Findings - Imported","source":"aws.securityhub","account":"111122223333","time":"{time}","region":"us-gov-west-1","resources":["{arn}"],"detail":{{"findings":[{{"SchemaVersion":"2018-10-08","Id":"{arn}","ProductArn":"arn:aws-us-gov:securityhub:us-gov-west-1::product/aws/guardduty","ProductName":"GuardDuty","AwsAccountId":"111122223333","Types":["TTPs/Impact/{types}"],"CreatedAt":"{updated}","UpdatedAt":"{updated}","Severity":{{"Product":{severity},"Label":"MEDIUM"}},"Title":"A title","Resources":[{{"Type":"AwsEksCluster","Id":"arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/payments"}}],"RecordState":"ACTIVE","Workflow":{{"Status":"NEW"}}}}]}}}}"#
        )
    }
}

/// Every decision of a story as a line: time, priority, verdict, reason, effects, what was withheld.
pub fn decisions(story: &[String]) -> Vec<String> {
    replayed(story).iter().map(line).collect()
}

fn replayed(story: &[String]) -> Vec<Decision> {
    let policy = policy();
    let mut replay = Replay::new(&policy);
    story.iter().flat_map(|text| replay.message(text)).collect()
}

pub fn dedup_keys(story: &[String]) -> BTreeSet<String> {
    let decisions = replayed(story);
    decisions
        .iter()
        .flat_map(|decision| &decision.effects)
        .map(|effect| effect.dedup_key.to_string())
        .collect()
}

fn line(decision: &Decision) -> String {
    let clock = &decision.at.to_string()[11..16];
    let mut line =
        format!("{clock} {} {} {}", decision.priority, decision.verdict.as_str(), decision.why.as_str());
    let effects = decision.effects.iter().map(|effect| match &effect.when {
        When::Now => effect.id.to_string(),
        When::Unless { effect: primary, .. } => format!("{} unless {primary}", effect.id),
        When::IfDone(_) => format!("{} if done", effect.id),
    });
    let effects: Vec<_> = effects.collect();
    if !effects.is_empty() {
        line += &format!(" -> {}", effects.join(", "));
    }
    let withheld: Vec<_> = decision.withheld.iter().map(|withheld| withheld.action.as_str()).collect();
    if !withheld.is_empty() && effects.is_empty() {
        line += &format!(" withheld {}", withheld.join(", "));
    }
    line
}

/// Expected lines, without their indentation.
pub fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}
