//! The sending side: HTTP/1.1 over a few kept connections, as cheap as it gets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Nanoseconds of the Unix epoch: comparable between the processes of one machine.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Either end of one kept HTTP/1.1 connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects to `127.0.0.1:PORT`.
    pub(crate) async fn to(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await;
        Self::over(stream.with_context(|| format!("nobody listens on port {port}"))?)
    }

    /// Takes a connected stream over.
    pub(crate) fn over(stream: TcpStream) -> anyhow::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(8192) })
    }

    /// Sends a head (without its length and its end) and a body.
    pub(crate) async fn send(&mut self, head: String, body: &[u8]) -> anyhow::Result<()> {
        let mut message = head.into_bytes();
        message.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
        message.extend_from_slice(body);
        Ok(self.stream.write_all(&message).await?)
    }

    /// Receives one message: its first line and its body. `None` when the other side has closed.
    pub(crate) async fn receive(&mut self) -> anyhow::Result<Option<(String, Vec<u8>)>> {
        let head = loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
                self.buffer.drain(..end + 4);
                break head;
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        };
        let header = |name: &str| {
            let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
            lines
                .filter(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim().to_owned())
                .next()
        };
        let body = match (header("content-length"), header("transfer-encoding")) {
            (Some(length), _) => self.exactly(length.parse().context("a length is a number")?).await?,
            (None, Some(_)) => self.chunks().await?,
            (None, None) => Vec::new(),
        };
        Ok(Some((head.lines().next().unwrap_or_default().to_owned(), body)))
    }

    /// Posts a body and returns the status.
    pub(crate) async fn post(&mut self, path: &str, body: &str) -> anyhow::Result<u16> {
        let head = format!("POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n");
        self.send(head, body.as_bytes()).await?;
        let (head, _) = self.receive().await?.context("the connection was closed instead of an answer")?;
        status(&head)
    }

    /// Gets a page.
    pub(crate) async fn get(&mut self, path: &str) -> anyhow::Result<String> {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n"), b"").await?;
        let (head, body) = self.receive().await?.context("the connection was closed instead of an answer")?;
        match status(&head)? {
            200 => Ok(String::from_utf8(body)?),
            other => bail!("{path} answered {other}"),
        }
    }

    async fn exactly(&mut self, length: usize) -> anyhow::Result<Vec<u8>> {
        while self.buffer.len() < length {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the connection was closed within a body");
            }
        }
        Ok(self.buffer.drain(..length).collect())
    }

    async fn chunks(&mut self) -> anyhow::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let end = loop {
                if let Some(end) = self.buffer.windows(2).position(|window| window == b"\r\n") {
                    break end;
                }
                if self.stream.read_buf(&mut self.buffer).await? == 0 {
                    bail!("the connection was closed within a body");
                }
            };
            let length = self.exactly(end + 2).await?;
            let length = usize::from_str_radix(std::str::from_utf8(&length)?.trim(), 16)?;
            let chunk = self.exactly(length + 2).await?;
            if length == 0 {
                return Ok(body);
            }
            body.extend_from_slice(&chunk[..length]);
        }
    }
}

fn status(head: &str) -> anyhow::Result<u16> {
    head.split(' ').nth(1).and_then(|status| status.parse().ok()).with_context(|| format!("not HTTP: {head}"))
}

/// Posts every body once over that many connections, no earlier than its turn comes at that pace (all
/// at once where there is none); returns when each was first sent, in nanoseconds. A refusal for overload
/// (429, 503) is tried again after 5 ms.
pub(crate) async fn post_all(
    port: u16,
    path: &'static str,
    bodies: Arc<Vec<String>>,
    connections: usize,
    a_second: Option<u32>,
) -> anyhow::Result<Vec<u64>> {
    let every = a_second.map_or(Duration::ZERO, |pace| Duration::from_secs(1) / pace);
    let start = Instant::now();
    let next = Arc::new(AtomicUsize::new(0));
    let workers: Vec<_> = (0..connections)
        .map(|_| {
            let (bodies, next) = (Arc::clone(&bodies), Arc::clone(&next));
            tokio::spawn(async move {
                let mut connection = Connection::to(port).await?;
                let mut sent = Vec::new();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(body) = bodies.get(index) else { return anyhow::Ok(sent) };
                    tokio::time::sleep_until(start + every * index as u32).await;
                    sent.push((index, now()));
                    loop {
                        match connection.post(path, body).await? {
                            200..=299 => break,
                            429 | 503 => tokio::time::sleep(Duration::from_millis(5)).await,
                            other => bail!("{path} answered {other}"),
                        }
                    }
                }
            })
        })
        .collect();
    let mut sent = vec![0; bodies.len()];
    for worker in workers {
        for (index, at) in worker.await?? {
            sent[index] = at;
        }
    }
    Ok(sent)
}
