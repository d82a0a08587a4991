//! How many containments are done without a human: over the cluster, in one namespace, of one workload.
//!
//! Three limits, because one would be spent by whoever holds a namespace: a few bait pods, and the pod that
//! matters is out of budget. What did not take effect is given back.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::act::Target;
use crate::action::ActionName;
use crate::containment::TargetKey;
use crate::context::Context;
use crate::ids::{EffectId, EventId};

/// How many containments there may be in any such time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Over all of the cluster.
    pub most: u32,
    /// In one namespace.
    pub per_namespace: u32,
    /// Of one workload; a pod that nothing controls is one by itself.
    pub per_workload: u32,
    /// The time.
    pub window: SignedDuration,
}

/// One containment that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Spent {
    /// When it was planned.
    pub at: Timestamp,
    /// In which namespace; none for a node.
    pub namespace: Option<String>,
    /// The UID of what a human would call the workload, else that of the pod.
    pub workload: Option<String>,
    /// What it is done to.
    pub target: Option<TargetKey>,
    /// What is done.
    pub action: Option<ActionName>,
    /// In which decision, and which act of it.
    pub by: Option<(EventId, EffectId)>,
    /// Whether it is known to have taken effect; until then it may have.
    pub took_effect: bool,
}

/// Containments within the window of the budget, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetRecord(pub VecDeque<Spent>);

/// Which of the limits is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// That over the cluster.
    Cluster,
    /// That of a namespace.
    Namespace(String),
    /// That of a workload.
    Workload,
}

/// A limit that is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over {
    /// Which.
    pub limit: Limit,
    /// How many containments there were.
    pub spent: usize,
    /// In which time, in minutes.
    pub minutes: i64,
}

/// As it is stored: at first it was the time alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    At(Timestamp),
    Full {
        at: Timestamp,
        namespace: Option<String>,
        workload: Option<String>,
        target: Option<TargetKey>,
        action: Option<ActionName>,
        by: Option<(EventId, EffectId)>,
        took_effect: bool,
    },
}

impl From<Stored> for Spent {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::At(at) => Self::at(at),
            Stored::Full { at, namespace, workload, target, action, by, took_effect } => {
                Self { at, namespace, workload, target, action, by, took_effect }
            }
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::shared(12, SignedDuration::from_mins(10))
    }
}

impl Budget {
    /// So many over the cluster; in one namespace half of them, of one workload a quarter, at least one.
    pub fn shared(most: u32, window: SignedDuration) -> Self {
        Self { most, per_namespace: most.div_ceil(2), per_workload: most.div_ceil(4), window }
    }

    /// Whether one more fits, beside those of the same decision.
    ///
    /// # Errors
    /// Which limit is reached.
    pub fn room(
        &self,
        record: &BudgetRecord,
        before: &[Spent],
        one: &Spent,
        now: Timestamp,
    ) -> Result<(), Over> {
        let Self { most, per_namespace, per_workload, window } = *self;
        let count = |counts: &dyn Fn(&Spent) -> bool| {
            record.within(window, now).chain(before).filter(|spent| counts(spent)).count()
        };
        let same = |own: &Option<String>, other: &Option<String>| own.is_some() && own == other;
        let limits = [
            (Limit::Cluster, most, count(&|_| true)),
            (
                Limit::Namespace(one.namespace.clone().unwrap_or_default()),
                per_namespace,
                count(&|spent| same(&one.namespace, &spent.namespace)),
            ),
            (Limit::Workload, per_workload, count(&|spent| same(&one.workload, &spent.workload))),
        ];
        let reached = limits.into_iter().find(|(_, most, spent)| *spent >= *most as usize);
        match reached {
            None => Ok(()),
            Some((limit, _, spent)) => Err(Over { limit, spent, minutes: window.as_mins() }),
        }
    }
}

impl Spent {
    /// Of which nothing but the time is known.
    pub fn at(at: Timestamp) -> Self {
        Self { at, namespace: None, workload: None, target: None, action: None, by: None, took_effect: true }
    }

    /// A containment that is planned.
    pub fn planned(
        action: ActionName,
        target: &Target,
        context: &Context,
        by: (EventId, EffectId),
        at: Timestamp,
    ) -> Self {
        let (namespace, workload) = match target {
            Target::Pod(pod) => {
                let owner = context.workload().map_or(&pod.uid, |workload| &workload.uid);
                (Some(pod.namespace.clone()), Some(owner.clone()))
            }
            Target::Workload(workload) => (Some(workload.namespace.clone()), Some(workload.uid.clone())),
            Target::Node(_) | Target::Image(_) | Target::Event => (None, None),
        };
        let (target, action, by) = (TargetKey::of(target), Some(action), Some(by));
        Self { at, namespace, workload, target, action, by, took_effect: false }
    }

    /// Whether a pod of its workload is missing by it, until it is replaced.
    pub(crate) fn takes_a_pod(&self) -> bool {
        self.action.is_some_and(ActionName::takes_a_pod)
    }
}

impl BudgetRecord {
    /// Those of the window that ends now.
    pub fn within(&self, window: SignedDuration, now: Timestamp) -> impl Iterator<Item = &Spent> {
        self.0.iter().filter(move |spent| now.duration_since(spent.at) < window)
    }

    /// One more; what no window sees any more is forgotten.
    pub(crate) fn spend(&mut self, spent: Spent, window: SignedDuration, now: Timestamp) {
        self.0.retain(|spent| now.duration_since(spent.at) < window);
        self.0.push_back(spent);
    }

    /// What became of one: it counts if it took effect, planned as it was or not, and is given back if not.
    pub(crate) fn settle(&mut self, one: Spent, window: SignedDuration, now: Timestamp) {
        let known = self.0.iter().position(|spent| spent.by.is_some() && spent.by == one.by);
        match (known, one.took_effect) {
            (Some(at), true) => self.0[at].took_effect = true,
            (Some(at), false) => drop(self.0.remove(at)),
            (None, true) => self.spend(one, window, now),
            (None, false) => {}
        }
    }
}

impl Over {
    /// Which limit, in a clause.
    pub fn sentence(&self) -> String {
        let Self { limit, spent, minutes } = self;
        let of = match limit {
            Limit::Cluster => "the budget".to_owned(),
            Limit::Namespace(namespace) => format!("the budget of the namespace {namespace}"),
            Limit::Workload => "the budget of its workload".to_owned(),
        };
        format!("{of} is spent: {spent} containments in {minutes} minutes")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::builders::at;

    fn now() -> Timestamp {
        at("2026-11-20T12:00:00Z")
    }

    fn of(namespace: &str, workload: &str, number: usize) -> Spent {
        Spent {
            namespace: Some(namespace.to_owned()),
            workload: Some(workload.to_owned()),
            action: Some(ActionName::Quarantine),
            by: Some((EventId::new(format!("e{number}")), EffectId::new("quarantine"))),
            took_effect: false,
            ..Spent::at(now())
        }
    }

    #[test]
    fn five_bait_pods_leave_room_for_the_sixth_of_another_workload_or_namespace() {
        let budget = Budget::default();
        let fill = |spent: Vec<Spent>| {
            let mut record = BudgetRecord::default();
            for one in spent {
                if budget.room(&record, &[], &one, now()).is_ok() {
                    record.spend(one, budget.window, now());
                }
            }
            record
        };
        let of_one = fill((0..5).map(|number| of("bait", "w", number)).collect());
        let bare = fill((0..5).map(|number| of("bait", &format!("w{number}"), number)).collect());
        assert_eq!((of_one.0.len(), bare.0.len()), (3, 5));
        for record in [&of_one, &bare] {
            assert_eq!(budget.room(record, &[], &of("bait", "other", 9), now()), Ok(()));
            assert_eq!(budget.room(record, &[], &of("shop", "pay", 9), now()), Ok(()));
        }
        let many = fill((0..50).map(|number| of("bait", &format!("w{number}"), number)).collect());
        let over = budget.room(&many, &[], &of("bait", "other", 99), now()).unwrap_err();
        assert_eq!(
            over.sentence(),
            "the budget of the namespace bait is spent: 6 containments in 10 minutes"
        );
        assert_eq!(budget.room(&many, &[], &of("shop", "pay", 99), now()), Ok(()));
    }

    #[test]
    fn a_small_budget_is_shared_so_that_each_part_has_at_least_one() {
        let parts = |most| {
            let Budget { most, per_namespace, per_workload, .. } =
                Budget::shared(most, SignedDuration::from_mins(10));
            (most, per_namespace, per_workload)
        };
        assert_eq!([parts(1), parts(5), parts(12)], [(1, 1, 1), (5, 3, 2), (12, 6, 3)]);
    }

    #[test]
    fn only_what_took_effect_counts_for_good() {
        let window = SignedDuration::from_mins(10);
        let mut record = BudgetRecord::default();
        record.spend(of("shop", "a", 1), window, now());
        record.spend(of("shop", "b", 2), window, now());
        record.settle(of("shop", "a", 1), window, now());
        let took_effect = |one: Spent| Spent { took_effect: true, ..one };
        record.settle(took_effect(of("shop", "b", 2)), window, now());
        record.settle(took_effect(of("shop", "c", 3)), window, now());
        record.settle(of("shop", "d", 4), window, now());
        let expected = [took_effect(of("shop", "b", 2)), took_effect(of("shop", "c", 3))];
        assert_eq!(record, BudgetRecord(expected.into()));
    }

    #[test]
    fn a_record_of_times_alone_is_still_read() {
        let old: BudgetRecord = serde_json::from_str(r#"["2026-11-20T12:00:00Z"]"#).unwrap();
        assert_eq!(old, BudgetRecord([Spent::at(now())].into()));
        let new = BudgetRecord([of("shop", "a", 1)].into());
        let text = serde_json::to_string(&new).unwrap();
        assert_eq!(serde_json::from_str::<BudgetRecord>(&text).unwrap(), new);
    }
}
