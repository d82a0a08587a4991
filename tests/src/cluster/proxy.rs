//! An HTTP proxy on loopback in front of whichever API server: it counts, breaks and forbids.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::Router;
use axum::body::{self, Body};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Response, StatusCode, Uri, header, request};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::calls::{Call, Fault, Faults, Match, Standing};
use crate::pagerduty::line::{Line, Lines};
use watchfire_kubernetes::{Attributes, Failure, Query, User, kubeconfig};

/// A proxy that ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    client: kube::Client,
    calls: Mutex<Vec<Call>>,
    faults: Faults,
    user: Mutex<Option<User>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("calls", &self.calls)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

impl Proxy {
    pub(super) async fn start(client: kube::Client) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let shared = Arc::new(Shared {
            client,
            calls: Mutex::default(),
            faults: Faults::default(),
            user: Mutex::default(),
        });
        let router = Router::new()
            .fallback(pass)
            .with_state(Arc::clone(&shared))
            .into_make_service_with_connect_info::<Line>();
        let task = tokio::spawn(async move {
            axum::serve(Lines(listener), router).await.expect("serving does not end");
        });
        Proxy { port, shared, task }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A client that goes through it, with its own connections, and tries nothing again.
    ///
    /// # Panics
    ///
    /// Never: the configuration is ours.
    pub fn client(&self) -> kube::Client {
        let mut config = kube::Config::new(self.url().parse::<Uri>().expect("it is a URL"));
        config.read_timeout = None;
        config.default_retry = false;
        kube::Client::try_from(config).expect("the configuration makes a client")
    }

    /// Writes a kubeconfig that leads to it into that directory.
    pub fn kubeconfig(&self, directory: &Path) -> PathBuf {
        kubeconfig(&self.url(), directory)
    }

    /// Every call since the start, or since [`Proxy::clear`], in the order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.calls().clone()
    }

    /// Those calls that change something and are no dry run, as `PATCH /path` and in order.
    pub fn writes(&self) -> Vec<String> {
        self.calls().iter().filter(|call| call.writes() && !call.is_dry()).map(Call::line).collect()
    }

    /// Forgets all calls.
    pub fn clear(&self) {
        self.shared.calls().clear();
    }

    /// From now on that happens to such calls: always, unless limited by [`Standing::times`] or [`Match::nth`].
    pub fn fault(&self, which: Match, fault: Fault) -> Standing<'_> {
        self.shared.faults.add(which, fault)
    }

    /// No faults any more.
    pub fn heal(&self) {
        self.shared.faults.heal();
    }

    /// Holds callers to that user's rules, and answers what they ask about themselves by them.
    pub fn acting_as(&self, user: User) {
        *self.shared.user() = Some(user);
    }

    /// Callers are administrators again, as in the beginning.
    pub fn acting_as_administrator(&self) {
        *self.shared.user() = None;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let Ok(body) = body::to_bytes(body, 16 * 1024 * 1024).await else {
        return Failure::of_code(413, None).response();
    };
    let came = shared.record(&head, &body);
    let target = head.uri.to_string();
    let fault = shared.faults.next(head.method.as_str(), &target, &String::from_utf8_lossy(&body));
    match &fault {
        Some(Fault::Refused(failure)) => {
            shared.answered(came, failure.code);
            return failure.response();
        }
        Some(Fault::Drop) => {
            line.cut();
            // Nobody sees it.
            return Response::new(Body::empty());
        }
        Some(Fault::Delay(time)) => tokio::time::sleep(*time).await,
        Some(Fault::DropAfter | Fault::DelayAfter(_)) | None => {}
    }
    let response = match shared.forbidden(&head, &body) {
        Some(response) => response,
        None => shared.forward(head, body.to_vec()).await,
    };
    match fault {
        Some(Fault::DropAfter) => {
            line.cut();
            return Response::new(Body::empty());
        }
        Some(Fault::DelayAfter(time)) => tokio::time::sleep(time).await,
        Some(Fault::Refused(_) | Fault::Delay(_) | Fault::Drop) | None => {}
    }
    shared.answered(came, response.status().as_u16());
    response
}

impl Shared {
    fn calls(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn user(&self) -> MutexGuard<'_, Option<User>> {
        self.user.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, head: &request::Parts, body: &[u8]) -> Instant {
        let at = Instant::now();
        let text = || Value::String(String::from_utf8_lossy(body).into_owned());
        let mut calls = self.calls();
        let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let index = calls.len();
        calls.push(Call {
            index,
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            content_type: content_type.unwrap_or_default().to_owned(),
            body: if body.is_empty() {
                Value::Null
            } else {
                serde_json::from_slice(body).unwrap_or_else(|_| text())
            },
            status: None,
            at,
        });
        at
    }

    /// The list may have been cleared meanwhile, so a call is known by its time.
    fn answered(&self, at: Instant, status: u16) {
        if let Some(call) = self.calls().iter_mut().find(|call| call.at == at && call.status.is_none()) {
            call.status = Some(status);
        }
    }

    /// What the user may not do, and what he asks about himself.
    fn forbidden(&self, head: &request::Parts, body: &[u8]) -> Option<Response<Body>> {
        let user = self.user().clone()?;
        let query = Query::parse(head.uri.query().unwrap_or_default());
        let asked = Attributes::read(&head.method, head.uri.path(), &query);
        if let Err(failure) = user.check(&asked) {
            return Some(failure.response());
        }
        if !asked.resource.starts_with("selfsubject") {
            return None;
        }
        let mut review: Value = serde_json::from_slice(body).ok()?;
        review["status"] = match asked.resource.as_str() {
            "selfsubjectreviews" => json!({"userInfo": {"username": user.name}}),
            "selfsubjectaccessreviews" => user.access_review(&review["spec"]),
            "selfsubjectrulesreviews" => {
                user.rules_review(review["spec"]["namespace"].as_str().unwrap_or_default())
            }
            _ => return None,
        };
        let mut response = Response::new(Body::from(review.to_string()));
        *response.status_mut() = StatusCode::CREATED;
        let json = header::HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        Some(response)
    }

    async fn forward(&self, head: request::Parts, body: Vec<u8>) -> Response<Body> {
        let mut request = axum::http::Request::new(kube::client::Body::from(body));
        *request.method_mut() = head.method;
        *request.uri_mut() = head.uri;
        *request.headers_mut() = onward(head.headers);
        match self.client.send(request).await {
            Ok(response) => {
                let (mut head, body) = response.into_parts();
                head.headers.remove(header::TRANSFER_ENCODING);
                head.headers.remove(header::CONNECTION);
                Response::from_parts(head, Body::new(body))
            }
            Err(error) => {
                Failure::new(502, "", format!("the proxy does not reach the API server: {error}")).response()
            }
        }
    }
}

/// Whom it is for and who asks is the proxy's to say.
fn onward(mut headers: HeaderMap) -> HeaderMap {
    for name in [
        header::HOST,
        header::AUTHORIZATION,
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
    ] {
        headers.remove(name);
    }
    headers
}
