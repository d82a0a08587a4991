//! What is to be done after an incident becomes a ticket of its own, once.

use watchfire_core::annotation::{Annotation, NoteText};
use watchfire_core::command::CommandKind;
use watchfire_core::decision::Decision;
use watchfire_core::ids::{ChannelName, IncidentKey};
use watchfire_core::mitigation::Mode;
use watchfire_core::state::{Key, Record};
use watchfire_core::verdict::{EffectKind, Verdict, Why};

use crate::support::world::{NOW, World, example, route};

fn world(tickets: &[&str]) -> (World, IncidentKey) {
    let mut world = World::new(Mode::Observe);
    world.policy.tickets = tickets.iter().map(|name| ChannelName::new(*name)).collect();
    let decision = world.decide(&example("miner.json"), NOW.parse().unwrap());
    (world, decision.incident.expect("it is a finding"))
}

fn follow_up(world: &mut World, incident: &IncidentKey, id: &str, to: Option<&str>) -> Decision {
    let text = NoteText::try_from("Rotate the keys of shop/pay".to_owned()).unwrap();
    let wish = CommandKind::FollowUp { incident: incident.clone(), text, to: to.map(ChannelName::new) };
    world.command(id, ("ana", "token"), wish, NOW.parse().unwrap())
}

fn said(decision: &Decision) -> String {
    decision.withheld.iter().map(|withheld| withheld.reason.to_string()).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_follow_up_is_a_ticket_of_its_own_and_a_note_and_the_same_again_is_the_same_ticket() {
    let (mut world, incident) = world(&["jira"]);
    world.command(
        "command:r",
        ("ana", "token"),
        CommandKind::Resolve(incident.clone()),
        NOW.parse().unwrap(),
    );
    let first = follow_up(&mut world, &incident, "command:1", None);
    let [effect] = first.effects.as_slice() else { panic!("{first:?}") };
    let told = (effect.kind, effect.channel.as_str(), effect.id.as_str(), effect.notice.title.as_str());
    assert_eq!(told, (EffectKind::Page, "jira", "follow-up:jira", "Follow-up: Rotate the keys of shop/pay"));
    // None of an episode's: it would be noted on the incident's own ticket.
    assert_eq!(watchfire_core::ids::incident_of(effect.dedup_key.as_str()), None);
    let Some(Record::Annotations(annotations)) = world.record(&Key::Annotations(incident.clone())) else {
        panic!("no note")
    };
    let notes: Vec<_> = annotations.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(notes, ["Follow-up, for jira: Rotate the keys of shop/pay"]);
    let at_once = follow_up(&mut world, &incident, "command:2", Some("jira"));
    assert_eq!((at_once.why, said(&at_once).as_str()), (Why::Declined, "the note before it says the same"));
    let with = Annotation::Note(NoteText::try_from("written down".to_owned()).unwrap());
    let note = CommandKind::Annotate { incident: incident.clone(), with };
    world.command("command:3", ("ana", "token"), note, NOW.parse().unwrap());
    let again = follow_up(&mut world, &incident, "command:4", Some("jira"));
    assert_eq!(again.effects[0].dedup_key, effect.dedup_key);
}

#[test]
fn without_a_channel_that_keeps_tickets_or_with_several_it_is_declined_and_says_so() {
    let table: [(&[&str], Option<&str>, &str); 3] = [
        (&[], None, "no channel that keeps tickets (jira, servicenow) is configured"),
        (&["jira", "snow"], None, "several keep tickets: say which by --to: jira, snow"),
        (&["jira"], Some("mail"), "`mail` keeps no tickets: expected one of jira"),
    ];
    for (tickets, to, expected) in table {
        let (mut world, incident) = world(tickets);
        let decision = follow_up(&mut world, &incident, "command:1", to);
        assert_eq!((decision.why, said(&decision).as_str()), (Why::Declined, expected));
        assert!(decision.effects.is_empty());
    }
}

#[test]
fn what_somebody_notes_goes_on_in_the_thread_of_its_page_also_when_it_is_over_and_nowhere_else() {
    let (mut world, incident) = world(&[]);
    let paged = route();
    let note = |world: &mut World, id: &str, text: &str| {
        let with = Annotation::Note(NoteText::try_from(text.to_owned()).unwrap());
        let wish = CommandKind::Annotate { incident: incident.clone(), with };
        let decision = world.command(id, ("ana", "token"), wish, NOW.parse().unwrap());
        assert_eq!((decision.verdict, decision.why), (Verdict::Quiet, Why::Commanded));
        let told = decision.effects.into_iter();
        told.map(|it| (it.kind, it.id.to_string(), it.notice.why, it.notice.note)).collect::<Vec<_>>()
    };
    assert_eq!(note(&mut world, "command:1", "a load test?"), [], "none of them has a thread");
    world.policy.threads = vec![paged, ChannelName::new("was-not-paged")];
    let told = |text: &str| {
        let (why, note) = ("noted by ana".to_owned(), Some(text.to_owned()));
        vec![(EffectKind::Update, "note:mail".to_owned(), why, note)]
    };
    assert_eq!(note(&mut world, "command:2", "it was one"), told("it was one"));
    let over = CommandKind::Resolve(incident.clone());
    world.command("command:3", ("ana", "token"), over, NOW.parse().unwrap());
    assert_eq!(note(&mut world, "command:4", "asked the team"), told("asked the team"));
}
