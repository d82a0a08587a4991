//! Syslog: every page is one message to a strict receiver, whatever an event says, and nothing is taken for delivered that is not.

use std::time::Duration;

use serde_json::json;
use watchfire::channel::{Asked, Channel};
use watchfire::failure::{Done, Failure};
use watchfire_core::decision::Effect;
use watchfire_core::notice::{Fact, Group};
use watchfire_core::verdict::EffectKind;
use watchfire_tests::syslog::Syslog;
use watchfire_tests::{free_port, until};

use super::pages::pages;
use super::{channel, clients, over, page, perform};

const SOON: Duration = Duration::from_secs(20);

async fn to(syslog: &Syslog, transport: &str) -> Channel {
    let mut config = json!({"host": "127.0.0.1", "port": syslog.port(), "transport": transport,
        "hostname": "watchfire-0", "messages_per_minute": 100_000});
    if transport == "tls" {
        config["ca_file"] = json!(syslog.ca_file());
    }
    channel(&json!({"syslog": config}).to_string(), &clients()).await
}

fn delivered() -> Result<Done, Failure> {
    Ok(Done { receipt: "sent; the receiver has closed the connection in order".to_owned() })
}

#[tokio::test]
async fn every_kind_of_page_is_one_message_by_every_transport() {
    for transport in ["tls", "tcp", "udp"] {
        let syslog = Syslog::start(transport);
        let channel = to(&syslog, transport).await;
        let mut effects: Vec<Effect> = pages().into_iter().map(|(_, page)| page).collect();
        effects.push(over("k"));
        for effect in &effects {
            let done = perform(&channel, effect, 20).await;
            match transport {
                "udp" => {
                    let receipt = "sent by UDP, which nobody acknowledges".to_owned();
                    assert_eq!(done, Ok(Done { receipt }));
                }
                _ => assert_eq!(done, delivered(), "{transport}"),
            }
        }
        let all = async || Some(syslog.messages()).filter(|messages| messages.len() == effects.len());
        let messages = until("all messages", SOON, all).await;
        for (message, effect) in messages.iter().zip(&effects) {
            assert_eq!(message["wrong"], json!(null), "{message}");
            assert_eq!(message["data"]["watchfire@32473"]["effect"], effect.kind.as_str(), "{message}");
            assert_eq!(message["data"]["watchfire@32473"]["dedup_key"], effect.dedup_key.as_str());
        }
    }
}

#[tokio::test]
async fn no_line_of_a_hostile_title_is_a_message_of_its_own() {
    let syslog = Syslog::start("tcp");
    let hostile =
        "x\"] \r\n<8>1 2026-11-20T03:00:00Z evil evil - - - root logged in\n27 <8>1 - - - - - - taken over";
    let mut effect = Effect { kind: EffectKind::Update, ..page("k") };
    effect.notice.title = hostile.to_owned();
    effect.notice.why = hostile.to_owned();
    effect.notice.facts = vec![Fact::new(Group::Where, "pod", hostile)];
    assert_eq!(perform(&to(&syslog, "tcp").await, &effect, 5).await, delivered());
    let messages = syslog.messages();
    let data = &messages[0]["data"]["watchfire@32473"];
    assert_eq!((messages.len(), &messages[0]["host"]), (1, &json!("watchfire-0")), "{messages:?}");
    assert!(data["why"].as_str().is_some_and(|why| why.starts_with("x\"] ")), "{data}");
}

#[tokio::test]
async fn whoever_has_another_certificate_or_resets_the_connection_has_nothing() {
    let (syslog, other) = (Syslog::start("tls"), Syslog::start("tls"));
    let config = json!({"syslog": {"host": "127.0.0.1", "port": syslog.port(), "ca_file": other.ca_file()}});
    let stranger = channel(&config.to_string(), &clients()).await;
    let Err(Failure::Transient { reason, .. }) = perform(&stranger, &page("k"), 0).await else {
        panic!("a certificate can be mended while the page waits");
    };
    assert!(reason.contains("certificate"), "{reason}");
    assert!(matches!(stranger.ask().await, Some(Asked::WouldNot(why)) if why.contains("certificate")));
    assert_eq!(syslog.messages(), Vec::<serde_json::Value>::new());
    let known = to(&syslog, "tls").await;
    assert_eq!(known.ask().await, Some(Asked::Would("it can be reached by TLS".to_owned())));
    let config = json!({"syslog": {"host": "127.0.0.1", "port": free_port(), "transport": "tcp"}});
    let gone = channel(&config.to_string(), &clients()).await;
    let Err(Failure::Transient { reason, .. }) = perform(&gone, &page("k"), 0).await else {
        panic!("nobody is there");
    };
    assert!(reason.contains("refused"), "{reason}");
}
