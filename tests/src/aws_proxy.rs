//! A proxy between Watchfire and the emulator of AWS, for what the emulator does not do: it refuses who may not, is silent, has
//! another time, and says what AWS would.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Response, StatusCode, header};
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::process::http;

/// A server on 127.0.0.1 that ends when it is dropped. What nothing was said about passes as it is.
#[derive(Debug)]
pub struct AwsProxy {
    port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// What is done to a call in which all of these words stand, a space between them: in its operation, its path, what is asked after it or its body.
#[derive(Clone, Debug)]
pub enum Twist {
    /// It is refused: whoever calls may not.
    Refuse(String),
    /// Nothing ever comes.
    Silence(String),
    /// It is refused as the service refuses it: words, code, message.
    Fail(String, &'static str, &'static str),
    /// In its answer, one text for another.
    Say(String, String, String),
}

#[derive(Debug)]
struct Shared {
    upstream: String,
    http: reqwest::Client,
    twists: Mutex<Vec<Twist>>,
    ahead: Mutex<SignedDuration>,
}

/// Which are about one connection.
const OWN: [HeaderName; 4] =
    [header::HOST, header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING];

impl AwsProxy {
    /// On a free port, before that endpoint.
    ///
    /// # Panics
    /// Where loopback has no free port.
    pub async fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let (twists, ahead) = Default::default();
        let shared = Arc::new(Shared { upstream: upstream.to_owned(), http: http(), twists, ahead });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serving does not end");
        });
        Self { port, shared, task }
    }

    /// The endpoint to configure.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on that is done, too.
    pub fn twist(&self, twist: Twist) {
        locked(&self.shared.twists).push(twist);
    }

    /// From now on its clock is that much ahead of this machine's.
    pub fn ahead(&self, by: SignedDuration) {
        *locked(&self.shared.ahead) = by;
    }
}

impl Drop for AwsProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let target = header_of(&head.headers, "x-amz-target");
    let said = format!("{target} {} {path} {}", head.method, String::from_utf8_lossy(&body));
    let twists: Vec<_> =
        locked(&shared.twists).iter().filter(|twist| twist.is_about(&said)).cloned().collect();
    for twist in &twists {
        match twist {
            Twist::Silence(_) => std::future::pending().await,
            Twist::Refuse(_) => return refusal(&head.headers, denied(&head.headers), "you may not"),
            Twist::Fail(_, code, message) => return refusal(&head.headers, code, message),
            Twist::Say(..) => {}
        }
    }
    let request = shared.http.request(head.method, format!("{}{path}", shared.upstream));
    let mut headers = head.headers;
    OWN.iter().for_each(|name| drop(headers.remove(name)));
    let Ok(answer) = request.headers(headers).body(body).send().await else {
        return Response::builder().status(StatusCode::BAD_GATEWAY).body(Body::empty()).unwrap_or_default();
    };
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    let mut bytes = answer.bytes().await.unwrap_or_default();
    for twist in &twists {
        if let Twist::Say(_, from, to) = twist {
            bytes = Bytes::from(String::from_utf8_lossy(&bytes).replace(from, to));
        }
    }
    OWN.iter().for_each(|name| drop(headers.remove(name)));
    let now = Timestamp::now() + *locked(&shared.ahead);
    if let Ok(Ok(date)) = DateTimePrinter::new().timestamp_to_rfc9110_string(&now).map(|date| date.parse()) {
        headers.insert(header::DATE, date);
    }
    let mut response = Response::new(Body::from(bytes));
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    response
}

impl Twist {
    /// All of its words stand there.
    fn is_about(&self, said: &str) -> bool {
        let (Twist::Refuse(words) | Twist::Silence(words) | Twist::Fail(words, ..) | Twist::Say(words, ..)) =
            self;
        words.split(' ').all(|word| said.contains(word))
    }
}

fn header_of(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// Each service has a name of its own for it.
fn denied(headers: &HeaderMap) -> &'static str {
    let signed = header_of(headers, "authorization");
    match signed.split('/').nth(3) {
        Some("sns") => "AuthorizationError",
        Some("s3" | "monitoring" | "sts") => "AccessDenied",
        _ => "AccessDeniedException",
    }
}

/// In XML for the services that speak it, else in JSON.
fn refusal(headers: &HeaderMap, code: &str, message: &str) -> Response<Body> {
    let signed = header_of(headers, "authorization");
    let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    let (status, body) = match signed.split('/').nth(3) {
        Some("s3") => (403, error),
        Some("sns" | "monitoring" | "sts") => (403, format!("<ErrorResponse>{error}</ErrorResponse>")),
        _ => (400, format!(r#"{{"__type":"{code}","message":"{message}"}}"#)),
    };
    Response::builder().status(status).body(Body::from(body)).expect("its parts are right")
}
