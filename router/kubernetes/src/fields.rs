//! Sets of fields as `managedFields` has them, and what differs between two objects.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::kind::Kind;
use super::shape;

/// A set of paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSet {
    member: bool,
    children: BTreeMap<String, FieldSet>,
}

/// A path: `f:metadata`, `f:labels`, `f:app`.
pub(crate) type Path = Vec<String>;

impl FieldSet {
    /// From `fieldsV1`.
    pub(crate) fn read(json: &Value) -> FieldSet {
        let mut set = FieldSet::default();
        for (name, inner) in json.as_object().into_iter().flatten() {
            if name == "." {
                set.member = true;
                continue;
            }
            let mut child = FieldSet::read(inner);
            child.member |= child.children.is_empty();
            set.children.insert(name.clone(), child);
        }
        set
    }

    /// As `fieldsV1`.
    pub(crate) fn json(&self) -> Value {
        let mut map = Map::new();
        for (name, child) in &self.children {
            let mut inner = child.json();
            if child.member && !child.children.is_empty() {
                inner["."] = Value::Object(Map::new());
            }
            map.insert(name.clone(), inner);
        }
        Value::Object(map)
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.member && self.children.is_empty()
    }

    pub(crate) fn insert(&mut self, path: &[String]) {
        match path {
            [] => self.member = true,
            [first, rest @ ..] => self.children.entry(first.clone()).or_default().insert(rest),
        }
    }

    /// Whether it has that path, or one beneath it.
    pub(crate) fn touches(&self, path: &[String]) -> bool {
        let at = path.iter().try_fold(self, |set, name| set.children.get(name));
        at.is_some_and(|set| !set.is_empty())
    }

    pub(crate) fn union(&self, other: &FieldSet) -> FieldSet {
        let mut all = self.clone();
        all.member |= other.member;
        for (name, theirs) in &other.children {
            let mine = all.children.entry(name.clone()).or_default();
            *mine = mine.union(theirs);
        }
        all
    }

    pub(crate) fn minus(&self, other: &FieldSet) -> FieldSet {
        let child = |(name, mine): (&String, &FieldSet)| {
            let left = other.children.get(name).map_or_else(|| mine.clone(), |theirs| mine.minus(theirs));
            (!left.is_empty()).then(|| (name.clone(), left))
        };
        FieldSet {
            member: self.member && !other.member,
            children: self.children.iter().filter_map(child).collect(),
        }
    }

    pub(crate) fn and(&self, other: &FieldSet) -> FieldSet {
        let child = |(name, mine): (&String, &FieldSet)| {
            let both = mine.and(other.children.get(name)?);
            (!both.is_empty()).then(|| (name.clone(), both))
        };
        FieldSet {
            member: self.member && other.member,
            children: self.children.iter().filter_map(child).collect(),
        }
    }

    /// Without what lies under these paths.
    pub(crate) fn without(mut self, paths: &[&[&str]]) -> FieldSet {
        paths.iter().for_each(|path| self.cut(path));
        self
    }

    fn cut(&mut self, path: &[&str]) {
        match path {
            [] => {}
            [last] => {
                self.children.remove(&format!("f:{last}"));
            }
            [first, rest @ ..] => {
                let name = format!("f:{first}");
                if let Some(child) = self.children.get_mut(&name) {
                    child.cut(rest);
                    if child.is_empty() {
                        self.children.remove(&name);
                    }
                }
            }
        }
    }

    /// Every path in it.
    pub(crate) fn paths(&self) -> Vec<Path> {
        let mut paths = Vec::new();
        self.collect(&mut Vec::new(), &mut paths);
        paths
    }

    fn collect(&self, at: &mut Path, paths: &mut Vec<Path>) {
        if self.member {
            paths.push(at.clone());
        }
        for (name, child) in &self.children {
            at.push(name.clone());
            child.collect(at, paths);
            at.pop();
        }
    }

    /// What a manager owns who applies that object.
    pub(crate) fn of(kind: &Kind, object: &Value) -> FieldSet {
        let mut set = FieldSet::default();
        own(kind, &mut Vec::new(), &mut Vec::new(), object, &mut set);
        system(set)
    }
}

/// Nobody manages what only the server sets.
fn system(set: FieldSet) -> FieldSet {
    let metadata = [
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "managedFields",
        "selfLink",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ];
    let mut set = set.without(&[&["apiVersion"], &["kind"]]);
    metadata.iter().for_each(|field| set.cut(&["metadata", field]));
    set
}

fn own<'v>(kind: &Kind, names: &mut Vec<&'v str>, at: &mut Path, value: &'v Value, set: &mut FieldSet) {
    let Some(parts) = shape::parts(kind, names, value) else {
        return set.insert(at);
    };
    let free = shape::free_map(kind, names);
    for (element, name, part) in parts {
        at.push(element);
        names.extend(name);
        own(kind, names, at, part, set);
        if name.is_none() || free {
            set.insert(at);
        }
        if name.is_some() {
            names.pop();
        }
        at.pop();
    }
}

/// What differs between two objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Only in the new one, or with another value there.
    pub(crate) changed: FieldSet,
    /// Only in the old one.
    pub(crate) removed: FieldSet,
}

impl Difference {
    pub(crate) fn between(kind: &Kind, old: &Value, new: &Value) -> Difference {
        let mut difference = Difference::default();
        difference.descend(kind, &mut Vec::new(), &mut Vec::new(), Some(old), Some(new));
        Difference { changed: system(difference.changed), removed: system(difference.removed) }
    }

    fn descend<'v>(
        &mut self,
        kind: &Kind,
        names: &mut Vec<&'v str>,
        at: &mut Path,
        old: Option<&'v Value>,
        new: Option<&'v Value>,
    ) {
        let parts = |value: Option<&'v Value>| value.and_then(|value| shape::parts(kind, names, value));
        let (before, after) = (parts(old), parts(new));
        match (old, new) {
            (None, Some(_)) => self.changed.insert(at),
            (Some(_), None) => self.removed.insert(at),
            (Some(old), Some(new)) if before.is_none() && after.is_none() => {
                if old != new {
                    self.changed.insert(at);
                }
                return;
            }
            _ => {}
        }
        let mut both: BTreeMap<String, (Option<&'v str>, [Option<&'v Value>; 2])> = BTreeMap::new();
        for (side, parts) in [before, after].into_iter().enumerate() {
            for (element, name, part) in parts.into_iter().flatten() {
                let entry = both.entry(element).or_insert((name, [None, None]));
                entry.1[side] = Some(part);
            }
        }
        for (element, (name, [old, new])) in both {
            at.push(element);
            names.extend(name);
            self.descend(kind, names, at, old, new);
            if name.is_some() {
                names.pop();
            }
            at.pop();
        }
    }
}

/// A path as conflict messages print it: `.spec.containers[name="c"].image`.
pub(crate) fn print(path: &[String]) -> String {
    let element = |element: &String| match element.split_at(2) {
        ("f:", name) => format!(".{name}"),
        ("k:", keys) => {
            let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
            let keys: Vec<String> = keys.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("[{}]", keys.join(","))
        }
        (_, value) => format!("[={value}]"),
    };
    path.iter().map(element).collect()
}
