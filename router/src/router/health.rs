//! How the cluster and what is kept of it are: the report that is asked for, and the ones that are posted.

use std::collections::HashSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use watchfire_core::act::Target;
use watchfire_core::bulletin::{Bulletin, Week, Words, daily};
use watchfire_core::health::{Colour, Item, Items, Kept, Models, Quiet, Report, Seen, Unseen, report};
use watchfire_core::ids::IncidentKey;
use watchfire_core::incident::IncidentRecord;
use watchfire_core::priority::Priority;
use watchfire_core::state::{Key, Record, State};

use super::Router;
use crate::failure::Nack;
use crate::{cluster, store};

/// Over so long it is counted what was reported.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);
/// A bulletin is one worker's to make for so long.
const MAKING: Duration = Duration::from_secs(120);
/// As many tokens as a question has at most.
const QUESTION: u64 = 1_000;

impl Router {
    /// How everything is now. What could not be looked at says so in it.
    pub async fn health(&self) -> Report {
        let (set, now) = (self.in_force(), self.clock.now());
        let settings = &set.policy.health;
        let seen = match self.responder() {
            Some(responder) => {
                Ok(cluster::look(&responder.cluster.client(), settings, &responder.aws, now).await)
            }
            None => Err(Unseen::NotAsked("no cluster is configured (cluster)".to_owned())),
        };
        let kept = self.kept(now).await;
        let kept: Seen<Kept> =
            kept.map_err(|error| Unseen::Because(format!("the store does not answer: {error}")));
        let name = self.responder().map(|responder| responder.cluster.identity().name.clone());
        report(name.as_deref(), &seen, &kept, settings, now)
    }

    /// What store and journal say.
    async fn kept(&self, now: Timestamp) -> Result<Kept, store::Error> {
        let since = now.checked_sub(A_DAY).unwrap_or(Timestamp::MIN);
        let count = |kept: &mut Kept, seen: store::Seen| {
            kept.count(&seen.face.source, seen.face.band, seen.verdict, seen.why);
        };
        let mut kept = self.store.fold_faces(since, Kept::default(), count).await?;
        let open = move |kept: &mut Kept, key: &str, record: &Record| {
            if let Record::Incident(record) = record {
                take(kept, key, record, now);
            }
        };
        kept = self.store.fold_open(Key::INCIDENTS, kept, open).await?;
        for record in self.held().await? {
            kept.contained_uids.extend(match &record.target {
                Target::Pod(object) | Target::Workload(object) | Target::Node(object) => {
                    Some(object.uid.clone())
                }
                Target::Image(_) | Target::Event => None,
            });
            let said = format!("On account of {}.", record.incident);
            kept.contained.push(Item::new(None, &record.target.named(), said, Colour::Yellow));
        }
        let switch = self.switch().await?;
        kept.switched_off = switch.off.map(|off| format!("by {}: {}", off.by, off.reason));
        kept.silences = self.quiet(now).await?;
        kept.models = self.models(now).await?;
        Ok(kept)
    }

    /// What models have used today; none where no model is asked.
    async fn models(&self, now: Timestamp) -> Result<Option<Models>, store::Error> {
        let set = self.in_force();
        let Some(settings) = &set.policy.triage else { return Ok(None) };
        let mut state = State::default();
        self.store.load(&[Key::TriageSpent], &mut state).await?;
        let spent = state.triage_spent().cloned().unwrap_or_default().on(set.policy.calendar.date(now));
        let used = format!("{} questions, {} tokens, cost {}", spent.asked, spent.tokens, spent.cost);
        let refusal = spent.has_room(QUESTION, settings).err().map(|refusal| refusal.to_string());
        Ok(Some(Models { used, refusal }))
    }

    /// Silences and maintenance windows in force.
    async fn quiet(&self, now: Timestamp) -> Result<Vec<Quiet>, store::Error> {
        let mut quiet = Vec::new();
        for silence in self.silences().await?.into_iter().filter(|silence| silence.is_active(now)) {
            let holds = self.held_by(&silence.id).await?;
            let comment = format!("{} ({})", silence.comment, silence.by);
            quiet.push(Quiet { id: silence.id.to_string(), ends_at: silence.ends_at, comment, holds });
        }
        Ok(quiet)
    }

    /// Makes and posts what is due at `now` and was not posted; how many that were. Of several workers one does.
    ///
    /// # Errors
    /// The store's, and that it could not be decided.
    pub async fn post_bulletins(&self, now: Timestamp) -> Result<usize, Nack> {
        let failed =
            |error: store::Error| Nack { reason: format!("the store failed: {error}"), retry_after: None };
        let set = self.in_force();
        let mut posted = 0;
        for bulletin in Bulletin::ALL.into_iter().filter(|one| !one.to(&set.policy).is_empty()) {
            let Some(day) = bulletin.due(&set.policy.calendar, now) else { continue };
            let id = bulletin.id(day);
            if self.store.find(&id).await.map_err(failed)?.is_some()
                || !self.store.claim(id.as_str(), now, MAKING).await.map_err(failed)?
            {
                continue;
            }
            let words = match bulletin {
                Bulletin::Daily => daily(&self.health().await),
                Bulletin::Weekly => self.week(now).await.map_err(failed)?,
            };
            let turn = IncidentKey::new(id.as_str());
            let decide = |state: &State| bulletin.post(day, &words, &set.policy, state, now);
            if let Some(entry) = self.commit_due(&turn, decide).await? {
                self.metrics.woken(&entry.decision);
                self.resume(&id).await;
                posted += 1;
            }
        }
        Ok(posted)
    }

    /// What the last seven days were like.
    async fn week(&self, now: Timestamp) -> Result<Words, store::Error> {
        let week = Week::until(now);
        let count = |week: &mut Week, seen: store::Seen| {
            week.count(seen.at, &seen.face.rule, seen.verdict, seen.why);
        };
        let since = week.from();
        let week = self.store.fold_faces(since, week, count).await?;
        let find = |found: &mut HashSet<String>, key: &str, record: Record| {
            if let Record::PageDraft(draft) = record
                && Week::is_of_scaling(&draft.face.kind)
            {
                found.insert(key.to_owned());
            }
        };
        let scalers = self.store.fold_records(Key::PAGE_DRAFTS, HashSet::new(), find).await?;
        let take = move |week: &mut Week, key: &str, record: Record| {
            if let Record::Incident(record) = record {
                week.incident(&record);
                if scalers.contains(key) {
                    week.maxed(&record);
                }
            }
        };
        let week = self.store.fold_records(Key::INCIDENTS, week, take).await?;
        let take = |week: &mut Week, _: &str, record: Record| {
            if let Record::Target(record) = record {
                week.target(&record);
            }
        };
        let mut week = self.store.fold_records(Key::TARGETS, week, take).await?;
        if let Some(nodes) = self.responder().and_then(|responder| responder.cluster.known_nodes()) {
            week.nodes(&nodes);
        }
        let set = self.in_force();
        let rules = set.policy.rules.rules().iter().map(|rule| &rule.name);
        Ok(week.words(&self.quiet(now).await?, rules))
    }
}

/// One more open incident.
fn take(kept: &mut Kept, key: &str, record: &IncidentRecord, now: Timestamp) {
    let open = kept.open.entry(record.priority).or_default();
    open.all += 1;
    open.unacknowledged += u64::from(record.acknowledged.is_none());
    let was_told = !record.paged.is_empty() && record.acknowledged.is_none();
    let Some(late) = record.respond_by.filter(|by| was_told && *by < now) else { return };
    let colour = match record.priority {
        Priority::P0 | Priority::P1 => Colour::Red,
        Priority::P2 | Priority::P3 => Colour::Yellow,
    };
    let said = format!("{} {}; somebody was to have it by {late:.0}.", record.priority, record.title);
    Items::push(&mut kept.overdue, Item::new(None, key, said, colour));
}
