#![allow(clippy::unwrap_used)]

use watchfire_core::decision::Effect;
use watchfire_core::verdict::EffectKind;

use super::*;
use crate::aws::call;
use crate::channel::security_hub::answer::judge;
use crate::failure::{Done, Failure};
use watchfire_core::builders::page;

type Told = oneshot::Receiver<Result<Done, Failure>>;

fn finding(id: &str) -> HubId {
    HubId { id: id.to_owned(), product_arn: "p".to_owned() }
}

fn ask(id: &str, kind: EffectKind) -> (Ask, Told) {
    let mut effect = Effect { kind, ..page() };
    effect.notice.hub = Some(finding(id));
    effect.notice.incident = IncidentKey::new(format!("of-{id}"));
    let (answer, told) = oneshot::channel();
    (Ask { update: Update::of(&effect).unwrap(), answer }, told)
}

fn waiting(asks: impl IntoIterator<Item = (String, EffectKind)>) -> (Waiting, Vec<Told>) {
    let (asks, told) = asks.into_iter().map(|(id, kind)| ask(&id, kind)).unzip();
    (Waiting { split: Vec::new(), asks }, told)
}

/// The ids of each call, in order.
fn calls(mut waiting: Waiting) -> Vec<Vec<String>> {
    let next = || waiting.next().map(|batch| batch.findings.into_keys().map(|finding| finding.id).collect());
    std::iter::from_fn(next).collect()
}

#[test]
fn a_call_takes_a_hundred_findings_and_each_once() {
    let page = |index: usize| (format!("{:03}", index % 150), EffectKind::Page);
    let (waiting, _told) = waiting((0..300).map(page));
    let expected: Vec<Vec<String>> =
        [0..100, 100..150].map(|range| range.map(|index| format!("{index:03}")).collect()).into();
    assert_eq!(calls(waiting), expected);
}

#[test]
fn what_is_said_in_other_words_goes_in_another_call_and_never_before_what_was_said_earlier() {
    use EffectKind::{Page, Resolve};
    let order = [("a", Page), ("a", Resolve), ("b", Page), ("a", Page), ("c", Resolve), ("b", Resolve)];
    let (waiting, _told) = waiting(order.map(|(id, kind)| (id.to_owned(), kind)));
    assert_eq!(calls(waiting), [vec!["a", "b"], vec!["a", "b", "c"], vec!["a"]]);
}

#[test]
fn an_effect_that_was_given_up_is_not_written() {
    let (mut waiting, mut told) = waiting(["a", "b"].map(|id| (id.to_owned(), EffectKind::Page)));
    told.remove(0);
    assert_eq!(waiting.next().unwrap().findings.keys().collect::<Vec<_>>(), [&finding("b")]);
    let (mut waiting, told) = super::tests::waiting([("a".to_owned(), EffectKind::Page)]);
    drop(told);
    assert!(waiting.next().is_none() && waiting.is_empty());
}

#[test]
fn every_effect_hears_what_became_of_its_own_finding() {
    let (mut waiting, told) = waiting(["a", "b", "a"].map(|id| (id.to_owned(), EffectKind::Page)));
    let body = r#"{"ProcessedFindings":[{"Id":"a","ProductArn":"p"}],"UnprocessedFindings":[{"FindingIdentifier":
        {"Id":"b","ProductArn":"p"},"ErrorCode":"FindingNotFound","ErrorMessage":"Finding Not Found"}]}"#;
    let answer = judge(Ok(call::Answer::of(body)));
    assert!(waiting.next().unwrap().answer(answer).is_none());
    let done = Ok(Done { receipt: "NOTIFIED, with a note".to_owned() });
    let gone = Err(Failure::permanent("Security Hub: FindingNotFound: Finding Not Found"));
    let heard: Vec<_> = told.into_iter().map(|mut told| told.try_recv().unwrap()).collect();
    assert_eq!(heard, [done.clone(), gone, done]);
}

#[test]
fn a_refused_call_is_halved_until_the_finding_to_blame_is_alone() {
    let (mut waiting, mut told) = waiting(["a", "b", "c"].map(|id| (id.to_owned(), EffectKind::Page)));
    let ids = |batch: &Batch| batch.findings.keys().map(|finding| finding.id.clone()).collect::<String>();
    let refused = || Err(Unanswered::Invalid("no".to_owned()));
    let [first, rest] = waiting.next().unwrap().answer(refused()).unwrap();
    assert_eq!([ids(&first), ids(&rest)], ["a", "bc"]);
    assert_eq!(first.incidents, [IncidentKey::new("of-a")].into());
    assert!(told[0].try_recv().is_err());
    assert!(first.answer(refused()).is_none());
    assert_eq!(told[0].try_recv().unwrap(), Err(Failure::permanent("no")));
}

#[test]
fn a_call_that_failed_is_nobodys_fault_and_fails_for_all() {
    let (mut waiting, told) = waiting(["a", "b"].map(|id| (id.to_owned(), EffectKind::Page)));
    let failure = Failure::Transient { reason: "429".to_owned(), retry_after: Some(Duration::from_secs(7)) };
    assert!(waiting.next().unwrap().answer(Err(Unanswered::Failed(failure.clone()))).is_none());
    for mut told in told {
        assert_eq!(told.try_recv().unwrap(), Err(failure.clone()));
    }
}
