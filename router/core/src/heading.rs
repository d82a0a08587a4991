//! The one place where the head of a page is looked up: how its incident stands with containment, who has it, and
//! until when somebody has to.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::act::{Act, ActionKind};
use crate::action::{ActionName, Role};
use crate::containment::{Answer, ApprovalRecord, Containment, ContainmentState, TargetRecord, Verdict};
use crate::decision::{Decision, Withheld};
use crate::draft::Draft;
use crate::ids::{ApprovalId, IncidentKey};
use crate::incident::IncidentRecord;
use crate::notice::{Head, Measure, MeasureState, Notice, StepState, Undone};
use crate::policy::Policy;
use crate::state::{Key, Unread};

/// Gives every page of a decision, and what is kept of it for later pages, its head as of now.
///
/// # Errors
/// What has to be read into the state first.
pub(crate) fn head(mut draft: Draft<'_>, policy: &Policy) -> Result<Decision, Unread> {
    let told: BTreeSet<_> = draft.notices().map(|notice| notice.incident.clone()).collect();
    let mut standings = BTreeMap::new();
    for key in told {
        let standing = standing(&draft, &key)?;
        standings.insert(key, standing);
    }
    let now = draft.now();
    let withheld = withheld(draft.withheld());
    let own = draft.own_incident().cloned();
    let begun: Vec<_> = draft.acts().iter().filter_map(begun).collect();
    if let Some((Some(record), _)) =
        own.as_ref().and_then(|own| standings.get(own)).filter(|_| !draft.is_quiet())
    {
        let routes = record.routes.clone();
        draft.goes_by(&routes);
    }
    for notice in draft.notices() {
        let (record, measures) = standings[&notice.incident].clone();
        let is_own = own.as_ref() == Some(&notice.incident);
        let withheld = if is_own { withheld.as_slice() } else { &[] };
        answered(&mut notice.withheld, &measures);
        notice.routes = record.as_ref().map(|record| record.routes.clone()).unwrap_or_default();
        let playbook = notice.playbook.take();
        let here = begun.iter().filter(|(incident, _)| *incident == notice.incident);
        let begun: Vec<_> = here.map(|(_, action)| (*action, StepState::UnderWay)).collect();
        notice.playbook = playbook.map(|playbook| playbook.ticked(&measures, &begun).as_a_page_knows());
        notice.head = stand(notice, record.as_ref(), merged(measures, withheld, &notice.head), policy, now);
    }
    Ok(draft.build())
}

/// What a decision begins that contains nothing, and on whose account: what contains is told by its measure.
fn begun(act: &Act) -> Option<(IncidentKey, ActionName)> {
    let ActionKind::Rule(action) = act.action else { return None };
    (action.role() != Role::Contain).then(|| (act.incident.clone(), action))
}

/// How what contains an incident stands, as its records are known: for whoever shows it elsewhere than in a page.
///
/// `targets` and `approvals` are those that the incident names; what is withheld is not among them.
pub fn measures<'r>(
    incident: &IncidentKey,
    record: &IncidentRecord,
    targets: impl IntoIterator<Item = &'r TargetRecord>,
    approvals: impl IntoIterator<Item = (&'r ApprovalId, &'r ApprovalRecord)>,
    now: Timestamp,
) -> Vec<Measure> {
    let of_targets = targets.into_iter().filter(|target| target.incident == *incident);
    let contained = of_targets.flat_map(|target| of_target(target, record));
    let asked = approvals.into_iter().filter(|(_, asked)| asked.act.incident == *incident);
    let measures = contained.chain(asked.filter_map(|(id, asked)| of_approval(id, asked, now)));
    ordered(measures.collect())
}

/// What waited and does not any more is told by the head alone.
fn answered(withheld: &mut Vec<Undone>, measures: &[Measure]) {
    withheld.retain(|undone| {
        let mut of_it = measures.iter().filter(|it| undone.waits && undone.action == Some(it.action));
        let is_told = of_it.clone().next().is_some();
        !is_told || of_it.any(|it| matches!(it.state, MeasureState::Waits { .. }))
    });
}

/// An incident as it is after the decision, and what contains it.
fn standing(draft: &Draft<'_>, key: &IncidentKey) -> Result<(Option<IncidentRecord>, Vec<Measure>), Unread> {
    draft.need(Key::Incident(key.clone()))?;
    let Some(record) = draft.incident(key) else { return Ok((None, Vec::new())) };
    let targets = record.targets.iter().cloned().map(Key::Target);
    draft.need_all(targets.chain(record.approvals.iter().cloned().map(Key::Approval)))?;
    let targets = record.targets.iter().filter_map(|key| draft.target(key));
    let approvals = record.approvals.iter().filter_map(|id| Some((id, draft.approval(id)?)));
    let measures = measures(key, record, targets, approvals, draft.now());
    Ok((Some(record.clone()), measures))
}

/// The last of each action on it; what was over in an earlier episode is not told again.
fn of_target<'t>(target: &'t TargetRecord, record: &IncidentRecord) -> impl Iterator<Item = Measure> + 't {
    let opened_at = record.opened_at;
    let is_last = |done: &Containment| target.last(done.action).is_some_and(|last| last == done);
    target.acts.iter().filter(move |done| is_last(done)).filter_map(move |done| {
        let Containment { action, at, state, by, ended_at, said, only_if, .. } = done;
        let ActionKind::Rule(action) = *action else { return None };
        let is_now = *at >= opened_at || *state == ContainmentState::Done;
        if action.role() != Role::Contain || !is_now {
            return None;
        }
        let by = by.clone();
        let state = match state {
            ContainmentState::Planned if only_if.is_some() => return None,
            ContainmentState::Planned => MeasureState::UnderWay,
            ContainmentState::Done => MeasureState::Done { since: ended_at.unwrap_or(*at), by },
            ContainmentState::Failed => MeasureState::Failed { because: said.clone() },
            ContainmentState::Released => MeasureState::Released { at: *ended_at, by },
        };
        Some(Measure { action, target: target.target.named(), state })
    })
}

/// What became of a plan that a human was asked for. What was approved is told by its target.
fn of_approval(id: &ApprovalId, asked: &ApprovalRecord, now: Timestamp) -> Option<Measure> {
    let ApprovalRecord { act, because, expires_at, answer, .. } = asked;
    let ActionKind::Rule(action) = act.action else { return None };
    let state = match answer {
        Some(Answer { verdict: Verdict::Approved, .. }) => return None,
        Some(Answer { verdict: Verdict::Denied, by, at, .. }) => {
            MeasureState::Denied { by: by.clone(), at: *at }
        }
        None if *expires_at < now => MeasureState::Expired { at: *expires_at },
        None => MeasureState::Waits {
            approval: id.clone(),
            plan: act.hash.short().to_owned(),
            until: *expires_at,
            because: because.clone(),
        },
    };
    (action.role() == Role::Contain).then(|| Measure { action, target: act.target.named(), state })
}

/// What the rule wants and is not done, but for what waits.
fn withheld(withheld: &[Withheld]) -> Vec<Measure> {
    let of = |withheld: &Withheld| {
        let action = withheld.action.action()?;
        let state = MeasureState::Withheld { because: withheld.reason.to_string() };
        let is_told = action.role() == Role::Contain && !withheld.reason.waits();
        is_told.then(|| Measure { action, target: String::new(), state })
    };
    withheld.iter().filter_map(of).collect()
}

/// What is known now; what was withheld when the page was composed, unless more is known of it since.
fn merged(mut measures: Vec<Measure>, withheld: &[Measure], before: &Head) -> Vec<Measure> {
    let was_withheld = |measure: &&Measure| matches!(measure.state, MeasureState::Withheld { .. });
    for one in withheld.iter().chain(before.measures.iter().filter(was_withheld)) {
        if measures.iter().all(|known| known.action != one.action) {
            measures.push(one.clone());
        }
    }
    ordered(measures)
}

fn ordered(mut measures: Vec<Measure>) -> Vec<Measure> {
    measures.sort_by_key(|measure| measure.state.rank());
    measures
}

fn stand(
    notice: &Notice,
    record: Option<&IncidentRecord>,
    measures: Vec<Measure>,
    policy: &Policy,
    now: Timestamp,
) -> Head {
    let Head { lead, what, subject, place, alias, unasked, .. } = notice.head.clone();
    let open = record.is_some_and(|record| record.open);
    let respond_by = record.and_then(|record| record.respond_by);
    let respond_by = respond_by.unwrap_or_else(|| policy.respond_by(notice.priority, now));
    Head {
        lead,
        what,
        subject,
        place,
        alias,
        measures,
        unasked,
        respond_by: Some(respond_by),
        taken: record.and_then(|record| record.acknowledged.clone()),
        open,
        link: policy.pages.link(&notice.incident).filter(|_| record.is_some()),
        at: Some(now),
        zone: policy.calendar.zone().clone(),
    }
}
