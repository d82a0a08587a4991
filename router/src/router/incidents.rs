//! What operators look at: incidents, what was decided about each, silences, and why.

use watchfire_core::annotation::AnnotationsRecord;
use watchfire_core::attributes::Attributes;
use watchfire_core::containment::{ApprovalRecord, TargetKey, TargetRecord};
use watchfire_core::decision::Cause;
use watchfire_core::ids::{ApprovalId, EventId, FindingKey, IncidentKey, SilenceId};
use watchfire_core::incident::{IncidentRecord, LeadingPage, LedTo};
use watchfire_core::journal::Entry;
use watchfire_core::next_steps::{self, InDigest, NextSteps};
use watchfire_core::noise::{BundleRecord, PageDraft};
use watchfire_core::rules::{Playbook, Playbooks};
use watchfire_core::silence::Silence;
use watchfire_core::standing::{Sources, Standing};
use watchfire_core::state::{Key, State};
use watchfire_core::suppress::as_said;
use watchfire_core::triage::TriageRecord;

use super::naming::{Meant, Thing};
use super::sight::Sight;
use super::{Related, Router};
use crate::store;

/// So many decisions of an incident are shown, the latest.
const TIMELINE: usize = 200;
/// In place of what comes next where only a configuration says it.
const UNKNOWN: &str = "what comes next is in the configuration: --config FILE shows it";
/// So many others of an event's name are listed: a sender may write what it likes.
const NAMESAKES: usize = 20;

/// An incident with all that was decided about it.
#[derive(Debug)]
pub struct Story {
    /// Its key.
    pub incident: IncidentKey,
    /// What is remembered of it; none once it is forgotten.
    pub record: Option<IncidentRecord>,
    /// What people added to it.
    pub annotations: AnnotationsRecord,
    /// What models wrote about it.
    pub triage: TriageRecord,
    /// What its page says.
    pub page: Option<PageDraft>,
    /// The incidents that it has to do with.
    pub related: Vec<Related>,
    /// How many more there are.
    pub more_related: usize,
    /// What was decided, the oldest first; at most 200 of the latest.
    pub entries: Vec<Entry>,
    /// What it waits in or was said in.
    pub bundle: Option<BundleRecord>,
    /// By which decision it was said with others, where it was.
    pub said_with: Option<Entry>,
    /// What comes next, a line each.
    pub next: Vec<String>,
    /// How it stands: containment, approvals, deliveries.
    pub standing: Standing,
    /// What was asked about.
    pub of: StoryOf,
    /// Other events whose senders call them the same, at most 20.
    pub others: Vec<EventId>,
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoryOf {
    /// An event.
    Event(EventId),
    /// A finding.
    Finding(FindingKey),
    /// An incident.
    Incident,
}

impl Story {
    fn without_incident(of: StoryOf) -> Self {
        Self {
            incident: IncidentKey::new(""),
            record: None,
            annotations: AnnotationsRecord::default(),
            triage: TriageRecord::default(),
            page: None,
            related: Vec::new(),
            more_related: 0,
            entries: Vec::new(),
            bundle: None,
            said_with: None,
            next: Vec::new(),
            standing: Standing::default(),
            of,
            others: Vec::new(),
        }
    }
}

impl Router {
    /// An incident as it is now, and what was last said of it looks like; none where there is none for whoever looks.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn incident_now(
        &self,
        key: &IncidentKey,
        sight: Sight<'_>,
    ) -> Result<Option<(IncidentRecord, Option<Attributes>)>, store::Error> {
        if !self.sees_incident(sight, key).await? {
            return Ok(None);
        }
        let mut state = State::default();
        self.store.load(&[Key::Incident(key.clone()), Key::PageDraft(key.clone())], &mut state).await?;
        let face = state.page_draft(key).map(|draft| draft.face.clone());
        Ok(state.incident(key).cloned().map(|record| (record, face)))
    }

    /// All silences: in force, to come, lately over; and the maintenance windows, each as it is now or comes next.
    ///
    /// # Errors
    /// The store's.
    pub async fn silences(&self) -> Result<Vec<Silence>, store::Error> {
        let mut state = State::default();
        self.store.load(&[Key::Silences], &mut state).await?;
        let made = state.silences().into_iter().flat_map(|silences| silences.silences.iter().cloned());
        let now = self.clock.now();
        let set = self.in_force();
        let windows = set.policy.noise.maintenance.iter().filter_map(|window| window.silence(now));
        Ok(made.chain(windows).collect())
    }

    /// The story of what is meant by a name: an event's id, a finding's key or an incident's, see [`Router::meant`], for whoever looks.
    ///
    /// # Errors
    /// The store's.
    pub async fn story(&self, name: &str, sight: Sight<'_>) -> Result<Meant<Story>, store::Error> {
        let story = match self.meant(name, sight).await? {
            Meant::One(Thing::Incident(incident)) => Some(self.told(incident, StoryOf::Incident).await?),
            Meant::One(Thing::Finding(finding, incident)) => {
                Some(self.told(incident, StoryOf::Finding(finding)).await?)
            }
            Meant::One(Thing::Event(name)) => self.story_of_event(&name, sight).await?,
            Meant::Several(ambiguous) => return Ok(Meant::Several(ambiguous)),
            Meant::Nothing => None,
        };
        let Some(story) = story else { return Ok(Meant::Nothing) };
        // What told of it with others tells of those others, too.
        let is_seen = match &story.said_with {
            Some(said) => self.sees_entry(sight, said).await?,
            None => true,
        };
        Ok(Meant::One(Story { said_with: story.said_with.filter(|_| is_seen), ..story }))
    }

    /// Of several events of that name the newest; all others are named.
    async fn story_of_event(&self, name: &str, sight: Sight<'_>) -> Result<Option<Story>, store::Error> {
        let mut found = self.entries_named(name, sight).await?;
        let Some(entry) = found.pop() else { return Ok(None) };
        let event = entry.decision.event.clone();
        let of = StoryOf::Event(event.clone());
        let mut story = match entry.decision.incident.clone() {
            Some(incident) => self.told(incident, of).await?,
            None => Story::without_incident(of),
        };
        if !story.entries.iter().any(|known| known.decision.event == event) {
            story.entries.insert(0, entry);
            story.standing = self.standing(&story).await?;
        }
        story.others = found.into_iter().rev().map(|entry| entry.decision.event).take(NAMESAKES).collect();
        Ok(Some(story))
    }

    /// The event of that name or that beginning of one, how its incident stands, and the others of that name, the
    /// newest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn event(
        &self,
        name: &str,
        sight: Sight<'_>,
    ) -> Result<Meant<(Entry, Standing, Vec<EventId>)>, store::Error> {
        let name = match self.events_meant(name, sight).await? {
            Meant::One(name) => name,
            Meant::Nothing => return Ok(Meant::Nothing),
            Meant::Several(ambiguous) => return Ok(Meant::Several(ambiguous)),
        };
        let mut found = self.entries_named(&name, sight).await?;
        let Some(entry) = found.pop() else { return Ok(Meant::Nothing) };
        let standing = match entry.decision.incident.clone() {
            Some(incident) => self.told(incident, StoryOf::Incident).await?.standing,
            None => Standing::default(),
        };
        let others = found.into_iter().rev().map(|entry| entry.decision.event).take(NAMESAKES).collect();
        Ok(Meant::One((entry, standing, others)))
    }

    /// How many incidents wait in what a silence holds.
    ///
    /// # Errors
    /// The store's.
    pub async fn held_by(&self, silence: &SilenceId) -> Result<u64, store::Error> {
        let key = next_steps::held_by(silence);
        let mut state = State::default();
        self.store.load(&[Key::Bundle(key.clone())], &mut state).await?;
        Ok(state.bundle(&key).map_or(0, |held| held.unsaid))
    }

    async fn told(&self, incident: IncidentKey, of: StoryOf) -> Result<Story, store::Error> {
        let mut state = State::default();
        let own =
            [Key::Incident, Key::Annotations, Key::Triage, Key::PageDraft].map(|kind| kind(incident.clone()));
        let keys: Vec<_> = own.into_iter().chain([Key::Digest]).collect();
        self.store.load(&keys, &mut state).await?;
        let entries = self.store.timeline(&incident, TIMELINE).await?;
        let annotations = state.annotations(&incident).cloned().unwrap_or_default();
        let triage = state.triage(&incident).cloned().unwrap_or_default();
        let Some(record) = state.incident(&incident) else {
            let story = Story { incident, annotations, triage, entries, ..Story::without_incident(of) };
            let standing = self.standing(&story).await?;
            return Ok(Story { standing, ..story });
        };
        let record = self.as_said(record).await?;
        let mut bundle = None;
        if let Some(key) = &record.bundle {
            self.store.load(&[Key::Bundle(key.clone())], &mut state).await?;
            bundle = state.bundle(key).cloned();
        }
        let said_with = self.said_with(&record).await?;
        let digest = self.in_digest(&incident, &mut state).await?;
        let events = entries.iter().rev().map(|entry| &entry.decision);
        let set = self.in_force();
        let next_steps = NextSteps {
            record: &record,
            policy: &set.policy,
            rule: events.into_iter().find(|decision| decision.face.is_some()).map(|decision| &decision.rule),
            bundle: bundle.as_ref(),
            digest,
            now: self.clock.now(),
        };
        let next = match self.has_configuration() {
            true => next_steps.lines(),
            false => vec![UNKNOWN.to_owned()],
        };
        let (related, more_related) = self.related(&incident, &record, bundle.as_ref(), &entries).await?;
        let page = state.page_draft(&incident).cloned();
        let standing = Standing::default();
        let others = Vec::new();
        let record = Some(record);
        let story = Story {
            incident,
            record,
            annotations,
            triage,
            page,
            related,
            more_related,
            entries,
            bundle,
            said_with,
            next,
            standing,
            of,
            others,
        };
        let standing = self.standing(&story).await?;
        Ok(Story { standing, ..story })
    }

    /// The decision by which it was said with others: as one of a bundle, or by the page that it led to.
    async fn said_with(&self, record: &IncidentRecord) -> Result<Option<Entry>, store::Error> {
        if let Some(said) = self.said_in_bundle(record).await? {
            return Ok(Some(said));
        }
        let Some(LedTo { incident, by, .. }) = &record.led_to else { return Ok(None) };
        let page = self.store.find(by).await?;
        if let Some(page) = page.filter(|page| !page.decision.effects.is_empty()) {
            return Ok(Some(page));
        }
        // What it led to was held itself, and may have been said since.
        let mut state = State::default();
        self.store.load(&[Key::Incident(incident.clone())], &mut state).await?;
        let Some(record) = state.incident(incident) else { return Ok(None) };
        let record = self.as_said(record).await?;
        self.said_in_bundle(&record).await
    }

    /// An incident as it stands: what waited in a bundle that was said since is not held any more, and what led to a page that
    /// was said since was told by it.
    pub(super) async fn as_said(&self, record: &IncidentRecord) -> Result<IncidentRecord, store::Error> {
        let (_, mut record) = self.read(|state| as_said(record, state)).await?;
        if let Some(led) = record.led_to.as_mut().filter(|led| led.page == LeadingPage::Waits) {
            let mut state = State::default();
            self.store.load(&[Key::Incident(led.incident.clone())], &mut state).await?;
            if let Some(page) = state.incident(&led.incident) {
                let (_, page) = self.read(|state| as_said(page, state)).await?;
                if page.untold().is_none() {
                    led.page = LeadingPage::Told;
                }
            }
        }
        Ok(record)
    }

    async fn said_in_bundle(&self, record: &IncidentRecord) -> Result<Option<Entry>, store::Error> {
        let Some(key) = record.bundle.as_ref().filter(|_| record.held.is_none()) else { return Ok(None) };
        let pages = self.store.timeline(&next_steps::page_of(key), TIMELINE).await?;
        let is_it = |page: &Entry| page.decision.at >= record.opened_at && page.decision.tells_of(key);
        Ok(pages.into_iter().rfind(is_it))
    }

    /// How it stands: with the plans that were asked about on its account, and what was done something to.
    async fn standing(&self, story: &Story) -> Result<Standing, store::Error> {
        let of_incident = |record: &ApprovalRecord| record.act.incident == story.incident;
        let approvals = self.approvals().await?.into_iter().filter(|(_, record)| of_incident(record));
        let approvals: Vec<_> = approvals.map(|(id, record)| (ApprovalId::new(id), record)).collect();
        let targets = story.record.iter().flat_map(|record| record.targets.iter());
        let targets = self.targets(targets).await?;
        let said_with = story.said_with.as_ref();
        let (now, force) = (self.clock.now(), self.in_force());
        Ok(Standing::of(&Sources {
            incident: &story.incident,
            record: story.record.as_ref(),
            entries: &story.entries,
            said_with,
            targets: &targets,
            approvals: &approvals,
            playbook: playbook(story, force.policy.rules.playbooks()),
            zone: force.policy.calendar.zone(),
            now,
        }))
    }

    async fn targets(
        &self,
        keys: impl Iterator<Item = &TargetKey>,
    ) -> Result<Vec<TargetRecord>, store::Error> {
        let keys: Vec<_> = keys.cloned().collect();
        let mut state = State::default();
        let wanted: Vec<_> = keys.iter().cloned().map(Key::Target).collect();
        self.store.load(&wanted, &mut state).await?;
        Ok(keys.iter().filter_map(|key| state.target(key).cloned()).collect())
    }

    /// Whether the edition of the digest that is written has a line about it.
    async fn in_digest(&self, incident: &IncidentKey, state: &mut State) -> Result<InDigest, store::Error> {
        let Some(digest) = state.digest().cloned() else { return Ok(InDigest::No) };
        self.store.load(&[Key::DigestLine(digest.edition, incident.clone())], state).await?;
        let has_line = state.digest_line(digest.edition, incident).is_some();
        Ok(match has_line || digest.lines.contains_key(incident) {
            true => digest.due_at.map_or(InDigest::Kept, InDigest::Due),
            false => InDigest::No,
        })
    }
}

/// What people do about such an incident: by its latest event, or, where that is not kept, by its family.
fn playbook<'p>(story: &Story, playbooks: &'p Playbooks) -> Option<&'p Playbook> {
    let record = story.record.as_ref()?;
    let latest = story.entries.iter().rev().map(|entry| &entry.decision).find(|it| it.cause == Cause::Event);
    let (rule, kind) = latest.map_or(("", ""), |latest| (latest.rule.as_str(), latest.kind.as_str()));
    playbooks.of(rule, &record.family, kind)
}
