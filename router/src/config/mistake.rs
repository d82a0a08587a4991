//! Reading that collects the mistakes in a file.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use watchfire_core::priority::Priority;
use watchfire_core::yaml::{Diagnostic, Mistake, Node, Place, Value, expected};

/// The mistakes found in a file so far.
pub(super) struct Mistakes<'f> {
    pub(super) file: &'f str,
    pub(super) found: Vec<Diagnostic>,
}

impl Mistakes<'_> {
    pub(super) fn add(&mut self, place: Option<Place>, path: impl Into<String>, mistake: Mistake) {
        let path = path.into();
        let (path, mistake) = match path.split(['.', '[']).next() {
            Some("channels") if path.len() > "channels".len() => {
                without_secret_names(path, without_secrets(mistake))
            }
            Some("access") => (path, without_secrets(mistake)),
            _ => (path, mistake),
        };
        self.found.push(Diagnostic::unshown(self.file, place, path, mistake));
    }

    /// The part as its type wants it, checked further, or mistakes.
    pub(super) fn read<T: DeserializeOwned>(
        &mut self,
        path: &str,
        part: &Node,
        check: impl FnOnce(&T, &mut dyn FnMut(&str, Mistake)),
    ) -> Option<T> {
        match part.read::<T>() {
            Ok(value) => {
                check(&value, &mut |member, mistake| {
                    self.add(Some(part.at(member).place()), format!("{path}{member}"), mistake);
                });
                Some(value)
            }
            Err(misfits) => {
                for misfit in misfits {
                    let (place, path, mistake) = misfit.under(path);
                    self.add(Some(place), path, mistake);
                }
                None
            }
        }
    }

    /// The part as its type wants it, or its default where it is left out.
    pub(super) fn read_or_default<T: DeserializeOwned + Default>(
        &mut self,
        path: &str,
        part: Option<&Node>,
        check: impl FnOnce(&T, &mut dyn FnMut(&str, Mistake)),
    ) -> Option<T> {
        part.map_or_else(|| Some(T::default()), |part| self.read(path, part, check))
    }

    /// The members of a part; none where it is left out.
    pub(super) fn members<'n>(
        &mut self,
        path: &str,
        part: Option<&'n Node>,
        names: &str,
    ) -> &'n [(String, Node)] {
        match part.map(|part| (part.place(), &part.value)) {
            None => &[],
            Some((_, Value::Mapping(members))) => members,
            Some((place, Value::Scalar(_) | Value::List(_))) => {
                self.add(Some(place), path, expected(format!("a mapping of {names}")));
                &[]
            }
        }
    }

    /// The members of a part whose names are priorities.
    pub(super) fn by_priority<'n>(
        &mut self,
        path: &str,
        part: Option<&'n Node>,
    ) -> BTreeMap<Priority, &'n Node> {
        self.by_priority_or(path, part, &[])
    }

    /// The same of a part that has other members as well.
    pub(super) fn by_priority_or<'n>(
        &mut self,
        path: &str,
        part: Option<&'n Node>,
        others: &[&str],
    ) -> BTreeMap<Priority, &'n Node> {
        let names: Vec<_> =
            Priority::ALL.iter().map(|priority| priority.as_str()).chain(others.iter().copied()).collect();
        let (last, first) =
            names.split_last().map_or(("", String::new()), |(last, first)| (last, first.join(", ")));
        let mut found = BTreeMap::new();
        for (name, node) in self.members(path, part, &names.join(", ")) {
            match Priority::ALL.into_iter().find(|priority| priority.as_str() == name) {
                Some(priority) => {
                    found.insert(priority, node);
                }
                None if others.contains(&name.as_str()) => {}
                None => {
                    let mistake = expected(format!("{first} or {last}"));
                    self.add(Some(node.name_place()), format!("{path}.{name}"), mistake);
                }
            }
        }
        found
    }
}

/// A text in a channel where a mapping or a list belongs is often its secret, pasted one level too high.
fn without_secrets(mistake: Mistake) -> Mistake {
    let is_made_of_parts = mistake
        .expected
        .as_ref()
        .is_some_and(|what| what.starts_with("a mapping") || what.starts_with("a list"));
    let is_text = mistake.found.as_ref().is_some_and(|found| found.starts_with('"'));
    match is_made_of_parts && is_text {
        true => mistake.found("a text, which is not shown: it may be a secret"),
        false => mistake,
    }
}

/// A name that no member and no kind of channel could have is often a secret, too: it stands in the path as well.
fn without_secret_names(path: String, mistake: Mistake) -> (String, Mistake) {
    let Mistake { expected: one_of, found: Some(found), hint } = &mistake else { return (path, mistake) };
    let is_choice = one_of.as_ref().is_some_and(|what| what.starts_with("one of `") || what.starts_with('`'));
    let member = found.strip_prefix("unknown member ").filter(|_| one_of.is_none());
    let name =
        member.or(is_choice.then_some(found)).and_then(|name| name.strip_prefix('`')?.strip_suffix('`'));
    let is_near = hint.as_ref().is_some_and(|hint| hint.starts_with("did you mean"));
    let Some(name) = name.filter(|name| !is_near && !is_like_a_name(name)) else { return (path, mistake) };
    let path = path.strip_suffix(name).map_or_else(|| path.clone(), |before| format!("{before}***"));
    let what = if member.is_some() { "unknown member" } else { "a text" };
    (path, mistake.found(format!("{what}, which is not shown: it may be a secret")))
}

/// Whether it can be a name that somebody has misspelt.
fn is_like_a_name(text: &str) -> bool {
    const LONGEST: usize = 24;
    const OF_SECRETS: [&str; 2] = ["whsec_", "xox"];
    text.len() <= LONGEST
        && text.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-'))
        && !OF_SECRETS.iter().any(|begins| text.starts_with(begins))
}
