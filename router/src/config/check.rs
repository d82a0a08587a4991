//! What can be wrong in a configuration, each mistake with its place and what was expected.

use std::fmt;

use jiff::SignedDuration;
use serde_saphyr::Spanned;
use watchfire_core::ids::ChannelName;
use watchfire_core::policy::{Policy, RepeatAfter, Route, Routes};
use watchfire_core::priority::Priority;
use watchfire_core::rules::{RuleError, RuleFile, RuleSet};

use super::file::{Config, RouteConfig};

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
        let Self { file, line, path, message } = self;
        RuleError { file: file.clone(), line: *line, path: path.clone(), message: message.clone() }.fmt(out)
    }
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
}

fn line<T>(at: &Spanned<T>) -> Option<u64> {
    Some(at.referenced.line()).filter(|line| *line > 0)
}

impl Config {
    /// Reads the text of a configuration file, and says what is wrong in it.
    ///
    /// # Errors
    /// The one mistake of a text that is not YAML or not of this shape.
    pub fn parse(name: &str, text: &str) -> Result<(Config, Vec<Mistake>), Mistake> {
        let options = serde_saphyr::options! { with_snippet: false };
        let config: Config = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let line = error.location().map(|location| location.line());
            Mistake { file: name.to_owned(), line, path: String::new(), message: error.to_string() }
        })?;
        let mut mistakes = Mistakes { file: name, found: Vec::new() };
        config.check(&mut mistakes);
        let found = mistakes.found;
        Ok((config, found))
    }

    fn check(&self, mistakes: &mut Mistakes<'_>) {
        let Config {
            queue,
            http,
            health: _,
            store,
            rules: _,
            channels,
            routes,
            fallback_after_seconds,
            repeat_after_minutes: _,
        } = self;
        if let Some(queue) = queue {
            if !(queue.url.value.starts_with("https://") || queue.url.value.starts_with("http://")) {
                mistakes.add(line(&queue.url), "queue.url", "expected the queue's https:// address");
            }
            if queue.wait_seconds > 20 {
                mistakes.add(None, "queue.wait_seconds", format!("expected 0 to 20, found {}", queue.wait_seconds));
            }
            if !(10..=43_200).contains(&queue.visibility_seconds) {
                let found = queue.visibility_seconds;
                mistakes.add(None, "queue.visibility_seconds", format!("expected 10 to 43200, found {found}"));
            }
            if queue.in_flight == 0 {
                mistakes.add(None, "queue.in_flight", "expected at least 1, found 0");
            }
        }
        if http.in_flight == 0 {
            mistakes.add(None, "http.in_flight", "expected at least 1, found 0");
        }
        if http.token.is_none() && !http.listen.value.ip().is_loopback() {
            let message = format!("expected a token, because {} is not a loopback address", http.listen.value);
            mistakes.add(line(&http.listen), "http.token", message);
        }
        if store.keep_days == 0 {
            mistakes.add(None, "store.keep_days", "expected at least 1, found 0");
        }
        if *fallback_after_seconds == 0 {
            mistakes.add(None, "fallback_after_seconds", "expected at least 1, found 0");
        }
        for (name, channel) in channels {
            for message in channel.value.mistakes() {
                mistakes.add(line(channel), format!("channels.{name}"), message);
            }
        }
        for priority in Priority::ALL {
            self.check_route(priority, routes.get(&priority), mistakes);
        }
    }

    fn check_route(&self, priority: Priority, route: Option<&RouteConfig>, mistakes: &mut Mistakes<'_>) {
        let path = format!("routes.{priority}");
        let Some(RouteConfig { to, fallback }) = route else {
            if priority.is_urgent() {
                mistakes.add(None, path, "expected a route with at least one channel");
            }
            return;
        };
        if to.is_empty() && priority.is_urgent() {
            mistakes.add(None, format!("{path}.to"), "expected at least one channel");
        }
        let known = self.channels.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let named = to.iter().enumerate().map(|(index, channel)| (format!("{path}.to[{index}]"), channel));
        let named = named.chain(fallback.iter().map(|channel| (format!("{path}.fallback"), channel)));
        for (path, channel) in named {
            if !self.channels.contains_key(&channel.value) {
                let message = format!("expected a channel ({known}), found `{}`", channel.value);
                mistakes.add(line(channel), path, message);
            }
        }
        if let Some(fallback) = fallback {
            if to.iter().any(|channel| channel.value == fallback.value) {
                mistakes.add(line(fallback), format!("{path}.fallback"), "expected a channel that is not in `to`");
            }
            if !priority.is_urgent() {
                mistakes.add(line(fallback), format!("{path}.fallback"), "expected none: only P0 and P1 fall back");
            }
        }
    }

    /// What deciding needs of this configuration, with the rules compiled.
    ///
    /// # Errors
    /// Every mistake in the rule files.
    pub fn policy(&self, rules: &[RuleFile]) -> Result<Policy, Vec<Mistake>> {
        let rules = RuleSet::load(rules)
            .map_err(|errors| errors.into_iter().map(Mistake::from).collect::<Vec<_>>())?;
        let mut repeat_after = RepeatAfter::default();
        for (priority, minutes) in &self.repeat_after_minutes {
            repeat_after.0[*priority as usize] = SignedDuration::from_mins((*minutes).into());
        }
        Ok(Policy {
            rules,
            routes: self.routes(),
            repeat_after,
            fallback_after_seconds: self.fallback_after_seconds,
        })
    }

    /// Who is told.
    pub fn routes(&self) -> Routes {
        let channel = |name: &Spanned<String>| ChannelName::new(name.value.clone());
        let route = |(priority, route): (&Priority, &RouteConfig)| {
            let to = route.to.iter().map(channel).collect();
            (*priority, Route { to, fallback: route.fallback.as_ref().map(channel) })
        };
        Routes::new(self.routes.iter().map(route))
    }
}
