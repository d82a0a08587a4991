//! Matchers as `amtool` takes them, as an EventBridge pattern over what silences look at.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Attributes, PATHS};
use crate::json::Json;
use crate::priority::Priority;

/// What is asked of one path.
#[derive(Debug, Default)]
struct Asked {
    is: Vec<String>,
    is_not: Vec<String>,
}

/// The pattern that all of the matchers make: `name=value` and `name!=value`, `*` for any text; different
/// names must all match, the same name again is one more value. An empty value asks for what is not there.
///
/// # Errors
/// Every matcher that is none, each with what was expected.
pub fn pattern(matchers: &[String]) -> Result<Value, Vec<String>> {
    let mut asked: BTreeMap<&'static str, Asked> = BTreeMap::new();
    let mut mistakes = Vec::new();
    for matcher in matchers {
        match read(matcher) {
            Ok((path, true, value)) => asked.entry(path).or_default().is.push(value),
            Ok((path, false, value)) => asked.entry(path).or_default().is_not.push(value),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    let mut pattern = Map::new();
    for (path, Asked { is, is_not }) in asked {
        match (is.is_empty(), is_not.is_empty()) {
            (false, true) => put(&mut pattern, path, Value::Array(is.iter().map(|value| equal(value)).collect())),
            (true, _) => put(&mut pattern, path, Value::Array(unequal(&is_not))),
            (false, false) => mistakes.push(format!(
                "`{path}` is asked for with = and with !=, which no pattern can say; give it once, or use --match"
            )),
        }
    }
    if mistakes.is_empty() { Ok(Value::Object(pattern)) } else { Err(mistakes) }
}

/// What patterns see of something with these labels, each `name=value`, and its priority, which one of them is.
///
/// # Errors
/// Every label that is none, each with what was expected.
pub fn labelled(labels: &[String]) -> Result<(Json<'static>, Priority), Vec<String>> {
    let (mut seen, mut mistakes) = (Map::new(), Vec::new());
    for label in labels {
        match read(label) {
            Ok((path, true, value)) => put(&mut seen, path, Value::String(value)),
            Ok((_, false, _)) => mistakes.push(format!("expected name=value, found `{label}`")),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    let named = seen.get("priority").and_then(Value::as_str);
    let priority = Priority::ALL.into_iter().find(|priority| Some(priority.as_str()) == named);
    match priority {
        Some(priority) if mistakes.is_empty() => Ok((texts(Value::Object(seen)), priority)),
        Some(_) => Err(mistakes),
        None => {
            let none = "expected priority=P0, P1, P2 or P3 among the labels, found none";
            Err(mistakes.into_iter().chain([none.to_owned()]).collect())
        }
    }
}

/// Texts and objects of them, as patterns see them.
fn texts(value: Value) -> Json<'static> {
    match value {
        Value::Object(members) => {
            Json::Object(members.into_iter().map(|(name, value)| (name.into(), texts(value))).collect())
        }
        Value::String(text) => Json::string(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => Json::Null,
    }
}

/// The path, whether it is to be equal, and the value.
fn read(matcher: &str) -> Result<(&'static str, bool, String), String> {
    let expected = || format!("expected name=value or name!=value, found `{matcher}`");
    let (name, rest) = matcher.split_at(matcher.find(['=', '!']).ok_or_else(expected)?);
    let name = name.trim();
    if let Some(expression) = rest.strip_prefix("=~") {
        return Err(regular_expression(name, "=", expression));
    }
    if let Some(expression) = rest.strip_prefix("!~") {
        return Err(regular_expression(name, "!=", expression));
    }
    let (is_equal, value) = match rest.strip_prefix("!=") {
        Some(value) => (false, value),
        None => (true, rest.strip_prefix('=').ok_or_else(expected)?),
    };
    let value = unquoted(value.trim());
    match path(name) {
        Some(path) if value.is_empty() || value.contains('*') => Ok((path, is_equal, value)),
        Some(path) => {
            let value = Attributes::value_at(path, &value).map_err(|mistake| format!("{name}: {mistake}"))?;
            Ok((path, is_equal, value))
        }
        None => Err(format!("there is no `{name}` to match; there are {}", names().join(", "))),
    }
}

/// Matchers as they are typed behind one another; a value with spaces stands in quotes, and a quote in it behind a
/// backslash.
///
/// # Errors
/// A quote without its end.
pub fn words(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut letters = text.trim().chars().peekable();
    while let Some(letter) = letters.next() {
        if letter.is_whitespace() && !is_quoted {
            words.push(std::mem::take(&mut word));
            continue;
        }
        word.push(letter);
        match letter {
            '\\' if is_quoted => word.extend(letters.next_if_eq(&'"')),
            '"' => is_quoted = !is_quoted,
            _ => {}
        }
    }
    if is_quoted {
        return Err("expected a quote at the end of what is quoted".to_owned());
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    // All of a matcher may stand in quotes, too.
    Ok(words.into_iter().map(|word| if word.starts_with('"') { unquoted(&word) } else { word }).collect())
}

/// The same of `name=value` with the quotes of values taken off: for what is no matcher, and typed as one.
///
/// # Errors
/// As [`words`].
pub fn plain_words(text: &str) -> Result<Vec<String>, String> {
    let plain = |word: String| match word.split_once('=') {
        Some((name, value)) => format!("{name}={}", unquoted(value)),
        None => word,
    };
    Ok(words(text)?.into_iter().map(plain).collect())
}

/// The matcher that asks for that value and no other, as [`words`] and [`pattern`] read it; none where nothing typed does.
pub fn word(name: &str, value: &str) -> Option<String> {
    if value.trim().is_empty() || value.contains(char::is_control) {
        return None;
    }
    let literal = match value.contains('*') {
        true => value.replace('\\', "\\\\").replace('*', "\\*"),
        false => value.to_owned(),
    };
    Some(format!("{name}={}", quoted(&literal)?))
}

/// In quotes where it would not be read as one value without; none where a quote cannot say it.
fn quoted(value: &str) -> Option<String> {
    if !value.contains(|letter: char| letter.is_whitespace() || letter == '"') {
        return Some(value.to_owned());
    }
    (!value.ends_with('\\')).then(|| format!("\"{}\"", value.replace('"', "\\\"")))
}

fn unquoted(value: &str) -> String {
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    inner.map_or_else(|| value.to_owned(), |inner| inner.replace("\\\"", "\""))
}

/// What can be matched, by names of one word.
pub fn names() -> Vec<&'static str> {
    PATHS.iter().filter_map(|path| short(path)).collect()
}

fn path(name: &str) -> Option<&'static str> {
    PATHS.iter().copied().find(|path| *path == name || short(path) == Some(name))
}

/// The name of a path without `subject.`, where that is one word; of what has a name that name is meant.
fn short(path: &'static str) -> Option<&'static str> {
    let part = path.strip_prefix("subject.").unwrap_or(path);
    let name = part.strip_suffix(".name").unwrap_or(part);
    (!name.contains('.')).then_some(name)
}

/// There are none; most of those in use say no more than `*` does.
fn regular_expression(name: &str, operator: &str, expression: &str) -> String {
    let expression = expression.trim().trim_matches('"').trim_start_matches('^').trim_end_matches('$');
    let values = expression.trim_start_matches('(').trim_end_matches(')').split('|');
    let instead: Vec<_> = values
        .map(|value| format!("{name}{operator}{}", value.replace(".*", "*").replace(".+", "*")))
        .collect();
    format!("there are no regular expressions, use * instead: {}", instead.join(" "))
}

fn equal(value: &str) -> Value {
    match value {
        "" => json!({"exists": false}),
        value if value.contains('*') => json!({"wildcard": value}),
        value => json!(value),
    }
}

/// None of these; what has no such value at all does not match, so that it is not silenced by accident.
fn unequal(values: &[String]) -> Vec<Value> {
    let named: Vec<_> = values.iter().filter(|value| !value.is_empty()).collect();
    let escaped = |value: &str| match value.contains('*') {
        true => value.to_owned(),
        false => value.replace('\\', "\\\\"),
    };
    if named.is_empty() {
        return vec![json!({"exists": true})];
    }
    if named.iter().any(|value| value.contains('*')) {
        let wildcards: Vec<_> = named.iter().map(|value| escaped(value)).collect();
        return vec![json!({"anything-but": {"wildcard": wildcards}})];
    }
    vec![json!({"anything-but": named})]
}

/// A pattern as the matchers that make it; none where they cannot say it.
pub fn spoken(pattern: &str) -> Option<String> {
    let pattern: Value = serde_json::from_str(pattern).ok()?;
    let mut matchers = Vec::new();
    say("", &pattern, &mut matchers)?;
    let text = matchers.join(" ");
    let made = words(&text).ok().and_then(|words| self::pattern(&words).ok());
    (made == Some(pattern)).then_some(text)
}

fn say(at: &str, value: &Value, matchers: &mut Vec<String>) -> Option<()> {
    let values = match value {
        Value::Object(members) => {
            for (name, value) in members {
                let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                say(&at, value, matchers)?;
            }
            return Some(());
        }
        Value::Array(values) => values,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
    };
    let name = PATHS.iter().copied().find(|path| *path == at).and_then(short).unwrap_or(at);
    for value in values {
        match Operator::of(value)? {
            Operator::Is(text) => matchers.push(format!("{name}={}", quoted(text)?)),
            Operator::IsThere(true) => matchers.push(format!("{name}!=")),
            Operator::IsThere(false) => matchers.push(format!("{name}=")),
            Operator::IsNoneOf(texts) => {
                for text in texts {
                    matchers.push(format!("{name}!={}", quoted(text.as_str()?)?));
                }
            }
        }
    }
    Some(())
}

/// What one value of a pattern asks for, where a matcher can say it.
enum Operator<'p> {
    Is(&'p str),
    IsThere(bool),
    IsNoneOf(&'p [Value]),
}

impl<'p> Operator<'p> {
    fn of(value: &'p Value) -> Option<Self> {
        let Value::Object(operators) = value else { return value.as_str().map(Operator::Is) };
        let (name, operand) = operators.iter().next().filter(|_| operators.len() == 1)?;
        match (name.as_str(), operand) {
            ("wildcard", Value::String(text)) => Some(Operator::Is(text)),
            ("exists", Value::Bool(is_there)) => Some(Operator::IsThere(*is_there)),
            ("anything-but", Value::Array(texts)) => Some(Operator::IsNoneOf(texts)),
            ("anything-but", Value::Object(inner)) => {
                inner.get("wildcard")?.as_array().map(|texts| Operator::IsNoneOf(texts))
            }
            (_, _) => None,
        }
    }
}

fn put(pattern: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            pattern.insert(path.to_owned(), value);
        }
        Some((head, rest)) => {
            let inner = pattern.entry(head).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
