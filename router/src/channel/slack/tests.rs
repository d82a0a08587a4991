//! What is said, to the byte, and what is refused before anything is.

use serde_json::{Value, json};
use watchfire_core::builders::page;
use watchfire_core::notice::Notice;
use watchfire_core::notice::{Templates, Wording};

use super::*;
use crate::channel::ChannelConfig;
use crate::channel::payload::Profile;

fn config(yaml: &str) -> Result<Config, String> {
    match serde_saphyr::from_str(yaml).map_err(|error| error.to_string())? {
        ChannelConfig::Slack(config) => Ok(config),
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

fn standard() -> Form {
    Form { profile: Profile::Standard, leave_out: Vec::new(), wording: Wording::default() }
}

#[test]
fn the_example_is_the_defaults_spelled_out() {
    let example = "slack:
  bot: {token: {env: SLACK_BOT_TOKEN}, channel: C0123ABCDEF}
  api: https://slack.com/api/
  hooks: https://hooks.slack.com/
  payload: minimal
  leave_out: []
  messages_per_minute: 50
  templates: {}
";
    assert_eq!(
        config(example),
        config("slack: {bot: {token: {env: SLACK_BOT_TOKEN}, channel: C0123ABCDEF}}")
    );
}

#[test]
fn either_a_bot_or_a_webhook_and_a_channel_by_its_id() {
    assert_eq!(mistakes("slack: {}"), [": expected `bot`, or `url` of an incoming webhook, found neither"]);
    let both =
        "slack: {url: {env: A}, bot: {token: {env: A}, channel: C0123ABCDEF}, api: 'https://slack.com/api'}";
    let said = [
        ".url: expected either `bot` or `url`, found both",
        ".api: expected an address that ends in /, found `https://slack.com/api`",
    ];
    assert_eq!(mistakes(both), said);
    assert_eq!(mistakes("slack: {url: {env: A}}"), Vec::<String>::new());
    let named = config("slack: {bot: {token: {env: A}, channel: '#alerts'}}").expect_err("a name");
    assert!(named.contains("expected the id of a channel such as C0123ABCDEF, found `#alerts`"), "{named}");
}

#[test]
fn a_page_is_a_title_its_text_and_links() {
    let effect = page();
    let text = effect.notice.text(effect.kind);
    let rest = text.split_once('\n').expect("several lines").1;
    let expected = json!({
        "channel": "C0123ABCDEF",
        "text": "[P0] Bitcoin miner in pod shop/pay-1",
        "parse": "none",
        "mrkdwn": false,
        "unfurl_links": false,
        "unfurl_media": false,
        "blocks": [
            {"type": "header", "text": {
                "type": "plain_text", "text": "[P0] Bitcoin miner in pod shop/pay-1", "emoji": false,
            }},
            {"type": "rich_text", "elements": [
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": rest}]},
            ]},
            {"type": "section", "text": {
                "type": "mrkdwn", "text": "<https://runbooks.example.com/mining|Runbook>", "verbatim": true,
            }},
        ],
    });
    assert_eq!(
        Message::of(&effect, &standard(), Buttons::Hidden).whole(json!({"channel": "C0123ABCDEF"})),
        expected
    );
}

#[test]
fn no_text_of_an_event_is_a_mention_or_ends_a_link() {
    let mut effect = page();
    effect.notice = Notice {
        title: "<!channel> <@U0123> & <https://evil.example.com|Runbook>".to_owned(),
        links: vec![
            ("Run|book> <!here>".to_owned(), "https://runbooks.example.com/a|b>?x=1&y=<!here> c".to_owned()),
            ("Console".to_owned(), "javascript:alert(1)".to_owned()),
        ],
        ..effect.notice
    };
    let message = Message::of(&effect, &standard(), Buttons::Hidden);
    let whole = message.whole(json!({}));
    let escaped = "[P0] &lt;!channel&gt; &lt;@U0123&gt; &amp; &lt;https://evil.example.com|Runbook&gt;";
    assert_eq!(whole["text"], escaped);
    let link = "<https://runbooks.example.com/a%7Cb%3E?x=1&amp;y=%3C!here%3E%20c|Run¦book&gt; &lt;!here&gt;>";
    assert_eq!(whole["blocks"][2]["text"]["text"], link);
    let news = message.news(json!({}));
    assert_eq!(news["text"], format!("{escaped}: first report of this incident"));
}

#[test]
fn what_is_longer_than_slack_takes_is_cut_and_says_so() {
    let mut effect = page();
    effect.notice.withheld = vec!["ü".repeat(300).into(); 100];
    let title = Some(
        "{{ title }} {{ title }} {{ title }} {{ title }} {{ title }}"
            .to_owned()
            .try_into()
            .expect("a template"),
    );
    let wording = Templates { title, ..Templates::default() }.into();
    let message = Message::of(&effect, &Form { wording, ..standard() }, Buttons::Hidden);
    let whole = message.whole(json!({}));
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let header = text(&whole["blocks"][0]["text"]["text"]);
    let body = text(&whole["blocks"][1]["elements"][0]["elements"][0]["text"]);
    assert_eq!(header.chars().count(), 150);
    assert!(body.ends_with("\n[cut: the page is longer than a message should be]\n"), "{body}");
    assert!((2_000..=3_000).contains(&body.chars().count()), "{}", body.chars().count());
}

#[tokio::test]
async fn a_token_of_another_kind_is_refused_and_not_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    let made = async |token: &str| {
        std::fs::write(&file, token).expect("a file");
        let config = json!({"bot": {"token": {"file": file}, "channel": "C0123ABCDEF"}});
        let config: Config = serde_json::from_value(config).expect("well-formed");
        Slack::new(&ChannelName::new("chat"), config, &Clients::new(None).expect("clients")).await
    };
    for wrong in ["xoxp-hunter2", "xoxb-", "xoxb-hunter2 hunter2"] {
        let error = format!("{:#}", made(wrong).await.expect_err("no bot's token"));
        assert!(error.contains("expected a bot's token") && !error.contains("hunter2"), "{error}");
    }
    let printed = format!("{:?}", made("xoxb-1-hunter2").await.expect("a bot"));
    assert!(!printed.contains("hunter2"), "{printed}");
}
