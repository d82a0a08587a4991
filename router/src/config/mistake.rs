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
        let mistake = if path.starts_with("channels.") || path.starts_with("access") {
            without_secrets(mistake)
        } else {
            mistake
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
        let mut found = BTreeMap::new();
        for (name, node) in self.members(path, part, "P0, P1, P2, P3") {
            match Priority::ALL.into_iter().find(|priority| priority.as_str() == name) {
                Some(priority) => {
                    found.insert(priority, node);
                }
                None => {
                    self.add(Some(node.name_place()), format!("{path}.{name}"), expected("P0, P1, P2 or P3"))
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
