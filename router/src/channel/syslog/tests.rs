//! Messages to the byte, and what is refused before any is sent.

use watchfire_core::builders::page;
use watchfire_core::notice::{Fact, Group};
use watchfire_core::priority::Priority;
use watchfire_core::verdict::EffectKind;

use super::*;
use crate::channel::ChannelConfig;

fn config(yaml: &str) -> Result<Config, String> {
    match serde_saphyr::from_str(yaml).map_err(|error| error.to_string())? {
        ChannelConfig::Syslog(config) => Ok(config),
        other => panic!("{other:?}"),
    }
}

fn mistakes(yaml: &str) -> Vec<String> {
    let mut mistakes = Vec::new();
    config(yaml)
        .expect("well-formed")
        .check(&mut |member, mistake| mistakes.push(format!("{member}: {mistake}")));
    mistakes
}

fn message(effect: &Effect, more: &str) -> String {
    let yaml = format!("syslog: {{host: siem.example.com, hostname: watchfire-0, {more}}}");
    let message = config(&yaml).expect("a configuration").frame().message(&Dispatch::alone(effect));
    String::from_utf8(message).expect("text")
}

#[test]
fn the_example_is_the_defaults_spelled_out() {
    let example = "syslog:
  host: siem.example.com
  transport: tls
  facility: local0
  app_name: watchfire
  structured_data_id: watchfire@32473
  payload: standard
  leave_out: []
  messages_per_minute: 600
  templates: {}
";
    assert_eq!(config(example), config("syslog: {host: siem.example.com}"));
}

#[test]
fn nothing_travels_in_clear_but_on_this_machine_and_names_are_names() {
    assert_eq!(
        mistakes("syslog: {host: siem.example.com, transport: udp, ca_file: a.pem}"),
        [
            ".transport: expected tls: in clear only to this machine, not to `siem.example.com`: have a relay there that \
             does TLS",
            ".ca_file: expected none: only `tls` has authorities",
        ]
    );
    assert_eq!(mistakes("syslog: {host: 127.0.0.1, transport: tcp}"), Vec::<String>::new());
    let wrong = "syslog: {host: ' ', hostname: 'a b', app_name: \"a\\nb\", structured_data_id: watchfire, \
                 leave_out: [region]}";
    assert_eq!(
        mistakes(wrong),
        [
            ".leave_out: expected none: payload `standard` sends all that the page says; `minimal` can leave out",
            ".host: expected the name of a syslog receiver, found nothing",
            ".hostname: expected 1 to 255 printable ASCII characters without spaces, found `a b`",
            ".app_name: expected 1 to 48 printable ASCII characters without spaces, found `a\\nb`",
            ".structured_data_id: expected a name, @ and a number, such as watchfire@32473, in 32 characters at most, \
             found `watchfire`",
        ]
    );
}

#[test]
fn a_message_is_what_the_standard_says() {
    let effect = page();
    let id = Dispatch::alone(&effect).id;
    let expected = format!(
        "<129>1 2026-11-20T02:58:11.000Z watchfire-0 watchfire - page [watchfire@32473 effect=\"page\" priority=\"P0\" \
         id=\"{id}\" incident=\"v1:5f3c9a\" dedup_key=\"v1:5f3c9a:2\" rule=\"miner-in-a-pod\" family=\"crypto-mining\" \
         kind=\"CryptoCurrency:Runtime/BitcoinTool.B\" source=\"guardduty\" severity=\"8.0 HIGH\" \
         why=\"first report of this incident\" cluster=\"prod-1\" account=\"123456789012\" region=\"us-gov-west-1\" \
         pod=\"pay-1\" \
         finding=\"arn:aws-us-gov:guardduty:us-gov-west-1:123456789012:detector/d/finding/f\" \
         event=\"7bf73129-1428-4cd3-a780-95db273d1602\"] \u{feff}[P0] Bitcoin miner in pod shop/pay-1"
    );
    assert_eq!(message(&effect, ""), expected);
    let kept = message(&effect, "payload: minimal");
    assert!(!kept.contains("pay-1") && !kept.contains("123456789012"), "{kept}");
}

#[test]
fn every_kind_and_priority_has_its_severity() {
    let of = |kind, priority| {
        let mut effect = Effect { kind, ..page() };
        effect.notice.priority = priority;
        let message = message(&effect, "facility: authpriv");
        message[1..message.find('>').expect("it ends")].parse::<u8>().expect("a number") - 80
    };
    let pages = Priority::ALL.map(|priority| of(EffectKind::Page, priority));
    assert_eq!(pages, [1, 2, 4, 5]);
    let others = [EffectKind::Update, EffectKind::Resolve, EffectKind::Acknowledge, EffectKind::Digest];
    assert_eq!(others.map(|kind| of(kind, Priority::P0)), [1, 5, 5, 6]);
}

#[test]
fn nothing_an_event_says_ends_a_value_the_data_or_the_message() {
    let hostile = "a\"] <13>1 - - - - - x\r\n<8>1 \u{0}\u{202e}\\";
    let mut effect = page();
    effect.notice.title = hostile.to_owned();
    effect.notice.why = hostile.to_owned();
    effect.notice.facts = vec![Fact::new(Group::Where, "pod", hostile)];
    let message = message(&effect, "");
    assert!(!message.contains(['\n', '\r', '\0', '\u{202e}']), "{message:?}");
    let data = &message[message.find("why=").expect("it is told")..];
    assert!(data.starts_with("why=\"a\\\"\\] <13>1"), "{data}");
}

#[test]
fn a_message_never_has_more_than_every_receiver_takes() {
    let mut effect = page();
    effect.notice.why = "\u{1f525}".repeat(2_000);
    effect.notice.facts =
        PLACES_OF_FACTS.map(|place| Fact::new(Group::Where, place, "\u{1f525}".repeat(2_000))).to_vec();
    let title: Option<watchfire_core::notice::Template> =
        Some("{{ why }}".to_owned().try_into().expect("a template"));
    for transport in [Transport::Tls, Transport::Udp] {
        let templates = Templates { title: title.clone(), ..Templates::default() };
        let config =
            Config { transport, templates, ..config("syslog: {host: localhost}").expect("a configuration") };
        let message = config.frame().message(&Dispatch::alone(&effect));
        assert!(message.len() <= transport.most_bytes() && message.len() > 1_200, "{}", message.len());
        assert!(String::from_utf8(message).is_ok(), "cut between characters");
    }
}

const PLACES_OF_FACTS: [&str; 6] = ["cluster", "account", "namespace", "workload", "pod", "node"];
