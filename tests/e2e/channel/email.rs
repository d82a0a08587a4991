//! Mail, against a real server: what arrives, and what does not leave unencrypted.

use serde_json::{Value, json};
use watchfire::channel::Channel;
use watchfire::failure::Failure;
use watchfire_core::verdict::EffectKind;
use watchfire_tests::smtp::{LOGIN, Mail, Smtp};

use super::{channel, clients, over, page, perform};

/// A channel to that server; `more` overrides.
async fn mailing(server: &Smtp, more: Value) -> Channel {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let secret = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).expect("a file");
        json!({"file": file})
    };
    let mut config = json!({
        "host": "127.0.0.1",
        "port": server.port(),
        "tls": "starttls",
        "ca_file": server.ca_file(),
        "from": "Watchfire <watchfire@example.com>",
        "to": ["oncall@example.com"],
        "auth": {"username": secret("user", LOGIN.0), "password": secret("password", LOGIN.1)},
    });
    for (name, value) in more.as_object().expect("an object") {
        config[name] = value.clone();
    }
    if let Some(password) = more.get("password") {
        config["auth"]["password"] = secret("wrong", password.as_str().expect("text"));
        config.as_object_mut().expect("an object").remove("password");
    }
    channel(&json!({"email": config}).to_string(), &clients()).await
}

fn only(server: &Smtp) -> Mail {
    let [mail] = &server.mails()[..] else { panic!("{:?}", server.mails()) };
    mail.clone()
}

/// Mail has its own line ends.
fn unix(text: &str) -> String {
    text.replace("\r\n", "\n")
}

#[tokio::test]
async fn a_page_arrives_encrypted_and_whole() {
    let server = Smtp::encrypted();
    let channel = mailing(&server, json!({})).await;
    let effect = page("k");
    let done = perform(&channel, &effect, 30).await.expect("taken");
    assert_eq!(done.receipt, "250 2.0.0 taken as 1");
    let mail = only(&server);
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("watchfire@example.com", ["oncall@example.com".to_owned()].as_slice())
    );
    assert_eq!((mail.encrypted, mail.login.as_deref()), (true, Some(LOGIN.0)));
    assert_eq!(unix(&mail.plain), unix(&effect.notice.text(EffectKind::Page)));
    assert_eq!(unix(&mail.html), unix(&effect.notice.html(EffectKind::Page)));
    let headers = ["From", "To", "Subject", "Auto-Submitted"].map(|name| mail.headers[name].as_str());
    let subject = "[P0] Bitcoin miner in pod kasse/zähler-1 <b>\"now\"</b>";
    assert_eq!(
        headers,
        ["Watchfire <watchfire@example.com>", "oncall@example.com", subject, "auto-generated"]
    );
}

#[tokio::test]
async fn the_end_is_a_mail_of_the_same_thread() {
    let server = Smtp::wrapped();
    let channel = mailing(&server, json!({"tls": "wrapper", "auth": null})).await;
    for effect in [page("k"), over("k"), page("other")] {
        perform(&channel, &effect, 30).await.expect("taken");
    }
    let mails = server.mails();
    assert!(mails.iter().all(|mail| mail.encrypted));
    let [page, over, other] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!(page.headers["References"], over.headers["References"]);
    assert_ne!(page.headers["References"], other.headers["References"]);
    assert_ne!(page.headers["Message-ID"], over.headers["Message-ID"]);
    assert!(over.headers["Subject"].starts_with("[P0] Resolved: "), "{over:?}");
}

#[tokio::test]
async fn on_this_machine_plain_is_allowed() {
    let server = Smtp::plain();
    let channel = mailing(&server, json!({"tls": "none", "auth": null})).await;
    perform(&channel, &page("k"), 30).await.expect("taken");
    assert!(!only(&server).encrypted);
}

/// The reason why a page is to come back later; nothing was sent.
async fn put_off(server: &Smtp, more: Value) -> String {
    let channel = mailing(server, more).await;
    let outcome = perform(&channel, &page("k"), 0).await;
    assert_eq!(server.mails(), []);
    match outcome {
        Err(Failure::Transient { reason, retry_after: Some(_) }) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn no_page_and_no_password_leaves_where_tls_is_missing_or_not_trusted() {
    let reason = put_off(&Smtp::plain(), json!({})).await;
    assert!(reason.contains("STARTTLS"), "{reason}");
    let reason = put_off(&Smtp::encrypted(), json!({"ca_file": null})).await;
    assert!(reason.contains("certificate"), "{reason}");
}

#[tokio::test]
async fn a_wrong_password_can_be_mended_while_the_page_waits() {
    let reason = put_off(&Smtp::encrypted(), json!({"password": "incorrect horse"})).await;
    assert!(reason.contains("535") && !reason.contains("horse"), "{reason}");
}

#[tokio::test]
async fn a_mailbox_that_is_gone_refuses_for_good_and_a_busy_one_later() {
    let server = Smtp::encrypted();
    let gone = mailing(&server, json!({"to": ["gone@example.com"]})).await;
    match perform(&gone, &page("k"), 30).await {
        Err(Failure::Permanent { reason }) => {
            assert!(reason.contains("550") && reason.contains("no such mailbox"))
        }
        other => panic!("{other:?}"),
    }
    let reason = put_off(&server, json!({"to": ["busy@example.com"]})).await;
    assert!(reason.contains("451"), "{reason}");
}

#[tokio::test]
async fn a_mail_that_is_put_off_is_sent_again_and_is_the_same_mail() {
    let server = Smtp::encrypted();
    let channel = mailing(&server, json!({"to": ["later@example.com"]})).await;
    perform(&channel, &page("k"), 30).await.expect("taken");
    perform(&channel, &page("k"), 30).await.expect("taken");
    let [first, repeat] = &server.mails()[..] else { panic!("{:?}", server.mails()) };
    assert_eq!(first.headers["Message-ID"], repeat.headers["Message-ID"]);
}

#[tokio::test]
async fn one_bad_address_does_not_keep_the_page_from_the_others() {
    let server = Smtp::encrypted();
    let to = json!({"to": ["gone@example.com", "one@example.com", "busy@example.com", "two@example.com"]});
    let channel = mailing(&server, to).await;
    let receipt = perform(&channel, &page("k"), 30).await.expect("taken").receipt;
    let readers: Vec<_> = server.mails().into_iter().flat_map(|mail| mail.to).collect();
    assert_eq!(readers, ["one@example.com", "two@example.com"]);
    assert!(receipt.starts_with("refused: gone@example.com: "), "{receipt}");
}
