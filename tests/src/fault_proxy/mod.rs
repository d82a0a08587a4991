//! A proxy between the store and the emulator of DynamoDB, which knows no conflicts, throttles or lost answers: it has
//! them, as AWS words them, each to be switched, and counts what passes and what it takes.

mod counts;
mod entries;
mod faults;
mod hold;
mod item;
mod passing;
mod read;
mod refusal;
mod state;
mod table;
mod throttle;
mod upstream;
mod write;
mod writing;

use std::fmt;
use std::sync::{Arc, PoisonError};

use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

pub use counts::{Consumed, Counts};
pub use faults::{Faults, PartitionRate};
use passing::Proxy;
use upstream::Passing;

/// A server on 127.0.0.1 that ends when it is dropped. It must see every write of the tables behind it.
#[derive(Debug)]
pub struct FaultProxy {
    port: u16,
    proxy: Arc<Proxy>,
    task: JoinHandle<()>,
}

/// The connection is closed without an answer.
#[derive(Debug)]
struct Lost;

impl FaultProxy {
    /// On a free port, before that endpoint; what is not DynamoDB's passes as it is.
    ///
    /// # Panics
    /// Where loopback has no free port.
    pub async fn start(upstream: &str, faults: Faults) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let proxy = Arc::new(Proxy::new(upstream, faults));
        let task = tokio::spawn(serve(listener, Arc::clone(&proxy)));
        Self { port, proxy, task }
    }

    /// The endpoint to configure.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Serves until the test ends, whoever goes before; returns the endpoint.
    pub fn serve_on(self) -> String {
        let endpoint = self.endpoint();
        // The server goes with the test's runtime.
        std::mem::forget(self);
        endpoint
    }

    /// These faults from now on, and chance from the beginning.
    pub fn switch(&self, faults: Faults) {
        self.proxy.state().switch(faults);
    }

    /// What has passed so far.
    pub fn counts(&self) -> Counts {
        self.proxy.state().counts.clone()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the answer is lost")
    }
}

impl std::error::Error for Lost {}

async fn serve(listener: TcpListener, proxy: Arc<Proxy>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, Arc::clone(&proxy)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, proxy: Arc<Proxy>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&proxy)));
    // It ends when its client goes, or with an answer that is lost.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, proxy: Arc<Proxy>) -> Result<Response<Body>, Lost> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(Body::new(body), usize::MAX).await.map_err(|_| Lost)?;
    // In a task of its own: what was asked is done although whoever asked has gone.
    let answered = tokio::spawn(async move { proxy.pass(Passing::new(head, body)).await });
    answered.await.ok().flatten().map(upstream::Answer::response).ok_or(Lost)
}

fn locked<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
