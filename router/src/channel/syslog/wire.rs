//! How a message travels: by TLS or TCP with its length before it, on a connection of its own; or as a datagram.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use watchfire_core::yaml::expected;

use super::Transport;
use crate::clients::{Clients, chain};

/// For connecting, the handshake included.
const CONNECT: Duration = Duration::from_secs(5);
/// For a receiver to close what we have closed.
const CLOSE: Duration = Duration::from_secs(2);

/// Where the receiver is, and how it is reached.
pub(super) struct Wire {
    host: String,
    port: u16,
    address: String,
    way: Way,
}

enum Way {
    Tls(TlsConnector, ServerName<'static>),
    Tcp,
    Udp,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Wire({})", self.address)
    }
}

impl Wire {
    /// `authorities`: in PEM, beside the platform's; may be empty.
    pub(super) fn new(
        host: String,
        port: u16,
        transport: Transport,
        authorities: &[u8],
        clients: &Clients,
    ) -> anyhow::Result<Self> {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let way = match transport {
            Transport::Tls => {
                let name = ServerName::try_from(host.clone());
                let no_name = |_| anyhow::anyhow!(expected("a host").found(format!("`{host}`")).to_string());
                Way::Tls(Arc::new(clients.tls(authorities)?).into(), name.map_err(no_name)?)
            }
            Transport::Tcp => Way::Tcp,
            Transport::Udp => Way::Udp,
        };
        let address = format!("{host}:{port}");
        Ok(Self { host, port, address, way })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Sends one message.
    ///
    /// # Errors
    /// Why the receiver does not have it, or may not.
    pub(super) async fn send(&self, message: &[u8]) -> Result<String, String> {
        let sent = async {
            match &self.way {
                Way::Udp => self.datagram(message).await.map(|()| "sent by UDP, which nobody acknowledges"),
                Way::Tcp => deliver(self.connect().await?, message).await,
                Way::Tls(connector, name) => {
                    let stream = self.connect().await?;
                    deliver(encrypted(connector, name, stream).await?, message).await
                }
            }
        };
        sent.await.map(str::to_owned).map_err(|error| self.told(&error))
    }

    /// Whether it can be reached; none where nobody would say so.
    pub(super) async fn ask(&self) -> Option<Result<String, String>> {
        let asked = async {
            let stream = self.connect().await?;
            match &self.way {
                Way::Tls(connector, name) => encrypted(connector, name, stream).await.map(|_| "by TLS"),
                Way::Tcp | Way::Udp => Ok("by TCP"),
            }
        };
        if matches!(self.way, Way::Udp) {
            return None;
        }
        let said = |way| format!("it can be reached {way}");
        Some(asked.await.map(said).map_err(|error| self.told(&error)))
    }

    fn told(&self, error: &io::Error) -> String {
        format!("syslog at {}: {}", self.address, chain(error))
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        within(CONNECT, TcpStream::connect((self.host.as_str(), self.port))).await
    }

    async fn datagram(&self, message: &[u8]) -> io::Result<()> {
        // Whatever this machine has of the two, by what the host turns out to be.
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for to in tokio::net::lookup_host((self.host.as_str(), self.port)).await? {
            let from = if to.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" };
            match UdpSocket::bind(from).await?.send_to(message, to).await {
                Ok(_) => return Ok(()),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

async fn encrypted(
    connector: &TlsConnector,
    name: &ServerName<'static>,
    stream: TcpStream,
) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    within(CONNECT, connector.connect(name.clone(), stream)).await
}

/// Writes it with its length before it, and closes. A receiver that has read it closes, too; one that did not want it, or has
/// died, resets the connection.
async fn deliver(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    message: &[u8],
) -> io::Result<&'static str> {
    let closed = async {
        stream.write_all(format!("{} ", message.len()).as_bytes()).await?;
        stream.write_all(message).await?;
        stream.flush().await?;
        stream.shutdown().await
    };
    within(CONNECT, closed).await?;
    let mut nothing = [0; 64];
    let ended = async {
        loop {
            match stream.read(&mut nothing).await {
                Ok(0) => return Ok(()),
                // It has nothing to say.
                Ok(_) => {}
                // Without saying so by TLS, as many do.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    };
    match timeout(CLOSE, ended).await {
        Ok(Ok(())) => Ok("sent; the receiver has closed the connection in order"),
        Ok(Err(error)) => Err(error),
        Err(_) => Ok("sent; the receiver keeps the connection open, and acknowledges nothing"),
    }
}

async fn within<T>(time: Duration, doing: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, format!("nothing within {} s", time.as_secs()));
    timeout(time, doing).await.map_err(late)?
}
