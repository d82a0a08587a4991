//! A syslog receiver as strict as RFC 5424 and its transports.

use serde_json::Value;
use tempfile::TempDir;

use crate::PythonServer;

/// `tests/servers/syslog.py`.
#[derive(Debug)]
pub struct Syslog {
    server: PythonServer,
    folder: TempDir,
}

impl Syslog {
    /// By that transport: tls, tcp or udp.
    pub fn start(transport: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().to_str().expect("temporary folders have plain names");
        let server = PythonServer::start("syslog.py", &[path, transport]);
        Self { server, folder }
    }

    /// The port of 127.0.0.1 on which it listens.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The authority of its certificate.
    pub fn ca_file(&self) -> std::path::PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// What it took so far, in order; what was no message says `wrong`.
    pub fn messages(&self) -> Vec<Value> {
        let texts = (0..).map_while(|number| {
            std::fs::read_to_string(self.folder.path().join(format!("{number}.json"))).ok()
        });
        texts.map(|text| serde_json::from_str(&text).expect("the server writes what is read here")).collect()
    }
}
