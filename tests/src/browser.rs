//! A real Chromium without a window, driven by its own protocol over two pipes: no port, no driver, nothing downloaded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::oneshot;

use crate::until;

/// On a machine that has much else to do.
const SOON: Duration = Duration::from_secs(30);
/// What the browser hears of it is a text and a NUL; it is given file descriptors 3 and 4 for that.
const SHELL: &str = r#"exec "$0" "$@" 3<&0 4>&1 >/dev/null"#;
const ARGUMENTS: [&str; 8] = [
    "--headless=new",
    "--no-sandbox",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--hide-scrollbars",
];
/// Nothing leaves this machine.
const NOWHERE_ELSE: &str = "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1";

type Waiting = Arc<Mutex<BTreeMap<u64, oneshot::Sender<Value>>>>;

/// The browser; it ends when this is dropped.
#[derive(Debug)]
pub struct Browser {
    _child: Child,
    _profile: TempDir,
    commands: tokio::sync::Mutex<ChildStdin>,
    waiting: Waiting,
    number: AtomicU64,
}

/// One page of it.
#[derive(Debug)]
pub struct Tab<'b> {
    browser: &'b Browser,
    session: String,
}

/// Where Chromium is.
fn program() -> PathBuf {
    let known = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].map(Path::new);
    let found = known.into_iter().find(|path| path.exists());
    found.expect("there is no Chromium: run tests/run, or apt-get install chromium").to_owned()
}

impl Browser {
    /// Starts one with a profile of its own.
    pub async fn start() -> Self {
        Self::starts(&[&format!("--host-resolver-rules={NOWHERE_ELSE}")]).await
    }

    /// The same, to which `host` is at that port of 127.0.0.1, whoever signed its certificate.
    pub async fn start_knowing(host: &str, port: u16) -> Self {
        let rules = format!("--host-resolver-rules=MAP {host}:443 127.0.0.1:{port} , {NOWHERE_ELSE}");
        Self::starts(&[&rules, "--ignore-certificate-errors"]).await
    }

    async fn starts(more: &[&str]) -> Self {
        let profile = tempfile::tempdir().expect("a temporary directory can be made");
        let mut command = Command::new("sh");
        command.args(["-c", SHELL]).arg(program()).args(ARGUMENTS).args(more);
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().expect("Chromium starts");
        let commands = child.stdin.take().expect("it is piped");
        let answers = child.stdout.take().expect("it is piped");
        let waiting = Waiting::default();
        tokio::spawn(hear(answers, waiting.clone()));
        let (commands, number) = (tokio::sync::Mutex::new(commands), AtomicU64::new(1));
        Self { _child: child, _profile: profile, commands, waiting, number }
    }

    async fn ask(&self, method: &str, parameters: Value, session: Option<&str>) -> Value {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let mut command = json!({"id": number, "method": method, "params": parameters});
        if let Some(session) = session {
            command["sessionId"] = json!(session);
        }
        let (sender, answer) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(number, sender);
        let text = command.to_string() + "\0";
        self.commands.lock().await.write_all(text.as_bytes()).await.expect("Chromium listens");
        let answer = tokio::time::timeout(SOON * 2, answer).await.expect("Chromium answers in time");
        let answer = answer.expect("Chromium is there");
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].clone()
    }

    /// Opens a page, with nothing in it.
    pub async fn tab(&self) -> Tab<'_> {
        let target = self.ask("Target.createTarget", json!({"url": "about:blank"}), None).await;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = self.ask("Target.attachToTarget", attach, None).await;
        let session = attached["sessionId"].as_str().expect("it has a name").to_owned();
        let tab = Tab { browser: self, session };
        tab.ask("Page.enable", json!({})).await;
        tab
    }
}

async fn hear(answers: ChildStdout, waiting: Waiting) {
    let (mut answers, mut text) = (BufReader::new(answers), Vec::new());
    while answers.read_until(0, &mut text).await.is_ok_and(|read| read > 0) {
        text.pop();
        let said: Value = serde_json::from_slice(&text).unwrap_or_default();
        let number = said["id"].as_u64().unwrap_or_default();
        if let Some(sender) = waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&number) {
            // Nobody may wait for it any more.
            let _ = sender.send(said);
        }
        text.clear();
    }
    waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

impl Tab<'_> {
    async fn ask(&self, method: &str, parameters: Value) -> Value {
        self.browser.ask(method, parameters, Some(&self.session)).await
    }

    /// Goes there, and waits until the page is whole.
    pub async fn go(&self, url: &str) {
        self.ask("Page.navigate", json!({"url": url})).await;
        self.wait("document.readyState === 'complete'").await;
    }

    /// What an expression comes to.
    pub async fn value(&self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let said = self.ask("Runtime.evaluate", asked).await;
        assert!(said["exceptionDetails"].is_null(), "{expression}: {}", said["exceptionDetails"]);
        said["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub async fn wait(&self, expression: &str) {
        let asked = json!({"expression": format!("!!({expression})"), "returnByValue": true});
        // While a page goes there is nothing to look at, and that is an error.
        until(expression, SOON, async || {
            let said = self.ask("Runtime.evaluate", asked.clone()).await;
            (said["result"]["value"] == true).then_some(())
        })
        .await;
    }

    /// What the page says.
    pub async fn text(&self) -> String {
        self.value("document.querySelector('main').innerText").await.as_str().unwrap_or_default().to_owned()
    }

    /// Clicks on the first element that a selector finds, and waits for the page that it leads to.
    pub async fn follow(&self, selector: &str) {
        let quoted = serde_json::to_string(selector).expect("a text is JSON");
        self.wait(&format!("document.querySelector({quoted})")).await;
        self.value(&format!("document.left = true; document.querySelector({quoted}).click()")).await;
        self.wait("!document.left && document.readyState === 'complete'").await;
    }

    /// Writes into a field.
    pub async fn fill(&self, selector: &str, text: &str) {
        let [selector, text] =
            [selector, text].map(|text| serde_json::to_string(text).expect("a text is JSON"));
        self.value(&format!("document.querySelector({selector}).value = {text}")).await;
    }

    /// Presses a key, as a keyboard does: `j`, `Tab`, `Enter`.
    pub async fn press(&self, key: &str) {
        let (code, text) = match key {
            "Enter" => (13, "\r"),
            "Tab" => (9, ""),
            "Escape" => (27, ""),
            letter => (letter.to_uppercase().bytes().next().map_or(0, u32::from), letter),
        };
        let mut event = json!({"type": "keyDown", "key": key, "windowsVirtualKeyCode": code});
        if !text.is_empty() {
            event["text"] = json!(text);
        }
        self.ask("Input.dispatchKeyEvent", event.clone()).await;
        self.ask(
            "Input.dispatchKeyEvent",
            json!({"type": "keyUp", "key": key, "windowsVirtualKeyCode": code}),
        )
        .await;
    }

    /// Is a screen of that size.
    pub async fn size(&self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.ask("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Prefers a colour scheme: `dark`, `light`.
    pub async fn prefers(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.ask("Emulation.setEmulatedMedia", json!({"features": features})).await;
    }

    /// Runs no script any more.
    pub async fn without_script(&self) {
        self.ask("Emulation.setScriptExecutionDisabled", json!({"value": true})).await;
    }

    /// A picture of what is seen, as PNG.
    pub async fn picture(&self) -> Vec<u8> {
        let said = self.ask("Page.captureScreenshot", json!({"format": "png"})).await;
        STANDARD.decode(said["data"].as_str().unwrap_or_default()).expect("base64")
    }
}
