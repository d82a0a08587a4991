//! What a pattern asks for that no event can have: members that there are none of, values of another kind.

use super::shape::{NAMES, Shape};
use crate::json::Json;
use crate::near::near;
use crate::yaml::{Mistake, Node, Place, Value, wrong};

/// Something that a pattern asks for in vain.
pub(super) struct Vain {
    /// Where it stands.
    pub(super) place: Place,
    /// Inside the pattern, such as `finding.severity[0]`.
    pub(super) path: String,
    /// What is wrong with it.
    pub(super) mistake: Mistake,
}

/// Everything that this pattern asks for in vain, in the order it is written.
pub(super) fn vain(pattern: &Node) -> Vec<Vain> {
    let mut looking = Looking { found: Vec::new() };
    looking.object(pattern, &NAMES["event"], &At::default());
    looking.found
}

/// Where an object stands.
#[derive(Clone, Default)]
struct At {
    /// Among the members of the event; empty for the event itself.
    event: String,
    /// In the pattern.
    pattern: String,
}

impl At {
    fn name(&self) -> String {
        if self.event.is_empty() { "the event".to_owned() } else { format!("`{}`", self.event) }
    }

    fn member(&self, name: &str) -> At {
        let under = |path: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        At { event: under(&self.event), pattern: under(&self.pattern) }
    }
}

struct Looking {
    found: Vec<Vain>,
}

impl Looking {
    fn vain(&mut self, place: Place, path: &str, mistake: impl Into<Mistake>) {
        self.found.push(Vain { place, path: path.to_owned(), mistake: mistake.into() });
    }

    fn object(&mut self, object: &Node, shape: &Shape, at: &At) {
        let Value::Mapping(members) = &object.value else { return };
        for (name, node) in members {
            if name == "$or" {
                let Value::List(elements) = &node.value else { continue };
                for (index, element) in elements.iter().enumerate() {
                    let pattern = format!("{}[{index}]", at.member(name).pattern);
                    self.object(element, shape, &At { pattern, ..at.clone() });
                }
            } else {
                self.member(name, node, shape, at);
            }
        }
    }

    fn member(&mut self, name: &str, node: &Node, shape: &Shape, at: &At) {
        let here = at.member(name);
        let mut shape = shape.clone();
        let mut of = at.clone();
        // A dot in a name is a step, as it is to the matcher.
        for step in name.split('.') {
            match shape.member(step, &of.name()) {
                Ok(inner) => shape = inner,
                Err(mistake) => {
                    let mistake = match self.hint(node, &shape, step) {
                        Some(hint) => mistake.hint(hint),
                        None => mistake,
                    };
                    return self.vain(node.name_place(), &here.pattern, mistake);
                }
            }
            of = of.member(step);
        }
        match &node.value {
            Value::Mapping(_) => self.object(node, &shape, &here),
            Value::List(values) => self.values(node, values, &shape, &here),
            Value::Scalar(_) => {}
        }
    }

    /// An operator where a list of them belongs.
    fn hint(&self, node: &Node, shape: &Shape, step: &str) -> Option<String> {
        let operators = [
            "prefix",
            "suffix",
            "equals-ignore-case",
            "wildcard",
            "numeric",
            "cidr",
            "exists",
            "anything-but",
        ];
        match shape {
            Shape::Any | Shape::Null | Shape::Map(_) | Shape::Members(_) => None,
            Shape::Truth | Shape::Number | Shape::Text | Shape::Word(_) | Shape::List(_) => {
                let instead =
                    || format!("an operator stands in a list, as in `[{{{step}: {}}}]`", node.json());
                operators.contains(&step).then(instead)
            }
        }
    }

    fn values(&mut self, node: &Node, values: &[Node], shape: &Shape, at: &At) {
        let shape = match shape {
            // A pattern asks for the elements.
            Shape::List(of) => of,
            other => other,
        };
        if let Shape::Members(members) = shape {
            let members: Vec<_> = members.keys().map(|name| format!("`{name}`")).collect();
            let mistake = wrong(format!("{} is an object, which no value fits", at.name()));
            let mistake = mistake.hint(format!("ask for its members, {}", members.join(", ")));
            return self.vain(node.place(), &at.pattern, mistake);
        }
        for (index, value) in values.iter().enumerate() {
            let path = format!("{}[{index}]", at.pattern);
            self.value(value, shape, &at.name(), &path);
        }
    }

    /// One entry of a value list.
    fn value(&mut self, value: &Node, shape: &Shape, of: &str, path: &str) {
        match &value.value {
            Value::Scalar(json) => self.scalar(value, json, shape, of, path),
            Value::Mapping(members) => {
                let [(operator, operand)] = &members[..] else { return };
                let path = format!("{path}.{operator}");
                self.operator(operator, operand, shape, of, &path);
            }
            Value::List(_) => {}
        }
    }

    fn operator(&mut self, operator: &str, operand: &Node, shape: &Shape, of: &str, path: &str) {
        let wants = match operator {
            "prefix" | "suffix" | "equals-ignore-case" | "wildcard" | "cidr" | "exactly" => Shape::Text,
            "numeric" => Shape::Number,
            "anything-but" => return self.anything_but(operand, shape, of, path),
            _ => return,
        };
        if !shape.meets(&wants) {
            let message = format!("{of} is {}, and `{operator}` asks for {}", shape.said(), wants.said());
            self.vain(operand.name_place(), path, message);
        } else if operator == "exactly" {
            self.value(operand, shape, of, path);
        }
    }

    fn anything_but(&mut self, operand: &Node, shape: &Shape, of: &str, path: &str) {
        match &operand.value {
            Value::Scalar(_) => self.value(operand, shape, of, path),
            Value::List(values) => {
                for (index, value) in values.iter().enumerate() {
                    self.value(value, shape, of, &format!("{path}[{index}]"));
                }
            }
            Value::Mapping(_) => self.value(operand, shape, of, path),
        }
    }

    fn scalar(&mut self, node: &Node, json: &Json<'_>, shape: &Shape, of: &str, path: &str) {
        let found = match json {
            Json::Null => Shape::Null,
            Json::Bool(_) => Shape::Truth,
            Json::Number(_) => Shape::Number,
            Json::String(_) => Shape::Text,
            Json::Array(_) | Json::Object(_) => return,
        };
        if *shape != Shape::Any && found == Shape::Null {
            let mistake = wrong(format!("{of} is never null"));
            let mistake = mistake.hint("ask `[{exists: false}]` for what is not there");
            return self.vain(node.place(), path, mistake);
        }
        if !shape.meets(&found) {
            let mistake = wrong(format!("{of} is {}, never {json}", shape.said()));
            let mistake = match (shape, &found) {
                (Shape::Text | Shape::Word(_), Shape::Number | Shape::Truth) => {
                    mistake.hint(format!("write \"{json}\""))
                }
                (Shape::Number | Shape::Truth, Shape::Text) => mistake.hint("write it without quotes"),
                _ => mistake,
            };
            return self.vain(node.place(), path, mistake);
        }
        if let (Shape::Word(words), Some(text)) = (shape, json.as_str())
            && !words.contains(&text)
        {
            self.vain(node.place(), path, not_among(of, text, words));
        }
    }
}

/// That a text is none of the few that a member may be.
pub(super) fn not_among(of: &str, text: &str, words: &[&str]) -> Mistake {
    wrong(format!("{of} is never `{text}`")).hint(near(text, words.iter().copied()))
}
