//! The Lambda's `bootstrap` as a process, and the runtime API that it talks to.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};

use crate::process::binary;
use crate::watchfire::environment;
use crate::{Configuration, Logs};

/// The part of the runtime API that a runtime has to speak: next, response, error, init error.
#[derive(Clone, Debug)]
pub struct RuntimeApi {
    address: String,
    shared: Arc<Shared>,
    invocations: mpsc::UnboundedSender<Invocation>,
}

#[derive(Debug)]
struct Shared {
    waiting: tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>,
    answers: Mutex<BTreeMap<String, oneshot::Sender<Answer>>>,
    asked: mpsc::UnboundedSender<()>,
    ready: tokio::sync::Mutex<mpsc::UnboundedReceiver<()>>,
    init_error: Mutex<Option<Value>>,
}

#[derive(Debug)]
struct Invocation {
    id: String,
    payload: String,
    end: SystemTime,
}

/// What an invocation came to: the response, or the error.
pub type Answer = Result<Value, Value>;

impl RuntimeApi {
    /// On a free port of loopback.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address").to_string();
        let (invocations, waiting) = mpsc::unbounded_channel();
        let (asked, ready) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            waiting: tokio::sync::Mutex::new(waiting),
            answers: Mutex::default(),
            asked,
            ready: tokio::sync::Mutex::new(ready),
            init_error: Mutex::default(),
        });
        let routes = axum::Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(shared.clone());
        tokio::spawn(async move { axum_serve(listener, routes).await });
        Self { address, shared, invocations }
    }

    /// What `AWS_LAMBDA_RUNTIME_API` is to be.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Hands out an invocation that is to be over in that time; the answer comes when there is one.
    pub fn invoke(&self, payload: &Value, within: Duration) -> oneshot::Receiver<Answer> {
        self.invoke_with(payload.to_string(), within)
    }

    /// The same of that text.
    pub fn invoke_with(&self, payload: String, within: Duration) -> oneshot::Receiver<Answer> {
        let mut answers = self.shared.answers.lock().expect("nobody panics with it");
        let id = format!("00000000-0000-0000-0000-{:012}", answers.len());
        let (answer, answered) = oneshot::channel();
        answers.insert(id.clone(), answer);
        let invocation = Invocation { id, payload, end: SystemTime::now() + within };
        self.invocations.send(invocation).expect("the server lives as long as this");
        answered
    }

    /// Waits until a runtime asks for its next invocation.
    pub async fn is_asked(&self) {
        self.shared.ready.lock().await.recv().await.expect("the server lives as long as this");
    }

    /// What a runtime could not begin for.
    pub fn init_error(&self) -> Option<Value> {
        self.shared.init_error.lock().expect("nobody panics with it").clone()
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    let _ = shared.asked.send(());
    let Some(Invocation { id, payload, end }) = shared.waiting.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let end = end.duration_since(SystemTime::UNIX_EPOCH).expect("it is later than 1970");
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", end.as_millis().to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:w".to_owned(),
        ),
    ];
    (headers, payload).into_response()
}

async fn response(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    shared.answered(&id, Ok(json_of(&body)))
}

async fn error(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    shared.answered(&id, Err(json_of(&body)))
}

async fn init_error(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    *shared.init_error.lock().expect("nobody panics with it") = Some(json_of(&body));
    StatusCode::ACCEPTED
}

impl Shared {
    fn answered(&self, id: &str, answer: Answer) -> StatusCode {
        // The place stays taken: ids are counted by it.
        let (nobody, _) = oneshot::channel();
        let mut answers = self.answers.lock().expect("nobody panics with it");
        let asker = answers.insert(id.to_owned(), nobody).expect("only what was handed out is answered");
        // Whoever asked may have given up.
        let _ = asker.send(answer);
        StatusCode::ACCEPTED
    }
}

fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

/// As much of a server as a test needs.
async fn axum_serve(listener: tokio::net::TcpListener, routes: axum::Router) {
    axum::serve(listener, routes).await.expect("serving does not end");
}

/// A folder with a configuration, and the `bootstrap` in it.
#[derive(Debug)]
pub struct Bootstrap {
    directory: TempDir,
    api: String,
    variables: Vec<(&'static str, String)>,
    program: PathBuf,
    child: Option<Child>,
}

impl Bootstrap {
    /// One that talks to that runtime API, not yet begun, with these in its environment.
    pub fn new(
        api: &RuntimeApi,
        configuration: &Configuration,
        variables: &[(&'static str, String)],
    ) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        std::fs::write(directory.path().join("watchfire.yaml"), configuration.text())
            .expect("the directory is writable");
        let program = binary("watchfire-bootstrap");
        Self { directory, api: api.address().to_owned(), variables: variables.to_vec(), program, child: None }
    }

    /// Begins an environment; one that was there is ended with no warning, as Lambda does.
    pub fn start(&mut self) {
        self.kill();
        let mut command = Command::new(&self.program);
        command.current_dir(self.directory.path());
        environment(&mut command, None);
        command
            .env("AWS_ACCESS_KEY_ID", "function")
            .env("AWS_LAMBDA_RUNTIME_API", &self.api)
            .env("AWS_LAMBDA_FUNCTION_NAME", "watchfire")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log());
        let printed = std::fs::OpenOptions::new().create(true).append(true).open(self.stdout());
        command.stdin(Stdio::null()).stdout(printed.expect("the directory is writable"));
        command.stderr(log.expect("the directory is writable"));
        self.child = Some(command.spawn().expect("the bootstrap starts"));
    }

    /// Ends it with no warning.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Waits for its end, and tells its exit code.
    pub fn ends(&mut self) -> Option<i32> {
        let mut child = self.child.take().expect("it is running");
        child.wait().expect("it is ours to wait for").code()
    }

    /// What it has logged, over every run.
    pub fn logs(&self) -> Logs {
        Logs::of(self.log())
    }

    /// The lines that it has printed, over every run.
    pub fn printed(&self) -> Vec<String> {
        let printed = std::fs::read_to_string(self.stdout()).unwrap_or_default();
        printed.lines().map(str::to_owned).collect()
    }

    fn stdout(&self) -> PathBuf {
        self.directory.path().join("stdout.log")
    }

    fn log(&self) -> PathBuf {
        self.directory.path().join("stderr.log")
    }
}

impl Drop for Bootstrap {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- what the bootstrap printed\n{}", self.logs().text());
        }
    }
}
