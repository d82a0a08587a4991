//! Which routes something goes by, and what can be told of a tree without any event.

use super::*;
use crate::builders::at;
use crate::yaml::Node;

fn read(yaml: &str) -> TreeConfig {
    Node::parse(yaml).expect("YAML").read().expect("a tree")
}

fn channels(names: &[&str]) -> Vec<ChannelName> {
    names.iter().map(|name| ChannelName::new(*name)).collect()
}

fn routes(yaml: &str) -> Routes {
    let default = Route { to: channels(&["oncall"]), fallback: Some(ChannelName::new("backup")) };
    let root = Priority::ALL.into_iter().take(3).map(|priority| (priority, default.clone()));
    Routes::new(root).with(read(yaml).tree(&Calendar::default()))
}

/// The routes, who is told, and the fallbacks.
fn goes(routes: &Routes, labels: &str, now: &str) -> String {
    let labels: Vec<_> = labels.split(' ').map(str::to_owned).collect();
    let (json, priority) = crate::attributes::matchers::labelled(&labels).expect("labels");
    let routed = routes.at(&json, priority, at(now));
    let joined = |names: Vec<&str>| names.join(",");
    let by = joined(routed.by.iter().map(RouteName::as_str).collect());
    let to = joined(routed.to().into_iter().map(ChannelName::as_str).collect());
    let fallbacks: Vec<_> = routed.fallbacks().iter().map(|(to, of)| format!("{to} for {of}")).collect();
    format!("{by}: {to}; {}", fallbacks.join(", ")).trim_end_matches([';', ' ', ':']).to_owned()
}

const NOON: &str = "2026-11-25T12:00:00Z";

#[test]
fn a_p0_goes_by_the_default_as_well_unless_a_route_is_the_sole_one() {
    let routes = routes(
        "routes:
           - {name: payments, matchers: [namespace=pay-*], to: [pay], fallback: pay-mail}
           - {name: lab, matchers: [namespace=lab], to: [lab], sole: true, reason: nothing of value is there}
           - {name: audit, matchers: [family=access], to: [audit], continue: true}
           - {name: own, matchers: [family=access, namespace=own], to: [own], sole: true, reason: it is theirs}",
    );
    let table = [
        ("priority=P0 namespace=pay-a", "payments,default: pay,oncall; pay-mail for pay, backup for oncall"),
        ("priority=P1 namespace=pay-a", "payments: pay; pay-mail for pay"),
        ("priority=P0 namespace=lab", "lab: lab"),
        ("priority=P0 namespace=shop", "default: oncall; backup for oncall"),
        ("priority=P0 family=access", "audit,default: audit,oncall; backup for oncall"),
        ("priority=P0 family=access namespace=own", "audit,own: audit,own"),
        ("priority=P3 namespace=shop", "default"),
    ];
    for (labels, expected) in table {
        assert_eq!(goes(&routes, labels, NOON), expected, "{labels}");
    }
}

#[test]
fn a_route_has_from_the_route_above_it_what_it_does_not_say() {
    let routes = routes(
        "routes:
           - name: payments
             matchers: [namespace=pay-*]
             to: [pay]
             fallback: pay-mail
             repeat_after_minutes: 30
             escalation: [{to: [boss]}]
             group: {group_by: [subject.namespace]}
             routes:
               - {name: cards, matchers: [namespace=pay-cards], repeat_after_minutes: 5}
               - {name: mail, matchers: [namespace=pay-mail], to: [pay-mail]}
           - {name: plain, matchers: [namespace=plain]}",
    );
    assert_eq!(
        goes(&routes, "priority=P1 namespace=pay-cards", NOON),
        "payments/cards: pay; pay-mail for pay"
    );
    assert_eq!(goes(&routes, "priority=P1 namespace=pay-mail", NOON), "payments/mail: pay-mail");
    assert_eq!(goes(&routes, "priority=P1 namespace=plain", NOON), "plain: oncall; backup for oncall");
    let minutes = |route: &NestedRoute| route.repeat_after.map(|after| after.as_mins());
    let own: Vec<_> = routes
        .each()
        .map(|route| {
            let group = route.group.as_ref().map_or("", |group| &group.name);
            (route.name.as_str(), minutes(route), route.escalation.len(), group)
        })
        .collect();
    let expected = [
        ("payments", Some(30), 1, "route payments"),
        ("payments/cards", Some(5), 1, "route payments"),
        ("payments/mail", Some(30), 1, "route payments"),
        ("plain", None, 0, ""),
    ];
    assert_eq!(own, expected);
}

#[test]
fn a_route_outside_of_its_hours_takes_nothing_and_the_next_is_tried() {
    let routes = routes(
        "
         routes:
           - {name: office, matchers: [priority=P2], to: [office], active_time_intervals: [business]}
           - {name: weekend, matchers: [priority=P2], to: [weekend], active_time_intervals: [saturday]}
           - {name: night, matchers: [priority=P1], to: [night], mute_time_intervals: [business]}
         time_intervals:
           saturday: {days: [Sat], opens: '00:00', closes: '12:00'}",
    );
    let table = [
        ("priority=P2", NOON, "office: office"),
        ("priority=P2", "2026-11-25T17:00:00Z", "default: oncall; backup for oncall"),
        ("priority=P2", "2026-11-28T11:59:59Z", "weekend: weekend"),
        ("priority=P2", "2026-11-28T12:00:00Z", "default: oncall; backup for oncall"),
        ("priority=P1", NOON, "default: oncall; backup for oncall"),
        ("priority=P1", "2026-11-25T08:59:59Z", "night: night"),
    ];
    for (labels, now, expected) in table {
        assert_eq!(goes(&routes, labels, now), expected, "{labels} {now}");
    }
}

#[test]
fn what_several_are_told_in_one_page_goes_to_each_of_them_once() {
    let routes = routes(
        "routes:
           - {name: a, matchers: [namespace=a], to: [team-a, oncall]}
           - {name: b, matchers: [namespace=b], to: [oncall, team-b], fallback: backup}",
    );
    let of = |namespace: &str| {
        let labels = ["priority=P1".to_owned(), format!("namespace={namespace}")];
        let (json, priority) = crate::attributes::matchers::labelled(&labels).expect("labels");
        routes.at(&json, priority, at(NOON))
    };
    let both = of("a").and(of("b")).and(of("a"));
    assert_eq!(both.by, [RouteName::new("a"), RouteName::new("b")]);
    assert_eq!(both.to(), channels(&["team-a", "oncall", "team-b"]).iter().collect::<Vec<_>>());
    let (backup, oncall) = (ChannelName::new("backup"), ChannelName::new("oncall"));
    assert_eq!(both.fallbacks(), [(&backup, &oncall)]);
}

#[test]
fn a_route_that_is_never_reached_is_told_with_what_is_before_it() {
    let tree = read(
        "routes:
           - {name: pay, matchers: [namespace=pay-*], to: [a], routes: [
               {name: cards, matchers: [namespace=pay-cards]},
               {name: cards-p1, matchers: [namespace=pay-cards, priority=P1]},
               {name: shop, matchers: [rule=x], routes: [{name: y, matchers: [rule=y]}]}]}
           - {name: late, matchers: [namespace=pay-x], to: [b]}
           - {name: goes-on, matchers: [cluster=c], continue: true}
           - {name: by-day, matchers: [cluster=c], active_time_intervals: [business]}
           - {name: c-p1, matchers: [cluster=c, priority=P1, priority=P2]}
           - {name: c-p0, matchers: [cluster=c, priority=P0, priority=P3]}
           - {name: c, matchers: [cluster=c, priority=P2]}
           - {name: rest}
           - {name: after-all, matchers: [rule=z]}",
    );
    let never = tree.never();
    let told: Vec<_> = never.iter().map(|never| (never.path.as_str(), never.because.as_str())).collect();
    let expected = [
        ("routes[0].routes[1]", "`cards` before it takes all of it, and does not `continue`"),
        ("routes[0].routes[2].routes[0]", "the route above it takes no such `rule`"),
        ("routes[1]", "`pay` before it takes all of it, and does not `continue`"),
        ("routes[6]", "`c-p1` before it takes all of it, and does not `continue`"),
        ("routes[8]", "`rest` before it takes all of it, and does not `continue`"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn every_way_of_a_p0_is_told_with_its_channels() {
    let routes = routes(
        "routes:
           - {name: pay, matchers: [namespace=pay], to: [pay], routes: [
               {name: low, matchers: [priority=P2, priority=P3], to: [chat], routes: [{name: one, matchers: [rule=x]}]}]}
           - {name: lab, matchers: [namespace=lab], to: [lab], sole: true, reason: it is a lab}",
    );
    let ways: Vec<_> = routes
        .ways_of_p0()
        .into_iter()
        .map(|Way { by, channels }| {
            let channels: Vec<_> = channels.iter().map(ChannelName::as_str).collect();
            format!("{by}: {}", channels.join(","))
        })
        .collect();
    assert_eq!(ways, ["default: backup,oncall", "pay: backup,oncall,pay", "lab: lab"]);
}

#[test]
fn what_may_be_told_of_a_priority_is_what_any_of_its_routes_tells() {
    let routes = routes(
        "routes:
           - {name: payments, matchers: [namespace=pay-*], to: [pay], fallback: pay-mail, escalation: [{to: [boss]}]}
           - {name: lab, matchers: [priority=P2], to: [lab], routes: [{name: night, fallback: oncall}]}",
    );
    let names = |of: &BTreeSet<ChannelName>| of.iter().map(ChannelName::as_str).collect::<Vec<_>>().join(",");
    let reached = |priority| {
        let Reached { to, fallbacks } = routes.reached(priority);
        format!("{}; {}", names(&to), names(&fallbacks))
    };
    assert_eq!(reached(Priority::P0), "oncall,pay; backup,pay-mail");
    assert_eq!(reached(Priority::P2), "lab,oncall,pay; backup,pay-mail");
    assert_eq!(reached(Priority::P3), "pay; pay-mail");
    let told: Vec<_> = routes.each().map(|route| names(&routes.told_by(route))).collect();
    assert_eq!(told, ["boss,pay,pay-mail", "lab", "lab,oncall"]);
}

#[test]
fn templates_are_those_of_the_route_above_where_a_route_has_none() {
    let tree = read(
        "routes:
           - name: payments
             templates: {title: above}
             routes:
               - {name: by-day, matchers: [priority=P2]}
               - {name: weekend, templates: {title: own}}
           - {name: lab}",
    );
    let found: Vec<_> = tree
        .templates()
        .into_iter()
        .map(|(name, path, own)| {
            let title = own.title.as_ref().expect("a title").as_str();
            (name.as_str().to_owned(), path, title)
        })
        .collect();
    let of = |name: &str, path: &str, title| (name.to_owned(), path.to_owned(), title);
    let expected = [
        of("payments", "routes[0]", "above"),
        of("payments/by-day", "routes[0]", "above"),
        of("payments/weekend", "routes[0].routes[1]", "own"),
    ];
    assert_eq!(found, expected);
}
