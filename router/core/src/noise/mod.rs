//! Noise control as it is configured, and what is remembered for it.

mod bundle;
mod config;
mod inhibition;
mod limit;
mod member;
mod storm;
mod tally;

pub(crate) use bundle::Standing;
pub use bundle::{BundleKind, BundleRecord, Member};
pub(crate) use bundle::{bundle_key, incident_of_bundle};
pub use config::{NoiseConfig, RouteGroupConfig};
pub use inhibition::InhibitionRecord;
pub use limit::{LimitRecord, Quota};
pub(crate) use limit::{check, limit_key};
pub(crate) use member::Remains;
pub use member::{Ending, Joining, Leaving};
pub use storm::StormRecord;
pub use tally::{Counted, Tally, TallyRecord};
pub(crate) use tally::{Place, Standing as TallyStanding};

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::attributes::Attributes;
use crate::ids::SilenceId;
use crate::notice::Notice;
use crate::pattern::Pattern;
use crate::silence::Silence;
use crate::window::RecurringWindow;

/// What was configured about noise.
#[derive(Clone, Debug)]
pub struct Noise {
    /// How many pages that are not P0 a channel, a rule, and a family of one account may cause.
    pub limits: Limits,
    /// From when on many new incidents are one storm.
    pub storm: Storm,
    /// What is paged as one; the first that matches counts.
    pub groups: Vec<Group>,
    /// What covers what.
    pub inhibitions: Vec<Inhibition>,
    /// When is silence without anyone asking for it.
    pub maintenance: Vec<Maintenance>,
    /// Silencing more than this share of a day's events needs to be confirmed, in percent.
    pub silence_share: u8,
    /// After how long without an event an incident is over.
    pub quiet_after: QuietAfter,
    /// More turns than this, in that time, are flapping.
    pub flapping: (u32, SignedDuration),
}

impl Default for Noise {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            storm: Storm::default(),
            groups: Vec::new(),
            inhibitions: Inhibition::shipped(),
            maintenance: Vec::new(),
            silence_share: 50,
            quiet_after: QuietAfter::default(),
            flapping: (3, SignedDuration::from_hours(1)),
        }
    }
}

/// The limits: each a quota per key, one for P1 and one for what is less urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Per channel.
    pub channel: Quota,
    /// Per rule.
    pub rule: Quota,
    /// Per account and family.
    pub family: Quota,
}

impl Default for Limits {
    fn default() -> Self {
        let quota = |per_hour, burst| Quota::new(per_hour, burst).expect("none of them is zero");
        Self { channel: quota(60, 10), rule: quota(60, 15), family: quota(60, 20) }
    }
}

/// A storm: more than `most` new incidents of one account and family `within` that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Storm {
    /// How many are no storm yet.
    pub most: u32,
    /// Within which time.
    pub within: SignedDuration,
    /// How often a storm that goes on is said again.
    pub interval: SignedDuration,
}

impl Default for Storm {
    fn default() -> Self {
        let five = SignedDuration::from_mins(5);
        Self { most: 20, within: five, interval: five }
    }
}

/// What belongs together is paged as one, in Alertmanager's words.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// What it is for, over [`Attributes::json`].
    pub matches: Pattern,
    /// Equal values here are one group; paths as in [`crate::attributes::PATHS`].
    pub group_by: Vec<String>,
    /// How long the first of a group waits for others.
    pub group_wait: SignedDuration,
    /// How long after a page what has joined since is said.
    pub group_interval: SignedDuration,
    /// After how long a group that is still open is said again.
    pub repeat_interval: SignedDuration,
}

/// An open incident that matches `source` covers those that match `target` and have equal values.
#[derive(Clone, Debug)]
pub struct Inhibition {
    /// Its name.
    pub name: String,
    /// What covers, over [`Attributes::json`].
    pub source: Pattern,
    /// What is covered.
    pub target: Pattern,
    /// What has to be equal, and known; paths as in [`crate::attributes::PATHS`].
    pub equal: Vec<String>,
    /// Whether P0 is covered, too.
    pub covers_p0: bool,
}

impl Inhibition {
    /// What is in force unless configured otherwise: a node's incident covers its pods' incidents of the same
    /// family and their platform alarms; a cluster that is down covers the platform alarms, the coming and going
    /// of nodes and the notices of AWS Health in it, but no P0. What else happens there is another matter, and
    /// hiding it would hide a breach: no alarm covers what a finder of security problems reports. All within one
    /// account and region. That an attack sequence covers its members needs no rule: its findings say so.
    pub fn shipped() -> Vec<Inhibition> {
        let inhibition = |name: &str, source: &str, target: &str, equal: &[&str]| Inhibition {
            name: name.to_owned(),
            source: Pattern::parse(source).expect("a test reads it"),
            target: Pattern::parse(target).expect("a test reads it"),
            equal: equal.iter().map(|path| (*path).to_owned()).collect(),
            covers_p0: false,
        };
        let [account, region] = ["subject.account", "subject.region"];
        let [cluster, node] = ["subject.cluster", "subject.node"];
        vec![
            inhibition("node-covers-its-pods", NODE, POD, &[account, region, cluster, node, "family"]),
            inhibition("node-covers-pod-alarms", NODE, POD_ALARM, &[account, region, cluster, node]),
            inhibition("cluster-down", CLUSTER_DOWN, PLATFORM, &[account, region, cluster]),
        ]
    }
}

const NODE: &str = r#"{"priority": ["P0", "P1", "P2"], "subject": {"node": [{"exists": true}], "pod": [{"exists": false}]}}"#;
const POD: &str = r#"{"subject": {"node": [{"exists": true}], "pod": [{"exists": true}]}}"#;
const POD_ALARM: &str =
    r#"{"family": ["platform-alarm"], "subject": {"node": [{"exists": true}], "pod": [{"exists": true}]}}"#;
const CLUSTER_DOWN: &str = r#"{"family": ["cluster-down"], "priority": ["P0", "P1"]}"#;
/// By family and by source: no rule makes a security finding one of these.
const PLATFORM: &str = r#"{"family": ["platform-alarm", "node-lifecycle", "aws-health"],
    "source": [{"anything-but": ["guardduty", "securityhub", "customaction", "inspector", "ecr"]}]}"#;

/// A recurring maintenance window.
#[derive(Clone, Debug)]
pub struct Maintenance {
    /// When.
    pub window: RecurringWindow,
    /// What is silent then, over [`Attributes::json`].
    pub matches: Pattern,
    /// The same as text.
    pub pattern: String,
    /// Whether P0 is, too.
    pub covers_p0: bool,
}

impl Maintenance {
    /// As whose silence it counts.
    pub fn id(&self, starts_at: Timestamp) -> SilenceId {
        SilenceId::new(format!("window:{}:{}", self.window.name(), starts_at.as_second()))
    }

    /// Whether that is the id of a window, and not of a silence that somebody made.
    pub fn is_one(id: &SilenceId) -> bool {
        id.as_str().starts_with("window:")
    }

    /// The silence that it is now or will be next; none where it never comes again.
    pub fn silence(&self, now: Timestamp) -> Option<Silence> {
        let (starts_at, ends_at) = self.window.at(now).or_else(|| self.window.next(now))?;
        Some(Silence {
            id: self.id(starts_at),
            matches: self.pattern.clone(),
            starts_at,
            ends_at,
            by: "configuration".to_owned(),
            comment: format!("maintenance window {}", self.window.name()),
            ticket: None,
            covers_p0: self.covers_p0,
            // Nobody made it at any moment.
            made_at: starts_at,
            expired_by: None,
        })
    }
}

/// After how long without an event an incident is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuietAfter {
    /// One with findings: their finder says when they are over, if it ever does.
    pub findings: SignedDuration,
    /// One of events that are no findings: nobody says when they are over.
    pub events: SignedDuration,
    /// Those of a family, whatever they are.
    pub families: BTreeMap<String, SignedDuration>,
}

impl Default for QuietAfter {
    fn default() -> Self {
        let days = |days: i64| SignedDuration::from_hours(24 * days);
        Self { findings: days(30), events: days(1), families: BTreeMap::new() }
    }
}

impl QuietAfter {
    /// For an incident of that family.
    pub fn of(&self, family: &str, has_findings: bool) -> SignedDuration {
        let other = if has_findings { self.findings } else { self.events };
        self.families.get(family).copied().unwrap_or(other)
    }
}

/// What a page of an incident would say, for whoever says it later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageDraft {
    /// What silences and the like look at.
    pub face: Attributes,
    /// The page.
    pub notice: Notice,
}
