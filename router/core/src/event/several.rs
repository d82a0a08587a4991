//! A Security Hub event with several findings, as one event for each of them.

use std::borrow::Cow;

use super::outline::{Member, as_array, as_object, as_string};
use super::room::{Refused, Room};
use crate::json::Json;

/// The events; none where there are not several findings.
pub(super) fn one_event_each<'a>(
    members: &[Member<'_>],
    room: &mut Room,
) -> Result<Option<Vec<Cow<'a, str>>>, Refused> {
    let detail = last(members, "detail").and_then(as_object).unwrap_or_default();
    let findings = last(&detail, "findings").and_then(as_array).unwrap_or_default();
    if findings.len() < 2 {
        return Ok(None);
    }
    let id = last(members, "id").and_then(as_string);
    // An id that is no string stays as it is, among the others.
    let changed: &[&str] = if id.is_some() { &["detail", "id"] } else { &["detail"] };
    let (around, within) = (without(members, changed), without(&detail, &["findings"]));
    let id_of = |index: usize| match (&id, index) {
        (Some(id), 0) => format!(",\"id\":{}", Json::string(id.as_ref())),
        (Some(id), 1..) => format!(",\"id\":{}", Json::string(format!("{id}#{}", index + 1))),
        (None, _) => String::new(),
    };
    // An upper bound, without making any of them: the last has the longest id.
    let beside = around.len() + within.len() + id_of(findings.len()).len() + FRAME.len();
    let in_all = findings.iter().map(|finding| finding.len()).sum::<usize>();
    room.take(findings.len(), findings.len().saturating_mul(beside).saturating_add(in_all))?;
    let one = |(index, finding): (usize, &str)| {
        let id = id_of(index);
        Cow::Owned(format!(r#"{{{around}"detail":{{{within}"findings":[{finding}]}}{id}}}"#))
    };
    Ok(Some(findings.into_iter().enumerate().map(one).collect()))
}

/// What stands between the parts of an event.
const FRAME: &str = r#"{"detail":{"findings":[]}}"#;

/// The text of a member, of repeats the last.
fn last<'a>(members: &[Member<'a>], name: &str) -> Option<&'a str> {
    members.iter().rev().find(|member| member.name == name).map(|member| member.value)
}

/// The other members, each with a comma behind it.
fn without(members: &[Member<'_>], names: &[&str]) -> String {
    let kept = members.iter().filter(|member| names.iter().all(|name| member.name != *name));
    kept.map(|member| format!("{}:{},", Json::string(member.name.as_ref()), member.value)).collect()
}
