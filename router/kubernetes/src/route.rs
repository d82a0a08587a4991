//! What a request is about, read from its method, path and query alone, as the real server's filters do.

use axum::http::Method;

/// The words the authorizer judges by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub verb: String,
    /// API group; empty for the core.
    pub group: String,
    /// API version.
    pub version: String,
    /// Empty for what is not in a namespace, and for all namespaces.
    pub namespace: String,
    /// Plural; empty where the path is not a resource's.
    pub resource: String,
    /// Empty where there is none.
    pub subresource: String,
    /// Empty where there is none.
    pub name: String,
    /// The path as it came.
    pub path: String,
}

impl Attributes {
    /// Reads them.
    pub fn read(method: &Method, path: &str, query: &Query) -> Attributes {
        let mut attributes = Attributes { path: path.to_owned(), ..Attributes::default() };
        let decoded: Vec<String> = path.split('/').filter(|s| !s.is_empty()).map(decode).collect();
        let parts: Vec<&str> = decoded.iter().map(String::as_str).collect();
        let rest = match parts.as_slice() {
            ["api", version, rest @ ..] if !rest.is_empty() => {
                attributes.version = (*version).to_owned();
                rest
            }
            ["apis", group, version, rest @ ..] if !rest.is_empty() => {
                attributes.group = (*group).to_owned();
                attributes.version = (*version).to_owned();
                rest
            }
            _ => {
                attributes.verb = method.as_str().to_lowercase();
                return attributes;
            }
        };
        let rest = match rest {
            ["namespaces", namespace, rest @ ..]
                if !rest.is_empty() && !matches!(rest, ["status" | "finalize"]) =>
            {
                attributes.namespace = (*namespace).to_owned();
                rest
            }
            ["namespaces", namespace, ..] => {
                attributes.namespace = (*namespace).to_owned();
                rest
            }
            rest => rest,
        };
        let part = |index: usize| rest.get(index).map(|part| (*part).to_owned()).unwrap_or_default();
        (attributes.resource, attributes.name, attributes.subresource) = (part(0), part(1), part(2));
        let named = !attributes.name.is_empty();
        attributes.verb = match *method {
            Method::GET | Method::HEAD if query.is("watch") => "watch",
            Method::GET | Method::HEAD if named => "get",
            Method::GET | Method::HEAD => "list",
            Method::POST => "create",
            Method::PUT => "update",
            Method::PATCH => "patch",
            Method::DELETE if named => "delete",
            Method::DELETE => "deletecollection",
            _ => "",
        }
        .to_owned();
        attributes
    }

    /// `pods/log`.
    pub fn full_resource(&self) -> String {
        match self.subresource.as_str() {
            "" => self.resource.clone(),
            subresource => format!("{}/{subresource}", self.resource),
        }
    }
}

/// The part of a URL behind the question mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads it.
    pub fn parse(text: &str) -> Query {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")))
        });
        Query(pairs.collect())
    }

    /// The first value of that name that is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(have, value)| have == name && !value.is_empty());
        found.next().map(|(_, value)| value.as_str())
    }

    /// Whether that is switched on.
    pub fn is(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
    }

    /// That number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.get(name).and_then(|value| value.parse().ok())
    }
}

fn decode(text: &str) -> String {
    let (mut bytes, mut out) = (text.bytes(), Vec::with_capacity(text.len()));
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let pair: Vec<u8> = bytes.by_ref().take(2).collect();
        match std::str::from_utf8(&pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(decoded) => out.push(decoded),
            None => out.push(b'%'),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
