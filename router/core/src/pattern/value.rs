//! The JSON of one entry of a value list into its operator, or what was expected there.

use crate::json::Json;

use super::PatternError;
use super::cidr::{self, Block};
use super::fold::Folded;
use super::number::{self, Bound, Range};
use super::operator::{Excluded, Listed, Operator};
use super::wildcard::Wildcard;

/// Every mistake, not the first.
type Result<T> = std::result::Result<T, Vec<PatternError>>;

fn refused<T>(path: &str, expected: &str, found: &Json<'_>) -> Result<T> {
    Err(vec![PatternError::new(path, expected, found)])
}

/// All of them, or the mistakes in all of them.
fn all<T>(read: impl Iterator<Item = Result<T>>) -> Result<Vec<T>> {
    let (mut values, mut mistakes) = (Vec::new(), Vec::new());
    for one in read {
        match one {
            Ok(value) => values.push(value),
            Err(more) => mistakes.extend(more),
        }
    }
    if mistakes.is_empty() { Ok(values) } else { Err(mistakes) }
}

/// Reads one entry of a value list.
pub(super) fn read(path: &str, json: &Json<'_>) -> Result<Operator> {
    match json {
        Json::Null => Ok(Operator::Null),
        Json::Bool(truth) => Ok(Operator::Bool(*truth)),
        Json::Number(text) => Ok(Operator::Number(text.as_ref().into(), number::comparable(text))),
        Json::String(text) => Ok(match cidr::address(text) {
            Some(address) => Operator::Address(address, text.as_ref().into()),
            None => Operator::Text(text.as_ref().into()),
        }),
        Json::Array(_) => refused(path, "a value or an operator, no list inside the list", json),
        Json::Object(_) => operator(path, json),
    }
}

fn operator(path: &str, json: &Json<'_>) -> Result<Operator> {
    let [(name, json)] = json.members() else {
        return refused(path, "an object with one operator", json);
    };
    let path = &format!("{path}.{name}");
    Ok(match name.as_ref() {
        "exactly" => Operator::Text(text(path, json)?.into()),
        "prefix" => affix(path, json, |text| Operator::Prefix(text.into()), Operator::PrefixIgnoringCase)?,
        "suffix" => affix(path, json, |text| Operator::Suffix(text.into()), Operator::SuffixIgnoringCase)?,
        "equals-ignore-case" => Operator::EqualsIgnoringCase(Folded::new(text(path, json)?)),
        "wildcard" => Operator::Wildcard(wildcard(path, json)?),
        "numeric" => Operator::Numeric(range(path, json)?),
        "cidr" => {
            let block = Block::parse(text(path, json)?);
            Operator::Cidr(block.or_else(|expected| refused(path, expected, json))?)
        }
        "exists" => match json {
            Json::Bool(true) => Operator::Present,
            Json::Bool(false) => Operator::Absent,
            Json::Null | Json::Number(_) | Json::String(_) | Json::Array(_) | Json::Object(_) => {
                return refused(path, "true or false", json);
            }
        },
        "anything-but" => Operator::AnythingBut(excluded(path, json)?),
        _ => {
            let expected = "an operator: prefix, suffix, equals-ignore-case, wildcard, numeric, cidr, exists or anything-but";
            return refused(path, expected, &Json::string(&**name));
        }
    })
}

fn text<'j>(path: &str, json: &'j Json<'_>) -> Result<&'j str> {
    json.as_str().map_or_else(|| refused(path, "a string", json), Ok)
}

fn wildcard(path: &str, json: &Json<'_>) -> Result<Wildcard> {
    Wildcard::parse(text(path, json)?).or_else(|expected| refused(path, expected, json))
}

fn comparable(path: &str, json: &Json<'_>) -> Result<f64> {
    let value = match json {
        Json::Number(text) => number::comparable(text),
        Json::Null | Json::Bool(_) | Json::String(_) | Json::Array(_) | Json::Object(_) => None,
    };
    value.map_or_else(|| refused(path, "a number that a double holds exactly as written", json), Ok)
}

fn affix(
    path: &str,
    json: &Json<'_>,
    exact: fn(&str) -> Operator,
    folded: fn(Folded) -> Operator,
) -> Result<Operator> {
    match (json, json.members()) {
        (Json::String(text), _) => Ok(exact(text)),
        (_, [(name, inner)]) if name == "equals-ignore-case" => {
            Ok(folded(Folded::new(text(&format!("{path}.{name}"), inner)?)))
        }
        _ => refused(path, "a string or {\"equals-ignore-case\": string}", json),
    }
}

fn range(path: &str, json: &Json<'_>) -> Result<Range> {
    let number = |index: usize| comparable(&format!("{path}[{index}]"), &json.elements()[index]);
    let signs: Vec<Option<&str>> = json.elements().iter().step_by(2).map(Json::as_str).collect();
    let bound = |sign: &str, index| Ok(Bound { value: number(index)?, inclusive: sign.ends_with('=') });
    match (json.elements().len(), &signs[..]) {
        (2, [Some("=")]) => Ok(Range::Equal(number(1)?)),
        (2, [Some(sign @ (">" | ">="))]) => Ok(Range::Above(bound(sign, 1)?)),
        (2, [Some(sign @ ("<" | "<="))]) => Ok(Range::Below(bound(sign, 1)?)),
        (4, [Some(above @ (">" | ">=")), Some(below @ ("<" | "<="))]) => {
            let bounds = all([bound(above, 1), bound(below, 3)].into_iter())?;
            let (lower, upper) = (bounds[0], bounds[1]);
            if lower.value >= upper.value {
                return refused(path, "a lower bound below the upper bound", json);
            }
            Ok(Range::Between(lower, upper))
        }
        _ => {
            let expected = "[sign, number] with one of = < <= > >=, or [\">\" or \">=\", number, \"<\" or \"<=\", number]";
            refused(path, expected, json)
        }
    }
}

fn excluded(path: &str, json: &Json<'_>) -> Result<Excluded> {
    let expected = "a string, a number, a list of only strings or only numbers, or an object with one of prefix, suffix, equals-ignore-case and wildcard";
    match json {
        Json::Null | Json::Bool(_) => refused(path, expected, json),
        Json::String(_) => Ok(Excluded::Texts(Listed::new(list(path, json, own_text)?))),
        Json::Number(_) => Ok(Excluded::Numbers(list(path, json, comparable)?)),
        Json::Array(elements) => match elements.first() {
            Some(Json::String(_)) => Ok(Excluded::Texts(Listed::new(list(path, json, own_text)?))),
            Some(Json::Number(_)) => Ok(Excluded::Numbers(list(path, json, comparable)?)),
            None | Some(Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_)) => {
                refused(path, expected, json)
            }
        },
        Json::Object(members) => {
            let [(name, inner)] = &members[..] else { return refused(path, expected, json) };
            let outer = path;
            let path = &format!("{path}.{name}");
            match name.as_ref() {
                "prefix" => Ok(Excluded::Prefixes(list(path, inner, some_text)?)),
                "suffix" => Ok(Excluded::Suffixes(list(path, inner, some_text)?)),
                "equals-ignore-case" => Ok(Excluded::IgnoringCase(list(path, inner, |path, json| {
                    Ok(Folded::new(text(path, json)?))
                })?)),
                "wildcard" => Ok(Excluded::Wildcards(list(path, inner, wildcard)?)),
                _ => refused(outer, expected, json),
            }
        }
    }
}

/// One value, or each of a list.
fn list<T>(path: &str, json: &Json<'_>, read: impl Fn(&str, &Json<'_>) -> Result<T>) -> Result<Box<[T]>> {
    match json {
        Json::Array(elements) => {
            let read = |(index, json)| read(&format!("{path}[{index}]"), json);
            Ok(all(elements.iter().enumerate().map(read))?.into())
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_) => {
            Ok(Box::new([read(path, json)?]))
        }
    }
}

fn own_text(path: &str, json: &Json<'_>) -> Result<Box<str>> {
    text(path, json).map(Box::from)
}

fn some_text(path: &str, json: &Json<'_>) -> Result<Box<str>> {
    match text(path, json)? {
        "" => refused(path, "a string that is not empty", json),
        text => Ok(text.into()),
    }
}
