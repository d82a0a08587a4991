//! A playbook as people are told it: each step, and whether Watchfire has done it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Measure, MeasureState};
use crate::action::{ActionName, Role};
use crate::ids::PlaybookName;
use crate::zone::Zone;

/// A playbook, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Followed {
    /// Which.
    pub playbook: PlaybookName,
    /// What it is about, in a few words.
    pub title: String,
    /// What is done, in order.
    pub steps: Vec<FollowedStep>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FollowedStep {
    /// What, in a sentence or two.
    pub text: String,
    /// The actions any of which does it; none where it is left to people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<ActionName>,
    /// How far it is.
    pub state: StepState,
}

/// How far a step is. Of what is left to people nobody here knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// It is left to people, or not known here how far Watchfire is with it.
    Yours,
    /// Watchfire could do it, and has not.
    NotDone,
    /// Watchfire is doing it.
    UnderWay,
    /// It waits for somebody's approval.
    Waits,
    /// Watchfire has done it.
    Done {
        /// When.
        at: Timestamp,
    },
    /// Watchfire has tried, and it is not done.
    Failed,
    /// Watchfire has done it, and it is undone since.
    Undone,
}

impl StepState {
    /// Of several actions that do the same, the one that says most.
    fn rank(&self) -> u8 {
        match self {
            StepState::Done { .. } => 0,
            StepState::UnderWay => 1,
            StepState::Waits => 2,
            StepState::Failed => 3,
            StepState::Undone => 4,
            StepState::NotDone | StepState::Yours => 5,
        }
    }

    /// Of a measure that contains.
    fn of(state: &MeasureState) -> Self {
        match state {
            MeasureState::Failed { .. } => StepState::Failed,
            MeasureState::Done { since, by: _ } => StepState::Done { at: *since },
            MeasureState::UnderWay => StepState::UnderWay,
            MeasureState::Waits { .. } => StepState::Waits,
            MeasureState::Denied { .. } | MeasureState::Expired { .. } | MeasureState::Withheld { .. } => {
                StepState::NotDone
            }
            MeasureState::Released { .. } => StepState::Undone,
        }
    }
}

impl Followed {
    /// Ticks what is done, by how what contains stands, and by what became of all else, each with its action.
    #[must_use]
    pub fn ticked(self, measures: &[Measure], acts: &[(ActionName, StepState)]) -> Self {
        let Self { playbook, title, steps } = self;
        let of_measures = measures.iter().map(|measure| (measure.action, StepState::of(&measure.state)));
        let known: Vec<_> = of_measures.chain(acts.iter().cloned()).collect();
        // Anew: what was so when it was told last may be over.
        let tick = |FollowedStep { text, by, state: _ }: FollowedStep| {
            let of_it = known.iter().filter(|(action, _)| by.contains(action)).map(|(_, state)| state);
            let untouched = if by.is_empty() { StepState::Yours } else { StepState::NotDone };
            let state = of_it.min_by_key(|state| state.rank()).cloned().unwrap_or(untouched);
            FollowedStep { text, by, state }
        };
        Self { playbook, title, steps: steps.into_iter().map(tick).collect() }
    }

    /// For a page, which knows no acts of the decisions before it: of what contains nothing, and is not under way, nothing is said.
    #[must_use]
    pub fn as_a_page_knows(self) -> Self {
        let Self { playbook, title, steps } = self;
        let known = |FollowedStep { text, by, state }: FollowedStep| {
            let contains = by.iter().any(|action| action.role() == Role::Contain);
            let state = if state == StepState::NotDone && !contains { StepState::Yours } else { state };
            FollowedStep { text, by, state }
        };
        Self { playbook, title, steps: steps.into_iter().map(known).collect() }
    }

    /// A line for each step, numbered: what is done has a cross before it, what Watchfire can do says how far that is.
    pub fn lines(&self, zone: &Zone) -> Vec<String> {
        let line = |(index, FollowedStep { text, by: _, state }): (usize, &FollowedStep)| {
            let mark = if matches!(state, StepState::Done { .. }) { "[x]" } else { "[ ]" };
            let number = index + 1;
            match state {
                StepState::Yours => format!("{mark} {number}. {text}"),
                StepState::NotDone => format!("{mark} {number}. {text} (not done by Watchfire)"),
                StepState::UnderWay => format!("{mark} {number}. {text} (Watchfire is doing it)"),
                StepState::Waits => format!("{mark} {number}. {text} (waits for an approval)"),
                StepState::Done { at } => {
                    format!("{mark} {number}. {text} (done by Watchfire, {})", zone.minute(*at))
                }
                StepState::Failed => format!("{mark} {number}. {text} (Watchfire FAILED to)"),
                StepState::Undone => format!("{mark} {number}. {text} (done by Watchfire, and undone since)"),
            }
        };
        self.steps.iter().enumerate().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builders::at;

    fn followed() -> Followed {
        let step = |text: &str, by: &[ActionName]| FollowedStep {
            text: text.to_owned(),
            by: by.to_vec(),
            state: if by.is_empty() { StepState::Yours } else { StepState::NotDone },
        };
        Followed {
            playbook: PlaybookName::new("crypto-mining"),
            title: "Crypto mining".to_owned(),
            steps: vec![
                step("Keep it.", &[ActionName::Evidence]),
                step("Cut it off.", &[ActionName::Quarantine, ActionName::DeletePod]),
                step("Look at it.", &[]),
            ],
        }
    }

    fn measure(action: ActionName, state: MeasureState) -> Measure {
        Measure { action, target: "pod shop/pay-1".to_owned(), state }
    }

    #[test]
    fn a_step_that_an_act_has_done_is_ticked_and_one_that_people_do_never_is() {
        let done = measure(
            ActionName::Quarantine,
            MeasureState::Done { since: at("2026-11-20T02:58:30Z"), by: None },
        );
        let failed = measure(ActionName::DeletePod, MeasureState::Failed { because: "gone".to_owned() });
        let kept = (ActionName::Evidence, StepState::Done { at: at("2026-11-20T02:58:20Z") });
        let ticked = followed().ticked(&[failed, done], &[kept]);
        assert_eq!(
            ticked.lines(&Zone::UTC),
            [
                "[x] 1. Keep it. (done by Watchfire, 2026-11-20 02:58 UTC)",
                "[x] 2. Cut it off. (done by Watchfire, 2026-11-20 02:58 UTC)",
                "[ ] 3. Look at it.",
            ]
        );
    }

    #[test]
    fn each_state_of_an_act_is_said_and_only_what_is_done_is_ticked() {
        let by = "anna".to_owned();
        let table = [
            (MeasureState::UnderWay, "[ ] 2. Cut it off. (Watchfire is doing it)"),
            (
                MeasureState::Denied { by, at: at("2026-11-20T02:58:30Z") },
                "[ ] 2. Cut it off. (not done by Watchfire)",
            ),
            (MeasureState::Failed { because: String::new() }, "[ ] 2. Cut it off. (Watchfire FAILED to)"),
            (
                MeasureState::Released { at: None, by: None },
                "[ ] 2. Cut it off. (done by Watchfire, and undone since)",
            ),
        ];
        for (state, expected) in table {
            let ticked = followed().ticked(&[measure(ActionName::Quarantine, state)], &[]);
            assert_eq!(ticked.lines(&Zone::UTC)[1], expected);
        }
        assert_eq!(followed().ticked(&[], &[]), followed());
    }

    #[test]
    fn a_page_says_what_it_begins_and_claims_nothing_of_acts_that_it_does_not_know() {
        let of = |acts: &[(ActionName, StepState)]| {
            let told = followed().ticked(&[], acts).as_a_page_knows();
            // As it is kept for a later page.
            (told.lines(&Zone::UTC), told.ticked(&[], &[]).as_a_page_knows().lines(&Zone::UTC))
        };
        let unknown = ["[ ] 1. Keep it.", "[ ] 2. Cut it off. (not done by Watchfire)", "[ ] 3. Look at it."];
        let unknown = unknown.map(str::to_owned).to_vec();
        assert_eq!(of(&[]), (unknown.clone(), unknown.clone()));
        let mut begun = unknown.clone();
        begun[0] = "[ ] 1. Keep it. (Watchfire is doing it)".to_owned();
        assert_eq!(of(&[(ActionName::Evidence, StepState::UnderWay)]), (begun, unknown));
    }
}
