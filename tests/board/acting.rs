//! What is done by forms: shown first, done once, and the same without scripts and without a mouse.

use serde_json::json;
use watchfire_tests::Browser;

use crate::stage::Stage;

#[tokio::test]
async fn an_incident_is_acknowledged_once_it_was_shown_what_that_does() {
    let (stage, browser) = (Stage::set().await, Browser::start().await);
    let tab = stage.signed_in(&browser).await;
    tab.follow("[data-do=ack]").await;
    assert!(tab.text().await.contains("What it will do"), "{}", tab.text().await);
    tab.fill("#why", "on it").await;
    tab.follow("form button.main").await;
    tab.follow(".actions a").await;
    let text = tab.text().await;
    assert!(text.contains("ana has it") && text.contains("on it"), "{text}");
}

#[tokio::test]
async fn a_silence_says_what_it_would_have_done_before_it_is_made() {
    let (stage, browser) = (Stage::set().await, Browser::start().await);
    let tab = stage.signed_in(&browser).await;
    tab.go(&stage.url("/silences/new")).await;
    tab.fill("#match", "pod=web-1").await;
    tab.fill("#reason", "a test").await;
    tab.follow("form.box button").await;
    let text = tab.text().await;
    assert!(text.contains("would have silenced 1 of 2 events in 24 h"), "{text}");
    assert!(text.contains("It would not be done"), "a P0 is not silenced by the way: {text}");
    tab.value("document.querySelector('[name=p0]').checked = true").await;
    tab.follow("form.box button").await;
    tab.follow("form[method=post][action='/act'] button.main").await;
    tab.go(&stage.url("/silences")).await;
    let text = tab.text().await;
    assert!(text.contains("pod=web-1") && text.contains("ana: a test"), "{text}");
    assert_eq!(stage.asked("/v1/silences").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn without_scripts_it_is_read_and_acted_on_all_the_same() {
    let (stage, browser) = (Stage::set().await, Browser::start().await);
    let tab = browser.tab().await;
    tab.without_script().await;
    tab.go(&stage.url("/")).await;
    tab.fill("#token", watchfire_tests::Configuration::INGEST_TOKEN).await;
    tab.fill("#name", "ben").await;
    tab.follow("form button.main").await;
    assert!(tab.text().await.contains("web-1"), "{}", tab.text().await);
    assert!(tab.value("document.querySelector('time').textContent").await.as_str().unwrap().len() > 1);
    tab.follow("[data-key] .name a").await;
    tab.follow("[data-do=ack]").await;
    tab.follow("form button.main").await;
    let owners = [stage.asked("/v1/incidents?mine=ben").await];
    assert_eq!(owners[0]["incidents"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn keys_alone_are_enough() {
    let (stage, browser) = (Stage::set().await, Browser::start().await);
    let tab = stage.signed_in(&browser).await;
    tab.press("?").await;
    tab.wait("document.querySelector('#help').open").await;
    tab.press("Escape").await;
    tab.wait("!document.querySelector('#help').open").await;
    tab.press("j").await;
    tab.wait("document.querySelectorAll('.card')[0].classList.contains('on')").await;
    tab.press("j").await;
    tab.wait("document.querySelectorAll('.card')[1].classList.contains('on')").await;
    tab.press("a").await;
    tab.wait("document.querySelector('#why')").await;
    tab.value("document.querySelector('#why').focus()").await;
    tab.press("Enter").await;
    tab.wait("document.querySelector('section[role=status]') && document.readyState === 'complete'").await;
    tab.press("g").await;
    tab.press("s").await;
    tab.wait("location.pathname === '/silences'").await;
    assert_eq!(stage.asked("/v1/incidents?mine=ana").await["incidents"].as_array().unwrap().len(), 1);
    assert_eq!(tab.value("document.querySelector('h1').textContent").await, json!("Silences and windows"));
}
