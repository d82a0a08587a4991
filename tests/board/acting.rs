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

#[tokio::test]
async fn what_is_noted_linked_and_labelled_is_on_the_page_and_in_lists() {
    let (stage, browser) = (Stage::set().await, Browser::start().await);
    let tab = stage.signed_in(&browser).await;
    let page = stage.url("/incident?of=event-1");
    let add = async |deed: &str, fields: &[(&str, &str)]| {
        tab.go(&page).await;
        tab.follow(&format!("[data-do={deed}]")).await;
        for (field, value) in fields {
            tab.fill(field, value).await;
        }
        tab.follow("form[method=post][action='/act'] button.main").await;
        tab.text().await
    };
    let hostile = "<img src=x onerror=alert(1)> the load test";
    let noted = add("note", &[("#text", hostile)]).await;
    assert!(noted.contains(hostile) && !noted.contains("not done"), "{noted}");
    let again = add("note", &[("#text", hostile)]).await;
    assert!(again.contains("not done: the note before it says the same"), "{again}");
    let secret = add("link", &[("#url", "https://ana:hunter2@tickets.example.com/1")]).await;
    assert!(secret.contains("expected an address without a user or a password"), "{secret}");
    let typed = tab.value("document.querySelector('#url').value").await;
    assert_eq!(
        typed,
        json!("https://ana:hunter2@tickets.example.com/1"),
        "what was typed is there to be mended"
    );
    add("link", &[("#url", "https://tickets.example.com/OPS-1"), ("#title", "OPS-1")]).await;
    add("label", &[("#labels", "team=shop cause=\"load test\"")]).await;

    tab.go(&page).await;
    let text = tab.text().await;
    for said in [hostile, "OPS-1 (tickets.example.com)", "team=shop", "cause=load test"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert_eq!(tab.value("document.querySelectorAll('img[src=x]').length").await, json!(0));
    let story = stage.asked("/v1/story?of=event-1").await;
    assert_eq!((story["notes"].as_array().unwrap().len(), &story["notes"][0]["by"]), (1, &json!("ana")));
    assert!(!story.to_string().contains("hunter2"), "what was refused is recorded nowhere");
    let labelled = async |labels: &str| {
        let list = stage.asked(&format!("/v1/incidents?label={labels}")).await;
        list["incidents"].as_array().unwrap().len()
    };
    assert_eq!((labelled("team%3Dshop,cause").await, labelled("team%3Dpay").await), (1, 0));
    tab.go(&stage.url("/?label=team%3Dshop")).await;
    let cards = tab.value("document.querySelectorAll('.card').length").await;
    assert_eq!(cards, json!(1));

    tab.go(&page).await;
    tab.follow("[data-do=unlink]").await;
    tab.follow("form[method=post][action='/act'] button.main").await;
    assert_eq!(stage.asked("/v1/story?of=event-1").await.get("links"), None);
}
