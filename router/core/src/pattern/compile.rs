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
pub(super) fn compile(pattern: &Json<'_>) -> Result<Compiled, PatternError> {
    let mut compiler = Compiler { ways: vec![Way::new()], or: None };
    compiler.object(None, pattern, Inside::Pattern)?;
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
}

impl Compiler {
    /// `base` is the path of the object; the outermost has none.
    fn object(&mut self, base: Option<&str>, json: &Json<'_>, inside: Inside) -> Result<(), PatternError> {
        if json.members().is_empty() {
            let expected = match base {
                None => "an object with at least one field",
                Some(_) => "a list of values, or an object with at least one field",
            };
            return Err(PatternError::new(base.unwrap_or_default(), expected, json));
        }
        for (key, json) in json.members() {
            let path = base.map_or_else(|| key.to_string(), |base| format!("{base}.{key}"));
            if key == "$or" {
                self.or(base, &path, json)?;
                continue;
            }
            if inside == Inside::Or && RESERVED.contains(&&**key) {
                let expected = "a field name; inside `$or` the names of operators are reserved";
                return Err(PatternError::new(&path, expected, &Json::string(&**key)));
            }
            match json {
                Json::Array(values) => self.field(path, json, values)?,
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_) => {
                    self.object(Some(&path), json, inside)?;
                }
            }
        }
        Ok(())
    }

    fn field(&mut self, path: String, json: &Json<'_>, values: &[Json<'_>]) -> Result<(), PatternError> {
        if values.is_empty() {
            return Err(PatternError::new(&path, "a list with at least one value", json));
        }
        let read = |(index, json)| value::read(&format!("{path}[{index}]"), json);
        let operators = values.iter().enumerate().map(read).collect::<Result<_, _>>()?;
        let field = Arc::new(Field { path: path.clone(), text: json.to_string(), operators });
        for way in &mut self.ways {
            way.insert(path.clone(), Arc::clone(&field));
        }
        Ok(())
    }

    /// Every way so far forks into one for each element of the list. The `$or` itself is no part of the
    /// path of the fields inside it.
    fn or(&mut self, base: Option<&str>, path: &str, json: &Json<'_>) -> Result<(), PatternError> {
        let elements = json.elements();
        if elements.len() < 2 {
            return Err(PatternError::new(path, "a list of at least two objects", json));
        }
        self.or.get_or_insert_with(|| path.to_owned());
        let before = std::mem::take(&mut self.ways);
        let mut after = Vec::new();
        for (index, element) in elements.iter().enumerate() {
            if element.members().is_empty() {
                let expected = "an object with at least one field";
                return Err(PatternError::new(&format!("{path}[{index}]"), expected, element));
            }
            self.ways = before.clone();
            self.object(base, element, Inside::Or)?;
            after.append(&mut self.ways);
            if after.len() > MOST_ALTERNATIVES {
                let expected =
                    format!("at most {MOST_ALTERNATIVES} combinations of alternatives in the whole pattern");
                return Err(PatternError { path: path.to_owned(), expected, found: "more".to_owned() });
            }
        }
        self.ways = after;
        Ok(())
    }
}
