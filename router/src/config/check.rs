//! What can be wrong in a configuration, each mistake with its place and what was expected.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use watchfire_core::action::Role;
use watchfire_core::near::near;
use watchfire_core::priority::Priority;
use watchfire_core::text::clean;
use watchfire_core::yaml::{Mistake, Node, Value, YamlError, expected, wrong};

use super::Diagnostic;
use super::attention::{self, Attention};
use super::file::{Config, HealthConfig, HttpConfig, PARTS, RouteConfig, RulesConfig, StoreConfig};
use super::http::{Taking, check_http};
use super::mistake::Mistakes;
use super::written::Written;
use super::{canary, mitigation, queues, routes, telemetry};
use crate::channel::ChannelConfig;
use crate::cluster;
use crate::evidence;
use crate::identity::AccessConfig;
use crate::oncall::OnCallConfig;

/// A configuration, and what is wrong with it; the configuration is there if nothing is.
pub(super) struct Parsed {
    pub(super) config: Option<Config>,
    pub(super) mistakes: Vec<Diagnostic>,
    /// Where each part stands.
    pub(super) written: Written,
    /// Known even where something else is wrong, so that the rules can be checked with it,
    pub(super) rules: RulesConfig,
    /// and the tokens,
    pub(super) http: HttpConfig,
    /// and the channels that are right.
    pub(super) channels: BTreeMap<String, ChannelConfig>,
}

impl Parsed {
    fn refused(mistakes: Vec<Diagnostic>, written: Written) -> Self {
        let (rules, http, channels) = Default::default();
        Self { config: None, mistakes, written, rules, http, channels }
    }
}

/// Reads the text of a configuration file, and says everything that is wrong in it. Only a text that is not
/// YAML has that one mistake.
pub(super) fn parse(name: &str, text: &str) -> Parsed {
    let mut mistakes = Mistakes { file: name, found: Vec::new() };
    let root = match Node::parse(text) {
        Ok(root) => root,
        Err(error) => {
            // Its line may hold a secret: it is not shown.
            let YamlError { place, mistake } = error;
            mistakes.add(place, "", mistake);
            return Parsed::refused(mistakes.found, Written::nothing(name));
        }
    };
    check_names(&root, &mut mistakes);
    if !(root.is_null() || matches!(root.value, Value::Mapping(_))) {
        return Parsed::refused(mistakes.found, Written::nothing(name));
    }
    // A name with nothing after it is a part left out.
    let part = |name: &str| root.get(name).filter(|part| !part.is_null());
    let queues = queues::check(part("queue"), part("queues"), &mut mistakes);
    let is_table =
        part("store").and_then(|store| store.get("dynamodb")).is_some_and(|table| !table.is_null());
    let taking = match is_table && part("queue").or_else(|| part("queues")).is_none() {
        true => Taking::Nothing,
        false => Taking::Events,
    };
    let http =
        mistakes.read_or_default("http", part("http"), |http, mistake| check_http(http, taking, mistake));
    let access = mistakes.read_or_default("access", part("access"), |access: &AccessConfig, mistake| {
        access.check(http.as_ref().map(|http| http.listen), mistake);
        if access.kubernetes.is_some() && part("cluster").is_none() {
            mistake(".kubernetes", expected("`cluster`").hint("its API server says whose tokens those are"));
        }
        let is_open = http.as_ref().is_none_or(|http| http.public_url.is_some());
        if access.oidc.is_some() && !is_open {
            mistake(".oidc", expected("`http.public_url`").hint("the provider sends people back there"));
        }
    });
    let health = mistakes.read_or_default("health", part("health"), |health: &HealthConfig, mistake| {
        if http.as_ref().is_some_and(|http| collide(http.listen, health.listen)) {
            mistake(".listen", expected("another address than http.listen").found(health.listen.to_string()));
        }
    });
    let store = mistakes.read_or_default("store", part("store"), check_store);
    let evidence = part("evidence").map(|part| mistakes.read("evidence", part, evidence::Config::check));
    let rules = mistakes.read_or_default("rules", part("rules"), |_, _| {});
    let cluster = part("cluster").map(|cluster| mistakes.read("cluster", cluster, check_cluster));
    let (known, mut channels) = check_channels(part("channels"), &mut mistakes);
    let business = mistakes.read_or_default("business", part("business"), |_, _| {});
    let (routes, tree) = routes::check(part("routes"), &known, &channels, business.as_ref(), &mut mistakes);
    routes::word(&mut channels, &routes, &tree);
    let fallback_after_seconds = match part("fallback_after_seconds") {
        Some(seconds) => mistakes.read("fallback_after_seconds", seconds, check_at_least_one),
        None => Some(60),
    };
    let repeat_after_minutes = check_repeats(part("repeat_after_minutes"), &mut mistakes);
    let noise = mistakes.read_or_default("noise", part("noise"), |_, _| {});
    let attention = attention::check(part, &known, &channels, &mut mistakes);
    let Attention { digest, health_report, escalation, security_hub, changes } = attention;
    let oncall = part("oncall").map(|part| mistakes.read("oncall", part, OnCallConfig::check));
    let triage = attention::check_triage(part("triage"), &known, &channels, &mut mistakes);
    let canary = canary::check(part("canary"), taking, &known, &mut mistakes);
    let is_asked = cluster.as_ref().and_then(Option::as_ref).map(|cluster| cluster.look_up);
    let watch = check_watch(part("watch"), part("cluster"), is_asked, taking, &mut mistakes);
    let mitigation = mistakes.read_or_default("mitigation", part("mitigation"), mitigation::check);
    let telemetry = mistakes.read_or_default("telemetry", part("telemetry"), telemetry::check);
    let require_fips = mistakes.read_or_default("require_fips", part("require_fips"), |_, _| {});
    if let (Some(mitigation), Some(part)) = (&mitigation, part("mitigation")) {
        for needed in mitigation::needs(mitigation) {
            if root.get(needed).is_none_or(Node::is_null) {
                let mistake = expected(format!("`{needed}`")).hint("something may be done to the cluster");
                mistakes.add(Some(part.place()), "mitigation", mistake);
            }
        }
    }
    let Mistakes { file: _, found: mistakes } = mistakes;
    let known = (rules.clone().unwrap_or_default(), http.clone().unwrap_or_default(), channels.clone());
    let ours = (telemetry, require_fips, access);
    let parts = (http, health, store, rules, fallback_after_seconds, noise, business, mitigation, ours);
    let config = match (parts, mistakes.is_empty()) {
        (
            (
                Some(http),
                Some(health),
                Some(store),
                Some(rules),
                Some(fallback_after_seconds),
                Some(noise),
                Some(business),
                Some(mitigation),
                (Some(telemetry), Some(require_fips), Some(access)),
            ),
            true,
        ) => {
            let (cluster, evidence, oncall) = (cluster.flatten(), evidence.flatten(), oncall.flatten());
            Some(Config {
                queues,
                http,
                access,
                health,
                store,
                evidence,
                rules,
                cluster,
                channels,
                routes,
                tree,
                fallback_after_seconds,
                repeat_after_minutes,
                noise,
                business,
                digest,
                health_report,
                escalation,
                oncall,
                triage,
                security_hub,
                changes,
                canary,
                watch,
                mitigation,
                telemetry,
                require_fips,
            })
        }
        _ => None,
    };
    let (rules, http, channels) = known;
    Parsed { config, mistakes, written: Written::new(name, root), rules, http, channels }
}

fn check_names(root: &Node, mistakes: &mut Mistakes<'_>) {
    let parts = PARTS.join(", ");
    let filled = Some(root).filter(|root| !root.is_null());
    for (name, part) in mistakes.members("", filled, &parts) {
        if !PARTS.contains(&name.as_str()) {
            let meant = near(name, PARTS.into_iter());
            mistakes.add(Some(part.name_place()), name, wrong("no such part").hint(meant));
        }
    }
}

pub(super) fn check_in_flight(in_flight: u16, mistake: &mut dyn FnMut(&str, Mistake)) {
    if !(1..=10_000).contains(&in_flight) {
        mistake(".in_flight", expected("1 to 10000").found(in_flight.to_string()));
    }
}

fn check_store(store: &StoreConfig, mistake: &mut dyn FnMut(&str, Mistake)) {
    let StoreConfig { path, dynamodb, keep_days, if_damaged: _ } = store;
    if let Some(dynamodb) = dynamodb {
        dynamodb.check(&mut |member, message| mistake(&format!(".dynamodb{member}"), message));
    }
    if *keep_days == 0 {
        mistake(".keep_days", expected("at least 1").found("0"));
    }
    if path.as_os_str().is_empty() {
        mistake(".path", expected("a file").found("nothing"));
    }
}

fn check_cluster(cluster: &cluster::Config, mistake: &mut dyn FnMut(&str, Mistake)) {
    let cluster::Config {
        name: _,
        alias,
        arn: _,
        vpc_id: _,
        access,
        look_up: _,
        annotations,
        deadline_ms,
        urgent_deadline_ms,
    } = cluster;
    if let Err(wrong) = cluster.identity() {
        mistake("", wrong);
    }
    if let Some(alias) = alias.as_ref().filter(|alias| clean(alias, 32) != **alias || alias.is_empty()) {
        let characters = expected("1 to 32 characters that can be shown in a line");
        mistake(".alias", characters.found(format!("`{}`", clean(alias, 60))));
    }
    if let cluster::Access::Eks(cluster::EksAccess { endpoint, certificate_authority: _ }) = access
        && !endpoint.starts_with("https://")
    {
        mistake(".access", expected("an https:// endpoint").found(format!("`{endpoint}`")));
    }
    for name in annotations.iter().filter(|name| name.trim_end_matches('*').contains('*')) {
        mistake(".annotations", expected("`*` at the end only").found(format!("`{name}`")));
    }
    for (member, milliseconds) in [(".deadline_ms", deadline_ms), (".urgent_deadline_ms", urgent_deadline_ms)]
    {
        if !(1..=30_000).contains(milliseconds) {
            mistake(member, expected("1 to 30000").found(milliseconds.to_string()));
        }
    }
}

/// The part `watch`, where it is written and right.
fn check_watch(
    part: Option<&Node>,
    cluster: Option<&Node>,
    look_up: Option<cluster::LookUp>,
    taking: Taking,
    mistakes: &mut Mistakes<'_>,
) -> Option<cluster::WatchConfig> {
    mistakes.read("watch", part?, |watch: &cluster::WatchConfig, mistake| {
        watch.check(mistake);
        if cluster.is_none() {
            mistake("", expected("`cluster`").hint("there is nothing to watch"));
        }
        if look_up == Some(cluster::LookUp::Each) {
            mistake(
                "",
                expected("`cluster.look_up: watch`").hint("what is asked for each event is not followed"),
            );
        }
        if taking == Taking::Nothing {
            let hint =
                "what the watch tells comes in where events do, which is SQS where the store is a table";
            mistake("", expected("`queue` beside `store.dynamodb`").hint(hint));
        }
    })
}

/// Whether only one can listen there. A port of 0 is whichever is free.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let is_any = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && one.port() != 0 && (one.ip() == other.ip() || is_any)
}

fn check_at_least_one(number: &u32, mistake: &mut dyn FnMut(&str, Mistake)) {
    if *number == 0 {
        mistake("", expected("at least 1").found("0"));
    }
}

/// The names of all channels, and the channels that are right.
fn check_channels(
    part: Option<&Node>,
    mistakes: &mut Mistakes<'_>,
) -> (Vec<String>, BTreeMap<String, ChannelConfig>) {
    if part.is_none_or(|part| part.value == Value::Mapping(Vec::new())) {
        mistakes.add(part.map(Node::place), "channels", expected("at least one channel").found("none"));
    }
    let members = mistakes.members("channels", part, "names and channels");
    let known = members.iter().map(|(name, _)| name.clone()).collect();
    let channels = members.iter().filter_map(|(name, channel)| {
        Some((name.clone(), mistakes.read(&format!("channels.{name}"), channel, ChannelConfig::check)?))
    });
    (known, channels.collect())
}

fn check_repeats(part: Option<&Node>, mistakes: &mut Mistakes<'_>) -> BTreeMap<Priority, u32> {
    let named = mistakes.by_priority("repeat_after_minutes", part);
    let repeats = named.into_iter().filter_map(|(priority, minutes)| {
        let path = format!("repeat_after_minutes.{priority}");
        Some((priority, mistakes.read(&path, minutes, |_, _| {})?))
    });
    repeats.collect()
}

pub(super) fn check_routes(
    part: Option<&Node>,
    known: &[String],
    mistakes: &mut Mistakes<'_>,
) -> BTreeMap<Priority, RouteConfig> {
    let mut checked = BTreeMap::new();
    let routes = mistakes.by_priority_or("routes", part, &routes::OF_THE_TREE);
    let is_read = part.is_none_or(|part| matches!(part.value, Value::Mapping(_)));
    for priority in Priority::ALL {
        let path = format!("routes.{priority}");
        match routes.get(&priority) {
            Some(route) => {
                let check = |route: &RouteConfig, mistake: &mut dyn FnMut(&str, Mistake)| {
                    check_route(priority, route, known, mistake);
                };
                checked.extend(mistakes.read(&path, route, check).map(|route| (priority, route)));
            }
            None if priority.is_urgent() && is_read => {
                mistakes.add(
                    part.map(Node::place),
                    path,
                    expected("a route with at least one channel").found("none"),
                );
            }
            None => {}
        }
    }
    checked
}

/// A channel that only writes down is no way to tell anyone.
pub(super) fn check_that_routes_tell(
    part: Option<&Node>,
    routes: &BTreeMap<Priority, RouteConfig>,
    channels: &BTreeMap<String, ChannelConfig>,
    mistakes: &mut Mistakes<'_>,
) {
    for (priority, RouteConfig { to, fallback }) in routes {
        let named = to.iter().enumerate().map(|(index, channel)| (format!("to[{index}]"), channel));
        let named = named.chain(fallback.iter().map(|channel| ("fallback".to_owned(), channel)));
        for (member, channel) in named {
            if channels.get(channel).is_some_and(|channel| channel.role() != Role::Notify) {
                let path = format!("{priority}.{member}");
                let place = part.map(|part| part.at(&path).place());
                mistakes.add(place, format!("routes.{path}"), tells_nobody(channel));
            }
        }
    }
}

/// Of a name that is no channel's.
pub(super) fn unknown_channel(name: &str, known: &[String]) -> Mistake {
    expected(format!("a channel ({})", known.join(", "))).found(format!("`{name}`"))
}

/// Of a channel that only writes down, where people are to be told.
pub(super) fn tells_nobody(name: &str) -> Mistake {
    expected("a channel that tells people").found(format!("`{name}`, which writes back"))
}

fn check_route(
    priority: Priority,
    route: &RouteConfig,
    known: &[String],
    mistake: &mut dyn FnMut(&str, Mistake),
) {
    let RouteConfig { to, fallback } = route;
    if to.is_empty() && priority.is_urgent() {
        mistake(".to", expected("at least one channel").found("none"));
    }
    let named = to.iter().enumerate().map(|(index, channel)| (format!(".to[{index}]"), channel));
    for (member, channel) in named.chain(fallback.iter().map(|channel| (".fallback".to_owned(), channel))) {
        // Where there is no channel at all, that has been said.
        if !known.is_empty() && !known.contains(channel) {
            mistake(&member, unknown_channel(channel, known));
        }
    }
    let Some(fallback) = fallback else { return };
    if to.contains(fallback) {
        mistake(".fallback", expected("a channel that is not in `to`").found(format!("`{fallback}`")));
    }
    if !priority.is_urgent() {
        mistake(".fallback", expected("none").hint("only P0 and P1 fall back"));
    }
}
