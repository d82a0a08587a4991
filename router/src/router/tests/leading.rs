//! What something led to, and what stands for several: told from either side.

use std::collections::BTreeSet;

use watchfire_core::builders::{GuardDuty, rules};
use watchfire_core::ids::IncidentKey;
use watchfire_core::noise::Storm;

use super::super::{Relation, Sight, Story};
use super::*;
use crate::api::views::{IncidentDetail, IncidentState};
use crate::identity::{Grant, How, Identity, Role};

const RULES: &str = "rules:
  - name: probes
    family: probe
    match: {finding: {type: [{prefix: \"Recon:\"}]}}
    priority: P1
    after: {count: 3, within: 10m, per: subject.namespace}
  - {name: rest, family: unclassified, priority: P1}
";

/// The world with these rules; more than two new ones of a family within five minutes are a storm.
async fn world_with_rules() -> World {
    let mut world = world().await;
    let router = Arc::get_mut(&mut world.router).expect("nobody else has it");
    router.adjust(|set| {
        set.policy_mut().rules = rules(RULES);
        let five = SignedDuration::from_mins(5);
        set.policy_mut().noise.storm = Storm { most: 2, within: five, interval: five };
    });
    world
}

impl World {
    /// A finding of that kind about that pod, as the event of that name, a minute later; its incident.
    async fn found(&self, kind: &str, pod: &str) -> IncidentKey {
        self.clock.advance(SignedDuration::from_mins(1));
        let event = GuardDuty::of(kind, 5.0, pod).in_namespace("shop", pod).id(pod).event(pod).to_string();
        let handled = self.router.handle(&event).await.expect("it is decided");
        handled.decisions[0].incident.clone().expect("it is a finding")
    }

    async fn story(&self, name: &str) -> (Story, IncidentDetail) {
        let story = self.router.story(name, Sight::Whole).await.expect("the store answers");
        let story = story.one().expect("it is known");
        let told = IncidentDetail::of(&story, self.clock.now());
        (story, told)
    }
}

/// What each has to do with another, in order.
fn related(told: &IncidentDetail) -> Vec<(Relation, IncidentKey)> {
    told.related.iter().map(|one| (one.how, one.incident.clone())).collect()
}

#[tokio::test]
async fn what_stayed_below_its_number_says_to_which_page_it_led_and_who_was_told_by_that() {
    let world = world_with_rules().await;
    let first = world.found("Recon:Runtime/PortProbe", "web-1").await;
    let (_, before) = world.story("web-1").await;
    let held = before.incident.as_ref().expect("it is open");
    assert_eq!((held.state, held.said_at, before.standing.told.len()), (IncidentState::Held, None, 0));
    let second = world.found("Recon:Runtime/PortProbe", "web-2").await;
    let page = world.found("Recon:Runtime/PortProbe", "web-3").await;
    assert_eq!(world.receiver.keys().len(), 1);

    let (story, told) = world.story("web-1").await;
    assert_eq!(story.incident, first);
    let led = format!("led to {page}, whose page of 2026-11-20 12:03 UTC names it");
    assert_eq!(told.standing.lines(), std::slice::from_ref(&led));
    let by: Vec<_> = told.standing.told.iter().map(|told| (told.with_others, told.delivery.kind)).collect();
    assert_eq!(by, [(true, watchfire_core::verdict::EffectKind::Page)]);
    let not_done = &told.decisions[0].withheld[0];
    assert_eq!((not_done.action.as_str(), not_done.since.as_ref()), ("page", Some(&led)));
    let incident = told.incident.as_ref().expect("it is open");
    assert_eq!((incident.state, incident.held.as_ref()), (IncidentState::Open, None));
    assert_eq!(incident.said_at, Some(world.clock.now()));
    assert_eq!(related(&told), [(Relation::LedTo, page.clone())]);
    let (_, of_page) = world.story(page.as_str()).await;
    let mut expected = vec![(Relation::LedToThis, first.clone()), (Relation::LedToThis, second)];
    expected.sort();
    assert_eq!(related(&of_page), expected);

    // Counted anew after the time is over: of that nobody knows, and what it led to before stays.
    world.clock.advance(SignedDuration::from_mins(30));
    let again = GuardDuty::of("Recon:Runtime/PortProbe", 5.0, "web-1").in_namespace("shop", "web-1");
    let again = again.id("web-1").count(9).event("web-1-again").to_string();
    world.router.handle(&again).await.expect("it is decided");
    let (_, told) = world.story("web-1-again").await;
    let incident = told.incident.as_ref().expect("it is open");
    let reason = incident.held.as_ref().map(|held| held.reason.as_str());
    let expected = "1 of 3 within 10 min with the same subject.namespace; told when there are as many";
    assert_eq!((incident.state, reason), (IncidentState::Held, Some(expected)));
    assert_eq!(told.decisions.last().and_then(|decision| decision.withheld[0].since.as_ref()), None);
    assert_eq!(told.standing.led_to.map(|led| led.incident), Some(page));
}

#[tokio::test]
async fn a_member_of_a_storm_leads_to_the_storms_incident_and_that_to_its_members() {
    let world = world_with_rules().await;
    for pod in ["a-1", "a-2"] {
        world.found("Execution:Runtime/NewBinary", pod).await;
    }
    let member = world.found("Execution:Runtime/NewBinary", "a-3").await;
    let other = world.found("Execution:Runtime/NewBinary", "a-4").await;
    let (_, told) = world.story(member.as_str()).await;
    assert!(told.related.iter().all(|one| one.how != Relation::StandsFor), "it is not told yet");
    world.clock.advance(SignedDuration::from_mins(6));
    world.router.tick(world.clock.now(), SignedDuration::from_hours(24)).await.expect("the store answers");

    let (story, told) = world.story(member.as_str()).await;
    let storm = related(&told).first().cloned().expect("the storm's incident");
    assert_eq!(storm.0, Relation::StandsFor);
    assert!(told.standing.told.iter().any(|told| told.with_others), "{:?}", told.standing.told);
    assert!(story.said_with.is_some_and(|said| said.decision.incident.as_ref() == Some(&storm.1)));
    let line = &told.related_lines()[0];
    assert!(line.starts_with("stands for this and others: P1 ") && line.contains(storm.1.as_str()), "{line}");
    let (_, of_storm) = world.story(storm.1.as_str()).await;
    let mut members = vec![(Relation::Among, member), (Relation::Among, other)];
    members.sort();
    assert_eq!(related(&of_storm), members);
    // Of others, too, the storm is: whoever may look in some places alone is not told what it said.
    let shop = BTreeSet::from(["shop".to_owned()]);
    let grant = Grant { namespaces: Some(shop), ..Grant::anywhere(Role::Viewer) };
    let of_shop = Identity { name: "ana".to_owned(), how: How::Token, subject: None, roles: vec![grant] };
    let seen = world.router.story("a-3", Sight::Of(&of_shop)).await.expect("the store answers");
    assert!(seen.one().expect("it is theirs").said_with.is_none());
    let states: Vec<_> = of_storm.related.iter().map(|one| one.state).collect();
    assert_eq!(states, [IncidentState::Open; 2], "they were told with it");
}
