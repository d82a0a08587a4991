//! A pattern's JSON into its alternatives: one list of fields for each way through its `$or`s.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::json::Json;

use super::operator::Operator;
use super::{PatternError, value};

/// One field of a pattern: a path, and what its value may be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    /// The keys on the way, joined by dots.
    pub(super) path: String,
    /// The value list as it was written; equal texts on one path ask for the same.
    pub(super) text: String,
    /// Any of these will do.
    pub(super) operators: Vec<Operator>,
}

impl Field {
    /// Whether the field may be missing from the event.
    pub(super) fn may_be_absent(&self) -> bool {
        self.operators.contains(&Operator::Absent)
    }
}

/// Fields that must all hold, in the order in which AWS evaluates them: by path, in UTF-16 order.
pub(super) type Alternative = Vec<Arc<Field>>;

/// A whole pattern: any alternative will do.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Compiled {
    pub(super) alternatives: Vec<Alternative>,
    /// Where the first `$or` stands, if there is one.
    pub(super) or: Option<String>,
}

/// How many ways through its `$or`s a pattern may have; EventBridge refuses more.
const MOST_ALTERNATIVES: usize = 1_000;

/// Names that AWS reserves inside `$or`, in use or not.
const RESERVED: [&str; 24] = [
    "exactly",
    "prefix",
    "suffix",
    "equals-ignore-case",
    "anything-but",
    "numeric",
    "exists",
    "cidr",
    "wildcard",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-before",
    "date-on-or-after",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

/// The fields collected so far on one way through the `$or`s; a path that comes again replaces the first.
type Way = BTreeMap<String, Arc<Field>>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Pattern,
    Or,
}

/// Reads a pattern.
///
/// # Errors
/// Every mistake in it, in the order it is written.
pub(super) fn compile(pattern: &Json<'_>) -> Result<Compiled, Vec<PatternError>> {
    let mut compiler = Compiler { ways: vec![Way::new()], or: None, mistakes: Vec::new() };
    compiler.object(Base::default(), pattern, Inside::Pattern);
    if !compiler.mistakes.is_empty() {
        return Err(compiler.mistakes);
    }
    let alternatives = compiler.ways.into_iter().map(|way| {
        let mut fields: Alternative = way.into_values().collect();
        fields.sort_by(|one, other| one.path.encode_utf16().cmp(other.path.encode_utf16()));
        fields
    });
    Ok(Compiled { alternatives: alternatives.collect(), or: compiler.or })
}

struct Compiler {
    ways: Vec<Way>,
    or: Option<String>,
    mistakes: Vec<PatternError>,
}

/// Where an object stands: the outermost has neither.
#[derive(Clone, Default)]
struct Base {
    /// The path of its fields, which no `$or` is part of.
    path: Option<String>,
    /// Its place in the pattern.
    place: String,
}

impl Base {
    fn member(&self, key: &str) -> Base {
        let under = |base: &str| if base.is_empty() { key.to_owned() } else { format!("{base}.{key}") };
        let path = self.path.as_ref().map_or_else(|| key.to_owned(), |path| format!("{path}.{key}"));
        Base { path: Some(path), place: under(&self.place) }
    }
}

impl Compiler {
    fn mistake(&mut self, place: &str, expected: &str, found: &Json<'_>) {
        self.mistakes.push(PatternError::new(place, expected, found));
    }

    fn object(&mut self, base: Base, json: &Json<'_>, inside: Inside) {
        if json.members().is_empty() {
            let expected = match base.path {
                None => "an object with at least one field",
                Some(_) => "a list of values, or an object with at least one field",
            };
            return self.mistake(&base.place, expected, json);
        }
        for (key, json) in json.members() {
            let member = base.member(key);
            if key == "$or" {
                self.or(&base, &member.place, json);
            } else if inside == Inside::Or && RESERVED.contains(&&**key) {
                let expected = "a field name; inside `$or` the names of operators are reserved";
                self.mistake(&member.place, expected, &Json::string(&**key));
            } else {
                match json {
                    Json::Array(values) => self.field(member, json, values),
                    Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_) => {
                        self.object(member, json, inside);
                    }
                }
            }
        }
    }

    fn field(&mut self, base: Base, json: &Json<'_>, values: &[Json<'_>]) {
        let Base { path, place } = base;
        if values.is_empty() {
            return self.mistake(&place, "a list with at least one value", json);
        }
        let mut operators = Vec::with_capacity(values.len());
        for (index, json) in values.iter().enumerate() {
            match value::read(&format!("{place}[{index}]"), json) {
                Ok(operator) => operators.push(operator),
                Err(mistakes) => self.mistakes.extend(mistakes),
            }
        }
        let path = path.unwrap_or_default();
        let field = Arc::new(Field { path: path.clone(), text: json.to_string(), operators });
        for way in &mut self.ways {
            way.insert(path.clone(), Arc::clone(&field));
        }
    }

    /// Every way so far forks into one for each element of the list. The `$or` itself is no part of the
    /// path of the fields inside it.
    fn or(&mut self, base: &Base, place: &str, json: &Json<'_>) {
        let elements = json.elements();
        if elements.len() < 2 {
            return self.mistake(place, "a list of at least two objects", json);
        }
        self.or.get_or_insert_with(|| place.to_owned());
        let before = std::mem::take(&mut self.ways);
        let mut after = Vec::new();
        for (index, element) in elements.iter().enumerate() {
            let place = format!("{place}[{index}]");
            if element.members().is_empty() {
                self.mistake(&place, "an object with at least one field", element);
                continue;
            }
            self.ways = before.clone();
            self.object(Base { path: base.path.clone(), place }, element, Inside::Or);
            after.append(&mut self.ways);
            if after.len() > MOST_ALTERNATIVES {
                break;
            }
        }
        if after.len() > MOST_ALTERNATIVES {
            let expected =
                format!("at most {MOST_ALTERNATIVES} combinations of alternatives in the whole pattern");
            self.mistakes.push(PatternError { path: place.to_owned(), expected, found: "more".to_owned() });
            // What else is wrong is told without forking on.
            after.truncate(1);
        }
        self.ways = after;
    }
}
