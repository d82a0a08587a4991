//! Promises about the configuration.

use watchfire_core::ids::IncidentKey;
use watchfire_core::rules::RuleSet;

use super::Config;

#[test]
fn the_documented_example_is_a_configuration_without_mistakes() {
    let text = include_str!("../../watchfire.example.yaml");
    let config = Config::parse("watchfire.example.yaml", text).map_err(|mistakes| mistakes.len());
    assert_eq!(config.map(|config| config.channels.len()), Ok(13));
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
fn the_configuration_in_the_page_on_triage_is_one() {
    let page = include_str!("../../docs/triage.md");
    let example =
        page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let rest = "channels: {chat: {slack: {bot: {token: {env: T}, channel: C0123ABCDEF}}}}\n\
                routes: {P0: {to: [chat]}, P1: {to: [chat]}}\n";
    let read = |text: String| Config::parse("triage.md", &text).map_err(|mistakes| mistakes.len());
    let config = read(format!("{example}{rest}")).expect("it has no mistakes");
    let model = config.triage.map(|triage| triage.settings().model.to_string());
    assert_eq!(model.as_deref(), Some("us-gov.anthropic.claude-sonnet-4-20250514-v1:0"));
    // The other way is a configuration, too.
    let (before, bedrock) = example.split_once("  bedrock:").expect("it begins with Bedrock");
    let (_, other) = bedrock.split_once("  # openai:").expect("the other stands behind it");
    let other = format!("{before}  openai:{}", other.replace("\n  #  ", "\n   "));
    assert!(read(format!("{other}{rest}")).is_ok_and(|config| config.triage.is_some()), "{other}");
}

#[test]
fn several_queues_are_read_each_with_slots_of_its_own_and_one_as_ever() {
    let rest = "channels: {screen: {console: {}}}\nroutes: {P0: {to: [screen]}, P1: {to: [screen]}}\n";
    let queues = |text: &str| {
        let config = Config::parse("watchfire.yaml", &format!("{text}{rest}"))
            .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>());
        let queues = config.expect("it has no mistakes").queues;
        let read = |queue: &crate::source::QueueConfig| {
            (queue.name().to_owned(), queue.in_flight, queue.max_receives)
        };
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
fn pages_have_the_alias_and_lead_to_the_address() {
    let text = "http: {public_url: https://watchfire.example.com/}\ncluster: {name: prod, alias: prod-gov}\n\
                channels: {screen: {console: {}}}\nroutes: {P0: {to: [screen]}, P1: {to: [screen]}}\n";
    let config = Config::parse("watchfire.yaml", text).expect("it is right");
    let files = crate::rules_files::read(None).expect("the shipped rules");
    let pages = config.policy(RuleSet::load(&files).expect("they load")).pages;
    let link = pages.link(&IncidentKey::new("wf1-1"));
    assert_eq!(link.as_deref(), Some("https://watchfire.example.com/v1/story?of=wf1-1"));
    assert_eq!(pages.alias.as_deref(), Some("prod-gov"));
}
