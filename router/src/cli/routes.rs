//! `watchfire routes`: the tree of routes, and by which of them something goes, as `amtool config routes`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};
use watchfire_core::attributes::Attributes;
use watchfire_core::attributes::matchers;
use watchfire_core::context::Context;
use watchfire_core::event::{Event, messages, text_of};
use watchfire_core::json::Json;
use watchfire_core::policy::{DEFAULT, Interval, NestedRoute, Policy, Route, Routed};
use watchfire_core::priority::Priority;
use watchfire_core::text::clean;

use super::screen::wrapped;
use super::{Failed, Output, PolicyArguments, read_bytes, usage};

/// What `routes` does.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show the tree: what each route takes, whom it tells, and what else it says.
    Show(Show),
    /// Say by which routes an event, or what has these labels, goes, and who is told.
    Test(Test),
}

/// What `routes show` takes.
#[derive(Debug, Args)]
pub(super) struct Show {
    #[command(flatten)]
    policy: PolicyArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t = Output::Human)]
    output: Output,
}

/// What `routes test` takes.
#[derive(Debug, Args)]
pub(super) struct Test {
    /// The file of an event (`-`: standard input), or labels such as priority=P1 namespace=shop
    #[arg(value_name = "EVENT | LABEL", required = true)]
    of: Vec<String>,
    /// When; now if left out, or when the event happened
    #[arg(long, value_name = "RFC3339")]
    at: Option<Timestamp>,
    #[command(flatten)]
    policy: PolicyArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t = Output::Human)]
    output: Output,
}

pub(super) fn main(command: &Command) -> Result<(), Failed> {
    match command {
        Command::Show(arguments) => show(arguments),
        Command::Test(arguments) => test(arguments),
    }
}

fn show(Show { policy, output }: &Show) -> Result<(), Failed> {
    let policy = policy.policy()?;
    if *output == Output::Json {
        let default = Priority::ALL.map(|priority| {
            let mut route = who(&policy.routes.default_of(priority));
            route["priority"] = json!(priority);
            route
        });
        let routes: Vec<_> = policy.routes.tree().iter().map(as_json).collect();
        say!("{}", json!({"default": default, "routes": routes}));
        return Ok(());
    }
    say!("{DEFAULT}");
    for priority in Priority::ALL {
        say!("│ {priority} -> {}", told(&policy.routes.default_of(priority)));
    }
    branches(policy.routes.tree(), "")
}

/// Each route with what it says, and those below it.
fn branches(routes: &[NestedRoute], before: &str) -> Result<(), Failed> {
    for (index, route) in routes.iter().enumerate() {
        let (branch, further) = match index + 1 == routes.len() {
            true => ("└─ ", "   "),
            false => ("├─ ", "│  "),
        };
        let own = route.name.as_str().rsplit('/').next().unwrap_or_default();
        say!("{before}{branch}{own}");
        let inside = format!("{before}{further}");
        let below = if route.routes.is_empty() { "  " } else { "│ " };
        for line in said(route) {
            let width = 78_usize.saturating_sub(inside.chars().count());
            for line in in_width(&line, width) {
                say!("{inside}{below}{line}");
            }
        }
        branches(&route.routes, &inside)?;
    }
    Ok(())
}

/// In lines of that width; what goes on stands further in.
fn in_width(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last_mut().expect("there is always one");
        let is_first = last.trim().is_empty();
        if !is_first && last.chars().count() + 1 + word.chars().count() > width.saturating_sub(2) {
            lines.push(format!("  {word}"));
        } else {
            let space = if is_first { "" } else { " " };
            *last = format!("{last}{space}{word}");
        }
    }
    lines
}

/// What a route says, a line each.
fn said(route: &NestedRoute) -> Vec<String> {
    let takes = if route.matchers.is_empty() { "everything".to_owned() } else { route.matchers.join(" ") };
    let mut lines = vec![takes];
    let within = |intervals: &[Interval]| {
        let names: Vec<_> = intervals.iter().map(|interval| interval.name.as_str()).collect();
        names.join(", ")
    };
    if !route.active.is_empty() {
        lines.push(format!("only in {}", within(&route.active)));
    }
    if !route.muted.is_empty() {
        lines.push(format!("not in {}", within(&route.muted)));
    }
    lines.push(match &route.route {
        Some(route) => format!("-> {}", told(route)),
        None => format!("-> as {DEFAULT}"),
    });
    if route.goes_on {
        lines.push("continue".to_owned());
    }
    if let Some(reason) = &route.sole {
        lines.push(format!("sole: P0 goes here alone: {reason}"));
    }
    if let Some(group) = &route.group {
        let (wait, interval) = (group.group_wait.as_secs(), group.group_interval.as_mins());
        let again = group.repeat_interval.as_hours();
        let by = group.group_by.join(", ");
        lines.push(format!("group by {by}: after {wait} s, then {interval} min, again after {again} h"));
    }
    if let Some(after) = route.repeat_after {
        lines.push(format!("quiet for {} min after it was said", after.as_mins()));
    }
    for (number, step) in route.escalation.iter().enumerate() {
        let to: Vec<_> = step.to.iter().map(ToString::to_string).collect();
        let when = match number {
            0 => "when the time to respond is over".to_owned(),
            _ => format!("{} min later", step.after.as_mins()),
        };
        lines.push(format!("escalates to {} {when}", to.join(", ")));
    }
    lines
}

fn told(Route { to, fallback }: &Route) -> String {
    let to: Vec<_> = to.iter().map(ToString::to_string).collect();
    match (to.is_empty(), fallback) {
        (true, _) => "the digest".to_owned(),
        (false, None) => to.join(", "),
        (false, Some(fallback)) => format!("{}, or {fallback}", to.join(", ")),
    }
}

fn who(Route { to, fallback }: &Route) -> Value {
    json!({"to": to, "fallback": fallback})
}

fn as_json(route: &NestedRoute) -> Value {
    let names = |intervals: &[Interval]| intervals.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
    let below: Vec<_> = route.routes.iter().map(as_json).collect();
    json!({
        "name": route.name, "matchers": route.matchers, "who": route.route.as_ref().map(who),
        "active_time_intervals": names(&route.active), "mute_time_intervals": names(&route.muted),
        "continue": route.goes_on, "sole": route.sole, "group_by": route.group.as_ref().map(|it| &it.group_by),
        "repeat_after_minutes": route.repeat_after.map(|after| after.as_mins()),
        "escalation": route.escalation.iter().map(|step| &step.to).collect::<Vec<_>>(), "routes": below,
    })
}

/// What is asked about: what patterns see of it, its priority, and what it is called.
struct Asked {
    named: String,
    seen: Json<'static>,
    priority: Priority,
    at: Timestamp,
}

fn test(Test { of, at, policy, output }: &Test) -> Result<(), Failed> {
    let policy = policy.policy()?;
    let asked = match of.as_slice() {
        [file] if !file.contains('=') => events(file, *at, &policy)?,
        labels => {
            let (seen, priority) = matchers::labelled(labels).map_err(Failed::Usage)?;
            let at = at.unwrap_or_else(Timestamp::now);
            vec![Asked { named: labels.join(" "), seen, priority, at }]
        }
    };
    for asked in &asked {
        answer(asked, &policy, *output)?;
    }
    Ok(())
}

/// The events of a file, as rules classify them without a cluster.
fn events(file: &str, at: Option<Timestamp>, policy: &Policy) -> Result<Vec<Asked>, Failed> {
    let text = text_of(&read_bytes(&PathBuf::from(file))?).into_owned();
    let texts = messages(&text).map_err(|error| usage(anyhow::anyhow!("{file}: {error}")))?;
    let asked = texts.iter().map(|text| {
        let event = Event::read(text).map_err(|error| usage(anyhow::anyhow!("{file}: {error}")))?;
        let context = Context::none();
        let face = Attributes::of(&event, policy.rules.classify(&event, &context).rule, &context);
        let named = format!("{} {} ({}): {}", face.priority, face.kind, face.rule, face.subject.line());
        let at = at.or(event.time).unwrap_or_else(Timestamp::now);
        Ok(Asked { named, seen: face.json(), priority: face.priority, at })
    });
    asked.collect()
}

fn answer(asked: &Asked, policy: &Policy, output: Output) -> Result<(), Failed> {
    let Asked { named, seen, priority, at } = asked;
    let routed = policy.routes.at(seen, *priority, *at);
    let to = routed.to();
    if output == Output::Json {
        let fallbacks: Vec<_> =
            routed.fallbacks().iter().map(|(to, of)| json!({"to": to, "of": of})).collect();
        let fallbacks = if priority.is_urgent() { fallbacks } else { Vec::new() };
        say!("{}", json!({"of": named, "routes": routed.by, "to": to, "fallbacks": fallbacks}));
        return Ok(());
    }
    wrapped(0, &clean(named, 1_000), 3).iter().try_for_each(|line| super::screen::say(line))?;
    if routed.by.is_empty() {
        say!("  {DEFAULT}: there are no other routes");
    }
    for name in &routed.by {
        for line in wrapped(2, &because(name.as_str(), policy, *priority), 3) {
            say!("{line}");
        }
    }
    match to.is_empty() {
        true => say!("  -> the digest"),
        false => say!("  -> {}", to.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    }
    fallbacks(&routed, *priority)
}

fn fallbacks(routed: &Routed<'_>, priority: Priority) -> Result<(), Failed> {
    let fallbacks = if priority.is_urgent() { routed.fallbacks() } else { Vec::new() };
    for (fallback, primary) in fallbacks {
        say!("     {fallback}, where {primary} does not take it");
    }
    Ok(())
}

/// Why it goes by that route.
fn because(name: &str, policy: &Policy, priority: Priority) -> String {
    match policy.routes.each().find(|route| route.name.as_str() == name) {
        Some(route) => {
            let matchers =
                if route.matchers.is_empty() { "everything".to_owned() } else { route.matchers.join(" ") };
            format!("{name}: {matchers}")
        }
        None if priority == Priority::P0 => format!("{name}: every P0, unless a route is the sole one"),
        None => format!("{name}: no other route takes it"),
    }
}
