//! What a condition cannot be: true for no event, because it names what there is not, or takes a value for one of
//! another kind. What is not known passes.

use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators,
};
use cel::{Context, Program};

use super::super::shape::{NAMES, Shape};
use super::functions;
use super::{NAMESPACE, STANDARD, Wrong};
use crate::near::near;
use crate::yaml::{Mistake, expected, wrong};

/// Every such mistake, in the order it is written.
pub(super) fn mistakes(text: &str, program: &Program) -> Vec<Wrong> {
    let mut reading = Reading { text, program, own: Vec::new(), wrong: Vec::new() };
    reading.truth(program.expression());
    let mut wrong = reading.wrong;
    wrong.sort_by_key(|wrong| wrong.offset);
    wrong.dedup();
    wrong
}

/// One expression while it is read.
pub(super) struct Reading<'p> {
    text: &'p str,
    program: &'p Program,
    /// Names that the expression gives itself, as in `list.exists(one, …)`.
    own: Vec<(String, Shape)>,
    wrong: Vec<Wrong>,
}

impl Reading<'_> {
    pub(super) fn wrong(&mut self, offset: usize, mistake: impl Into<Mistake>) {
        self.wrong.push(Wrong { offset, mistake: mistake.into() });
    }

    /// Where a node's sign or name begins.
    pub(super) fn at(&self, node: &IdedExpr) -> usize {
        let begins = self.program.source_info().offset_for(node.id).map_or(0, |(begins, _)| begins as usize);
        begins.min(self.text.len())
    }

    /// Where all of a node begins: an operator stands behind its first operand.
    pub(super) fn begin(&self, node: &IdedExpr) -> usize {
        let first = match &node.expr {
            Expr::Call(CallExpr { target: Some(target), .. }) => Some(&**target),
            Expr::Call(CallExpr { target: None, args, func_name }) => {
                let before = self.text.get(..self.at(node)).unwrap_or_default().trim_end();
                if let Some(before) = before.strip_suffix(func_name.as_str()) {
                    return before.len();
                }
                args.first()
            }
            Expr::Select(SelectExpr { operand, .. }) => Some(&**operand),
            Expr::Comprehension(comprehension) => Some(&comprehension.iter_range),
            _ => None,
        };
        first.map_or(self.at(node), |first| self.at(node).min(self.begin(first)))
    }

    /// What a message calls a node: a short one as it is written.
    pub(super) fn name(&self, node: &IdedExpr) -> String {
        match &node.expr {
            Expr::Ident(_) | Expr::Select(_) => {
                path(node).map_or_else(|| "this".to_owned(), |path| format!("`{path}`"))
            }
            _ => "this".to_owned(),
        }
    }

    /// A node that has to be true or false.
    fn truth(&mut self, node: &IdedExpr) {
        if let Expr::Call(CallExpr { func_name, args, .. }) = &node.expr
            && func_name == operators::CONDITIONAL
            && let [condition, one, other] = &args[..]
        {
            for part in [condition, one, other] {
                self.truth(part);
            }
            return;
        }
        let shape = self.shape(node);
        if !(shape == Shape::Any || shape == Shape::Truth) {
            let name = self.name(node);
            let mistake = expected("true or false").found(format!("{name}, which is {}", shape.said()));
            self.wrong(self.begin(node), mistake);
        }
    }

    pub(super) fn shape(&mut self, node: &IdedExpr) -> Shape {
        match &node.expr {
            Expr::Unspecified => Shape::Any,
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(_) => Shape::Truth,
                LiteralValue::Double(_) | LiteralValue::Int(_) | LiteralValue::UInt(_) => Shape::Number,
                LiteralValue::String(_) => Shape::Text,
                LiteralValue::Null => Shape::Null,
                LiteralValue::Bytes(_) => Shape::Any,
            },
            Expr::Ident(name) => self.named(node, name),
            Expr::Select(select) => self.select(node, select),
            Expr::Call(call) => self.call(node, call),
            Expr::Comprehension(comprehension) => self.comprehension(node, comprehension),
            Expr::List(list) => {
                let mut shapes: Vec<_> = list.elements.iter().map(|element| self.shape(element)).collect();
                let first = shapes.pop().unwrap_or(Shape::Any);
                let alike = shapes.iter().all(|shape| *shape == first);
                Shape::List(Box::new(if alike { first } else { Shape::Any }))
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    self.entry(&entry.expr);
                }
                Shape::Map(Box::new(Shape::Any))
            }
            Expr::Struct(object) => {
                let mistake = wrong(format!("unknown type `{}`", object.type_name));
                self.wrong(self.at(node), mistake.hint("a condition makes no objects"));
                Shape::Any
            }
        }
    }

    fn entry(&mut self, entry: &EntryExpr) {
        match entry {
            EntryExpr::StructField(field) => {
                self.shape(&field.value);
            }
            EntryExpr::MapEntry(entry) => {
                self.shape(&entry.key);
                self.shape(&entry.value);
            }
        }
    }

    fn named(&mut self, node: &IdedExpr, name: &str) -> Shape {
        if let Some((_, shape)) = self.own.iter().rev().find(|(own, _)| own == name) {
            return shape.clone();
        }
        let at = self.at(node);
        // As it is written: `namespace` reached the parser under another name.
        let name = self.text.get(at..at + name.len()).unwrap_or(name);
        if let Some(shape) = NAMES.get(name) {
            return shape.clone();
        }
        let own = self.own.iter().map(|(own, _)| own.as_str()).filter(|own| !own.starts_with('@'));
        let hint = near(name, NAMES.keys().copied().chain(own));
        self.wrong(at, wrong(format!("unknown name `{name}`")).hint(hint));
        Shape::Any
    }

    fn select(&mut self, node: &IdedExpr, SelectExpr { operand, field, test }: &SelectExpr) -> Shape {
        let of = self.shape(operand);
        let at = self.field(self.at(operand).max(self.begin(operand)), field);
        let shape = self.member(&of, field, operand, at.unwrap_or_else(|| self.at(node)));
        if *test { Shape::Truth } else { shape }
    }

    pub(super) fn member(&mut self, of: &Shape, name: &str, operand: &IdedExpr, at: usize) -> Shape {
        match of.member(name, &self.name(operand)) {
            Ok(shape) => shape,
            Err(mistake) => {
                self.wrong(at, mistake);
                Shape::Any
            }
        }
    }

    /// Where that field stands behind a dot, from a place on.
    fn field(&self, from: usize, field: &str) -> Option<usize> {
        let rest = self.text.get(from..)?;
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let mut places = rest.match_indices(field).map(|(at, _)| at).filter(|at| {
            rest[..*at].trim_end().ends_with(['.', '?']) && !rest[at + field.len()..].starts_with(is_word)
        });
        places.next().map(|at| from + at)
    }

    fn comprehension(&mut self, node: &IdedExpr, comprehension: &ComprehensionExpr) -> Shape {
        let ComprehensionExpr {
            iter_range,
            iter_var,
            iter_var2,
            accu_var,
            accu_init,
            loop_cond,
            loop_step,
            result,
        } = comprehension;
        let range = self.shape(iter_range);
        let element = match &range {
            Shape::List(of) => Shape::clone(of),
            Shape::Map(_) | Shape::Members(_) => Shape::Text,
            Shape::Any => Shape::Any,
            Shape::Null | Shape::Truth | Shape::Number | Shape::Text | Shape::Word(_) => {
                let name = self.name(iter_range);
                let message =
                    format!("{name} is {}, and only a list or a mapping has elements", range.said());
                self.wrong(self.at(node), message);
                Shape::Any
            }
        };
        let outside = self.own.len();
        let begun = self.shape(accu_init);
        self.own.push((iter_var.clone(), element));
        self.own.extend(iter_var2.iter().map(|name| (name.clone(), Shape::Any)));
        self.own.push((accu_var.clone(), begun));
        self.shape(loop_cond);
        let step = self.shape(loop_step);
        self.own.push((accu_var.clone(), step));
        let result = self.shape(result);
        self.own.truncate(outside);
        result
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr) -> Shape {
        let CallExpr { func_name, target, args } = call;
        match (func_name.as_str(), &args[..]) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT, args) => {
                for argument in args {
                    self.truth(argument);
                }
                Shape::Truth
            }
            (operators::CONDITIONAL, [condition, one, other]) => {
                self.truth(condition);
                let (one, other) = (self.shape(one), self.shape(other));
                if one == other { one } else { Shape::Any }
            }
            (operators::EQUALS | operators::NOT_EQUALS, [left, right]) => self.equal(node, left, right),
            (
                operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS,
                [left, right],
            ) => self.ordered(node, left, right),
            (operators::IN, [left, right]) => self.within(node, left, right),
            (operators::INDEX | operators::OPT_INDEX | operators::OPT_SELECT, [of, index]) => {
                let shape = self.index(of, index);
                if func_name == operators::INDEX { shape } else { Shape::Any }
            }
            (operators::ADD, [left, right]) => self.add(node, left, right),
            (
                operators::SUBSTRACT
                | operators::MULTIPLY
                | operators::DIVIDE
                | operators::MODULO
                | operators::NEGATE,
                args,
            ) => self.arithmetic(node, args),
            (name, args) => self.function(node, name, target.as_deref(), args),
        }
    }

    fn function(&mut self, node: &IdedExpr, name: &str, on: Option<&IdedExpr>, args: &[IdedExpr]) -> Shape {
        let shape = on.map(|on| self.shape(on));
        // `exists` and its kind name what they go through themselves: written wrongly, that name is not known.
        let known = self.wrong.len();
        let takes: Vec<_> = args.iter().map(|argument| self.shape(argument)).collect();
        let called = functions::called(name, shape.as_ref(), &takes);
        let at = on.and_then(|on| self.field(self.begin(on), name)).unwrap_or_else(|| self.begin(node));
        match called {
            Ok(function) => {
                if name == "matches" {
                    self.expression(args.last());
                }
                function.gives.clone()
            }
            Err(mistake) => {
                self.wrong.truncate(known);
                self.wrong(at, mistake);
                Shape::Any
            }
        }
    }

    /// A regular expression that is written out.
    fn expression(&mut self, argument: Option<&IdedExpr>) {
        let Some((argument, text)) = argument.and_then(|argument| Some((argument, text_of(argument)?)))
        else {
            return;
        };
        let mut context = Context::with_env(STANDARD.clone());
        context.add_variable_from_value("expression", text.to_owned());
        let tried =
            STANDARD.compile("''.matches(expression)").map(|program| program.execute(&context).is_ok());
        if tried.is_ok_and(|is_one| !is_one) {
            self.wrong(self.at(argument), "this is no regular expression".to_owned());
        }
    }
}

/// `finding.severity`, as it is written without spaces.
pub(super) fn path(node: &IdedExpr) -> Option<String> {
    match &node.expr {
        Expr::Ident(name) if name == NAMESPACE => Some("namespace".to_owned()),
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) => Some(format!("{}.{}", path(&select.operand)?, select.field)),
        _ => None,
    }
}

pub(super) fn text_of(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}
