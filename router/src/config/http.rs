//! What can be wrong about the HTTP address, its names and its tokens.

use std::net::IpAddr;

use watchfire_core::yaml::{Mistake, expected};

use super::check::check_in_flight;
use super::file::HttpConfig;
use crate::identity::{LEAST_CHARACTERS, without_port};
use crate::secret::{Secret, SecretUse};

/// What is wrong about a token, with the member of `http` that it is wrong of.
type Wrong = (&'static str, Mistake);

/// Whether there is a queue for events that come by HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taking {
    Events,
    /// The store is a table, and no queue of SQS is named.
    Nothing,
}

pub(super) fn check_http(http: &HttpConfig, taking: Taking, mistake: &mut dyn FnMut(&str, Mistake)) {
    let HttpConfig { listen, token, operator_token, public_url, in_flight, hosts, connections, bodies_mib } =
        http;
    if let Some(wrong) = public_url.as_deref().and_then(wrong_url) {
        mistake(".public_url", wrong);
    }
    match taking {
        Taking::Events if token.is_none() && !listen.ip().is_loopback() => {
            mistake(".token", expected("a token").hint(format!("{listen} is not a loopback address")));
        }
        Taking::Nothing if token.is_some() => mistake(
            ".token",
            expected("`queue` beside `store.dynamodb`").hint(
                "who shows this token sends events, which go to SQS where the store is a table: name the queue, \
                 or leave the token out and send events to SQS",
            ),
        ),
        Taking::Events | Taking::Nothing => {}
    }
    check_in_flight(*in_flight, mistake);
    for (index, host) in hosts.iter().enumerate() {
        if without_port(host) != Some(host) && host.parse::<IpAddr>().is_err() {
            let name = expected("a name or an address, without scheme and port").found(format!("`{host}`"));
            mistake(&format!(".hosts[{index}]"), name);
        }
    }
    if !(1..=10_000).contains(connections) {
        mistake(".connections", expected("1 to 10000").found(connections.to_string()));
    }
    if !(16..=4_096).contains(bodies_mib) {
        mistake(".bodies_mib", expected("16 to 4096").found(bodies_mib.to_string()));
    }
    // What they are is looked at when they are known.
    if token.is_some() && token == operator_token {
        mistake(".operator_token", another());
    }
}

/// What is wrong about an address that pages are to lead to. It is shown to whoever gets a page: it has no secret in it.
fn wrong_url(url: &str) -> Option<Mistake> {
    let address = expected("an address such as https://watchfire.example.com");
    match url.parse::<axum::http::Uri>() {
        Ok(uri) if uri.scheme_str() != Some("https") => Some(address.hint("pages link to https only")),
        Ok(uri) if uri.authority().is_none_or(|authority| authority.as_str().contains('@')) => {
            Some(address.hint("it has a host, and neither user nor password"))
        }
        Ok(uri) if uri.query().is_some() || url.contains('#') => {
            Some(address.hint("it has neither query nor fragment"))
        }
        Ok(_) => None,
        Err(_) => Some(address),
    }
}

fn another() -> Mistake {
    expected("another secret than http.token").hint("who may send an alert may not contain or release")
}

/// What is wrong about the tokens, as far as they are known. Nothing of them is said.
pub(super) fn wrong_tokens(token: Option<&Secret>, operator_token: Option<&Secret>) -> Vec<Wrong> {
    let named = [("token", token), ("operator_token", operator_token)];
    let each = named.into_iter().filter_map(|(member, token)| Some((member, wrong_token(token?)?)));
    let same = (token.is_some() && token == operator_token).then(|| ("operator_token", another()));
    each.chain(same).collect()
}

impl HttpConfig {
    /// By which names it is asked: those that are listed, and that which pages lead to.
    pub(crate) fn names(&self) -> Vec<String> {
        let url = self.public_url.as_deref().and_then(|url| url.parse::<axum::http::Uri>().ok());
        let public = url.as_ref().and_then(|url| url.host()).map(str::to_owned);
        self.hosts.iter().cloned().chain(public).collect()
    }

    /// The tokens.
    pub(super) fn secrets(&mut self) -> Vec<SecretUse<'_>> {
        fn fits(token: &Secret) -> Result<(), Mistake> {
            wrong_token(token).map_or(Ok(()), Err)
        }
        let HttpConfig { token, operator_token, .. } = self;
        let tokens = [(".token", token), (".operator_token", operator_token)];
        let used = tokens.into_iter().filter_map(|(path, source)| Some((path, source.as_mut()?)));
        used.map(|(path, source)| SecretUse { path: path.to_owned(), source, fits }).collect()
    }
}

fn wrong_token(token: &Secret) -> Option<Mistake> {
    let token = token.expose();
    let token = token.as_str();
    if token.chars().count() < LEAST_CHARACTERS {
        return Some(expected("a secret of at least 16 characters").found("a shorter one"));
    }
    let is_shown_as_it_is = token.trim() == token && !token.chars().any(char::is_control);
    let fit = || expected("a secret that a header can carry").hint("no spaces around it, no line ends");
    (!is_shown_as_it_is).then(fit)
}
