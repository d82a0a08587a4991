//! People sign in to the board at a provider of OpenID Connect, a real one; programs show its tokens.

use serde_json::{Value, json};
use watchfire_tests::oidc::{Cookies, OidcProvider, Page};
use watchfire_tests::{Configuration, PagerDuty, Watchfire, http};

const HOST: &str = "watchfire.example.com";
const BACK: &str = "https://watchfire.example.com/login/oidc/back";

struct Stage {
    provider: OidcProvider,
    _pagerduty: PagerDuty,
    /// With the client's secret.
    _folder: tempfile::TempDir,
    worker: Watchfire,
}

impl Stage {
    async fn set() -> Self {
        let (provider, pagerduty) = (OidcProvider::start(BACK), PagerDuty::start().await);
        let roles = json!([
            {"who": ["sre"], "roles": [{"role": "responder"}]},
            {"who": ["every*"], "roles": [{"role": "viewer"}]},
        ]);
        let secret = tempfile::tempdir().unwrap();
        let path = secret.path().join("client");
        std::fs::write(&path, OidcProvider::SECRET).unwrap();
        let oidc = json!({"issuer": provider.issuer, "client_id": OidcProvider::CLIENT, "client_secret": {"file": path},
            "label": "Example", "scopes": ["email", "groups"], "audiences": ["https://watchfire.example.com"],
            "roles": roles});
        let configuration = Configuration::new(&pagerduty.url())
            .set("http.operator_token", json!({"env": "INGEST_TOKEN"}))
            .set("http.public_url", json!("https://watchfire.example.com"))
            .set("http.hosts", json!([HOST]))
            .set("access", json!({"oidc": oidc}));
        let worker = Watchfire::start(&configuration, None).await;
        Self { provider, _pagerduty: pagerduty, _folder: secret, worker }
    }

    /// A page of the board, as a browser behind a proxy that does TLS has it.
    async fn page(&self, browser: &mut Cookies, path: &str, form: Option<&[(&str, &str)]>) -> Page {
        browser.go(&format!("{}{path}", self.worker.ingest), Some(HOST), form).await
    }

    /// The path that somebody is sent back to, with all that the provider says.
    async fn comes_back(&self, browser: &mut Cookies, name: &str, to: &str) -> String {
        let page = self.page(browser, &format!("/login/oidc?to={to}"), None).await;
        let back = Cookies::default().signs_in(page.leads_to(), name, BACK).await;
        back.strip_prefix("https://watchfire.example.com").unwrap().to_owned()
    }

    async fn signed_in(&self, name: &str, to: &str) -> (Cookies, Page) {
        let mut browser = Cookies::default();
        let back = self.comes_back(&mut browser, name, to).await;
        let page = self.page(&mut browser, &back, None).await;
        (browser, page)
    }

    async fn trail(&self) -> Value {
        let request = http().get(format!("{}/v1/audit", self.worker.ingest));
        let request = request.bearer_auth(Configuration::INGEST_TOKEN);
        request.send().await.unwrap().json().await.unwrap()
    }
}

#[tokio::test]
async fn people_sign_in_at_the_provider_have_the_roles_of_their_groups_and_sign_out_there_too() {
    let stage = Stage::set().await;
    let asked = stage.page(&mut Cookies::default(), "/login?to=/rules", None).await;
    assert!(
        asked.text.contains(r#"href="/login/oidc?to=%2Frules">Sign in with Example</a>"#),
        "{}",
        asked.text
    );
    let (mut browser, page) = stage.signed_in("ana", "/silences%3Fa=b").await;
    assert_eq!((page.status.as_u16(), page.leads_to()), (303, "/silences?a=b"));
    let names: Vec<_> =
        page.headers.get_all("set-cookie").iter().map(|set| set.to_str().unwrap().to_owned()).collect();
    assert!(
        names[0].starts_with("__Host-watchfire=") && names[0].ends_with("; SameSite=Strict; Secure"),
        "{names:?}"
    );
    assert_eq!(names[1], "__Host-watchfire-login=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0");
    let home = stage.page(&mut browser, "/", None).await;
    assert!(home.status == 200 && home.text.contains("ana@example.com"), "{}", home.text);
    // What a responder may: a silence, which is in the trail by their own name and by whom they are known.
    let form =
        stage.page(&mut browser, "/silences/new?match=rule%3Dminer-in-a-pod&for=2h&reason=noise", None).await;
    let hidden = |name: &str| {
        let at = form.text.split(&format!("name=\"{name}\" value=\"")).nth(1);
        at.and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
    };
    let (csrf, id, at) = (hidden("csrf"), hidden("id"), hidden("at"));
    let sent = [
        ("do", "silence"),
        ("match", "rule=miner-in-a-pod"),
        ("for", "2h"),
        ("reason", "noise"),
        ("csrf", csrf.as_str()),
        ("id", id.as_str()),
        ("at", at.as_str()),
    ];
    let done = stage.page(&mut browser, "/act", Some(&sent)).await;
    assert!(done.status.is_success() || done.status.is_redirection(), "{}", done.text);
    let trail = stage.trail().await;
    let entry: Value = serde_json::from_str(trail["entries"][0]["line"].as_str().unwrap()).unwrap();
    let subject = format!("ana at {}", stage.provider.issuer);
    let who = json!({"name": "ana@example.com", "how": "oidc", "subject": subject, "from": "127.0.0.1"});
    assert_eq!((&entry["who"], &entry["what"]), (&who, &json!("silence")), "{trail}");
    // Signing out ends the session here and leads to the provider.
    let out = stage.page(&mut browser, "/logout", Some(&[("csrf", csrf.as_str())])).await;
    let refresh = out.headers["refresh"].to_str().unwrap().to_owned();
    let to = format!("0; url={}/session/end?id_token_hint=ey", stage.provider.issuer);
    assert!(refresh.starts_with(&to) && refresh.ends_with("watchfire.example.com%2Flogin"), "{refresh}");
    let there = Cookies::default().go(refresh.strip_prefix("0; url=").unwrap(), None, None).await;
    assert_eq!(there.status.as_u16(), 200, "{}", there.text);
    assert_eq!(stage.page(&mut browser, "/", None).await.leads_to(), "/login");
    let printed = stage.worker.printed();
    assert!(!printed.contains("id_token") && !printed.contains(OidcProvider::SECRET), "{printed}");
}

#[tokio::test]
async fn whoever_is_in_fewer_groups_may_less_and_in_none_nothing() {
    let stage = Stage::set().await;
    let (mut vi, _) = stage.signed_in("vi", "").await;
    assert_eq!(stage.page(&mut vi, "/", None).await.status.as_u16(), 200);
    let refused =
        stage.page(&mut vi, "/silences/new?match=rule%3Dminer-in-a-pod&for=2h&reason=noise", None).await;
    assert!(refused.text.contains("it wants the role responder"), "{}", refused.text);
    let (mut no, page) = stage.signed_in("no", "").await;
    assert_eq!(page.status.as_u16(), 303);
    let nothing = stage.page(&mut no, "/", None).await;
    assert!(nothing.status == 403 && nothing.text.contains("no@example.com has no role"), "{}", nothing.text);
}

#[tokio::test]
async fn a_sign_in_ends_in_the_browser_that_began_it_once_and_leads_nowhere_else() {
    let stage = Stage::set().await;
    let mut ana = Cookies::default();
    let back = stage.comes_back(&mut ana, "ana", "//evil.example").await;
    // Somebody who is sent a link that ends the sign-in of another is not signed in as them.
    let other = "this sign-in was not begun here, or too long ago: sign in again";
    let mut mallory = Cookies::default();
    let page = stage.page(&mut mallory, &back, None).await;
    assert!(page.status == 401 && page.text.contains(other), "{}", page.text);
    stage.page(&mut mallory, "/login/oidc", None).await;
    let page = stage.page(&mut mallory, &back, None).await;
    assert!(page.status == 401 && page.text.contains(other), "{}", page.text);
    // A state without its cookie, a cookie of two, another issuer, an error of the provider: said as text.
    let state = back.split("state=").nth(1).unwrap().split('&').next().unwrap();
    let evil = format!(
        "/login/oidc/back?state={state}&error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E"
    );
    let kept = ana.get("__Host-watchfire-login").unwrap().to_owned();
    let page = stage.page(&mut ana, &evil, None).await;
    assert!(page.status == 401 && page.text.contains("says: access_denied"), "{}", page.text);
    assert!(!page.text.contains("<script>alert"), "{}", page.text);
    ana.put("__Host-watchfire-login", &kept);
    let mixed = back.replace(&format!("iss={}", "http%3A%2F%2F127.0.0.1"), "iss=http%3A%2F%2F127.0.0.2");
    let page = stage.page(&mut ana, &mixed, None).await;
    assert!(page.status == 401 && page.text.contains("another issuer has sent you back"), "{}", page.text);
    ana.put("__Host-watchfire-login", &kept);
    let page = stage.page(&mut ana, &back, None).await;
    assert_eq!((page.status.as_u16(), page.leads_to()), (303, "/"), "{}", page.text);
    // The code is good once.
    ana.put("__Host-watchfire-login", &kept);
    let page = stage.page(&mut ana, &back, None).await;
    assert!(
        page.status == 401 && page.text.contains("does not take the code of this sign-in"),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn a_program_shows_a_token_of_the_provider_and_while_that_is_gone_nobody_signs_in() {
    let mut stage = Stage::set().await;
    let token = stage.provider.token_of_a_program().await;
    let get = async |token: &str| {
        let request = http().get(format!("{}/v1/incidents", stage.worker.ingest)).bearer_auth(token);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(get(&token).await.0, 200);
    let (signed, _) = token.rsplit_once('.').unwrap();
    let (status, said) = get(&format!("{signed}.AAAA")).await;
    assert!(status == 401 && said.contains("the token is not signed by whom it says"), "{said}");
    stage.provider.stops();
    // Its keys are known.
    let request = http().get(format!("{}/v1/incidents", stage.worker.ingest)).bearer_auth(&token);
    assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
    let again = Stage::set().await;
    let mut stage = again;
    stage.provider.stops();
    let page = stage.page(&mut Cookies::default(), "/login/oidc", None).await;
    assert!(page.status == 503 && page.text.contains("does not say what it is signed by"), "{}", page.text);
}
