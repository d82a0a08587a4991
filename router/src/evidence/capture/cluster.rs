//! Reading from the API server, byte for byte as it answers.

use std::time::Duration;

use kube::api::{GetParams, ListParams, LogParams};
use kube::client::Body;
use kube::core::{GroupVersionKind, Request};
use kube::discovery::{ApiCapabilities, ApiResource, Scope, pinned_kind};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::clients::chain;

/// Most objects of one list.
pub(super) const MOST: u32 = 500;
/// Of an answer that is no status.
const TOLD: usize = 200;
/// So many answers of one capture come at once, or a hundred pods that are contained together have a thousand connections.
/// Logs come beside them: one that hangs keeps nothing else from coming.
const AT_ONCE: usize = 4;
/// Who has no answer by then is waited for beside those whose turn it is.
const A_TURN: Duration = Duration::from_millis(250);

/// The API server; what it refuses is a reason in a line.
pub(super) struct Cluster<'a> {
    client: &'a kube::Client,
    turns: Semaphore,
}

/// An object that could not be read.
#[derive(Debug)]
pub(super) enum Unread {
    /// The API server says that there is none.
    Gone,
    /// It says something else, or nothing.
    Because(String),
}

impl From<Unread> for String {
    fn from(unread: Unread) -> String {
        match unread {
            Unread::Gone => "there is none".to_owned(),
            Unread::Because(reason) => reason,
        }
    }
}

impl<'a> Cluster<'a> {
    pub(super) fn new(client: &'a kube::Client) -> Self {
        Self { client, turns: Semaphore::new(AT_ONCE) }
    }

    /// One object of the kind at that path.
    pub(super) async fn object(&self, path: &str, name: &str) -> Result<Vec<u8>, String> {
        Ok(self.find(path, name).await?)
    }

    /// The same, telling apart what does not exist.
    pub(super) async fn find(&self, path: &str, name: &str) -> Result<Vec<u8>, Unread> {
        let request = Request::new(path).get(name, &GetParams::default());
        self.in_turn(request.map_err(|error| Unread::Because(chain(&error)))?).await
    }

    /// The first objects of the kind at that path whose fields are so.
    pub(super) async fn list(&self, path: &str, fields: &str) -> Result<Vec<u8>, String> {
        let mut parameters = ListParams::default().limit(MOST);
        if !fields.is_empty() {
            parameters = parameters.fields(fields);
        }
        let request = Request::new(path).list(&parameters).map_err(|error| chain(&error))?;
        Ok(self.in_turn(request).await?)
    }

    /// A container's log.
    pub(super) async fn log(&self, namespace: &str, pod: &str, log: &LogParams) -> Result<Vec<u8>, String> {
        let path = format!("/api/v1/namespaces/{namespace}/pods");
        let request = Request::new(path).logs(pod, log).map_err(|error| chain(&error))?;
        Ok(self.read(request).await?)
    }

    /// Where objects of that kind are, and whether in namespaces.
    pub(super) async fn resource(
        &self,
        kind: &GroupVersionKind,
    ) -> Result<(ApiResource, ApiCapabilities), String> {
        let found = Box::pin(pinned_kind(self.client, kind)).await;
        found.map_err(|error| format!("its kind is not known: {}", explain(&error)))
    }

    async fn in_turn(&self, request: axum::http::Request<Vec<u8>>) -> Result<Vec<u8>, Unread> {
        let turn = self.turns.acquire().await;
        let mut answer = Box::pin(self.read(request));
        match timeout(A_TURN, &mut answer).await {
            Ok(answer) => answer,
            Err(_) => {
                drop(turn);
                answer.await
            }
        }
    }

    // Not by kube's own reading, which wants UTF-8: a pod must not escape having its log captured by
    // writing a byte that is none.
    async fn read(&self, request: axum::http::Request<Vec<u8>>) -> Result<Vec<u8>, Unread> {
        let because = |error: kube::Error| Unread::Because(explain(&error));
        let answer = Box::pin(self.client.send(request.map(Body::from))).await.map_err(because)?;
        let status = answer.status();
        let body = answer.into_body().collect_bytes().await.map_err(because)?;
        if status.is_success() {
            return Ok(body.into());
        }
        if status.as_u16() == 404 {
            return Err(Unread::Gone);
        }
        let said: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let text = String::from_utf8_lossy(&body);
        let message = said["message"].as_str().unwrap_or(&text);
        Err(Unread::Because(format!("{status}: {}", message.chars().take(TOLD).collect::<String>())))
    }
}

/// Why the API server was not asked, or what it said, in a line.
fn explain(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => format!("{} {}: {}", status.code, status.reason, status.message),
        other => chain(other),
    }
}

/// Whether objects of that kind are in namespaces.
pub(super) fn is_namespaced(capabilities: &ApiCapabilities) -> bool {
    capabilities.scope == Scope::Namespaced
}
