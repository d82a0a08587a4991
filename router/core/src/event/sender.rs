//! Who sent a message that cannot be read, and its shape: as much as it says itself. All of one sender and shape
//! are one problem, those of another are another.

use std::collections::BTreeSet;

use super::several::last;
use crate::json::{Member, Outline, outline};
use crate::text::clean;

/// So many names of members are told, each cut to so many characters.
const MOST_NAMES: (usize, usize) = (20, 40);
/// ARNs, sources and detail-types are cut to so many.
const LONGEST: usize = 150;

/// In words: where it comes from, or what stands in it.
pub(super) fn of(raw: &str) -> String {
    match outline(raw).0 {
        Outline::Object(members) => of_object(&members),
        Outline::Array(_) => "a list".to_owned(),
        Outline::Other => "plain text".to_owned(),
    }
}

fn of_object(members: &[Member<'_>]) -> String {
    let said =
        |name: &str| last(members, name).and_then(Outline::string_of).map(|text| clean(&text, LONGEST));
    let names: BTreeSet<String> = members.iter().map(|member| clean(&member.name, MOST_NAMES.1)).collect();
    let names = names.into_iter().take(MOST_NAMES.0).collect::<Vec<_>>().join(", ");
    let names = if names.is_empty() { "no members".to_owned() } else { format!("the members {names}") };
    match (said("TopicArn"), said("source"), said("detail-type")) {
        (Some(topic), _, _) => format!("the topic {topic}, {names}"),
        (None, Some(source), Some(kind)) => format!("{source}, {kind}"),
        (None, Some(source), None) => format!("{source}, {names}"),
        (None, None, _) => names,
    }
}
