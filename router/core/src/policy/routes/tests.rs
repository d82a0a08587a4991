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

/// The routes of a tree that are never reached, each with why.
fn never(yaml: &str) -> Vec<String> {
    let told = |Never { path, because }: Never| format!("{path}: {because}");
    read(yaml).never(Some(&Calendar::default())).into_iter().map(told).collect()
}

#[test]
fn a_route_that_is_never_reached_is_told_with_what_is_before_it() {
    let told = never(
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
    let expected = [
        "routes[0].routes[1]: `cards` before it takes all of it, and does not `continue`",
        "routes[0].routes[2].routes[0]: the route above it takes no such `rule`",
        "routes[1]: `pay` before it takes all of it, and does not `continue`",
        "routes[6]: `c-p1` before it takes all of it, and does not `continue`",
        "routes[8]: `rest` before it takes all of it, and does not `continue`",
    ];
    assert_eq!(told, expected);
}

#[test]
fn that_nothing_is_left_for_a_route_is_proven_by_what_there_can_be() {
    let by = |names: &str| format!("{names} before it take all of it, and do not `continue`");
    let alone = |name: &str| format!("`{name}` before it takes all of it, and does not `continue`");
    let above = |member: &str| format!("the route above it takes no such `{member}`");
    let table = [
        // Texts that do not fit what the route above takes.
        ("{name: a, matchers: [namespace=pay-*], routes: [{name: b, matchers: [namespace=shop]}]}", above("namespace")),
        ("{name: a, matchers: [pod=*-web], routes: [{name: b, matchers: [pod=*-db]}]}", above("pod")),
        ("{name: a, matchers: [pod!=web*], routes: [{name: b, matchers: [pod=web-1]}]}", above("pod")),
        ("{name: a, matchers: [team=], routes: [{name: b, matchers: [team=x]}]}", above("team")),
        ("{name: a, matchers: [priority!=P0], routes: [{name: b, matchers: [priority=P0]}]}", above("priority")),
        // All of a closed set.
        (
            "{name: a, matchers: [priority=P0]}, {name: b, matchers: [priority=P1, priority=P3]},
             {name: c, matchers: [priority!=P0]}, {name: d}",
            by("`a`, `c`"),
        ),
        ("{name: d, matchers: [priority!=P0, priority!=P1, priority!=P2, priority!=P3]}", "nothing has such a `priority`".to_owned()),
        // Opposites, and what has neither.
        (
            "{name: a, matchers: [pod=web-1]}, {name: b, matchers: [pod!=web-1]}, {name: c, matchers: [pod=web-*]}",
            by("`a`, `b`"),
        ),
        (
            "{name: a, matchers: [pod=web-1]}, {name: b, matchers: [pod!=web-1]}, {name: c, matchers: ['pod=']}, {name: d}",
            by("`a`, `b`, `c`"),
        ),
        // Two dimensions.
        (
            "{name: a, matchers: [priority=P0, namespace=x]}, {name: b, matchers: [priority!=P0, namespace=x*]},
             {name: c, matchers: [namespace=x]}",
            by("`a`, `b`"),
        ),
        // What a route further out takes before.
        ("{name: a, matchers: [namespace=x]}, {name: b, routes: [{name: c, matchers: [namespace=x]}]}", alone("a")),
        // Texts that overlap.
        (
            "{name: a, matchers: [pod=a*]}, {name: b, matchers: [pod=*b]}, {name: c, matchers: [pod=a*b]}",
            alone("a"),
        ),
    ];
    for (routes, expected) in table {
        let told = never(&format!("routes: [{routes}]"));
        let because: Vec<_> =
            told.iter().filter_map(|told| told.split_once(": ")).map(|(_, why)| why).collect();
        assert_eq!(because, [expected.as_str()], "{routes}");
    }
}

#[test]
fn a_route_for_which_something_may_be_left_is_not_told() {
    for routes in [
        "{name: a, matchers: [namespace=pay-*], routes: [{name: b, matchers: [namespace=*-shop]}]}",
        "{name: a, matchers: [pod=web-1]}, {name: b, matchers: [pod!=web-1]}, {name: c}",
        "{name: a, matchers: [priority=P0]}, {name: b, matchers: [priority=P1, priority=P2]}, {name: c}",
        "{name: a, matchers: [severity=LOW, severity=MEDIUM, severity=INFORMATIONAL]},
         {name: b, matchers: [severity=HIGH, severity=CRITICAL]}, {name: c}",
        "{name: a, matchers: [pod=a*]}, {name: b, matchers: [pod=*b]}, {name: c, matchers: [pod=*c*]}",
        // One of several instances is the one, and another the other.
        "{name: a, matchers: [instance=i-1], routes: [{name: b, matchers: [instance=i-2]}]}",
        // An address has several spellings.
        "{name: a, matchers: ['ip=10.*']}, {name: b, matchers: ['ip=10.0.0.1']}",
        "{name: a, matchers: ['ip=2001:db8::*'], routes: [{name: b}]},
         {name: c, matchers: ['ip=2001:db8::1']}",
        "{name: a, matchers: [namespace=x], continue: true}, {name: b, routes: [{name: c, matchers: [namespace=x]}]}",
        "{name: a, matchers: [namespace=x], mute_time_intervals: [business]}, {name: b, matchers: [namespace=x]}",
    ] {
        assert_eq!(never(&format!("routes: [{routes}]")), [""; 0], "{routes}");
    }
}

#[test]
fn a_route_outside_of_its_hours_all_week_is_told_and_one_within_them_all_week_takes_all() {
    let never = |routes: &str| {
        never(&format!(
            "{{time_intervals: {{
                 week: {{days: [Mon, Tue, Wed, Thu, Fri], opens: '00:00', closes: '24:00'}},
                 weekend: {{days: [Sat, Sun], opens: '00:00', closes: '24:00'}},
                 weekend-there: {{time_zone: Europe/Berlin, days: [Sat, Sun], opens: '00:00', closes: '24:00'}},
                 morning: {{opens: '09:00', closes: '12:30'}},
                 later: {{opens: '12:00', closes: '17:00'}},
                 most: {{opens: '00:00', closes: '24:00', holidays: ['2026-12-25']}},
                 always-there: {{time_zone: Europe/Berlin, days: [Mon, Tue, Wed, Thu, Fri, Sat, Sun], opens: '00:00', closes: '24:00'}}}},
               routes: [{routes}]}}"
        ))
    };
    let muted = ["routes[0]: it is never within its time intervals"];
    for routes in [
        "{name: a, mute_time_intervals: [week, weekend]}",
        "{name: a, mute_time_intervals: [always-there]}",
        "{name: a, active_time_intervals: [business], mute_time_intervals: [morning, later]}",
        "{name: a, active_time_intervals: [morning, later], mute_time_intervals: [week]}",
        "{name: a, active_time_intervals: [most], mute_time_intervals: [most]}",
    ] {
        assert_eq!(never(routes), muted, "{routes}");
    }
    for routes in [
        "{name: a, mute_time_intervals: [week, weekend-there]}",
        "{name: a, mute_time_intervals: [most, weekend]}",
        "{name: a, active_time_intervals: [business], mute_time_intervals: [later]}",
        "{name: a, active_time_intervals: [week]}, {name: b}",
        "{name: a, active_time_intervals: [unknown]}, {name: b}",
    ] {
        assert_eq!(never(routes), [""; 0], "{routes}");
    }
    let taken = ["routes[1]: `a` before it takes all of it, and does not `continue`"];
    assert_eq!(never("{name: a, active_time_intervals: [week, weekend]}, {name: b}"), taken);
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
