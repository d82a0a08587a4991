//! Where in its file each part of a configuration stands, for whoever finds later that it leads nowhere.

use std::fmt;

use watchfire_core::yaml::{Diagnostic, Mistake, Node, Value, wrong};

/// A configuration file as it is written.
#[derive(Clone, Debug)]
pub struct Written {
    file: String,
    root: Option<Node>,
}

/// The part of a configuration that an error is about: the outermost context of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At(pub String);

impl fmt::Display for At {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Written {
    pub(super) fn new(file: &str, root: Node) -> Self {
        Self { file: file.to_owned(), root: Some(root) }
    }

    /// One of which no part is known.
    pub(super) fn nothing(file: &str) -> Self {
        Self { file: file.to_owned(), root: None }
    }

    /// The file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Whether that part is written.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.root.as_ref().and_then(|root| root.get(name)).is_some_and(|part| !part.is_null())
    }

    /// A mistake at a path such as `channels.oncall.pagerduty.routing_key`, or at the innermost part on the way that
    /// is written. Its line is not shown, since it may hold a secret.
    pub fn mistake(&self, path: &str, mistake: Mistake) -> Diagnostic {
        let root = self.root.as_ref();
        let place = root.map(|root| (root, root.at(path))).filter(|(root, part)| !std::ptr::eq(*root, *part));
        Diagnostic::unshown(&self.file, place.map(|(_, part)| part.place()), path, mistake)
    }

    /// Why a start failed, with its place where that is known.
    pub fn because(&self, error: &anyhow::Error) -> String {
        let Some(At(path)) = error.downcast_ref::<At>() else { return format!("{error:#}") };
        let reason = format!("{error:#}");
        let reason = reason.strip_prefix(&format!("{path}: ")).unwrap_or(&reason);
        self.mistake(path, wrong(reason)).to_string()
    }

    /// Its parts by name, as JSON.
    pub(crate) fn parts(&self) -> serde_json::Map<String, serde_json::Value> {
        let parts = self.root.as_ref().map(|root| serde_json::to_value(root.json()));
        match parts {
            Some(Ok(serde_json::Value::Object(parts))) => parts,
            _ => serde_json::Map::new(),
        }
    }

    /// The names of the parts whose text differs from that of an earlier file.
    pub(crate) fn differs_from(&self, before: &Written) -> Vec<String> {
        let members = |written: &Written| match written.root.as_ref().map(|root| &root.value) {
            Some(Value::Mapping(members)) => {
                members.iter().map(|(name, part)| (name.clone(), part.json())).collect::<Vec<_>>()
            }
            _ => Vec::new(),
        };
        let (now, before) = (members(self), members(before));
        let changed = now.iter().filter(|part| !before.contains(part));
        let gone = before.iter().filter(|(name, _)| !now.iter().any(|(now, _)| now == name));
        changed.chain(gone).map(|(name, _)| name.clone()).collect()
    }
}
