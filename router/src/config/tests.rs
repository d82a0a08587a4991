//! Promises about the configuration.

use super::Config;

#[test]
fn the_documented_example_is_a_configuration_without_mistakes() {
    let text = include_str!("../../watchfire.example.yaml");
    let config = Config::parse("watchfire.example.yaml", text).map_err(|mistakes| mistakes.len());
    assert_eq!(config.map(|config| config.channels.len()), Ok(4));
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
    let mistakes = Config::parse("watchfire.yaml", text).expect_err("it is full of mistakes");
    let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    let expected = [
        "watchfire.yaml:1: queue.url: expected the queue's https:// address, found `sqs`",
        "watchfire.yaml:1: queue.wait_seconds: expected 0 to 20, found 21",
        "watchfire.yaml:2: http.token: expected a token, because 0.0.0.0:8080 is not a loopback address",
        "watchfire.yaml:3: store.keep_days: expected at least 1, found 0",
        "watchfire.yaml:5: channels.oncall.pagerduty.retries: unknown field `retries`, expected one of \
         `routing_key`, `url`, `payload`, `events_per_minute`",
        "watchfire.yaml:8: routes.P0.to[1]: expected a channel (oncall, screen), found `nobody`",
        "watchfire.yaml:8: routes.P0.fallback: expected a channel that is not in `to`, found `oncall`",
        "watchfire.yaml: routes.P1: expected a route with at least one channel",
        "watchfire.yaml:9: routes.P2.fallback: expected a channel that is not in `to`, found `screen`",
        "watchfire.yaml:9: routes.P2.fallback: expected none: only P0 and P1 fall back",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_part_that_does_not_exist_is_refused() {
    let mistakes =
        Config::parse("w.yaml", "channels: {}\nroutes: {}\nslack: {}\n").expect_err("there is no such part");
    let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("w.yaml:3: ") && told[0].contains("slack"), "{told:?}");
}
