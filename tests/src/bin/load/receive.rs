//! The receiver at the end of every load run: a process of its own that takes pages and notes when.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::alerts;
use crate::drive::{self, Connection};

const ACCEPTED: &str = "HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\n";

/// When each alert first arrived, in nanoseconds of the Unix epoch, and how many requests there were.
#[derive(Default)]
struct Received {
    first: BTreeMap<usize, u64>,
    requests: u64,
}

#[derive(Default)]
struct Shared {
    received: Mutex<Received>,
    news: Notify,
}

/// Prints its port and serves until standard input closes.
///
/// `POST` anything: 202, as PagerDuty answers. `GET /wait/N`: answers once alert N is here.
/// `GET /count`: how many different alerts. `GET /all`: `index nanoseconds` a line.
pub(crate) async fn serve() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen on loopback")?;
    println!("{}", listener.local_addr()?.port());
    std::io::stdout().flush()?;
    let shared = Arc::new(Shared::default());
    let accept = async {
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(connection(stream, Arc::clone(&shared)));
        }
        #[allow(unreachable_code)]
        anyhow::Ok(())
    };
    let mut stdin = tokio::io::BufReader::new(tokio::fs::File::open("/dev/stdin").await?);
    let mut byte = [0];
    tokio::select! {
        ended = accept => ended,
        _ = stdin.read(&mut byte) => Ok(()),
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) -> anyhow::Result<()> {
    let mut connection = Connection::over(stream)?;
    while let Some((head, body)) = connection.receive().await? {
        let mut words = head.split_ascii_whitespace();
        match (words.next(), words.next()) {
            (Some("POST"), _) => {
                let answer = shared.take(&body);
                connection.send(ACCEPTED.to_owned(), &answer).await?;
            }
            (Some("GET"), Some(path)) => {
                let answer = shared.answer(path).await;
                connection.send("HTTP/1.1 200 OK\r\n".to_owned(), answer.as_bytes()).await?;
            }
            _ => connection.send("HTTP/1.1 405 Method Not Allowed\r\n".to_owned(), b"").await?,
        }
    }
    Ok(())
}

impl Shared {
    fn take(&self, body: &[u8]) -> Vec<u8> {
        let now = drive::now();
        let mut received = self.received.lock().expect("no one panics with the lock");
        received.requests += 1;
        if let Some(index) = alerts::index(body) {
            received.first.entry(index).or_insert(now);
        }
        drop(received);
        self.news.notify_waiters();
        br#"{"status":"success","message":"Event processed","dedup_key":"taken"}"#.to_vec()
    }

    async fn answer(&self, path: &str) -> String {
        if let Some(index) = path.strip_prefix("/wait/").and_then(|index| index.parse().ok()) {
            let arrived =
                || self.received.lock().expect("no one panics with the lock").first.get(&index).copied();
            loop {
                let news = self.news.notified();
                if let Some(at) = arrived() {
                    return at.to_string();
                }
                // An arrival between the two lines above is noticed at the next turn.
                let _ = tokio::time::timeout(Duration::from_millis(20), news).await;
            }
        }
        let received = self.received.lock().expect("no one panics with the lock");
        match path {
            "/all" => received.first.iter().map(|(index, at)| format!("{index} {at}\n")).collect(),
            _ => format!("{} {}", received.first.len(), received.requests),
        }
    }
}
