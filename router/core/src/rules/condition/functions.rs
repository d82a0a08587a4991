//! The functions that a condition may call: on what, with what, and what they give.

use std::collections::BTreeSet;

use super::super::shape::Shape;
use crate::near::near;
use crate::yaml::{Mistake, expected, wrong};

/// One way to call a function.
pub(super) struct Function {
    pub(super) name: &'static str,
    /// What it is called on, as in `finding.type.startsWith(…)`; none for a function of its own.
    on: Option<Shape>,
    pub(super) takes: &'static [Shape],
    pub(super) gives: Shape,
}

const fn on_text(name: &'static str, takes: &'static [Shape], gives: Shape) -> Function {
    Function { name, on: Some(Shape::Text), takes, gives }
}

const fn on_any(name: &'static str, takes: &'static [Shape], gives: Shape) -> Function {
    Function { name, on: Some(Shape::Any), takes, gives }
}

const fn alone(name: &'static str, takes: &'static [Shape], gives: Shape) -> Function {
    Function { name, on: None, takes, gives }
}

const ANY: &[Shape] = &[Shape::Any];
const TEXT: &[Shape] = &[Shape::Text];

/// CEL's standard functions, without those of time. Those with `on_any` are of optional values.
pub(super) static FUNCTIONS: [Function; 20] = [
    on_text("contains", TEXT, Shape::Truth),
    on_text("startsWith", TEXT, Shape::Truth),
    on_text("endsWith", TEXT, Shape::Truth),
    on_text("matches", TEXT, Shape::Truth),
    alone("matches", &[Shape::Text, Shape::Text], Shape::Truth),
    on_any("size", &[], Shape::Number),
    alone("size", ANY, Shape::Number),
    alone("string", ANY, Shape::Text),
    alone("int", ANY, Shape::Number),
    alone("uint", ANY, Shape::Number),
    alone("double", ANY, Shape::Number),
    alone("bool", ANY, Shape::Truth),
    alone("bytes", ANY, Shape::Any),
    alone("type", ANY, Shape::Any),
    alone("dyn", ANY, Shape::Any),
    on_any("hasValue", &[], Shape::Truth),
    on_any("value", &[], Shape::Any),
    on_any("or", ANY, Shape::Any),
    on_any("orValue", ANY, Shape::Any),
    // A comparison of what is expanded from `exists` and `all`.
    alone("@not_strictly_false", ANY, Shape::Truth),
];

/// Macros: expanded before anything is called, where they are written as they have to be.
const MACROS: [(&str, &str); 7] = [
    ("has", "`has` takes one member, as in `has(subject.pod)`"),
    ("all", "`all` is written `list.all(one, condition)`"),
    ("exists", "`exists` is written `list.exists(one, condition)`"),
    ("exists_one", "`exists_one` is written `list.exists_one(one, condition)`"),
    ("existsOne", "`existsOne` is written `list.existsOne(one, condition)`"),
    ("filter", "`filter` is written `list.filter(one, condition)`"),
    ("map", "`map` is written `list.map(one, value)`"),
];

/// The function called so, or why there is none. `on` is what it is called on.
pub(super) fn called(name: &str, on: Option<&Shape>, takes: &[Shape]) -> Result<&'static Function, Mistake> {
    if let Some((_, written)) = MACROS.into_iter().find(|(known, _)| *known == name) {
        return Err(wrong(written));
    }
    let named = || FUNCTIONS.iter().filter(|function| function.name == name);
    let Some(first) = named().next() else {
        let names = FUNCTIONS.iter().map(|function| function.name).filter(|name| !name.starts_with('@'));
        let names = names.chain(MACROS.into_iter().map(|(name, _)| name));
        let names: BTreeSet<_> = names.collect();
        let hint = near(name, names.iter().copied());
        return Err(wrong(format!("unknown function `{name}`")).hint(hint));
    };
    let mut same_way = named().filter(|function| function.on.is_some() == on.is_some());
    let Some(function) = same_way.find(|function| function.takes.len() == takes.len()) else {
        return Err(wrong(first.written()));
    };
    if let (Some(on), Some(wanted)) = (on, &function.on)
        && !wanted.meets(on)
    {
        return Err(expected(format!("{} for `{name}` to be asked of", wanted.said())).found(on.said()));
    }
    let mut pairs = function.takes.iter().zip(takes);
    match pairs.find(|(wanted, found)| !wanted.meets(found)) {
        Some((wanted, found)) => Err(expected(format!("{} in `{name}`", wanted.said())).found(found.said())),
        None => Ok(function),
    }
}

impl Function {
    fn written(&self) -> String {
        let Self { name, on, takes, gives: _ } = self;
        let places = vec!["…"; takes.len()].join(", ");
        match on {
            Some(on) => format!("`{name}` is called on {}, as in `value.{name}({places})`", on.said()),
            None => format!("`{name}` is written `{name}({places})`"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::STANDARD;
    use super::*;

    fn call(function: &Function) -> String {
        let value = |shape: &Shape| match shape {
            Shape::Number => "1",
            _ => "'1'",
        };
        let takes: Vec<_> = function.takes.iter().map(value).collect();
        let takes = takes.join(", ");
        let name = function.name;
        match &function.on {
            Some(Shape::Text) => format!("'x'.{name}({takes})"),
            Some(_) if name == "size" => format!("[1].{name}({takes})"),
            Some(_) if name == "or" => format!("[1][?0].{name}([1][?1])"),
            Some(_) => format!("[1][?0].{name}({takes})"),
            None if name == "bool" => "bool('true')".to_owned(),
            None => format!("{name}({takes})"),
        }
    }

    #[test]
    fn every_function_that_is_known_is_one_of_cel() {
        for function in FUNCTIONS.iter().filter(|function| !function.name.starts_with('@')) {
            let call = call(function);
            let context = cel::Context::with_env(STANDARD.clone());
            let result = STANDARD.compile(&call).unwrap().execute(&context);
            assert!(result.is_ok(), "{call}: {result:?}");
        }
    }
}
