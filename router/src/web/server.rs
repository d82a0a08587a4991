//! An HTTP/1 server with bounds: so many connections, each for so long, and none that stands in another's way.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router as Routes;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use strum::IntoStaticStr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::Service as _;

use super::line::{Line, Lines, Place, Standing};
use super::refusal::{Refusal, Refusals};
use crate::telemetry::Metrics;

/// The most that a request's first line and headers may be, in bytes.
const HEAD_BYTES: usize = 32 * 1024;
/// How much of a request is read ahead, in bytes.
const READ_AHEAD: usize = 64 * 1024;
/// How long, and how many bytes, somebody who was refused may go on sending: whoever is cut off while they
/// send never see the answer.
const LINGER: (Duration, u64) = (Duration::from_secs(1), 16 * 1024 * 1024);
/// How long one that was asked to make room may take until another one is asked.
const ROOM: Duration = Duration::from_millis(100);

/// Which of the two addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Address {
    /// The one that takes events and commands.
    Http,
    /// The one that tells how the worker is.
    Health,
}

impl Address {
    /// The word in metrics.
    fn as_str(self) -> &'static str {
        self.into()
    }

    /// Where a new connection stands. Nothing is to be shown for health.
    fn standing(self) -> Standing {
        match self {
            Address::Http => Standing::Unproven,
            Address::Health => Standing::Idle,
        }
    }
}

/// A server that has not begun.
pub(crate) struct Server {
    pub(crate) address: Address,
    pub(crate) listener: TcpListener,
    pub(crate) routes: Routes,
    /// The most connections at once.
    pub(crate) most: usize,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) refusals: Arc<Refusals>,
}

impl Server {
    /// Serves until `stop` turns true, then answers what was asked and returns.
    pub(crate) async fn serve(self, mut stop: watch::Receiver<bool>) {
        let Server { address, listener, routes, most, metrics, refusals } = self;
        let room = Room { lines: Lines::default(), slots: Arc::new(Semaphore::new(most)), refusals };
        let mut connections = JoinSet::new();
        loop {
            let arrived = async {
                let (stream, peer) = accepted(&listener, &room).await;
                (room.slot().await, stream, peer)
            };
            let (slot, stream, peer) = tokio::select! {
                () = stopped(&mut stop) => break,
                arrived = arrived => arrived,
            };
            // A connection without an address of its own is gone already.
            let Ok(local) = stream.local_addr() else { continue };
            let place = room.lines.add(peer.ip(), local.ip(), address.standing());
            let connection = Connection { place, refusals: room.refusals.clone(), routes: routes.clone() };
            let (metrics, stop) = (metrics.clone(), stop.clone());
            connections.spawn(async move {
                let _counted = metrics.connected(address.as_str());
                connection.serve(stream, stop).await;
                drop(slot);
            });
            while connections.try_join_next().is_some() {}
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
    }
}

/// The places for connections.
struct Room {
    lines: Lines,
    slots: Arc<Semaphore>,
    refusals: Arc<Refusals>,
}

impl Room {
    /// A free place, where necessary at another's cost. Where nobody can be asked to go, who comes waits: the
    /// system keeps those behind them.
    async fn slot(&self) -> OwnedSemaphorePermit {
        loop {
            if let Ok(slot) = self.slots.clone().try_acquire_owned() {
                return slot;
            }
            if let Some(peer) = self.lines.make_room() {
                self.refusals
                    .count(Refusal::Crowded, format!("a connection from {peer} made room for another"));
            }
            if let Ok(Ok(slot)) = timeout(ROOM, self.slots.clone().acquire_owned()).await {
                return slot;
            }
        }
    }
}

/// The next connection. Where there are no descriptors left, one is closed and it is tried again.
async fn accepted(listener: &TcpListener, room: &Room) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                let detail = format!("a connection cannot be accepted: {error}");
                room.refusals.count(Refusal::Crowded, detail);
                room.lines.make_room();
                sleep(ROOM).await;
            }
        }
    }
}

fn is_of_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone means stop, too.
    let _ = stop.wait_for(|stop| *stop).await;
}

struct Connection {
    place: Place,
    refusals: Arc<Refusals>,
    routes: Routes,
}

impl Connection {
    async fn serve(self, stream: TcpStream, mut stop: watch::Receiver<bool>) {
        let Connection { place, refusals, routes } = self;
        let line = &place.line;
        let answered = tokio::select! {
            end = line.end() => return refusals.ended(end),
            answered = answered(stream, line.clone(), routes, &mut stop) => answered,
        };
        let Some(stream) = answered else { return };
        line.leaving();
        tokio::select! { _ = line.end() => {}, () = lingered(stream) => {} }
    }
}

/// Answers one request after the other; the stream, where it is still there after the last one.
async fn answered(
    stream: TcpStream,
    line: Arc<Line>,
    routes: Routes,
    stop: &mut watch::Receiver<bool>,
) -> Option<TcpStream> {
    let service = service_fn(move |mut request: Request<Incoming>| {
        let (mut routes, line) = (routes.clone(), line.clone());
        request.extensions_mut().insert(line.clone());
        Box::pin(async move {
            let answer: Result<Response, Infallible> = routes.call(request.map(Body::new)).await;
            line.answered();
            answer
        })
    });
    // An answer is one packet; it need not wait for another.
    let _ = stream.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.max_buf_size(READ_AHEAD).max_header_size(HEAD_BYTES);
    let mut connection = http.serve_connection(TokioIo::new(stream), service);
    let mut is_stopping = false;
    loop {
        tokio::select! {
            served = poll_fn(|cx| connection.poll_without_shutdown(cx)) => match served {
                Ok(()) => return Some(connection.into_parts().io.into_inner()),
                // Cut off by the other side, mostly.
                Err(_) => return None,
            },
            () = stopped(stop), if !is_stopping => is_stopping = true,
        }
        Pin::new(&mut connection).graceful_shutdown();
    }
}

/// Says that nothing more will be said, and listens a little longer.
async fn lingered(mut stream: TcpStream) {
    let (time, bytes) = LINGER;
    let listened = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(bytes), &mut tokio::io::sink()).await
    };
    // However it ends, it ends.
    let _ = timeout(time, listened).await;
}

#[cfg(test)]
mod tests;
