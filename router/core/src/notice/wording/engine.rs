//! What runs a template: no files, no other templates, no way to print a value that is not escaped, and an end.

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};

use super::{Part, words};
use crate::near::near;
use crate::notice::text::{WIDTH, wrapped};
use crate::notice::{LONGEST_LINE, html};
use crate::text::clean;

/// So much work may a template of the configuration make, and so much may it write: a whole digest takes a tenth of it.
const FUEL: u64 = 500_000;
/// The name of the part whose values are JSON.
const JSON: &str = "json";
/// Of what is wrong with a template, so much is said.
const REASON_LENGTH: usize = 300;

/// For templates of the configuration; each is compiled into a copy.
pub(super) static SANDBOX: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = environment();
    environment.set_fuel(Some(FUEL));
    environment
});

/// With the templates that ship, by the names of their parts.
pub(super) static SHIPPED: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = environment();
    for part in Part::ALL {
        environment
            .add_template(part.as_str(), part.shipped())
            .expect("what ships compiles: a test renders it");
    }
    environment
});

fn environment() -> Environment<'static> {
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    let mut environment = Environment::new();
    environment.set_syntax(syntax.expect("the usual delimiters"));
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // So that an error knows its column. What it would show of values is never printed.
    environment.set_debug(true);
    environment.set_auto_escape_callback(|part| match part {
        JSON => AutoEscape::Custom(JSON.into()),
        html if html.starts_with("html") => AutoEscape::Html,
        _ => AutoEscape::None,
    });
    environment.set_formatter(print);
    for door in ["safe", "escape", "e", "pprint"] {
        environment.remove_filter(door);
    }
    environment.remove_global("debug");
    environment.add_filter("wrap", wrap);
    environment.add_filter("row", row);
    environment.add_filter("link", |address: &str| Value::from_safe_string(html::link(address)));
    environment
}

/// Text as it is; in HTML escaped, unless it is HTML of ours; in JSON the value as JSON has it.
fn print(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        return Err(ErrorKind::UndefinedError.into());
    }
    if let AutoEscape::Custom(_) = state.auto_escape() {
        let json = serde_json::to_string(value).map_err(|_| Error::from(ErrorKind::BadSerialization))?;
        return out.write_str(&json).map_err(Error::from);
    }
    let text = value.to_string();
    let is_markup = matches!(state.auto_escape(), AutoEscape::Html) && !value.is_safe();
    let written = if is_markup { out.write_str(&html::escape(&text)) } else { out.write_str(&text) };
    written.map_err(Error::from)
}

/// Lines of the width that every terminal shows, the first and the further ones each behind its own beginning.
fn wrap(text: &str, first: Option<&str>, further: Option<&str>) -> String {
    wrapped(text, first.unwrap_or_default(), further.unwrap_or_default())
}

/// A row's label in a column of that width, and its value beside it, which goes on under itself. What is copied
/// stays in one line.
fn row(row: &Value, width: usize) -> Result<String, Error> {
    let (label, value) = (row.get_attr("label")?, row.get_attr("value")?);
    let form = row.get_attr("form")?;
    let label = clean(label.as_str().unwrap_or_default(), LONGEST_LINE);
    let value = clean(value.as_str().unwrap_or_default(), LONGEST_LINE);
    let width = width.min(WIDTH / 2);
    let first = format!("{label:<width$}  ");
    Ok(match form.as_str() {
        Some("words") => wrapped(&value, &first, &" ".repeat(width + 2)),
        Some(_) | None => format!("{first}{value}"),
    })
}

/// Whether it is a template, or what is wrong with it, and where in it.
pub(super) fn check(text: &str, known: &[String]) -> Result<(), String> {
    if text.contains("autoescape") {
        return Err("`autoescape` is not for templates: what an event says is never markup".to_owned());
    }
    let template = SANDBOX.template_from_named_str("title", text).map_err(|error| said(&error, text))?;
    // The engine asks for filters and tests only where it comes to them.
    for (at, operator, name) in words::named(text) {
        let probe = format!("'' {operator} {name}");
        let found = SANDBOX.compile_expression(&probe).and_then(|probe| probe.eval(()));
        let kind = found.err().map(|error| error.kind());
        if matches!(kind, Some(ErrorKind::UnknownFilter | ErrorKind::UnknownTest)) {
            return Err(format!("{}there is no `{operator} {name}`", place(text, Some(at))));
        }
    }
    let unknown = template.undeclared_variables(false).into_iter().filter(|name| !known.contains(name));
    let mut unknown: Vec<_> = unknown.filter(|name| !is_global(name)).collect();
    unknown.sort();
    match unknown.first() {
        None => Ok(()),
        Some(unknown) => {
            let near = near(unknown, known.iter().map(String::as_str));
            Err(format!("{}no page has `{unknown}`: {near}", place(text, text.find(unknown))))
        }
    }
}

fn is_global(name: &str) -> bool {
    SANDBOX.globals().any(|(global, _)| global == name)
}

/// What is wrong, and where, without a word of any value.
pub(super) fn said(error: &Error, text: &str) -> String {
    let place = match (error.range(), error.line()) {
        (Some(range), _) => place(text, Some(range.start)),
        (None, Some(line)) => format!("line {line}: "),
        (None, None) => String::new(),
    };
    let what = match error.kind() {
        ErrorKind::UndefinedError => {
            let named = error.range().and_then(|range| text.get(range)).unwrap_or("what it names");
            format!("`{}` is not there", clean(named, 80))
        }
        ErrorKind::OutOfFuel => "it does not come to an end".to_owned(),
        ErrorKind::SyntaxError
        | ErrorKind::UnknownFilter
        | ErrorKind::UnknownTest
        | ErrorKind::UnknownFunction => {
            error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)
        }
        // Others may say what a value was.
        kind => kind.to_string(),
    };
    clean(&format!("{place}{what}"), REASON_LENGTH)
}

/// `line 3, column 8: `.
fn place(text: &str, at: Option<usize>) -> String {
    let Some(before) = at.and_then(|at| text.get(..at)) else { return String::new() };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}: ")
}
