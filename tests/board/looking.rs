//! What is seen, by whom, and how soon.

use serde_json::{Value, json};
use watchfire_tests::{Browser, GuardDuty, Tab, http};

use crate::stage::{PAGES, Stage};

/// The rules of WCAG 2.2 AA that axe looks for, and what it found; none of them is let off.
const AXE: &str =
    "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
    .then(found => found.violations.map(it => it.id + ': ' + it.nodes.map(node => node.html).join(' | ')))";

async fn violations(tab: &Tab<'_>) -> Value {
    tab.value(include_str!("../browser/axe.min.js")).await;
    tab.value(AXE).await
}

#[tokio::test]
async fn every_page_is_fit_for_everybody_in_light_and_dark_on_a_desktop_and_on_a_phone() {
    let (stage, browser) = (Stage::set().await, Browser::start().await);
    stage.event(&GuardDuty::low("low-1"), "low").await;
    let tab = stage.signed_in(&browser).await;
    for page in PAGES {
        tab.go(&stage.url(page)).await;
        for (scheme, width) in [("light", 1200), ("dark", 390), ("light", 500), ("dark", 320)] {
            tab.prefers(scheme).await;
            tab.size(width, 844).await;
            // What is around them is the same on each page.
            if matches!(width, 1200 | 390) || page == "/" {
                assert_eq!(violations(&tab).await, json!([]), "{page} {scheme} {width}");
            }
            let overflow = "['html', 'nav ul'].map(name => document.querySelector(name)).map(it => it.scrollWidth - it.clientWidth)";
            assert_eq!(tab.value(overflow).await, json!([0, 0]), "{page} is as wide as a screen of {width}");
            let links = "[...document.querySelectorAll('nav a')].filter(it => it.getBoundingClientRect().right > innerWidth).length";
            assert_eq!(tab.value(links).await, json!(0), "{page}: every link is on a screen of {width}");
        }
    }
}

#[tokio::test]
async fn a_page_follows_what_happens_and_what_is_asked_for_is_in_its_address() {
    let (stage, browser) = (Stage::set().await, Browser::start().await);
    let tab = stage.signed_in(&browser).await;
    let cards = "document.querySelectorAll('[data-key]').length";
    assert_eq!(tab.value(cards).await, json!(2));
    tab.fill("#match", "pod=pay-1").await;
    tab.follow("form.filter button").await;
    assert_eq!(tab.value(cards).await, json!(1));
    assert!(tab.value("location.search").await.as_str().unwrap().contains("match=pod%3Dpay-1"));
    tab.value("history.back()").await;
    tab.wait(&format!("{cards} === 2 && document.readyState === 'complete'")).await;
    tab.wait("document.querySelector('#live.on')").await;
    tab.value("document.same = true").await;
    tab.fill("#match", "half of").await;
    stage.event(&GuardDuty::miner("new-1"), "event-3").await;
    tab.wait(&format!("document.same && {cards} === 3")).await;
    assert_eq!(
        tab.value("document.querySelector('#match').value").await,
        json!("half of"),
        "what was typed stays"
    );
    let (when, utc) = ("document.querySelector('time').textContent", "document.querySelector('time').title");
    assert!(tab.value(utc).await.as_str().unwrap().contains(" UTC"));
    assert_ne!(tab.value(when).await, json!(""));
}

#[tokio::test]
async fn hostile_text_is_text() {
    let (stage, browser) = (Stage::set().await, Browser::start().await);
    let hostile =
        "<img src=x onerror='document.title=1'><script>document.title=1</script>&lt;b&gt;\u{202e}\"'";
    let mut event: Value = GuardDuty::miner("evil-1").event("evil");
    event["detail"]["title"] = json!(hostile);
    event["detail"]["type"] = json!(format!("CryptoCurrency:Runtime/{hostile}"));
    event["detail"]["resource"]["kubernetesDetails"]["kubernetesWorkloadDetails"]["name"] = json!(hostile);
    assert_eq!(stage.worker.post(&event).await, 202);
    let mut low: Value = GuardDuty::low("evil-2").event("evil-low");
    low["detail"]["title"] = json!(hostile);
    assert_eq!(stage.worker.post(&low).await, 202);
    for event in ["evil", "evil-low"] {
        stage.worker.decided(event).await;
    }
    let tab = stage.signed_in(&browser).await;
    for page in ["/", "/stream", "/incident?of=evil", "/event?of=evil", "/digest"] {
        tab.go(&stage.url(page)).await;
        let foreign = "document.querySelectorAll('main img, main script, main b').length";
        assert_eq!(tab.value(foreign).await, json!(0), "{page}");
        assert_ne!(tab.value("document.title").await, json!("1"), "{page}");
        let text = tab.text().await;
        assert!(text.contains("<img src=x") && !text.contains('\u{202e}'), "{page}: {text}");
    }
}

#[tokio::test]
async fn a_page_with_as_many_incidents_as_it_lists_is_small() {
    let stage = Stage::set().await;
    let many: Vec<_> = (0..110).map(|number| format!("many-{number}")).collect();
    for name in &many {
        assert_eq!(stage.worker.post(GuardDuty::miner(name).event(name)).await, 202);
    }
    for name in &many {
        stage.worker.decided(name).await;
    }
    let client = http();
    let asked = || client.get(stage.url("/")).bearer_auth(watchfire_tests::Configuration::INGEST_TOKEN);
    let plain = asked().send().await.unwrap().text().await.unwrap();
    assert_eq!(plain.matches("<li class=\"card").count(), 100);
    let answer = asked().header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    let bytes = answer.bytes().await.unwrap().len();
    assert!(bytes < 60 * 1024, "{bytes} bytes");
    // A script that has it is not sent it again; of another priority all are counted, too.
    let tag = plain.split("data-tag=\"&#34;").nth(1).expect(&plain).split("&#34;").next().unwrap();
    let part = asked().header("watchfire-part", "main").header("if-none-match", format!("\"{tag}\""));
    let part = part.send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.bytes().await.unwrap().len()), (304, 0));
    let others =
        client.get(stage.url("/?priority=P1")).bearer_auth(watchfire_tests::Configuration::INGEST_TOKEN);
    let others = others.send().await.unwrap().text().await.unwrap();
    assert!(others.contains("All 112</a>") && others.contains("No incident is as asked for."), "{others}");
}

#[tokio::test]
async fn what_a_page_shows_can_be_copied_as_text() {
    let stage = Stage::set().await;
    stage.event(&GuardDuty::low("low-1"), "event-3").await;
    let asked = async |path: &str| {
        let request = http().get(stage.url(path)).bearer_auth(watchfire_tests::Configuration::INGEST_TOKEN);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8", "{path}");
        answer.text().await.unwrap()
    };
    for (path, part) in [
        ("/?as=text", " | payments pods/checkout/web-1"),
        ("/stream?as=text", "P0 paged | "),
        ("/digest?as=text", "low-1 | "),
        ("/rules?as=text", " | nothing | "),
        ("/contained?as=text", "Mitigation is"),
        ("/approvals?as=text", ""),
        ("/silences?as=text", ""),
    ] {
        let text = asked(path).await;
        assert!(text.contains(part) && !text.contains('<'), "{path}: {text}");
    }
}
