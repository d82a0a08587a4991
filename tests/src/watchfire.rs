//! The `watchfire` binary as a process: started, asked, killed, started again in the same directory.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{binary, http, run};
use crate::smtp::LOGIN;
use crate::{Configuration, Logs, Metrics, Ministack, until};

/// On a machine that has much else to do.
const STARTED: Duration = Duration::from_secs(60);

/// A work directory and, unless it was killed or has ended, the `watchfire run` in it.
#[derive(Debug)]
pub struct Watchfire {
    directory: TempDir,
    endpoint: Option<String>,
    log_filter: &'static str,
    descriptors: Option<u32>,
    child: Option<Child>,
    http: reqwest::Client,
    /// Where `POST /v1/events` goes, such as `http://127.0.0.1:40001`.
    pub ingest: String,
    /// Where `/livez`, `/readyz` and `/metrics` are.
    pub health: String,
}

/// How a run ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// From the signal to the end.
    pub after: Duration,
}

/// What a command has printed, and its exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The exit code; -1 for an end by a signal.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Watchfire {
    /// Starts the worker in a fresh directory and waits until `/readyz` says 200.
    pub async fn start(configuration: &Configuration, aws: Option<&Ministack>) -> Self {
        Self::start_logging("info", configuration, aws).await
    }

    /// The same, with that value of `RUST_LOG`.
    pub async fn start_logging(
        log_filter: &'static str,
        configuration: &Configuration,
        aws: Option<&Ministack>,
    ) -> Self {
        let mut watchfire = Self::prepared(log_filter, None, configuration, aws);
        watchfire.restart().await;
        watchfire
    }

    /// The same, where AWS is at that endpoint.
    pub async fn start_calling(configuration: &Configuration, endpoint: &str) -> Self {
        let mut watchfire = Self::prepared("info", None, configuration, None);
        watchfire.endpoint = Some(endpoint.to_owned());
        watchfire.restart().await;
        watchfire
    }

    /// The same, where it may open so many files and sockets and no more.
    pub async fn start_with_descriptors(limit: u32, configuration: &Configuration) -> Self {
        let mut watchfire = Self::prepared("info", Some(limit), configuration, None);
        watchfire.restart().await;
        watchfire
    }

    fn prepared(
        log_filter: &'static str,
        descriptors: Option<u32>,
        configuration: &Configuration,
        aws: Option<&Ministack>,
    ) -> Self {
        // Beside the binary, on a disk: where /tmp is memory, a sync costs nothing and proves nothing.
        let beside = binary("watchfire").with_file_name("runs");
        std::fs::create_dir_all(&beside).expect("the target directory is writable");
        let directory = tempfile::tempdir_in(beside).expect("a temporary directory can be made");
        std::fs::create_dir(directory.path().join("data")).expect("a new directory is empty");
        let endpoint = aws.map(|aws| aws.endpoint().to_owned());
        let (ingest, health) = (String::new(), String::new());
        let watchfire =
            Self { directory, endpoint, log_filter, descriptors, child: None, http: http(), ingest, health };
        watchfire.configure(configuration);
        watchfire
    }

    /// Replaces the configuration; the next start reads it.
    pub fn configure(&self, configuration: &Configuration) {
        std::fs::write(self.path("watchfire.yaml"), configuration.text()).expect("the directory is writable");
    }

    /// Starts it again in the same directory, over the same store.
    pub async fn restart(&mut self) {
        let started = self.starts().await;
        assert!(started.is_ok(), "watchfire did not start: {started:?}: {}", self.printed());
        until("readiness", STARTED, async || (self.status("/readyz").await == 200).then_some(())).await;
    }

    /// Starts it where it may end instead, and where its store may be of no use; returns when it listens.
    ///
    /// # Errors
    /// Its end.
    pub async fn starts(&mut self) -> Result<(), ExitStatus> {
        let seen = self.logs().text().len();
        self.spawn();
        let listening = self.listening(seen).await?;
        let address = |field: &str| listening[field].as_str().map(|address| format!("http://{address}"));
        self.ingest = address("http").unwrap_or_default();
        self.health = address("health").unwrap_or_default();
        Ok(())
    }

    fn spawn(&mut self) {
        assert!(self.child.is_none(), "it is running already");
        let mut command = limited(self.descriptors);
        command
            .args(["run", "--config", "watchfire.yaml", "--log", "json"])
            .current_dir(self.directory.path());
        environment(&mut command, self.endpoint.as_deref());
        command.env("RUST_LOG", self.log_filter).env("AWS_ACCESS_KEY_ID", "worker");
        command.stdin(Stdio::null()).stdout(self.append("stdout.log")).stderr(self.append("stderr.log"));
        self.child = Some(command.spawn().expect("watchfire starts"));
    }

    /// The work directory.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.directory.path().join(name)
    }

    /// What it has logged, over every run.
    pub fn logs(&self) -> Logs {
        Logs::of(self.path("stderr.log"))
    }

    /// Everything that it has printed, over every run.
    pub fn printed(&self) -> String {
        std::fs::read_to_string(self.path("stdout.log")).unwrap_or_default() + &self.logs().text()
    }

    /// Whether it was started, and neither killed nor told to end.
    pub fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// The process's id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it is running").id()
    }

    /// The memory that it has in use now, in MiB.
    pub fn resident_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("it is running");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a process has memory");
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number of KiB");
        kib / 1024
    }

    /// The status of a page on the health port; 0 where nobody answers.
    pub async fn status(&self, page: &str) -> u16 {
        let answer = self.http.get(format!("{}{page}", self.health)).send().await;
        answer.map(|answer| answer.status().as_u16()).unwrap_or_default()
    }

    /// The metrics page, as text.
    pub async fn metrics_page(&self) -> String {
        let answer =
            self.http.get(format!("{}/metrics", self.health)).send().await.expect("/metrics answers");
        assert_eq!(answer.status(), 200);
        answer.text().await.expect("the page can be read")
    }

    /// The metrics.
    pub async fn metrics(&self) -> Metrics {
        Metrics::parse(&self.metrics_page().await)
    }

    /// Hands it a body by HTTP; returns the status.
    pub async fn post(&self, body: impl ToString) -> u16 {
        let request = self.http.post(format!("{}/v1/events", self.ingest)).body(body.to_string());
        request.send().await.expect("the ingest port answers").status().as_u16()
    }

    /// Waits until an event of that id was decided, and returns the fields of its `decided` line.
    pub async fn decided(&self, event: &str) -> Value {
        let find = || self.logs().decided().into_iter().find(|line| line["event"] == event);
        until(&format!("a decision about {event}"), Duration::from_secs(20), async || find()).await
    }

    /// Ends it with no warning, as the kernel does when memory is out.
    pub fn kill9(&mut self) {
        let mut child = self.child.take().expect("it is running");
        child.kill().expect("it is ours to kill");
        child.wait().expect("it is ours to wait for");
    }

    /// Sends SIGTERM and waits, 40 s at most, for its end.
    pub async fn terminate(&mut self) -> Ended {
        let start = Instant::now();
        let mut child = self.child.take().expect("it is running");
        let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "SIGTERM could not be sent");
        let ended = async || child.try_wait().expect("it is ours to wait for");
        let status = until("its end after SIGTERM", Duration::from_secs(40), ended).await;
        Ended { status, after: start.elapsed() }
    }

    /// Waits, 60 s at most, until it ends by itself.
    pub async fn ends(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it is running");
        let ended = async || child.try_wait().expect("it is ours to wait for");
        until("its end", Duration::from_secs(60), ended).await
    }

    /// Runs it where it should not start, and returns how it ended and what it printed since.
    pub async fn refuses(&mut self) -> (ExitStatus, String) {
        let seen = self.logs().text().len();
        self.spawn();
        let status = self.ends().await;
        (status, self.logs().text().get(seen..).unwrap_or_default().to_owned())
    }

    /// Its answer to a command, run beside it with the operator's token.
    pub fn command(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(binary("watchfire"));
        command.args(arguments).current_dir(self.directory.path());
        environment(&mut command, self.endpoint.as_deref());
        command.env("WATCHFIRE_SERVER", &self.ingest).env("WATCHFIRE_TOKEN", Configuration::INGEST_TOKEN);
        output(run(command, ""))
    }

    async fn listening(&mut self, seen: usize) -> Result<Value, ExitStatus> {
        let logs = self.logs();
        let child = self.child.as_mut().expect("it was just started");
        let ask = async || {
            let ended = child.try_wait().expect("it is ours to wait for");
            let text = logs.text();
            let mut new = text.get(seen..).unwrap_or_default().lines();
            let listening = new.find_map(|line| Logs::line(line, "listening"));
            listening.map(Ok).or_else(|| ended.map(Err))
        };
        let found = until("a `listening` line", STARTED, ask).await;
        if found.is_err() {
            self.child = None;
        }
        found
    }

    fn append(&self, name: &str) -> File {
        let file = OpenOptions::new().create(true).append(true).open(self.path(name));
        file.expect("the directory is writable")
    }
}

impl Drop for Watchfire {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("--- what watchfire printed\n{}", self.printed());
        }
    }
}

/// The program, under that limit on descriptors.
fn limited(descriptors: Option<u32>) -> Command {
    let program = binary("watchfire");
    let Some(limit) = descriptors else { return Command::new(program) };
    let mut command = Command::new("sh");
    command.args(["-c", r#"ulimit -n "$0" && exec "$@""#, &limit.to_string()]).arg(program);
    command
}

/// Runs `watchfire` with those arguments in that directory, to its end.
pub fn watchfire(directory: &Path, arguments: &[&str], stdin: &str) -> Output {
    watchfire_with(directory, &[], arguments, stdin)
}

/// The same with these in its environment; nothing is of the tester's own client file or terminal.
pub fn watchfire_with(
    directory: &Path,
    variables: &[(&str, &str)],
    arguments: &[&str],
    stdin: &str,
) -> Output {
    let mut command = Command::new(binary("watchfire"));
    command.args(arguments).current_dir(directory);
    environment(&mut command, None);
    let foreign = std::env::vars_os().map(|(name, _)| name);
    for name in foreign.filter(|name| name.to_string_lossy().starts_with("WATCHFIRE_")) {
        command.env_remove(name);
    }
    command.env_remove("COLUMNS").env("XDG_CONFIG_HOME", directory).envs(variables.iter().copied());
    output(run(command, stdin))
}

/// The same where AWS is at that endpoint, with these in its environment.
pub fn watchfire_calling(
    directory: &Path,
    endpoint: &str,
    variables: &[(&str, &str)],
    arguments: &[&str],
) -> Output {
    let mut command = Command::new(binary("watchfire"));
    command.args(arguments).current_dir(directory);
    environment(&mut command, Some(endpoint));
    command.envs(variables.iter().copied());
    output(run(command, ""))
}

/// The same where AWS is.
pub fn watchfire_at(directory: &Path, arguments: &[&str], aws: &Ministack) -> Output {
    watchfire_calling(directory, aws.endpoint(), &[("AWS_ACCESS_KEY_ID", "operator")], arguments)
}

fn output(output: std::process::Output) -> Output {
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("it prints UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("it prints UTF-8"),
    }
}

/// Nothing of the tester's own AWS settings may be used by a test. Whose calls they are is told by the access key:
/// `tests/servers/calls.py`.
pub(crate) fn environment(command: &mut Command, endpoint: Option<&str>) {
    let foreign = std::env::vars_os().map(|(name, _)| name);
    for name in foreign.filter(|name| name.to_string_lossy().starts_with("AWS_")) {
        command.env_remove(name);
    }
    command
        .env("AWS_REGION", "us-gov-west-1")
        .env("AWS_ACCESS_KEY_ID", "operator")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ENDPOINT_URL", endpoint.unwrap_or("http://127.0.0.1:9"))
        .env("PD_KEY", Configuration::ROUTING_KEY)
        .env("INGEST_TOKEN", Configuration::INGEST_TOKEN)
        .env("SMTP_USER", LOGIN.0)
        .env("SMTP_PASSWORD", LOGIN.1)
        .env_remove("RUST_LOG");
}
