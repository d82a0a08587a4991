//! The answers of a route, as the document has them.

use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::Generators;
use crate::api::{VERSION_HEADER, ZONE_HEADER, views};

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Unreadable,
    Token,
    Forbidden,
    Unknown,
    Slow,
    Unclear,
    NotOver,
    NoFile,
    Large,
    Type,
    Unfit,
    Unavailable,
    NotQueued,
    Closed,
}

impl Why {
    fn status(self) -> u16 {
        match self {
            Why::Unreadable => 400,
            Why::Token => 401,
            Why::Forbidden => 403,
            Why::Unknown => 404,
            Why::Slow => 408,
            Why::Unclear | Why::NotOver | Why::NoFile => 409,
            Why::Large => 413,
            Why::Type => 415,
            Why::Unfit | Why::NotQueued => 422,
            Why::Unavailable | Why::Closed => 503,
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Why::Unreadable => "What is asked cannot be read.",
            Why::Token => "The token or signature is not shown, or is another.",
            Why::Forbidden => {
                "A page of the web asks, the host is none of ours, there is no token that could be shown, or whoever asks has not \
                 the role for it."
            }
            Why::Unknown => "Nothing is known by that name.",
            Why::Slow => "The body did not come in time.",
            Why::Unclear => {
                "A name stands for several things, which are the candidates, or the id for another command."
            }
            Why::NotOver => "The incident is not over, or a name stands for several things.",
            Why::NoFile => "The worker did not read its configuration from a file.",
            Why::Large => "The body is too large.",
            Why::Type => "The body is of a type that is not taken.",
            Why::Unfit => "The body is JSON, and not of this form.",
            Why::Unavailable => "The store does not answer, or too much is held already; to be asked again.",
            Why::NotQueued => "SQS refuses those that are named, and took the others.",
            Why::Closed => {
                "Those that are named are on no queue, or there is none, or too much is held already; to be sent again."
            }
        }
    }
}

/// The answers, by their status.
#[derive(Debug, Default)]
pub(super) struct Answers(Map<String, Value>);

impl Answers {
    /// An answer of that type.
    pub(super) fn of<T: JsonSchema>(status: u16, what: &str, types: &mut Generators) -> Self {
        Self::default().and::<T>(status, what, types)
    }

    /// One more.
    pub(super) fn and<T: JsonSchema>(mut self, status: u16, what: &str, types: &mut Generators) -> Self {
        let schema = types.written.subschema_for::<T>();
        let content = json!({"application/json": {"schema": schema}});
        self.0.insert(status.to_string(), json!({"description": what, "content": content}));
        self
    }

    /// One without a body.
    pub(super) fn empty(status: u16, what: &str) -> Self {
        Self(Map::from_iter([(status.to_string(), json!({"description": what}))]))
    }

    /// What is no JSON.
    pub(super) fn file(status: u16, what: &str, kind: &str) -> Self {
        let mut answers = Self::default();
        answers.put_file(status, what, kind);
        answers
    }

    /// An answer without a body.
    pub(super) fn nothing(status: u16, what: &str) -> Self {
        let mut answers = Self::default();
        answers.0.insert(status.to_string(), json!({"description": what}));
        answers
    }

    /// One more, of a line.
    pub(super) fn and_line(mut self, status: u16, what: &str) -> Self {
        self.put_file(status, what, "text/plain; charset=utf-8");
        self
    }

    fn put_file(&mut self, status: u16, what: &str, kind: &str) {
        let content = json!({kind: {"schema": {"type": "string"}}});
        self.0.insert(status.to_string(), json!({"description": what, "content": content}));
    }

    /// Those that refuse; they are all of one form.
    pub(super) fn refused(self, reasons: &[Why], types: &mut Generators) -> Self {
        let refused =
            |answers: Self, why: &Why| answers.and::<views::Error>(why.status(), why.sentence(), types);
        reasons.iter().fold(self, refused)
    }

    /// With what is in the head of every answer to an operator.
    pub(super) fn introduced(mut self) -> Value {
        let header = |name: &str| json!({"$ref": format!("#/components/headers/{name}")});
        let headers = json!({VERSION_HEADER: header(VERSION_HEADER), ZONE_HEADER: header(ZONE_HEADER)});
        for answer in self.0.values_mut() {
            answer["headers"] = headers.clone();
        }
        self.done()
    }

    pub(super) fn done(self) -> Value {
        Value::Object(self.0)
    }
}
