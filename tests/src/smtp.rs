//! A real mail server on this machine, and the mails that it took.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use tempfile::TempDir;

use crate::process::PythonServer;

/// The login that [`Smtp::encrypted`] asks for.
pub const LOGIN: (&str, &str) = ("pager", "correct horse");

/// `tests/servers/smtp.py`: recipients named `gone` are refused (550), `busy` put off (451), `later` put
/// off once.
#[derive(Debug)]
pub struct Smtp {
    server: PythonServer,
    folder: TempDir,
}

/// One mail, as the server's side sees it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Mail {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// Whether it came by TLS.
    pub encrypted: bool,
    /// Who had logged in.
    pub login: Option<String>,
    /// The mail's headers, decoded.
    pub headers: BTreeMap<String, String>,
    /// The plain text, decoded.
    pub plain: String,
    /// The HTML, decoded.
    pub html: String,
}

impl Smtp {
    /// Takes nothing without STARTTLS and [`LOGIN`].
    pub fn encrypted() -> Self {
        Self::start("starttls")
    }

    /// Speaks TLS from the first byte.
    pub fn wrapped() -> Self {
        Self::start("wrapper")
    }

    /// Knows neither TLS nor logins.
    pub fn plain() -> Self {
        Self::start("plain")
    }

    fn start(mode: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().to_str().expect("temporary folders have plain names");
        let server = PythonServer::start("smtp.py", &[path, mode]);
        Self { server, folder }
    }

    /// The port of 127.0.0.1 on which it listens.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The authority of its certificate.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// What it took so far, in order. A mail is here before its sender is told.
    pub fn mails(&self) -> Vec<Mail> {
        let texts = (0..).map_while(|number| {
            std::fs::read_to_string(self.folder.path().join(format!("{number}.json"))).ok()
        });
        texts.map(|text| serde_json::from_str(&text).expect("the server writes what is read here")).collect()
    }
}
