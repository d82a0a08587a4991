//! Promises about the configuration.

use watchfire_core::ids::IncidentKey;
use watchfire_core::rules::RuleSet;

use super::Config;

/// The mistakes, as they are printed.
fn told(text: &str) -> Vec<String> {
    let mistakes = Config::parse("watchfire.yaml", text).expect_err("it is full of mistakes");
    mistakes.iter().map(ToString::to_string).collect()
}

#[test]
fn the_documented_example_is_a_configuration_without_mistakes() {
    let text = include_str!("../../watchfire.example.yaml");
    let config = Config::parse("watchfire.example.yaml", text).map_err(|mistakes| mistakes.len());
    assert_eq!(config.map(|config| config.channels.len()), Ok(5));
}

#[test]
fn the_configuration_in_the_page_on_containment_is_one() {
    let page = include_str!("../../docs/containment.md");
    let example = page.split("```yaml\n# watchfire.yaml\n").nth(1).and_then(|rest| rest.split("```").next());
    let config = Config::parse("containment.md", example.expect("it has an example"))
        .map_err(|mistakes| mistakes.len());
    assert_eq!(config.map(|config| config.mitigation.mode), Ok(watchfire_core::mitigation::Mode::Approve));
}

#[test]
fn every_mistake_is_told_at_once_with_its_line_and_path() {
    let text = "\
queue: {url: 'sqs', wait_seconds: 21}
http: {listen: '0.0.0.0:8080'}
store: {keep_days: 0}
channels:
  oncall: {pagerduty: {routing_key: {env: KEY}, retries: 3}}
  screen: {console: {}}
routes:
  P0: {to: [oncall, nobody], fallback: oncall}
  P2: {to: [screen], fallback: screen}
";
    let expected = [
        "watchfire.yaml:1: queue.url: expected the queue's https:// address, found `sqs`",
        "watchfire.yaml:1: queue.wait_seconds: expected 0 to 20, found 21",
        "watchfire.yaml:2: http.token: expected a token, because 0.0.0.0:8080 is not a loopback address",
        "watchfire.yaml:3: store.keep_days: expected at least 1, found 0",
        "watchfire.yaml:5: channels.oncall.pagerduty.retries: unknown field `retries`, expected one of \
         `routing_key`, `url`, `payload`, `leave_out`, `events_per_minute`, `templates`, `webhook_secrets`, `poll`",
        "watchfire.yaml:7: routes.P1: expected a route with at least one channel",
        "watchfire.yaml:8: routes.P0.to[1]: expected a channel (oncall, screen), found `nobody`",
        "watchfire.yaml:8: routes.P0.fallback: expected a channel that is not in `to`, found `oncall`",
        "watchfire.yaml:9: routes.P2.fallback: expected a channel that is not in `to`, found `screen`",
        "watchfire.yaml:9: routes.P2.fallback: expected none: only P0 and P1 fall back",
    ];
    assert_eq!(told(text), expected);
}

#[test]
fn a_mistake_about_noise_is_told_with_what_was_expected() {
    let text = "\
noise:
  flapping: {turns: 16}
  silence_share_percent: 0
  limits: {channel: {per_hour: 0, burst: 1}}
  groups:
    - {name: team, group_by: [namespace]}
  inhibit:
    - {name: own, source: {family: a}, target: {family: [b]}, equal: []}
  maintenance:
    - {name: monthly, match: {}, cron: '0 25 * * *', hours: 4}
  storm: {incidents: many}
channels: {screen: {console: {}}}
routes: {P0: {to: [screen]}, P1: {to: [screen]}}
";
    let paths = watchfire_core::face::PATHS.join(", ");
    let group_by =
        format!("watchfire.yaml:6: noise.groups[0].group_by: expected one of {paths}, found `namespace`");
    let expected = [
        "watchfire.yaml:2: noise.flapping.turns: expected 1 to 15, found 16",
        "watchfire.yaml:3: noise.silence_share_percent: expected 1 to 100, found 0",
        "watchfire.yaml:4: noise.limits.channel: expected per_hour and burst of at least 1",
        &group_by,
        "watchfire.yaml:8: noise.inhibit[0].equal: expected at least one path, such as subject.cluster",
        "watchfire.yaml:8: noise.inhibit[0].source: family: expected a list of values, or an object with at \
         least one field, found \"a\"",
        "watchfire.yaml:10: noise.maintenance[0].cron: expected an hour from 0 to 23, such as `22`, `1,13` or \
         `*/6`, found `25`",
        "watchfire.yaml:10: noise.maintenance[0].match: pattern: expected an object with at least one field, \
         found {}",
        "watchfire.yaml:11: noise.storm.incidents: invalid type: string \"many\", expected a whole number up \
         to 4294967295",
    ];
    assert_eq!(told(text), expected);
}

#[test]
fn a_name_that_does_not_exist_hides_no_other_mistake() {
    let text = "\
slack: {}
queue:
  url: 7
  wait_second: 20
  in_flight: many
channels:
  screen: {console: {}}
  mail: {}
  other: {slack: {}}
routes:
  P0:
    to: [screen]
    fallback:
      - nobody
  P9: {to: [screen]}
  P1: {to: [nobody], falback: screen}
fallback_after_seconds: soon
repeat_after_minutes: {P9: 1, P1: often, P2: 5}
";
    let expected = [
        "watchfire.yaml:1: slack: no such part, expected one of queue, queues, http, health, store, evidence, rules, \
         cluster, channels, routes, fallback_after_seconds, repeat_after_minutes, noise, business, digest, escalation, security_hub, mitigation",
        "watchfire.yaml:3: queue.url: invalid type: integer `7`, expected a string",
        "watchfire.yaml:4: queue.wait_second: unknown field `wait_second`, expected one of `url`, \
         `name`, `wait_seconds`, `visibility_seconds`, `in_flight`, `max_receives`",
        "watchfire.yaml:5: queue.in_flight: invalid type: string \"many\", expected a whole number up to 65535",
        "watchfire.yaml:8: channels.mail: invalid value: map, expected a mapping with one name",
        "watchfire.yaml:9: channels.other: unknown variant `slack`, expected one of `console`, `pagerduty`, \
         `sns`, `email`, `security-hub`",
        "watchfire.yaml:13: routes.P0.fallback: invalid type: sequence, expected a string",
        "watchfire.yaml:15: routes.P9: expected P0, P1, P2 or P3",
        "watchfire.yaml:16: routes.P1.falback: unknown field `falback`, expected `to` or `fallback`",
        "watchfire.yaml:17: fallback_after_seconds: invalid type: string \"soon\", expected a whole number up \
         to 4294967295",
        "watchfire.yaml:18: repeat_after_minutes.P9: expected P0, P1, P2 or P3",
        "watchfire.yaml:18: repeat_after_minutes.P1: invalid type: string \"often\", expected a whole number \
         up to 4294967295",
    ];
    assert_eq!(told(text), expected);
}

#[test]
fn a_part_over_many_lines_is_wrong_on_the_line_that_is() {
    let text = "\
queue:
  url: https://queue
  wait_seconds: 21
channels:
  screen: {console: {}}
routes:
  P0:
    to:
      - screen
      - nobody
";
    let expected = [
        "watchfire.yaml:3: queue.wait_seconds: expected 0 to 20, found 21",
        "watchfire.yaml:6: routes.P1: expected a route with at least one channel",
        "watchfire.yaml:10: routes.P0.to[1]: expected a channel (screen), found `nobody`",
    ];
    assert_eq!(told(text), expected);
}

#[test]
fn a_channel_that_only_writes_back_is_no_way_to_tell_anyone() {
    let text = "\
channels:
  screen: {console: {}}
  hub: {security-hub: {region: us-gov-west-1}}
routes:
  P0: {to: [screen]}
  P1:
    to:
      - screen
      - hub
    fallback: hub
  P2: {to: [hub]}
";
    let wrong = "expected a channel that tells people, found `hub`, which writes back";
    let found = told(text);
    for expected in [
        format!("watchfire.yaml:9: routes.P1.to[1]: {wrong}"),
        format!("watchfire.yaml:10: routes.P1.fallback: {wrong}"),
        format!("watchfire.yaml:11: routes.P2.to[0]: {wrong}"),
    ] {
        assert!(found.contains(&expected), "{expected} in {found:#?}");
    }
}

#[test]
fn what_is_wrong_about_writing_back_is_told_with_its_place() {
    let text = "\
channels:
  screen: {console: {}}
  hub:
    security-hub:
      region: https://x
      fips: often
      endpoint: http://hub.example.com/
routes: {P0: {to: [screen]}, P1: {to: [screen]}}
";
    let expected = [
        "watchfire.yaml:5: channels.hub.security-hub.region: expected a region such as us-gov-west-1, not `https://x`",
        "watchfire.yaml:6: channels.hub.security-hub.fips: invalid type: string \"often\", expected a boolean",
        "watchfire.yaml:7: channels.hub.security-hub.endpoint: expected an https address, not `http://hub.example.com/`",
    ];
    assert_eq!(told(text), expected);
}

#[test]
fn an_empty_file_needs_channels_and_routes() {
    let expected = [
        "watchfire.yaml: channels: expected at least one channel, found none",
        "watchfire.yaml: routes.P0: expected a route with at least one channel",
        "watchfire.yaml: routes.P1: expected a route with at least one channel",
    ];
    assert_eq!(told("# nothing yet\n"), expected);
    assert_eq!(told("channels:\nroutes:\n"), expected);
}

#[test]
fn a_misspelt_channels_does_not_make_every_route_wrong() {
    let text = "chanels: {screen: {console: {}}}\nroutes: {P0: {to: [screen]}, P1: {to: [screen]}}\n";
    let expected = [
        "watchfire.yaml: channels: expected at least one channel, found none",
        "watchfire.yaml:1: chanels: no such part, expected one of queue, queues, http, health, store, evidence, rules, \
         cluster, channels, routes, fallback_after_seconds, repeat_after_minutes, noise, business, digest, escalation, security_hub, mitigation",
    ];
    assert_eq!(told(text), expected);
    let text = "channels: {}\nroutes: {P0: {to: [screen]}, P1: {to: [screen]}}\n";
    assert_eq!(told(text), ["watchfire.yaml:1: channels: expected at least one channel, found none"]);
}

#[test]
fn a_part_of_another_shape_is_one_mistake() {
    let text = "http: 8080\nchannels: [console]\nroutes: [P0]\nrepeat_after_minutes: 5\n";
    let expected = [
        "watchfire.yaml:1: http: invalid type: integer `8080`, expected a mapping of listen, token, operator_token, public_url, in_flight, hosts, connections, bodies_mib",
        "watchfire.yaml:2: channels: expected a mapping of names and channels",
        "watchfire.yaml:3: routes: expected a mapping of P0, P1, P2, P3",
        "watchfire.yaml:4: repeat_after_minutes: expected a mapping of P0, P1, P2, P3",
    ];
    assert_eq!(told(text), expected);
    let parts = "queue, queues, http, health, store, evidence, rules, cluster, channels, routes, \
                 fallback_after_seconds, repeat_after_minutes, noise, business, digest, escalation, security_hub, mitigation";
    assert_eq!(told("- http\n"), [format!("watchfire.yaml:1: expected a mapping of {parts}")]);
}

#[test]
fn only_a_text_that_is_not_yaml_has_a_single_mistake() {
    assert_eq!(
        told("http: {}\nstore: {keep_days: 0}\nhttp: {}\n"),
        ["watchfire.yaml:3:1: expected each name once, found `http` again\n    http: {}\n    ^"]
    );
}

#[test]
fn a_cluster_needs_an_identity_and_sensible_deadlines() {
    let rest = "channels: {screen: {console: {}}}\nroutes: {P0: {to: [screen]}, P1: {to: [screen]}}\n";
    let text = format!(
        "cluster:\n  access: {{eks: {{endpoint: 'http://x', certificate_authority: ''}}}}\n  annotations: \
         ['a*b']\n  deadline_ms: 0\n  urgent_deadline_ms: 30001\n{rest}"
    );
    let expected = [
        "watchfire.yaml:1: cluster: expected a name or an ARN",
        "watchfire.yaml:2: cluster.access: expected an https:// endpoint, found `http://x`",
        "watchfire.yaml:3: cluster.annotations: expected `*` at the end only, found `a*b`",
        "watchfire.yaml:4: cluster.deadline_ms: expected 1 to 30000, found 0",
        "watchfire.yaml:5: cluster.urgent_deadline_ms: expected 1 to 30000, found 30001",
    ];
    assert_eq!(told(&text), expected);
}

#[test]
fn what_is_wrong_about_evidence_is_told_with_its_place() {
    let text = "\
evidence:
  to: {s3: {bucket: '', prefix: /a, retain_days: 0, retention: forever}}
  within_seconds: 61
channels: {screen: {console: {}}}
routes: {P0: {to: [screen]}, P1: {to: [screen]}}
";
    let expected =
        ["watchfire.yaml:2: evidence.to.s3.retention: unknown variant `forever`, expected `governance` or \
         `compliance`"];
    assert_eq!(told(text), expected);
    let expected = [
        "watchfire.yaml:2: evidence.to.s3.bucket: expected a bucket's name, found nothing",
        "watchfire.yaml:2: evidence.to.s3.prefix: expected a prefix that ends in `/` and does not begin with it, \
         found `/a`",
        "watchfire.yaml:2: evidence.to.s3.retain_days: expected 1 to 36500, found 0",
        "watchfire.yaml:3: evidence.within_seconds: expected 1 to 60, found 61",
    ];
    assert_eq!(told(&text.replace(", retention: forever", "")), expected);
}

#[test]
fn what_is_wrong_about_the_http_address_is_told_with_its_place() {
    let text = "\
http:
  hosts: [alerts.example.com, 'https://alerts.example.com', 'alerts:8080', '[::1]', '::1', '']
  connections: 0
  bodies_mib: 8
channels: {screen: {console: {}}}
routes: {P0: {to: [screen]}, P1: {to: [screen]}}
";
    let host = |index, found| {
        format!(
            "watchfire.yaml:2: http.hosts[{index}]: expected a name or an address, without scheme and port, \
             found `{found}`"
        )
    };
    let expected = [
        host(1, "https://alerts.example.com"),
        host(2, "alerts:8080"),
        host(3, "[::1]"),
        host(5, ""),
        "watchfire.yaml:3: http.connections: expected 1 to 10000, found 0".to_owned(),
        "watchfire.yaml:4: http.bodies_mib: expected 16 to 4096, found 8".to_owned(),
    ];
    assert_eq!(told(text), expected);
}

#[test]
fn an_address_that_pages_lead_to_is_one_that_anybody_may_see_and_open() {
    let wrong = |url: &str| {
        let text = format!(
            "http: {{public_url: '{url}'}}\nchannels: {{screen: {{console: {{}}}}}}\n\
             routes: {{P0: {{to: [screen]}}, P1: {{to: [screen]}}}}\n"
        );
        let mistakes = Config::parse("watchfire.yaml", &text).err().unwrap_or_default();
        mistakes.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let expected =
        "watchfire.yaml:1: http.public_url: expected an address such as https://watchfire.example.com";
    let cases = [
        ("https://watchfire.example.com/wf/", None),
        ("http://watchfire.example.com", Some(": pages link to https only")),
        ("watchfire.example.com", Some(": pages link to https only")),
        ("https://sam:secret@watchfire.example.com", Some(", with a host and without a user or password")),
        ("https://watchfire.example.com/?token=abc", Some(", without a query or a fragment")),
        ("https://watch fire", Some("")),
    ];
    for (url, rest) in cases {
        let expected: Vec<_> = rest.map(|rest| format!("{expected}{rest}")).into_iter().collect();
        assert_eq!(wrong(url), expected, "{url}");
    }
}

#[test]
fn an_alias_is_a_short_line_and_pages_have_it_with_the_address() {
    let with = |alias: &str| {
        format!(
            "http: {{public_url: https://watchfire.example.com/}}\ncluster: {{name: prod, alias: '{alias}'}}\n\
             channels: {{screen: {{console: {{}}}}}}\nroutes: {{P0: {{to: [screen]}}, P1: {{to: [screen]}}}}\n"
        )
    };
    let expected =
        "watchfire.yaml:2: cluster.alias: expected 1 to 32 characters that can be shown in a line, found ``";
    assert_eq!(told(&with("")), [expected]);
    assert_eq!(told(&with(&"x".repeat(33))).len(), 1);
    let config = Config::parse("watchfire.yaml", &with("prod-gov")).expect("it is right");
    let rules =
        RuleSet::load(&crate::rules_files::read(None).expect("the shipped rules")).expect("they load");
    let pages = config.policy(rules).pages;
    let link = pages.link(&IncidentKey::new("wf1-1"));
    assert_eq!(link.as_deref(), Some("https://watchfire.example.com/v1/story?of=wf1-1"));
    assert_eq!(pages.alias.as_deref(), Some("prod-gov"));
}

#[test]
fn tokens_that_are_equal_or_easily_guessed_are_mistakes_and_not_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).expect("it can be written");
        file.display().to_string()
    };
    let (short, wide) = (write("short", "fifteen-letters\n"), write("wide", "äöüäöüäöüäöüäöü"));
    let (sender, same) = (write("sender", "sixteen-letters!"), write("same", "sixteen-letters!\n"));
    let (spaced, other) =
        (write("spaced", " a-token-with-a-space"), write("other", "another-token-of-theirs"));
    let mistakes = |http: &str| {
        let text = format!(
            "http:\n{http}\nchannels: {{screen: {{console: {{}}}}}}\n\
             routes: {{P0: {{to: [screen]}}, P1: {{to: [screen]}}}}\n"
        );
        Config::parse("watchfire.yaml", &text).err().unwrap_or_default()
    };
    let told = |token: &str, operator: &str| -> Vec<String> {
        let http = format!("  token: {{file: {token}}}\n  operator_token: {{file: {operator}}}");
        mistakes(&http).iter().map(ToString::to_string).collect()
    };
    let a_shorter_one = |line, member| {
        format!(
            "watchfire.yaml:{line}: http.{member}: expected a secret of at least 16 characters, found a shorter one"
        )
    };
    let another = "watchfire.yaml:3: http.operator_token: expected another secret than http.token: who may send \
                   an alert may not contain or release";
    assert_eq!(told(&sender, &other), [""; 0]);
    assert_eq!(told(&short, &wide), [a_shorter_one(2, "token"), a_shorter_one(3, "operator_token")]);
    assert_eq!(told(&sender, &same), [another], "the same text in two files");
    assert_eq!(told(&sender, &sender), [another], "the same file twice");
    let absent = folder.path().join("absent").display().to_string();
    assert_eq!(told(&absent, &absent), [another], "wherever it will be");
    assert_eq!(told(&absent, &other), [""; 0], "it is looked at when the worker starts");
    let spaced = told(&other, &spaced);
    assert!(
        spaced[0].contains("http.operator_token: expected a secret that a header can carry"),
        "{spaced:?}"
    );
}

#[test]
fn several_queues_are_read_each_with_slots_of_its_own_and_one_as_ever() {
    let rest = "channels: {screen: {console: {}}}\nroutes: {P0: {to: [screen]}, P1: {to: [screen]}}\n";
    let queues = |text: &str| {
        let config = Config::parse("watchfire.yaml", &format!("{text}{rest}"))
            .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>());
        let queues = config.expect("it has no mistakes").queues;
        let read =
            |queue: &super::QueueConfig| (queue.name().to_owned(), queue.in_flight, queue.max_receives);
        queues.iter().map(read).collect::<Vec<_>>()
    };
    let several = "\
queues:
  - {url: 'https://sqs.example.com/111122223333/watchfire-urgent', in_flight: 16, max_receives: 5}
  - {url: 'https://sqs.example.com/111122223333/watchfire-alerts/', name: bulk}
";
    assert_eq!(
        queues(several),
        [("watchfire-urgent".to_owned(), 16, Some(5)), ("bulk".to_owned(), 64, None)]
    );
    let one = "queue: {url: 'https://sqs.example.com/111122223333/watchfire-alerts'}\n";
    assert_eq!(queues(one), [("watchfire-alerts".to_owned(), 64, None)]);
    assert_eq!(queues(""), []);
}

#[test]
fn a_queue_listed_twice_and_both_forms_at_once_are_mistakes() {
    let rest = "channels: {screen: {console: {}}}\nroutes: {P0: {to: [screen]}, P1: {to: [screen]}}\n";
    let text = "\
queue: {url: 'https://sqs.example.com/1/one'}
queues:
  - url: https://sqs.example.com/1/urgent
    in_flight: 0
  - {url: 'https://sqs.example.com/1/urgent/'}
  - url: https://sqs.example.org/1/urgent
  - {url: 'https://sqs.example.org/1/other', name: urgent, waits: 3}
  - sqs
";
    let expected = [
        "watchfire.yaml:2: queues: expected either `queue` or `queues`, found both",
        "watchfire.yaml:4: queues[0].in_flight: expected 1 to 10000, found 0",
        "watchfire.yaml:5: queues[1].url: expected a queue that is not listed before, found \
         `https://sqs.example.com/1/urgent/` again",
        "watchfire.yaml:6: queues[2].name: expected a name of its own, found `urgent` again",
        "watchfire.yaml:7: queues[3].waits: unknown field `waits`, expected one of `url`, `name`, \
         `wait_seconds`, `visibility_seconds`, `in_flight`, `max_receives`",
        "watchfire.yaml:8: queues[4]: invalid type: string \"sqs\", expected a mapping of url, name, \
         wait_seconds, visibility_seconds, in_flight, max_receives",
    ];
    assert_eq!(told(&format!("{text}{rest}")), expected);
    let expected = ["watchfire.yaml:1: queues: expected a list of queues"];
    assert_eq!(told(&format!("queues: {{url: 'https://sqs.example.com/1/one'}}\n{rest}")), expected);
}
