//! What the API server answers when it refuses: a `Status`, word for word as the real one puts it.

use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use serde_json::{Map, Value, json};

use super::kind::Kind;

/// A refusal: its code, and the fields of its `Status`.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The HTTP status.
    pub code: u16,
    /// The machine-readable word; empty where the real server leaves it out.
    pub reason: String,
    /// The human-readable sentence.
    pub message: String,
    /// `details`, where there are any.
    pub details: Option<Value>,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
}

impl Failure {
    /// Without details.
    pub fn new(code: u16, reason: &str, message: impl Into<String>) -> Self {
        let (reason, message) = (reason.to_owned(), message.into());
        Failure { code, reason, message, details: None, retry_after: None }
    }

    pub(crate) fn with(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 401: the token is nobody's.
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    pub(crate) fn not_found(kind: &Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", kind.resource());
        Self::new(404, "NotFound", message).with(details(kind, name, &kind.plural))
    }

    /// 404 for a path that no resource has.
    pub(crate) fn no_resource() -> Self {
        let message = "the server could not find the requested resource";
        Self::new(404, "NotFound", message).with(json!({}))
    }

    pub(crate) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message).with(json!({}))
    }

    pub(crate) fn already_exists(kind: &Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", kind.resource());
        Self::new(409, "AlreadyExists", message).with(details(kind, name, &kind.plural))
    }

    /// 409: someone else wrote in between.
    pub(crate) fn modified(kind: &Kind, name: &str) -> Self {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(kind, name, why)
    }

    pub(crate) fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.resource());
        Self::new(409, "Conflict", message).with(details(kind, name, &kind.plural))
    }

    /// 409 of a delete's precondition, which names the kind and not the resource.
    pub(crate) fn precondition(kind: &Kind, name: &str, what: &str, given: &str, have: &str) -> Self {
        let mut message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": the {what} in the precondition ({given}) does not \
             match the {what} in record ({have}). The object might have been ",
            kind.qualified()
        );
        message.push_str(if what == "UID" { "deleted and then recreated" } else { "modified" });
        Self::new(409, "Conflict", message).with(details(kind, name, &kind.kind))
    }

    pub(crate) fn unsupported_media_type() -> Self {
        Self::new(415, "UnsupportedMediaType", "415: Unsupported Media Type").with(json!({}))
    }

    /// 422 where the JSON patch does not apply, `test` included.
    pub(crate) fn patch_does_not_apply() -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self::new(422, "Invalid", message).with(json!({}))
    }

    /// 422 with a cause for each field; `causes` is not empty.
    pub(crate) fn invalid(kind: &Kind, name: &str, causes: &[Cause]) -> Self {
        let said: Vec<String> = causes.iter().map(|c| format!("{}: {}", c.field, c.message)).collect();
        let all = match said.as_slice() {
            [one] => one.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        let message = format!("{} \"{name}\" is invalid: {all}", kind.qualified());
        let mut about = details(kind, name, &kind.kind);
        about["causes"] = causes.iter().map(Cause::json).collect();
        Self::new(422, "Invalid", message).with(about)
    }

    /// 403 in the authorizer's words.
    pub(crate) fn forbidden(message: String, name: Option<&str>, group: &str, resource: &str) -> Self {
        let mut about = Map::new();
        if let Some(name) = name {
            about.insert("name".to_owned(), name.into());
        }
        if !group.is_empty() {
            about.insert("group".to_owned(), group.into());
        }
        about.insert("kind".to_owned(), resource.into());
        Self::new(403, "Forbidden", message).with(about.into())
    }

    /// 410 in the words of a watch that starts too early.
    pub fn expired(wanted: u64, oldest: u64) -> Self {
        Self::new(410, "Expired", format!("too old resource version: {wanted} ({oldest})"))
    }

    /// 429 as priority and fairness, or an overloaded server, answers.
    pub fn too_many_requests(retry_after: u64) -> Self {
        let message = "too many requests, please try again later";
        let mut failure = Self::new(429, "TooManyRequests", message);
        failure.details = Some(json!({"retryAfterSeconds": retry_after}));
        failure.retry_after = Some(retry_after);
        failure
    }

    /// The refusal that the real server gives with that code, for faults on demand.
    pub fn of_code(code: u16, retry_after: Option<u64>) -> Self {
        let (reason, message) = match code {
            401 => return Self::unauthorized(),
            429 => return Self::too_many_requests(retry_after.unwrap_or(1)),
            403 => ("Forbidden", "forbidden"),
            404 => ("NotFound", "the server could not find the requested resource"),
            409 => (
                "Conflict",
                "the object has been modified; please apply your changes to the latest version and try again",
            ),
            410 => ("Expired", "The resourceVersion for the provided watch is too old."),
            500 => ("InternalError", "Internal error occurred: etcdserver: request timed out"),
            503 => ("ServiceUnavailable", "the server is currently unable to handle the request"),
            504 => ("Timeout", "Timeout: request did not complete within the allotted timeout"),
            _ => ("", "the server answered as the test told it to"),
        };
        let mut failure = Self::new(code, reason, message);
        failure.retry_after = retry_after;
        failure
    }

    /// The body.
    pub fn status(&self) -> Value {
        let mut status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.code});
        if !self.reason.is_empty() {
            status["reason"] = self.reason.clone().into();
        }
        if let Some(details) = &self.details {
            status["details"] = details.clone();
        }
        status
    }

    /// The whole answer.
    pub fn response(&self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.status().to_string()));
        *response.status_mut() = self.code.try_into().expect("codes here are HTTP codes");
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// One field that is wrong, and how.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cause {
    reason: &'static str,
    message: String,
    field: String,
}

impl Cause {
    pub(crate) fn invalid(field: &str, value: &Value, why: &str) -> Self {
        let message = format!("Invalid value: {value}: {why}");
        Cause { reason: "FieldValueInvalid", message, field: field.to_owned() }
    }

    pub(crate) fn required(field: &str, why: &str) -> Self {
        let message =
            if why.is_empty() { "Required value".to_owned() } else { format!("Required value: {why}") };
        Cause { reason: "FieldValueRequired", message, field: field.to_owned() }
    }

    pub(crate) fn forbidden(field: &str, why: &str) -> Self {
        Cause { reason: "FieldValueForbidden", message: format!("Forbidden: {why}"), field: field.to_owned() }
    }

    pub(crate) fn too_long(field: &str, why: &str) -> Self {
        Cause { reason: "FieldValueTooLong", message: format!("Too long: {why}"), field: field.to_owned() }
    }

    fn json(&self) -> Value {
        json!({"reason": self.reason, "message": self.message, "field": self.field})
    }
}

fn details(kind: &Kind, name: &str, called: &str) -> Value {
    match kind.group.as_str() {
        "" => json!({"name": name, "kind": called}),
        group => json!({"name": name, "group": group, "kind": called}),
    }
}
