//! What is refused: forms of other pages, frames, strangers; a session that has ended.

use watchfire_tests::{Configuration, http};

use crate::stage::Stage;

/// A client that goes where it is sent, and no further.
fn client_without_redirects() -> reqwest::Client {
    // Installs the provider.
    drop(http());
    let none: [reqwest::Certificate; 0] = [];
    let client = reqwest::Client::builder().no_proxy().tls_certs_only(none);
    client.redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// A session's cookie, and the token of its forms.
async fn session(stage: &Stage) -> (String, String) {
    let client = client_without_redirects();
    let form = format!("token={}&name=ana&to=/", Configuration::INGEST_TOKEN);
    let answer = client.post(stage.url("/login")).header("content-type", "application/x-www-form-urlencoded");
    let answer = answer.body(form).send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let page =
        client.get(stage.url("/")).header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    (cookie, csrf)
}

async fn sent(stage: &Stage, headers: &[(&str, &str)], form: &str) -> u16 {
    let request = http().post(stage.url("/act")).header("content-type", "application/x-www-form-urlencoded");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(form.to_owned()).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn no_other_page_has_anything_done() {
    let stage = Stage::set().await;
    let (cookie, csrf) = session(&stage).await;
    let of = "do=resolve&of=event-1";
    let cookie = ("cookie", cookie.as_str());
    assert_eq!(sent(&stage, &[cookie], of).await, 403, "no token");
    assert_eq!(sent(&stage, &[cookie], &format!("{of}&csrf=another")).await, 403, "another token");
    let own = format!("{of}&csrf={csrf}");
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        assert_eq!(sent(&stage, &[cookie, (name, value)], &own).await, 403, "{name}");
    }
    assert_ne!(stage.asked("/v1/story?of=event-1").await["incident"]["state"], "over");
    assert_eq!(sent(&stage, &[cookie], &own).await, 200);
    assert_eq!(stage.asked("/v1/story?of=event-1").await["incident"]["state"], "over");
}

#[tokio::test]
async fn a_silence_whose_form_is_sent_twice_is_made_once() {
    let stage = Stage::set().await;
    let (cookie, _) = session(&stage).await;
    let page = http().get(stage.url("/silences/new?match=pod%3Dweb-1&for=2h&p0=1&reason=test"));
    let page = page.header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
    let form = page.split("<form method=\"post\" action=\"/act\"").nth(1).expect(&page);
    let hidden = form.split("<input type=\"hidden\" name=\"").skip(1).map(|input| {
        let (name, rest) = input.split_once("\" value=\"").unwrap();
        let value = rest.split('"').next().unwrap();
        format!("{name}={}", value.replace('=', "%3D").replace(':', "%3A"))
    });
    let form = hidden.collect::<Vec<_>>().join("&");
    for _ in 0..2 {
        assert_eq!(sent(&stage, &[("cookie", &cookie)], &form).await, 200, "{form}");
    }
    assert_eq!(stage.asked("/v1/silences").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn strangers_sign_in_first_and_no_page_is_shown_in_another() {
    let stage = Stage::set().await;
    let client = http();
    for page in crate::stage::PAGES {
        let answer = client.get(stage.url(page)).send().await.unwrap();
        assert!(answer.url().path() == "/login", "{page} leads to {}", answer.url());
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let page = answer.text().await.unwrap();
        assert!(!page.contains("web-1") && !page.contains("<script>") && !page.contains("style="), "{page}");
    }
    let live = client.get(stage.url("/board/live")).send().await.unwrap();
    assert_eq!(live.status(), 401);
}

#[tokio::test]
async fn a_link_from_elsewhere_opens_and_a_session_that_ended_does_not() {
    let stage = Stage::set().await;
    let (cookie, csrf) = session(&stage).await;
    let link =
        [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    let open = async |headers: &[(&str, &str)]| {
        let request = http().get(stage.url("/incident?of=event-1"));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    // Its cookie comes with the page's own second request.
    let (status, page) = open(&link).await;
    assert!(status == 200 && page.contains("http-equiv=\"refresh\""), "{status} {page}");
    let of_a_page =
        link.iter().fold(http().get(stage.url("/v1/story?of=event-1")), |request, (name, value)| {
            request.header(*name, *value)
        });
    assert_eq!(of_a_page.send().await.unwrap().url().path(), "/incident");
    let mut frame = link;
    frame[2].1 = "iframe";
    assert_eq!(open(&frame).await.0, 403);
    let with_cookie = [("cookie", cookie.as_str())];
    assert!(open(&with_cookie).await.1.contains("web-1"));
    let out = http().post(stage.url("/logout")).header("cookie", &cookie);
    let out = out.header("content-type", "application/x-www-form-urlencoded").body(format!("csrf={csrf}"));
    out.send().await.unwrap();
    assert!(!open(&with_cookie).await.1.contains("web-1"));
}
