//! A Security Hub event with several findings, as one event for each of them.

use std::borrow::Cow;

use super::room::Room;
use crate::json::{Json, Member, Outline};

/// The events, as many as there is room for; none where there are not several findings.
pub(super) fn one_event_each<'a>(members: &[Member<'_>], room: &mut Room) -> Option<Vec<Cow<'a, str>>> {
    let detail = last(members, "detail").and_then(Outline::members_of).unwrap_or_default();
    let findings = last(&detail, "findings").and_then(Outline::elements_of).unwrap_or_default();
    if findings.len() < 2 {
        return None;
    }
    let id = last(members, "id").and_then(Outline::string_of);
    // An id that is no string stays as it is, among the others.
    let changed: &[&str] = if id.is_some() { &["detail", "id"] } else { &["detail"] };
    let (around, within) = (without(members, changed), without(&detail, &["findings"]));
    let id_of = |index: usize| match (&id, index) {
        (Some(id), 0) => format!("\"id\":{},", Json::string(id.as_ref())),
        (Some(id), 1..) => format!("\"id\":{},", Json::string(format!("{id}#{}", index + 1))),
        (None, _) => String::new(),
    };
    // What is cut off in the last finding is cut off in its event.
    let cut_off = findings.last().is_some_and(|last| Json::is_cut_off(last)).then_some(findings.len() - 1);
    let one = |(index, finding): (usize, &str)| {
        let (id, end) = (id_of(index), if cut_off == Some(index) { "" } else { END });
        // To be asked before it is made.
        let bytes = around.len() + within.len() + finding.len() + id.len() + FRAME.len();
        let event = || format!(r#"{{{around}{id}"detail":{{{within}"findings":[{finding}{end}"#);
        room.take(bytes).then(|| Cow::Owned(event()))
    };
    Some(findings.into_iter().enumerate().map_while(one).collect())
}

/// What stands between the parts of an event, and behind the last.
const FRAME: &str = r#"{"detail":{"findings":[]}}"#;
const END: &str = "]}}";

/// The text of a member, of repeats the last.
pub(super) fn last<'a>(members: &[Member<'a>], name: &str) -> Option<&'a str> {
    members.iter().rev().find(|member| member.name == name).map(|member| member.value)
}

/// The other members, each with a comma behind it; one that is cut off would take what follows it for its own.
fn without(members: &[Member<'_>], names: &[&str]) -> String {
    let others = members.iter().filter(|member| names.iter().all(|name| member.name != *name));
    let kept = others.filter(|member| !Json::is_cut_off(member.value));
    kept.map(|member| format!("{}:{},", Json::string(member.name.as_ref()), member.value)).collect()
}
