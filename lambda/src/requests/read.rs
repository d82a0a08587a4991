//! A request as it is handed over: in payload format 2.0 by function URLs and HTTP APIs, in 1.0 by REST APIs.

use std::collections::BTreeMap;

use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

/// A request, whichever format it came in.
#[derive(Debug)]
pub struct Request {
    pub(super) method: String,
    pub(super) uri: String,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
    pub(super) is_base64_encoded: bool,
    /// The ARN of whoever has signed it, where IAM has looked at the signature.
    pub(super) signed_by: Option<String>,
}

/// Format 1.0, as far as it is read. What there is none of is null.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Version1 {
    http_method: String,
    path: Option<String>,
    headers: Option<BTreeMap<String, Option<String>>>,
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    query_string_parameters: Option<BTreeMap<String, Option<String>>>,
    multi_value_query_string_parameters: Option<BTreeMap<String, Vec<String>>>,
    request_context: Context,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Debug, Deserialize)]
struct Context {
    identity: Option<Identity>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    user_arn: Option<String>,
}

impl Request {
    pub(crate) fn of_version_2(request: LambdaFunctionUrlRequest) -> Self {
        let LambdaFunctionUrlRequest {
            raw_path,
            raw_query_string,
            headers,
            request_context,
            body,
            is_base64_encoded,
            ..
        } = request;
        let query = raw_query_string.filter(|query| !query.is_empty());
        let path = raw_path.unwrap_or_default();
        let iam = request_context.authorizer.and_then(|authorizer| authorizer.iam);
        Self {
            method: request_context.http.method.unwrap_or_default(),
            uri: query.map_or(path.clone(), |query| format!("{path}?{query}")),
            headers,
            body: body.unwrap_or_default(),
            is_base64_encoded,
            signed_by: iam.and_then(|iam| iam.user_arn),
        }
    }

    pub(crate) fn of_version_1(request: Version1) -> Self {
        let Version1 {
            http_method: method,
            path,
            headers,
            multi_value_headers,
            query_string_parameters,
            multi_value_query_string_parameters,
            request_context: Context { identity },
            body,
            is_base64_encoded,
        } = request;
        let query = all(multi_value_query_string_parameters, query_string_parameters);
        // They come decoded.
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let path = path.unwrap_or_default();
        let header = |(name, value): (String, String)| {
            Some((name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?))
        };
        let mut named = HeaderMap::new();
        for (name, value) in all(multi_value_headers, headers).into_iter().filter_map(header) {
            named.append(name, value);
        }
        Self {
            method,
            uri: if query.is_empty() { path } else { format!("{path}?{query}") },
            headers: named,
            body: body.unwrap_or_default(),
            is_base64_encoded,
            signed_by: identity.and_then(|identity| identity.user_arn),
        }
    }
}

/// Every value of every name; those with one value each where the others are not told.
fn all(
    several: Option<BTreeMap<String, Vec<String>>>,
    each: Option<BTreeMap<String, Option<String>>>,
) -> Vec<(String, String)> {
    match several {
        Some(several) => {
            let pairs = |(name, values): (String, Vec<String>)| {
                values.into_iter().map(move |value| (name.clone(), value))
            };
            several.into_iter().flat_map(pairs).collect()
        }
        None => {
            let pair = |(name, value): (String, Option<String>)| Some((name, value?));
            each.unwrap_or_default().into_iter().filter_map(pair).collect()
        }
    }
}
