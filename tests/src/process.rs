//! Programs beside the tests: where they are, and servers that end when their test does.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};

/// The repository's root.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ is in the repository")
}

/// What tests are held to: recorded and agreed answers.
pub fn data() -> PathBuf {
    repository().join("tests/data")
}

/// The Python of the tests' own environment, which `tests/run` makes.
pub fn python() -> PathBuf {
    let program = std::env::current_exe().expect("a running program has a path");
    program
        .ancestors()
        .map(|folder| folder.join("venv/bin/python"))
        .find(|python| python.exists())
        .unwrap_or_else(|| panic!("the servers that the tests talk to are missing: run tests/run"))
}

/// A program of this workspace, built beside the running test.
pub fn binary(name: &str) -> PathBuf {
    let program = std::env::current_exe().expect("a running program has a path");
    program
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|binary| binary.is_file())
        .unwrap_or_else(|| panic!("the `{name}` binary is missing: run tests/run"))
}

/// A port of the loopback interface that was free a moment ago, for servers that cannot bind port 0.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound listener has an address").port()
}

/// A client that goes nowhere but where it is sent: no proxies, no TLS, 30 s at most.
pub fn http() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Err means that one is installed already, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
    // Reading the certificates of the system would take longer than most calls.
    let none: [reqwest::Certificate; 0] = [];
    let client = reqwest::Client::builder().no_proxy().tls_certs_only(none).timeout(Duration::from_secs(30));
    client.build().expect("the client's settings are valid")
}

/// A server of `tests/servers/`, ended by the closing of its standard input however its test ends.
#[derive(Debug)]
pub struct PythonServer {
    child: Child,
    stdin: Option<ChildStdin>,
    port: u16,
}

impl PythonServer {
    /// Runs `tests/servers/SCRIPT PORT ARGUMENTS…` and waits, 30 s at most, until it listens. Where another
    /// program was faster to take the port, it is run again on another one.
    pub fn start(script: &str, arguments: &[&str]) -> Self {
        let mut servers = (0..5).map(|_| Self::on(free_port(), script, arguments));
        servers.find_map(Self::listening).unwrap_or_else(|| panic!("{script} ended at once, five times"))
    }

    fn on(port: u16, script: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(python())
            .arg(repository().join("tests/servers").join(script))
            .arg(port.to_string())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Python starts");
        let stdin = child.stdin.take();
        PythonServer { child, stdin, port }
    }

    /// The loopback port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its standard output, once.
    pub fn stdout(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// It, once it listens; none if it has ended.
    fn listening(mut self) -> Option<Self> {
        let start = Instant::now();
        while !listens(self.child.id(), self.port) {
            if let Ok(Some(_)) = self.child.try_wait() {
                return None;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "the server does not listen on {}", self.port);
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(self)
    }
}

/// Whether that process, and not whoever else, listens on a port of loopback.
fn listens(process: u32, port: u16) -> bool {
    let text = std::fs::read_to_string(format!("/proc/{process}/net/tcp")).unwrap_or_default();
    // Local address, state 0A for listening, and the socket's number.
    let sockets = text.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let listens = fields.get(3) == Some(&"0A") && fields.get(1)?.ends_with(&format!(":{port:04X}"));
        fields.get(9).filter(|_| listens).map(|number| format!("socket:[{number}]"))
    });
    let sockets: Vec<String> = sockets.collect();
    let files = std::fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    let open = files.filter_map(|file| std::fs::read_link(file.path()).ok());
    open.into_iter().any(|to| sockets.iter().any(|socket| to.as_os_str() == socket.as_str()))
}

impl Drop for PythonServer {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// Runs a program to its end with that standard input; 60 s are not bounded here, the test runner does.
pub(crate) fn run(mut command: Command, stdin: &str) -> std::process::Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut pipe = child.stdin.take().expect("standard input is piped");
    let text = stdin.to_owned();
    let writer = std::thread::spawn(move || {
        // A program that does not read its input closes it: not a failure of the test.
        let _ = pipe.write_all(text.as_bytes());
    });
    let mut errors = child.stderr.take().expect("standard error is piped");
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        errors.read_to_end(&mut text).map(|_| text)
    });
    let mut output = child.wait_with_output().expect("the program ends");
    writer.join().expect("the writer does not panic");
    output.stderr = reader.join().expect("the reader does not panic").expect("standard error can be read");
    output
}
