//! What is asked of AWS, in the service's own protocol.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// What stands for itself in an address that is signed is a letter, a digit or one of `-._~`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// In a key, what is between slashes.
const ENCODED_IN_KEYS: &AsciiSet = &ENCODED.remove(b'/');

/// What is asked, in one of AWS's protocols.
#[derive(Clone, Debug)]
pub(crate) enum Ask<'a> {
    /// AWS Query: a form, answered in XML.
    Query {
        /// `Action`.
        action: &'a str,
        /// `Version`.
        version: &'a str,
        /// What else is in the form.
        fields: &'a [(&'a str, &'a str)],
    },
    /// AWS JSON 1.1: the operation is in `X-Amz-Target`.
    Json {
        /// `X-Amz-Target`.
        target: &'a str,
        /// What is sent.
        body: &'a Value,
    },
    /// AWS JSON 1.0, which is the same by another name.
    Json10 {
        /// `X-Amz-Target`.
        target: &'a str,
        /// What is sent.
        body: &'a Value,
    },
    /// AWS REST JSON: the operation is in method and path.
    Rest {
        /// The method.
        method: Method,
        /// From `/` on, encoded, with what is asked after it.
        path: &'a str,
        /// What is sent; nothing for null.
        body: &'a Value,
    },
    /// S3: the operation is in all of it; answered in bytes or in XML.
    Object {
        /// The method.
        method: Method,
        /// As it is, not encoded; empty for the bucket.
        key: &'a str,
        /// As it is, not encoded.
        query: &'a [(&'a str, &'a str)],
        /// In lower case.
        headers: &'a [(&'a str, &'a str)],
        /// What is sent.
        body: Bytes,
    },
}

impl Ask<'_> {
    pub(super) fn method(&self) -> Method {
        match self {
            Ask::Query { .. } | Ask::Json { .. } | Ask::Json10 { .. } => Method::POST,
            Ask::Rest { method, .. } | Ask::Object { method, .. } => method.clone(),
        }
    }

    /// From `/` on, with what is after it.
    pub(super) fn path(&self) -> Cow<'_, str> {
        match self {
            Ask::Query { .. } | Ask::Json { .. } | Ask::Json10 { .. } => "/".into(),
            Ask::Rest { path, .. } => (*path).into(),
            Ask::Object { key, query, .. } => {
                let mut path = format!("/{}", utf8_percent_encode(key, ENCODED_IN_KEYS));
                for (index, (name, value)) in query.iter().enumerate() {
                    let [name, value] = [name, value].map(|text| utf8_percent_encode(text, ENCODED));
                    path.push_str(&format!("{}{name}={value}", if index == 0 { '?' } else { '&' }));
                }
                path.into()
            }
        }
    }

    pub(super) fn headers(&self) -> Vec<(&str, &str)> {
        let kind = |kind| (CONTENT_TYPE.as_str(), kind);
        match self {
            Ask::Query { .. } => vec![kind("application/x-www-form-urlencoded")],
            Ask::Json { target, .. } => vec![kind("application/x-amz-json-1.1"), ("x-amz-target", target)],
            Ask::Json10 { target, .. } => vec![kind("application/x-amz-json-1.0"), ("x-amz-target", target)],
            Ask::Rest { .. } => vec![kind("application/json")],
            Ask::Object { headers, .. } => headers.to_vec(),
        }
    }

    pub(super) fn bytes(&self) -> Bytes {
        match self {
            Ask::Query { action, version, fields } => {
                let mut form = form_urlencoded::Serializer::new(String::new());
                form.append_pair("Action", action).append_pair("Version", version);
                form.extend_pairs(fields.iter()).finish().into()
            }
            Ask::Rest { body: Value::Null, .. } => Bytes::new(),
            Ask::Json { body, .. } | Ask::Json10 { body, .. } | Ask::Rest { body, .. } => {
                body.to_string().into()
            }
            Ask::Object { body, .. } => body.clone(),
        }
    }
}
