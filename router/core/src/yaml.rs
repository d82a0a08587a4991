//! YAML with the line of every part, and typed reading that tells every mistake instead of the first.

use std::fmt;

use serde::de::{DeserializeOwned, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_path_to_error::{Path, Segment};
use serde_saphyr::Spanned;

mod diagnostic;
mod misfit;
mod mistake;
mod place;
mod words;

pub use diagnostic::Diagnostic;
pub use misfit::{Misfit, inside};
pub use mistake::{Mistake, expected, wrong};
pub use place::{Excerpt, Place};

use crate::json::Json;
use place::Source;

/// A value of a YAML text. The line is where a member's name stands, else where the value begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// From 1.
    pub line: u64,
    /// What stands there.
    pub value: Value,
    /// Where a member's name stands, else where the value begins.
    name: Place,
    /// Where the value stands.
    source: Source,
    /// Its mistake has been told: reading goes on as if it were not there.
    told: bool,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Null, a truth value, a number or a text.
    Scalar(Json<'static>),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order it is written; no name comes twice.
    Mapping(Vec<(String, Node)>),
}

/// Why a text is not YAML.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{mistake}")]
pub struct YamlError {
    /// Where reading stopped.
    pub place: Option<Place>,
    /// What is wrong there.
    pub mistake: Mistake,
}

impl Node {
    /// Reads a whole text; an empty one is null.
    ///
    /// # Errors
    /// What is not YAML, or names a member twice.
    pub fn parse(text: &str) -> Result<Node, YamlError> {
        // A snippet of the file has its place in an editor, not in a one-line error.
        let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
        serde_saphyr::from_str_with_options(text, options).map_err(|error| YamlError {
            place: error.location().map(|location| Place::of(&location)),
            mistake: words::of(&error),
        })
    }

    /// The same mapping with these members alone.
    #[must_use]
    pub fn only(&self, names: &[&str]) -> Node {
        let mut only = self.clone();
        if let Value::Mapping(members) = &mut only.value {
            members.retain(|(name, _)| names.contains(&name.as_str()));
        }
        only
    }

    /// Whether it is null, as a name with nothing after it is.
    pub fn is_null(&self) -> bool {
        self.value == Value::Scalar(Json::Null)
    }

    /// The member of that name.
    pub fn get(&self, name: &str) -> Option<&Node> {
        let Value::Mapping(members) = &self.value else { return None };
        members.iter().find(|(member, _)| member == name).map(|(_, node)| node)
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        let Value::Scalar(json) = &self.value else { return None };
        json.as_str()
    }

    /// The line of the part at a path such as `to[1]`, or of the innermost part on the way that is there.
    pub fn line_at(&self, path: &str) -> u64 {
        self.at(path).line
    }

    /// The part at a path such as `to[1]`, or the innermost part on the way that is there. A name may have
    /// dots in it.
    pub fn at(&self, path: &str) -> &Node {
        let path = path.strip_prefix('.').unwrap_or(path);
        let further = match &self.value {
            Value::Scalar(_) => None,
            Value::List(elements) => path.strip_prefix('[').and_then(|rest| {
                let (index, rest) = rest.split_once(']')?;
                Some((elements.get(index.parse::<usize>().ok()?)?, rest))
            }),
            Value::Mapping(members) => {
                let begins = members.iter().filter_map(|(name, node)| {
                    let rest = path.strip_prefix(name.as_str())?;
                    (rest.is_empty() || rest.starts_with(['.', '['])).then_some((node, rest))
                });
                begins.min_by_key(|(_, rest)| rest.len())
            }
        };
        further.map_or(self, |(node, rest)| node.at(rest))
    }

    /// Where a member's name stands, else where the value begins.
    pub fn name_place(&self) -> Place {
        self.name
    }

    /// Where the value begins, if that is on the line of its name; else where the name stands.
    pub fn place(&self) -> Place {
        if self.source.place.line == self.line { self.source.place } else { self.name }
    }

    /// Where in the file a byte of this text stands.
    pub fn place_in(&self, file: &str, offset: usize) -> Place {
        let text = self.as_str().unwrap_or_default();
        self.source.inside(file, text, offset).unwrap_or_else(|| self.place())
    }

    /// The same tree without lines.
    pub fn json(&self) -> Json<'static> {
        match &self.value {
            Value::Scalar(json) => json.clone(),
            Value::List(elements) => {
                Json::Array(elements.iter().filter(|node| !node.told).map(Node::json).collect())
            }
            Value::Mapping(members) => {
                let members = members.iter().filter(|(_, node)| !node.told);
                Json::Object(members.map(|(name, node)| (name.clone().into(), node.json())).collect())
            }
        }
    }

    /// Reads the node as a type of ours.
    ///
    /// # Errors
    /// Every misfit, never none: serde tells the first only, so each is left out once told and the rest
    /// is read again.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Vec<Misfit>> {
        let mut rest = self.clone();
        let mut misfits = Vec::new();
        loop {
            let json = serde_json::to_value(rest.json()).expect("a tree of text and numbers is JSON");
            let error = match serde_path_to_error::deserialize::<_, T>(json) {
                Ok(value) if misfits.is_empty() => return Ok(value),
                Ok(_) => return Err(misfits),
                Err(error) => error,
            };
            let (node, path) = rest.innermost(error.path());
            let message = error.inner().to_string();
            if !node.is_consequence(&message) {
                misfits.push(Misfit::of(&message, node, path.clone()));
            }
            if path.is_empty() {
                return Err(misfits);
            }
            node.told = true;
        }
    }

    /// The node that serde's path leads to, as far as it does, and that path in the file.
    fn innermost(&mut self, path: &Path) -> (&mut Node, String) {
        let mut node = self;
        let mut written = String::new();
        for segment in path {
            let Some(index) = node.position(segment) else { break };
            node = match &mut node.value {
                Value::Scalar(_) => unreachable!("a scalar has no positions"),
                Value::List(elements) => {
                    written += &format!("[{index}]");
                    &mut elements[index]
                }
                Value::Mapping(members) => {
                    let (name, member) = &mut members[index];
                    written += if written.is_empty() { "" } else { "." };
                    written += name;
                    member
                }
            };
        }
        (node, written)
    }

    /// Which element or member a step of serde's path is; serde has not seen the told ones.
    fn position(&self, segment: &Segment) -> Option<usize> {
        match (&self.value, segment) {
            (Value::List(elements), Segment::Seq { index }) => {
                let seen = elements.iter().enumerate().filter(|(_, node)| !node.told);
                seen.map(|(position, _)| position).nth(*index)
            }
            (Value::Mapping(members), Segment::Map { key: name } | Segment::Enum { variant: name }) => {
                members.iter().position(|(member, _)| member == name)
            }
            (Value::Scalar(_) | Value::List(_) | Value::Mapping(_), _) => None,
        }
    }

    /// Whether a mistake is only there because a told member was left out.
    fn is_consequence(&self, message: &str) -> bool {
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
        match (&self.value, missing) {
            (Value::Mapping(_), Some(name)) => self.get(name).is_some_and(|member| member.told),
            (Value::Mapping(members), None) => members.iter().any(|(_, member)| member.told),
            (Value::List(elements), _) => elements.iter().any(|element| element.told),
            (Value::Scalar(_), _) => false,
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, defined } = Spanned::<Value>::deserialize(deserializer)?;
        let name = Place::of(&referenced);
        Ok(Node { line: name.line, value, name, source: Source::of(&referenced, &defined), told: false })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

fn scalar<'de, E: Error>(scalar: impl IntoDeserializer<'de, E>) -> Result<Value, E> {
    Json::deserialize(scalar.into_deserializer()).map(Value::Scalar)
}

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("null, true, false, a number, a string, a list or a mapping")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        scalar(())
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        scalar(())
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        scalar(truth)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        scalar(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        scalar(number)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        scalar(number)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        scalar(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element()? {
            elements.push(element);
        }
        Ok(Value::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, node)) = access.next_entry::<Spanned<String>, Node>()? {
            let place = Place::of(&name.referenced);
            members.push((name.value, Node { line: place.line, name: place, ..node }));
        }
        Ok(Value::Mapping(members))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_with_lines_holds_what_the_text_holds() {
        let text = "b: [1, -2, 0.5, 1e3, 007, '7', ~, true]\na: &x {z: true, y: text}\nc: *x\nd:\n";
        assert_eq!(Node::parse(text).unwrap().json(), serde_saphyr::from_str::<Json<'_>>(text).unwrap());
    }

    #[test]
    fn a_member_stands_where_its_name_does() {
        let node = Node::parse("a:\n  b:\n    - c\n    -\n      d: 1\n").unwrap();
        let paths = ["", "a", "a.b", "a.b[0]", "a.b[1].d", "a.b[7]", "a.other.d"];
        assert_eq!(paths.map(|path| node.line_at(path)), [1, 1, 2, 3, 5, 2, 1]);
    }

    #[test]
    fn what_a_mistake_leaves_behind_is_not_a_second_one() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "it is never read without a misfit")]
        struct Point {
            x: u8,
            y: u8,
        }
        let text = "- {x: a, y: 1}\n- {x: 1}\n- {x: 1, y: 2, z: 3}\n- 5\n- {x: b, y: c}\n";
        let misfits = Node::parse(text).unwrap().read::<Vec<Point>>().unwrap_err();
        let places: Vec<_> = misfits.iter().map(|misfit| (misfit.place.line, misfit.path.as_str())).collect();
        assert_eq!(places, [(1, "[0].x"), (2, "[1]"), (3, "[2].z"), (4, "[3]"), (5, "[4].x"), (5, "[4].y")]);
    }
}
