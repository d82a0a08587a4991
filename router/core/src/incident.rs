//! What is remembered of findings and incidents between events.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::annotation::Labels;
use crate::containment::TargetKey;
use crate::event::{Band, Finding, FindingState};
use crate::ids::{
    ApprovalId, BundleKey, ChannelName, DedupKey, EffectId, EventId, FindingKey, IncidentKey, InhibitionKey,
    RouteName,
};
use crate::notice::ByWhom;
use crate::priority::Priority;
use crate::verdict::Why;
use crate::zone::Zone;

/// What is known of one finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingRecord {
    /// The incident it belongs to.
    pub incident: IncidentKey,
    /// As last reported.
    pub state: FindingState,
    /// The newest report's own time.
    pub updated_at: Option<Timestamp>,
    /// The highest count reported.
    pub count: u64,
    /// When the record last changed.
    pub seen_at: Timestamp,
    /// The episode of the incident in which its copy in Security Hub was last noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noted_in: Option<u32>,
    /// When it is over unless it is reported again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    /// What its last reports told, open or over, each by a hash; at most [`FindingRecord::MOST_REPORTS`].
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub reports: VecDeque<String>,
}

impl FindingRecord {
    /// Older reports than so many are not known again.
    pub const MOST_REPORTS: usize = 8;

    /// When something is due about it without any event.
    pub(crate) fn wake_at(&self) -> Option<Timestamp> {
        self.ends_at.filter(|_| self.state == FindingState::Open)
    }

    /// One more report.
    pub(crate) fn saw(&mut self, report: String) {
        if !self.reports.contains(&report) {
            self.reports.push_back(report);
        }
        self.reports.drain(..self.reports.len().saturating_sub(Self::MOST_REPORTS));
    }
}

/// One ongoing problem with one subject; after it is closed the next event opens the next episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IncidentRecord {
    /// 1 for the first.
    pub episode: u32,
    /// Open, or closed and remembered.
    pub open: bool,
    /// The highest priority of this episode.
    pub priority: Priority,
    /// The highest severity band of this episode.
    pub band: Option<Band>,
    /// When this episode began.
    pub opened_at: Timestamp,
    /// When it was last paged or put in the digest.
    pub said_at: Timestamp,
    /// Events in this episode.
    pub events: u64,
    /// The findings that keep it open, at most [`IncidentRecord::MOST_FINDINGS`] of them by key.
    pub findings: BTreeSet<FindingKey>,
    /// How many more there are; such an incident is not closed by closing findings one by one.
    pub more_findings: u64,
    /// By which effects, and over which channel, this episode was paged.
    pub paged: BTreeMap<ChannelName, Vec<(EventId, EffectId)>>,
    /// What was done something to on its account, in this and earlier episodes.
    #[serde(default)]
    pub targets: BTreeSet<TargetKey>,
    /// The plans that humans were asked for on its account, in this episode; at most [`IncidentRecord::MOST_APPROVALS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<ApprovalId>,
    /// What it is, in a line.
    #[serde(default)]
    pub title: String,
    /// What it is about, in a line.
    #[serde(default)]
    pub subject: String,
    /// The rule's family.
    #[serde(default)]
    pub family: String,
    /// When the last event of this episode came.
    #[serde(default)]
    pub last_at: Option<Timestamp>,
    /// The highest count of a finding when it was last said.
    #[serde(default)]
    pub said_count: u64,
    /// What its reports named, at most [`IncidentRecord::MOST_RESOURCES`].
    #[serde(default)]
    pub resources: BTreeSet<String>,
    /// When its latest episodes began, in this and earlier episodes.
    #[serde(default)]
    pub turns: VecDeque<Timestamp>,
    /// The time to respond is over then.
    #[serde(default)]
    pub respond_by: Option<Timestamp>,
    /// Who has it.
    #[serde(default)]
    pub acknowledged: Option<ByWhom>,
    /// Who is to have it, where someone said so.
    #[serde(default)]
    pub assigned: Option<String>,
    /// How many steps of the escalation chain were taken.
    #[serde(default)]
    pub escalation: u32,
    /// When the next one is due, unless someone has it by then.
    #[serde(default)]
    pub escalate_at: Option<Timestamp>,
    /// How many dedup keys of their own such steps and reassignments have had, in this episode.
    #[serde(default)]
    pub own_keys: u32,
    /// The pages of those steps, each under its own dedup key.
    #[serde(default)]
    pub escalated: Vec<Escalated>,
    /// When it is taken to be over if nothing more is heard.
    #[serde(default)]
    pub quiet_at: Option<Timestamp>,
    /// Why it has news that nobody was told yet.
    #[serde(default)]
    pub held: Option<Suppressed>,
    /// The bundle that it is or was last said in.
    #[serde(default)]
    pub bundle: Option<BundleKey>,
    /// What it tells of, where it stands for several incidents that were said as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tells_of: Option<BundleKey>,
    /// Every bundle that counts it among its open incidents, that one too.
    #[serde(default)]
    pub bundles: BTreeSet<BundleKey>,
    /// When somebody was told that it flaps; what begins again from then on is held.
    #[serde(default)]
    pub flapping: Option<Timestamp>,
    /// The attack sequence that it belongs to.
    #[serde(default)]
    pub campaign: Option<IncidentKey>,
    /// The latest page that names it as what led to it, in this episode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub led_to: Option<LedTo>,
    /// Where it is remembered that it covers others.
    #[serde(default)]
    pub covers: BTreeSet<InhibitionKey>,
    /// Who or what ended it, unless its own findings did.
    #[serde(default)]
    pub ended: Option<ByWhom>,
    /// The routes that it last went by; none where there are no routes but the default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<RouteName>,
    /// What people sort it by, in this episode.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
}

/// A page of a step of the escalation chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalated {
    /// Over which channel.
    pub channel: ChannelName,
    /// Under which dedup key.
    pub dedup_key: DedupKey,
    /// By which decision.
    pub event: EventId,
    /// By which effect of it.
    pub effect: EffectId,
}

/// A page that names what led to it: as many as its rule asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LedTo {
    /// The incident that the page is about.
    pub incident: IncidentKey,
    /// By which decision.
    pub by: EventId,
    /// When.
    pub at: Timestamp,
    /// Since when it has counted what it names.
    pub from: Timestamp,
    /// What becomes of the page.
    pub page: LeadingPage,
}

/// What becomes of a page that names what led to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeadingPage {
    /// It is told, or stands in the digest.
    Told,
    /// Something else holds it.
    Waits,
}

impl LedTo {
    /// What has happened has happened by now.
    pub(crate) fn as_of(&mut self, now: Timestamp) {
        [&mut self.at, &mut self.from].into_iter().for_each(|at| *at = (*at).min(now));
    }

    /// In a clause.
    pub fn sentence(&self, zone: &Zone) -> String {
        let Self { incident, at, page, by: _, from: _ } = self;
        match page {
            LeadingPage::Told => format!("led to {incident}, whose page of {} names it", zone.minute(*at)),
            LeadingPage::Waits => format!("led to {incident} at {}, which is not told yet", zone.minute(*at)),
        }
    }
}

/// News that nobody was told yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suppressed {
    /// What would have been said.
    pub news: Why,
    /// Why it was not.
    pub by: Why,
    /// The same in a sentence, with what comes next.
    pub reason: String,
    /// Since when, by that reason.
    pub since: Timestamp,
    /// The highest priority that it would have been said with.
    pub priority: Priority,
    /// The highest count of a finding in it.
    #[serde(default)]
    pub count: u64,
    /// What it waits in; none where it waits by itself.
    pub bundle: Option<BundleKey>,
    /// How often that had been said when it joined: times may be set back, this is not. None for one that joined
    /// before it was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_round: Option<u64>,
    /// Until when it waits by itself.
    pub until: Option<Timestamp>,
}

impl IncidentRecord {
    /// More findings than this are counted, not listed.
    pub const MOST_FINDINGS: usize = 256;
    /// More pages per channel than this are forgotten, oldest first.
    pub const MOST_PAGES: usize = 8;
    /// More plans than this are forgotten, oldest first.
    pub const MOST_APPROVALS: usize = 16;
    /// More names than this are not told apart: then another is said once in a repeat window.
    pub const MOST_RESOURCES: usize = 32;
    /// No more bundles than this count it.
    const MOST_BUNDLES: usize = 32;
    /// More turns than this are forgotten, oldest first.
    pub(crate) const MOST_TURNS: usize = 16;

    /// The episode after the previous one, in which nothing has been seen yet.
    pub fn begun(
        previous: Option<&IncidentRecord>,
        priority: Priority,
        band: Option<Band>,
        now: Timestamp,
    ) -> Self {
        Self {
            episode: previous.map_or(1, |previous| previous.episode + 1),
            open: true,
            priority,
            band,
            opened_at: now,
            said_at: now,
            events: 0,
            findings: BTreeSet::new(),
            more_findings: 0,
            paged: BTreeMap::new(),
            targets: previous.map(|previous| previous.targets.clone()).unwrap_or_default(),
            approvals: Vec::new(),
            title: String::new(),
            subject: String::new(),
            family: String::new(),
            last_at: None,
            said_count: 0,
            resources: BTreeSet::new(),
            turns: {
                let earlier = previous.map(|previous| previous.turns.clone()).unwrap_or_default();
                let skipped = (earlier.len() + 1).saturating_sub(Self::MOST_TURNS);
                earlier.into_iter().skip(skipped).chain([now]).collect()
            },
            respond_by: None,
            acknowledged: None,
            assigned: None,
            escalation: 0,
            escalate_at: None,
            own_keys: 0,
            escalated: Vec::new(),
            quiet_at: None,
            held: None,
            bundle: None,
            tells_of: None,
            bundles: BTreeSet::new(),
            flapping: previous.and_then(|previous| previous.flapping),
            campaign: None,
            led_to: None,
            covers: BTreeSet::new(),
            ended: None,
            routes: Vec::new(),
            labels: Labels::default(),
        }
    }

    /// How often it has begun in that time up to now.
    pub(crate) fn turns_within(&self, window: SignedDuration, now: Timestamp) -> usize {
        self.turns.iter().filter(|turn| now.duration_since(**turn) < window).count()
    }

    /// Whether people were told of it as it is now. That nobody has acknowledged it changes nothing about it.
    pub(crate) fn is_known(&self) -> bool {
        self.held.as_ref().is_none_or(|held| held.news == Why::Escalated)
    }

    /// Its news that nobody was told yet; none where the page that it led to has named it since.
    pub fn untold(&self) -> Option<&Suppressed> {
        let is_named = |held: &&Suppressed| {
            let told = self.led_to.as_ref().filter(|led| led.page == LeadingPage::Told);
            held.by == Why::Counted && told.is_some_and(|led| led.at >= held.since)
        };
        self.held.as_ref().filter(|held| !is_named(held))
    }

    /// When it was last told of, by its own page or by the one that it led to; meaningless where neither was.
    pub fn last_said_at(&self) -> Timestamp {
        let named = self.led_to.as_ref().filter(|led| led.page == LeadingPage::Told);
        named.map_or(self.said_at, |led| led.at.max(self.said_at))
    }

    /// When something is due about it without any event.
    pub(crate) fn wake_at(&self) -> Option<Timestamp> {
        if !self.open {
            return None;
        }
        let held = self.held.as_ref().and_then(|held| held.until);
        [self.escalate_at, self.quiet_at, held].into_iter().flatten().min()
    }

    /// A bundle counts it from now on.
    pub(crate) fn joined(&mut self, bundle: BundleKey) {
        self.bundle = Some(bundle.clone());
        self.bundles.insert(bundle);
        if self.bundles.len() > Self::MOST_BUNDLES {
            let oldest = self.bundles.iter().find(|it| Some(*it) != self.bundle.as_ref()).cloned();
            oldest.map(|oldest| self.bundles.remove(&oldest));
        }
    }

    /// A bundle does not count it any more.
    pub(crate) fn left(&mut self, bundle: &BundleKey) {
        self.bundles.remove(bundle);
        if self.bundle.as_ref() == Some(bundle) {
            self.bundle = None;
        }
    }

    /// The next dedup key of its own: never one that it had before, or one page would be taken for another.
    pub(crate) fn own_key(&mut self, key: &DedupKey) -> DedupKey {
        self.own_keys += 1;
        DedupKey::new(format!("{key}-e{}", self.own_keys))
    }

    /// A human is asked for that plan on its account.
    pub(crate) fn asks(&mut self, id: &ApprovalId) {
        if self.approvals.contains(id) {
            return;
        }
        if self.approvals.len() == Self::MOST_APPROVALS {
            self.approvals.remove(0);
        }
        self.approvals.push(id.clone());
    }

    /// It is over: nothing is due any more.
    pub(crate) fn end(&mut self, ended: Option<ByWhom>) {
        self.open = false;
        self.ended = ended;
        self.held = None;
        self.escalate_at = None;
        self.quiet_at = None;
    }

    /// One more event; priority and severity only rise, and an open finding keeps the incident open.
    pub(crate) fn seen(&mut self, priority: Priority, band: Option<Band>, finding: Option<&Finding>) {
        self.events += 1;
        self.priority = self.priority.min(priority);
        self.band = self.band.max(band);
        let Some(finding) = finding else { return };
        if self.findings.len() < Self::MOST_FINDINGS {
            self.findings.insert(finding.key.clone());
        } else if !self.findings.contains(&finding.key) {
            self.more_findings += 1;
        }
    }

    /// Remembers by which effect a channel was told.
    pub(crate) fn was_paged(&mut self, channel: &ChannelName, event: &EventId, effect: &EffectId) {
        let pages = self.paged.entry(channel.clone()).or_default();
        if pages.len() == Self::MOST_PAGES {
            pages.remove(0);
        }
        pages.push((event.clone(), effect.clone()));
    }
}
