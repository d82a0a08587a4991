//! What operators take and give: comparisons, membership, indices, arithmetic.

use cel::common::ast::{Expr, IdedExpr, SelectExpr};

use super::super::matches::not_among;
use super::super::shape::Shape;
use super::types::{Reading, path, text_of};
use crate::yaml::{expected, wrong};

impl Reading<'_> {
    pub(super) fn equal(&mut self, node: &IdedExpr, left: &IdedExpr, right: &IdedExpr) -> Shape {
        let (one, other) = (self.shape(left), self.shape(right));
        if !one.meets(&other) {
            let message = format!("{} and {} are never equal", said(&one), said(&other));
            self.wrong(self.at(node), message);
        }
        for (shape, other, of, literal) in [(&one, &other, left, right), (&other, &one, right, left)] {
            self.word(shape, of, literal);
            self.null(shape, other, of, literal);
        }
        Shape::Truth
    }

    /// What an event does not have is not there: nothing of it that is ours is ever null.
    fn null(&mut self, shape: &Shape, other: &Shape, of: &IdedExpr, literal: &IdedExpr) {
        let Some(path) = path(of).filter(|path| path.starts_with("finding.") || path.starts_with("subject."))
        else {
            return;
        };
        if *shape != Shape::Any && *other == Shape::Null {
            let mistake = wrong(format!("`{path}` is never null"));
            self.wrong(self.at(literal), mistake.hint(format!("ask `has({path})` whether it is there")));
        }
    }

    /// A text that is compared with one of a few.
    fn word(&mut self, shape: &Shape, of: &IdedExpr, literal: &IdedExpr) {
        if let (Shape::Word(words), Some(text)) = (shape, text_of(literal))
            && !words.contains(&text)
        {
            let mistake = not_among(&self.name(of), text, words);
            self.wrong(self.at(literal), mistake);
        }
    }

    pub(super) fn ordered(&mut self, node: &IdedExpr, left: &IdedExpr, right: &IdedExpr) -> Shape {
        let (one, other) = (self.shape(left), self.shape(right));
        let has_order = |shape: &Shape| {
            matches!(shape, Shape::Any | Shape::Truth | Shape::Number | Shape::Text | Shape::Word(_))
        };
        if !(has_order(&one) && has_order(&other) && one.meets(&other)) {
            let message = format!("{} cannot be compared with {}", said(&one), said(&other));
            self.wrong(self.at(node), message);
        }
        Shape::Truth
    }

    pub(super) fn within(&mut self, node: &IdedExpr, left: &IdedExpr, right: &IdedExpr) -> Shape {
        let (one, other) = (self.shape(left), self.shape(right));
        match &other {
            Shape::List(of) => {
                if !one.meets(of) {
                    let message = format!("{} is never in a list of {}", said(&one), plural(of));
                    self.wrong(self.at(node), message);
                }
                if let Expr::List(list) = &right.expr {
                    for element in &list.elements {
                        self.word(&one, left, element);
                    }
                }
            }
            Shape::Members(_) => {
                if let Some(name) = text_of(left) {
                    self.member(&other, name, right, self.at(left));
                }
            }
            Shape::Map(_) | Shape::Any => {}
            Shape::Text | Shape::Word(_) => {
                let message =
                    "`in` asks a list or a mapping; a part of a text is asked for by `.contains(…)`";
                self.wrong(self.at(node), message.to_owned());
            }
            Shape::Null | Shape::Truth | Shape::Number => {
                let message = format!("`in` asks a list or a mapping, found {}", other.said());
                self.wrong(self.at(node), message);
            }
        }
        Shape::Truth
    }

    pub(super) fn index(&mut self, of: &IdedExpr, index: &IdedExpr) -> Shape {
        let (shape, by) = (self.shape(of), self.shape(index));
        match (&shape, text_of(index)) {
            (Shape::Members(_), Some(name)) => {
                let at = self.begin(index);
                self.member(&shape, name, of, at)
            }
            (Shape::Map(values), _) if Shape::Text.meets(&by) => Shape::clone(values),
            (Shape::List(values), _) if Shape::Number.meets(&by) => Shape::clone(values),
            (Shape::Members(_), None) if Shape::Text.meets(&by) => Shape::Any,
            (Shape::Any, _) => Shape::Any,
            (
                Shape::Members(_)
                | Shape::Map(_)
                | Shape::List(_)
                | Shape::Null
                | Shape::Truth
                | Shape::Number
                | Shape::Text
                | Shape::Word(_),
                _,
            ) => {
                let message =
                    format!("{} is {}, and has nothing at {}", self.name(of), shape.said(), by.said());
                self.wrong(self.begin(index), message);
                Shape::Any
            }
        }
    }

    pub(super) fn add(&mut self, node: &IdedExpr, left: &IdedExpr, right: &IdedExpr) -> Shape {
        let (one, other) = (self.shape(left), self.shape(right));
        match (&one, &other) {
            (Shape::Any, _) | (_, Shape::Any) => Shape::Any,
            (Shape::Number, Shape::Number) => Shape::Number,
            (Shape::Text | Shape::Word(_), Shape::Text | Shape::Word(_)) => Shape::Text,
            (Shape::List(one), Shape::List(other)) if one == other || **one == Shape::Any => {
                Shape::List(other.clone())
            }
            (Shape::List(_), Shape::List(_)) => Shape::List(Box::new(Shape::Any)),
            (
                Shape::Null
                | Shape::Truth
                | Shape::Number
                | Shape::Text
                | Shape::Word(_)
                | Shape::List(_)
                | Shape::Map(_)
                | Shape::Members(_),
                _,
            ) => {
                let message = format!("{} and {} cannot be added", said(&one), said(&other));
                self.wrong(self.at(node), message);
                Shape::Any
            }
        }
    }

    pub(super) fn arithmetic(&mut self, node: &IdedExpr, args: &[IdedExpr]) -> Shape {
        if let [left, IdedExpr { expr: Expr::Ident(rest), .. }] = args
            && let Expr::Select(SelectExpr { operand, field, .. }) = &left.expr
            && let Some(name) = self.with_hyphen(operand, &format!("{field}-{rest}"))
        {
            let of = path(operand).unwrap_or_default();
            let instead = format!("a name with a hyphen is written `{of}['{name}']`");
            self.wrong(self.begin(left), wrong("this is a subtraction").hint(instead));
            return Shape::Any;
        }
        for argument in args {
            let shape = self.shape(argument);
            if !(shape == Shape::Any || shape == Shape::Number) {
                let mistake = expected("numbers to reckon with").found(shape.said());
                self.wrong(self.at(node), mistake);
            }
        }
        Shape::Number
    }

    /// The member that was meant by a name with a hyphen.
    fn with_hyphen(&mut self, operand: &IdedExpr, name: &str) -> Option<String> {
        let Shape::Members(members) = self.shape(operand) else { return None };
        members.contains_key(name).then(|| name.to_owned())
    }
}

fn said(shape: &Shape) -> &'static str {
    shape.said()
}

fn plural(shape: &Shape) -> &'static str {
    match shape {
        Shape::Any | Shape::Null => "values",
        Shape::Truth => "true and false",
        Shape::Number => "numbers",
        Shape::Text | Shape::Word(_) => "texts",
        Shape::List(_) => "lists",
        Shape::Map(_) | Shape::Members(_) => "objects",
    }
}
