//! Several incidents said as one page: a group, a storm, what was over a limit, silenced or covered.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::hash::keyed;
use crate::ids::{BundleKey, IncidentKey, SilenceId};
use crate::priority::Priority;

/// What its members have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BundleKind {
    /// A configured group.
    Group {
        /// Its name.
        name: String,
    },
    /// Many new incidents of one account and family.
    Storm,
    /// Over a limit.
    RollUp {
        /// Which, in words.
        limit: String,
    },
    /// Silenced.
    Silence {
        /// By which silence.
        id: SilenceId,
    },
    /// Covered by a greater incident.
    Cover {
        /// Which.
        incident: IncidentKey,
    },
}

impl BundleKind {
    /// Every word that there is for one.
    pub const WORDS: [&str; 5] = ["group", "storm", "roll-up", "silence", "cover"];

    /// The word in metrics and on screen.
    pub fn as_str(&self) -> &'static str {
        match self {
            BundleKind::Group { .. } => "group",
            BundleKind::Storm => "storm",
            BundleKind::RollUp { .. } => "roll-up",
            BundleKind::Silence { .. } => "silence",
            BundleKind::Cover { .. } => "cover",
        }
    }
}

/// One incident in a bundle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Its priority when it joined.
    pub priority: Priority,
    /// What it is, in a line.
    pub title: String,
    /// What it is about, in a line.
    pub subject: String,
    /// The rule's family.
    pub family: String,
    /// When it joined.
    pub at: Timestamp,
    /// Whether it is still open.
    pub open: bool,
    /// Whether it was said, with the bundle or by itself.
    pub said: bool,
    /// Whether it was said with the bundle before it had the news that waits.
    #[serde(default)]
    pub said_before: bool,
}

impl Member {
    /// Where it stands in the list: what is still to be said first, the most urgent of it, and of those the first
    /// that came.
    fn place(&self) -> (bool, Priority, bool, Timestamp) {
        (self.said, self.priority, !self.open, self.at)
    }
}

/// How an incident stands to a bundle that it joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is not in it.
    Outside,
    /// It was said with it, and is open.
    Said,
    /// It waits in it, with that priority.
    Waiting(Priority),
}

/// Incidents that are said as one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BundleRecord {
    /// What they have in common.
    pub kind: BundleKind,
    /// What its page is called: the common values, in a line.
    pub title: String,
    /// When the first of those that were not said yet joined.
    pub since: Timestamp,
    /// The members, at most [`BundleRecord::MOST`]: those that were not said, the most urgent, the first that came.
    pub members: BTreeMap<IncidentKey, Member>,
    /// How many members are open, listed or not.
    pub open: u64,
    /// How many joined that were not said yet, listed or not.
    pub unsaid: u64,
    /// The same by priority and family; families are the rules'.
    pub unsaid_by: BTreeMap<Priority, BTreeMap<String, u64>>,
    /// How many joined in all since it was last empty.
    pub total: u64,
    /// When it is to be said; none as long as that depends on something else, or there is nothing to say.
    pub due_at: Option<Timestamp>,
    /// When it was last said.
    pub said_at: Option<Timestamp>,
    /// How often it was said.
    #[serde(default)]
    pub rounds: u64,
    /// When what was said is said again if it is still open.
    #[serde(default)]
    pub again_at: Option<Timestamp>,
    /// When what holds them ends, where that was changed since: whoever joins does not know of it yet.
    #[serde(default)]
    pub ends_at: Option<Timestamp>,
    /// The latest episode of the incident that covered them which is over: it covers nothing any more.
    #[serde(default)]
    pub over: Option<u32>,
}

impl BundleRecord {
    /// So many members are listed, the others counted.
    pub const MOST: usize = 100;

    /// One that nobody has joined.
    pub(crate) fn new(kind: BundleKind, title: String, now: Timestamp) -> Self {
        Self {
            kind,
            title,
            since: now,
            members: BTreeMap::new(),
            open: 0,
            unsaid: 0,
            unsaid_by: BTreeMap::new(),
            total: 0,
            due_at: None,
            said_at: None,
            rounds: 0,
            again_at: None,
            ends_at: None,
            over: None,
        }
    }

    /// One more incident that is not to be said by itself. One that was said is unsaid again; one that waits
    /// already goes on waiting, as the member that it is now.
    pub(crate) fn join(&mut self, incident: &IncidentKey, mut member: Member, standing: Standing) {
        if self.unsaid == 0 {
            self.since = member.at;
        }
        let known = self.members.get(incident);
        let waits = match (known, standing) {
            (Some(known), _) => (!known.said).then_some(known.priority),
            (None, Standing::Waiting(priority)) => Some(priority),
            (None, Standing::Outside | Standing::Said) => None,
        };
        match standing {
            Standing::Outside => {
                // It may have been counted for a decision that was not made.
                self.open += u64::from(known.is_none_or(|known| !known.open));
                self.total += u64::from(known.is_none());
            }
            Standing::Said => member.said_before = true,
            // Of one that is not listed it is not known: it counts as told, see `tells_of`.
            Standing::Waiting(_) => {
                member.said_before = known.map_or(self.said_at.is_some(), |known| known.said_before);
            }
        }
        if let Some(priority) = waits {
            self.uncount(priority, &member.family);
        }
        *self.unsaid_by.entry(member.priority).or_default().entry(member.family.clone()).or_default() += 1;
        self.unsaid += 1;
        self.list(incident, member);
    }

    /// A more urgent member takes the place of a lesser one, which is counted from then on.
    fn list(&mut self, incident: &IncidentKey, member: Member) {
        self.members.insert(incident.clone(), member);
        if self.members.len() > Self::MOST {
            let last = self.members.iter().max_by_key(|(incident, member)| (member.place(), *incident));
            let last = last.map(|(incident, _)| incident.clone());
            last.and_then(|last| self.members.remove(&last));
        }
    }

    /// What was not said and is not listed: by family how many, and the most urgent of them.
    pub(crate) fn unlisted(&self) -> BTreeMap<String, (Priority, u64)> {
        let mut counted = self.unsaid_by.clone();
        for Member { priority, family, .. } in self.members.values().filter(|member| !member.said) {
            if let Some(count) = counted.get_mut(priority).and_then(|families| families.get_mut(family)) {
                *count = count.saturating_sub(1);
            }
        }
        let mut unlisted = BTreeMap::new();
        for (priority, families) in counted {
            for (family, count) in families.into_iter().filter(|(_, count)| *count > 0) {
                let (_, sum) = unlisted.entry(family).or_insert((priority, 0));
                *sum += count;
            }
        }
        unlisted
    }

    /// A waiting member is said by itself after all; where it is not listed, with what it joined.
    pub(crate) fn take_out(&mut self, incident: &IncidentKey, priority: Priority, family: &str) {
        let (priority, family) = match self.members.get_mut(incident) {
            Some(member) if member.said => return,
            Some(member) => {
                member.said = true;
                (member.priority, member.family.clone())
            }
            None => (priority, family.to_owned()),
        };
        self.uncount(priority, &family);
    }

    /// Whether the bundle's page tells of it. Of one that is not listed that is not known: a page that stays
    /// open too long is better than one that is over too soon.
    pub(crate) fn tells_of(&self, incident: &IncidentKey) -> bool {
        match self.members.get(incident) {
            Some(member) => member.said_before && member.open,
            None => self.said_at.is_some(),
        }
    }

    /// Whether anything in it is open that is to be said, or to be said again.
    pub(crate) fn is_open(&self) -> bool {
        self.has_open_news() || (self.unsaid == 0 && self.open > 0)
    }

    fn uncount(&mut self, priority: Priority, family: &str) {
        self.unsaid = self.unsaid.saturating_sub(1);
        let Some(families) = self.unsaid_by.get_mut(&priority) else { return };
        if let Some(count) = families.get_mut(family) {
            *count = count.saturating_sub(1);
        }
        families.retain(|_, count| *count > 0);
        self.unsaid_by.retain(|_, families| !families.is_empty());
    }

    /// Nothing is in it any more.
    pub(crate) fn is_done(&mut self) {
        self.members.clear();
        self.total = 0;
        self.due_at = None;
        self.again_at = None;
    }

    /// Whether nothing is open or waits once that member is over.
    pub(crate) fn is_last(&self, incident: &IncidentKey) -> bool {
        self.open_without(incident) == 0 && self.unsaid == 0
    }

    /// A member is over.
    pub(crate) fn is_over(&mut self, incident: &IncidentKey) {
        self.open = self.open_without(incident);
        self.members.get_mut(incident).into_iter().for_each(|member| member.open = false);
    }

    /// One that is not listed counts as open.
    fn open_without(&self, incident: &IncidentKey) -> u64 {
        let is_open = self.members.get(incident).is_none_or(|member| member.open);
        self.open.saturating_sub(u64::from(is_open))
    }

    /// Whether the incident that covers its members does so no more, as far as that episode goes.
    pub(crate) fn is_over_for(&self, episode: u32) -> bool {
        self.over.is_some_and(|over| episode <= over)
    }

    /// Everything in it has been said.
    pub(crate) fn was_said(&mut self, now: Timestamp) {
        self.said_at = Some(now);
        self.rounds += 1;
        self.unsaid = 0;
        self.unsaid_by.clear();
        self.members.retain(|_, member| member.open);
        self.members.values_mut().for_each(|member| member.said = true);
        if self.open == 0 {
            self.members.clear();
            self.total = 0;
        }
    }

    /// The most urgent of those that were not said, among the open ones if there are any.
    pub(crate) fn priority(&self) -> Option<Priority> {
        let listed = self.members.values().filter(|member| !member.said);
        let open = listed.filter(|member| member.open).map(|member| member.priority).min();
        // What is not listed is counted by priority.
        let counted = self.unsaid_by.keys().copied().min();
        let all_listed = self.members.values().filter(|member| !member.said).count() as u64 >= self.unsaid;
        if all_listed { open.or(counted) } else { counted }
    }

    /// Whether any of those that were not said is still open; what is not listed counts as open.
    pub(crate) fn has_open_news(&self) -> bool {
        let unsaid = self.members.values().filter(|member| !member.said);
        let (mut listed, mut open) = (0, false);
        for member in unsaid {
            listed += 1;
            open |= member.open;
        }
        open || (listed < self.unsaid && self.open > 0)
    }
}

/// The key of a bundle.
pub(crate) fn bundle_key(kind: &BundleKind, parts: &[&str]) -> BundleKey {
    let own = match kind {
        BundleKind::Group { name } => name.as_str(),
        BundleKind::Storm => "",
        BundleKind::RollUp { limit: _ } => "",
        BundleKind::Silence { id } => id.as_str(),
        BundleKind::Cover { incident } => incident.as_str(),
    };
    let parts: Vec<_> = [own].into_iter().chain(parts.iter().copied()).collect();
    BundleKey::new(format!("{}-{}", kind.as_str(), keyed(kind.as_str(), &parts)))
}

/// The incident that a bundle's page is about.
pub(crate) fn incident_of_bundle(bundle: &BundleKey) -> IncidentKey {
    IncidentKey::new(format!("wf1-{}", keyed("bundle", &[bundle.as_str()])))
}
