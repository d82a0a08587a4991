//! What can be wrong in a configuration, each mistake with its place and what was expected.

use std::collections::BTreeMap;
use std::fmt;

use watchfire_core::priority::Priority;
use watchfire_core::rules::RuleError;

use super::file::{Config, File, HttpConfig, QueueConfig, RouteConfig, RulesConfig, StoreConfig};
use super::placed::{Placed, Unfit};

/// A mistake in a configuration or rule file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file.
    pub file: String,
    /// The line, from 1, where it has one.
    pub line: Option<u64>,
    /// Where in the file, such as `routes.P0.to[1]`; may be empty.
    pub path: String,
    /// What was expected, and what was found.
    pub message: String,
}

impl Mistake {
    pub(super) fn whole(file: &str, message: String) -> Self {
        Self { file: file.to_owned(), line: None, path: String::new(), message }
    }
}

impl From<RuleError> for Mistake {
    fn from(error: RuleError) -> Self {
        let RuleError { file, line, path, message } = error;
        Self { file, line, path, message }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, path, message } = self.clone();
        RuleError { file, line, path, message }.fmt(out)
    }
}

/// A configuration, and what is wrong with it; the configuration is there if nothing is.
pub(super) struct Parsed {
    pub(super) config: Option<Config>,
    pub(super) mistakes: Vec<Mistake>,
    /// Known even where something else is wrong, so that the rules can be checked with it.
    pub(super) rules: RulesConfig,
}

struct Mistakes<'f> {
    file: &'f str,
    found: Vec<Mistake>,
}

impl Mistakes<'_> {
    fn add(&mut self, line: Option<u64>, path: impl Into<String>, message: impl Into<String>) {
        let (file, path, message) = (self.file.to_owned(), path.into(), message.into());
        self.found.push(Mistake { file, line, path, message });
    }

    /// The part, checked further, or a mistake.
    fn take<T>(
        &mut self,
        path: &str,
        part: Placed<T>,
        check: impl FnOnce(&T, &mut dyn FnMut(&str, String)),
    ) -> Option<T> {
        let Placed { line, value } = part;
        match value {
            Ok(value) => {
                check(&value, &mut |member, message| self.add(line, format!("{path}{member}"), message));
                Some(value)
            }
            Err(Unfit { path: inside, message }) => {
                let dot = if inside.is_empty() { "" } else { "." };
                self.add(line, format!("{path}{dot}{inside}"), message);
                None
            }
        }
    }
}

/// Reads the text of a configuration file, and says everything that is wrong in it. A text that is not
/// YAML, or has unknown parts, has that one mistake.
pub(super) fn parse(name: &str, text: &str) -> Parsed {
    let mut mistakes = Mistakes { file: name, found: Vec::new() };
    let options = serde_saphyr::options! { with_snippet: false };
    let file: File = match serde_saphyr::from_str_with_options(text, options) {
        Ok(file) => file,
        Err(error) => {
            mistakes.add(error.location().map(|location| location.line()), "", error.to_string());
            return Parsed { config: None, mistakes: mistakes.found, rules: RulesConfig::default() };
        }
    };
    let File {
        queue,
        http,
        health,
        store,
        rules,
        channels,
        routes,
        fallback_after_seconds,
        repeat_after_minutes,
    } = file;
    let known: Vec<String> = channels.keys().cloned().collect();
    let has_queue = queue.is_some();
    let queue = queue.and_then(|queue| mistakes.take("queue", queue, check_queue));
    let http = mistakes.take("http", http, check_http);
    let health = mistakes.take("health", health, |_, _| {});
    let store = mistakes.take("store", store, check_store);
    let rules = mistakes.take("rules", rules, |_, _| {});
    let channels: BTreeMap<_, _> = channels
        .into_iter()
        .filter_map(|(name, channel)| {
            Some((name.clone(), mistakes.take(&format!("channels.{name}"), channel, |_, _| {})?))
        })
        .collect();
    let routes = check_routes(routes, &known, &mut mistakes);
    if fallback_after_seconds == 0 {
        mistakes.add(None, "fallback_after_seconds", "expected at least 1, found 0");
    }
    let rules_config = rules.clone().unwrap_or_default();
    let config = match (http, health, store, rules, has_queue == queue.is_some() && mistakes.found.is_empty())
    {
        (Some(http), Some(health), Some(store), Some(rules), true) => {
            let (channels, routes) = (channels, routes);
            Some(Config {
                queue,
                http,
                health,
                store,
                rules,
                channels,
                routes,
                fallback_after_seconds,
                repeat_after_minutes,
            })
        }
        _ => None,
    };
    Parsed { config, mistakes: mistakes.found, rules: rules_config }
}

fn check_queue(queue: &QueueConfig, mistake: &mut dyn FnMut(&str, String)) {
    let QueueConfig { url, wait_seconds, visibility_seconds, in_flight, max_receives } = queue;
    if !(url.starts_with("https://") || url.starts_with("http://")) {
        mistake(".url", format!("expected the queue's https:// address, found `{url}`"));
    }
    if *wait_seconds > 20 {
        mistake(".wait_seconds", format!("expected 0 to 20, found {wait_seconds}"));
    }
    if !(10..=43_200).contains(visibility_seconds) {
        mistake(".visibility_seconds", format!("expected 10 to 43200, found {visibility_seconds}"));
    }
    if *max_receives == Some(0) {
        mistake(".max_receives", "expected at least 1, found 0".to_owned());
    }
    check_in_flight(*in_flight, mistake);
}

fn check_http(http: &HttpConfig, mistake: &mut dyn FnMut(&str, String)) {
    let HttpConfig { listen, token, in_flight } = http;
    if token.is_none() && !listen.ip().is_loopback() {
        mistake(".token", format!("expected a token, because {listen} is not a loopback address"));
    }
    check_in_flight(*in_flight, mistake);
}

fn check_in_flight(in_flight: u16, mistake: &mut dyn FnMut(&str, String)) {
    if !(1..=10_000).contains(&in_flight) {
        mistake(".in_flight", format!("expected 1 to 10000, found {in_flight}"));
    }
}

fn check_store(store: &StoreConfig, mistake: &mut dyn FnMut(&str, String)) {
    let StoreConfig { path: _, keep_days } = store;
    if *keep_days == 0 {
        mistake(".keep_days", "expected at least 1, found 0".to_owned());
    }
}

fn check_routes(
    mut routes: BTreeMap<Priority, Placed<RouteConfig>>,
    known: &[String],
    mistakes: &mut Mistakes<'_>,
) -> BTreeMap<Priority, RouteConfig> {
    let mut checked = BTreeMap::new();
    for priority in Priority::ALL {
        let path = format!("routes.{priority}");
        match routes.remove(&priority) {
            Some(route) => {
                let check = |route: &RouteConfig, mistake: &mut dyn FnMut(&str, String)| {
                    check_route(priority, route, known, mistake);
                };
                checked.extend(mistakes.take(&path, route, check).map(|route| (priority, route)));
            }
            None if priority.is_urgent() => {
                mistakes.add(None, path, "expected a route with at least one channel");
            }
            None => {}
        }
    }
    checked
}

fn check_route(
    priority: Priority,
    route: &RouteConfig,
    known: &[String],
    mistake: &mut dyn FnMut(&str, String),
) {
    let RouteConfig { to, fallback } = route;
    if to.is_empty() && priority.is_urgent() {
        mistake(".to", "expected at least one channel".to_owned());
    }
    let named = to.iter().enumerate().map(|(index, channel)| (format!(".to[{index}]"), channel));
    for (member, channel) in named.chain(fallback.iter().map(|channel| (".fallback".to_owned(), channel))) {
        if !known.contains(channel) {
            mistake(&member, format!("expected a channel ({}), found `{channel}`", known.join(", ")));
        }
    }
    let Some(fallback) = fallback else { return };
    if to.contains(fallback) {
        mistake(".fallback", format!("expected a channel that is not in `to`, found `{fallback}`"));
    }
    if !priority.is_urgent() {
        mistake(".fallback", "expected none: only P0 and P1 fall back".to_owned());
    }
}
