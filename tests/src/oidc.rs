//! A real provider of OpenID Connect (`tests/oidc`), and a browser without a window that signs people in at it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use reqwest::StatusCode;
use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};

/// The provider; it ends when this is dropped.
#[derive(Debug)]
pub struct OidcProvider {
    child: Child,
    /// Its address, as its tokens name it.
    pub issuer: String,
}

impl OidcProvider {
    /// What Watchfire is called there,
    pub const CLIENT: &str = "watchfire";
    /// and the secret that goes with it.
    pub const SECRET: &str = "a-secret-of-the-tests & more";

    /// Starts one that sends people back there.
    ///
    /// # Panics
    /// Where it is not installed.
    pub fn start(back: &str) -> Self {
        let program = std::env::current_exe().expect("a running program has a path");
        let script =
            program.ancestors().map(|folder| folder.join("oidc/provider.mjs")).find(|path| path.exists());
        let script = script.expect("the provider of OpenID Connect is missing: run tests/run");
        let mut command = Command::new("node");
        command.arg(script).arg(back).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("node starts");
        let mut issuer = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut issuer).expect("it says where it is");
        let issuer = issuer.trim().to_owned();
        assert!(issuer.starts_with("http://127.0.0.1:"), "the provider did not start: {issuer}");
        Self { child, issuer }
    }

    /// Stops it, as it stands.
    pub fn stops(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// A token for a program.
    pub async fn token_of_a_program(&self) -> String {
        let request = crate::http().post(format!("{}/token", self.issuer));
        let request = request.basic_auth("program", Some("a-secret-of-a-program"));
        let answer = as_form(request, &[("grant_type", "client_credentials")]).send().await;
        let answer = answer.expect("it answers");
        let answer: serde_json::Value = answer.json().await.expect("it answers JSON");
        answer["access_token"].as_str().expect("it gives a token").to_owned()
    }
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        self.stops();
    }
}

/// A request with a form.
fn as_form(request: reqwest::RequestBuilder, form: &[(&str, &str)]) -> reqwest::RequestBuilder {
    let encoded = |text: &str| -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._*".contains(&byte);
        let byte = |byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        text.bytes().map(byte).collect()
    };
    let pairs: Vec<_> =
        form.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    request.header("content-type", "application/x-www-form-urlencoded").body(pairs.join("&"))
}

/// A browser at one place: it keeps cookies, and follows nothing by itself.
#[derive(Debug, Default)]
pub struct Cookies(BTreeMap<String, String>);

/// What a browser was answered.
#[derive(Debug)]
pub struct Page {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The text.
    pub text: String,
}

impl Page {
    /// Where it leads.
    ///
    /// # Panics
    /// Where it leads nowhere.
    pub fn leads_to(&self) -> &str {
        let to = self
            .headers
            .get(LOCATION)
            .unwrap_or_else(|| panic!("{} leads nowhere: {}", self.status, self.text));
        to.to_str().expect("it is text")
    }
}

impl Cookies {
    /// Goes there; sends a form where there is one. `host` is what it calls the place, where that is another name.
    pub async fn go(&mut self, url: &str, host: Option<&str>, form: Option<&[(&str, &str)]>) -> Page {
        // Redirects are looked at, not followed.
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let none: [reqwest::Certificate; 0] = [];
        let client = client.tls_certs_only(none).build().expect("the client's settings are valid");
        let request = match form {
            Some(form) => as_form(client.post(url), form),
            None => client.get(url),
        };
        let cookies: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = request.header(COOKIE, cookies.join("; "));
        if let Some(host) = host {
            request = request.header("host", host);
        }
        let answer = request.send().await.expect("it answers");
        let (status, headers) = (answer.status(), answer.headers().clone());
        for set in headers.get_all(SET_COOKIE) {
            let set = set.to_str().expect("it is text");
            let (pair, attributes) = set.split_once(';').unwrap_or((set, ""));
            let (name, value) = pair.split_once('=').expect("a cookie has a name");
            let is_gone = value.is_empty() || attributes.contains("Max-Age=0") || attributes.contains("1970");
            match is_gone {
                true => self.0.remove(name),
                false => self.0.insert(name.to_owned(), value.to_owned()),
            };
        }
        Page { status, headers, text: answer.text().await.expect("it is text") }
    }

    /// The value of a cookie.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Puts one there, as whoever has a browser can.
    pub fn put(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    /// Signs somebody in at the provider whose page that is; where they are sent back to.
    pub async fn signs_in(&mut self, page: &str, name: &str, back: &str) -> String {
        let mut url = page.to_owned();
        let issuer = url.split('/').take(3).collect::<Vec<_>>().join("/");
        for _ in 0..12 {
            let page = match url.starts_with(back) {
                true => return url,
                false => self.go(&url, None, None).await,
            };
            let page = match page.status.as_u16() {
                200 => {
                    let prompt = if page.text.contains("value=\"consent\"") { "consent" } else { "login" };
                    let form = [("prompt", prompt), ("login", name), ("password", "any")];
                    self.go(&url, None, Some(&form)).await
                }
                _ => page,
            };
            let to = page.leads_to();
            url = if to.starts_with('/') { format!("{issuer}{to}") } else { to.to_owned() };
        }
        panic!("{name} does not come back from the provider: {url}");
    }
}
