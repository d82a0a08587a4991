//! Pages by mail.
//!
//! ```yaml
//! mail:
//!   email:
//!     host: smtp.example.com
//!     port: 587                        # 465 with tls: wrapper, 25 with tls: none
//!     tls: starttls                    # or wrapper; none only where the host is this machine
//!     ca_file: /etc/ssl/relay.pem      # a private authority, beside the platform's
//!     from: Watchfire <watchfire@example.com>
//!     to: [oncall@example.com]
//!     auth: {username: {env: SMTP_USER}, password: {file: /run/secrets/smtp}}
//!     mails_per_minute: 20
//!     templates: {}                    # as ships; html_head and html_body beside title, head and body
//! ```
//!
//! - Role: notify. Permissions: none in AWS; SMTP submission to the host above.
//! - Idempotency: the Message-ID is made of the effect, so a repeat is recognised by servers that look;
//!   all mails of one dedup key refer to one thread.
//! - Transient: 4xx, no connection, a certificate that does not verify, no TLS where it is required, and
//!   530 to 538, which refuse our credentials and not the mail. Permanent: every other 5xx. Where
//!   one recipient of several is refused the others get the mail nevertheless, and the receipt says so.

pub(super) mod message;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use lettre::address::{Address, Envelope};
use lettre::message::Mailbox;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::action::Role;
use watchfire_core::decision::Effect;
use watchfire_core::ids::ChannelName;
use watchfire_core::notice::{ByRoute, Fault, MailTemplates, Wording};
use watchfire_core::value_schema;
use watchfire_core::yaml::{Mistake, expected};

use super::payload::Form;
use super::{Action, Asked, Bound, Dispatch, PerMinute, Preview, Settings, local};
use crate::clients::{Clients, Doubt, chain};
use crate::failure::{Done, Failure, NotTaken};
use crate::secret::{Secret, SecretSource, SecretUse};

/// For connecting, and for every answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A mail channel in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "Email")]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The mail server's name, which its certificate must bear.
    pub host: String,
    /// Its port; without it the usual one for `tls`.
    pub port: Option<u16>,
    /// How the connection is encrypted.
    #[serde(default)]
    pub tls: Encryption,
    /// PEM certificates of authorities to trust beside the platform's.
    pub ca_file: Option<PathBuf>,
    /// The sender: an address, or `Name <address>`.
    pub from: MailAddress,
    /// At least one.
    #[schemars(length(min = 1))]
    pub to: Vec<MailAddress>,
    /// How to log in; without it the server takes mail from this host as it is.
    pub auth: Option<Auth>,
    /// Most mails in any 60 s.
    #[serde(default = "default_pace")]
    pub mails_per_minute: PerMinute,
    /// How its pages are worded; by default as ships.
    #[serde(default)]
    pub templates: MailTemplates,
}

fn default_pace() -> PerMinute {
    PerMinute::new(20)
}

impl Settings for Config {
    fn secrets(&mut self) -> Vec<SecretUse<'_>> {
        let Some(Auth { username, password }) = &mut self.auth else { return Vec::new() };
        let any = |_: &Secret| Ok(());
        let [name, word] = [("username", username), ("password", password)]
            .map(|(member, source)| SecretUse { path: format!(".email.auth.{member}"), source, fits: any });
        vec![name, word]
    }

    fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        if self.to.is_empty() {
            mistake(".to", expected("at least one address").found("none"));
        }
        if self.host.trim().is_empty() {
            mistake(".host", expected("the name of a mail server").found("nothing"));
        } else if self.tls == Encryption::None && !local::is_loopback(&self.host) {
            let host = &self.host;
            let hint = format!("`none` is only for this machine, not for `{host}`");
            mistake(".tls", expected("starttls or wrapper").hint(hint));
        }
    }

    fn form(&self) -> Form {
        Form::whole(self.templates.clone())
    }

    fn by_route(&mut self) -> Option<&mut ByRoute> {
        Some(&mut self.templates.by_route)
    }

    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        let wording = Wording::from(self.templates.clone());
        if wording.has_own() { wording.mail(&effect.notice, effect.kind).faults } else { Vec::new() }
    }
}

impl Config {
    /// The files that it names.
    pub(crate) fn files(&mut self) -> Vec<&mut PathBuf> {
        let Config { ca_file, auth, .. } = self;
        let sources = auth.iter_mut().flat_map(|Auth { username, password }| [username, password]);
        sources.filter_map(SecretSource::file).chain(ca_file).collect()
    }
}

/// How the connection to the mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    /// By STARTTLS, and not at all where the server does not offer it.
    #[default]
    StartTls,
    /// From the first byte.
    Wrapper,
    /// Not: only where the host is this machine.
    None,
}

/// An address, or `Name <address>`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct MailAddress(Mailbox);

value_schema!(MailAddress, {
    "type": "string",
    "description": "An address, or `Name <address>`.",
    "pattern": "@"
});

impl TryFrom<String> for MailAddress {
    type Error = Mistake;

    fn try_from(text: String) -> Result<Self, Mistake> {
        let no_address = |error: lettre::address::AddressError| {
            expected("a mail address").found(format!("`{text}`")).hint(error.to_string())
        };
        text.parse().map(Self).map_err(no_address)
    }
}

/// How to log in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "MailAuth")]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// The user's name.
    pub username: SecretSource,
    /// The user's password.
    pub password: SecretSource,
}

/// Sends mails through one server.
#[derive(Debug)]
pub struct Email {
    server: smtp::AsyncSmtpTransportBuilder,
    login: Option<(Secret, Secret)>,
    doubt: Doubt,
    from: Mailbox,
    to: Vec<Mailbox>,
    bound: Bound,
    wording: Wording,
}

impl Action for Email {
    const ROLE: Role = Role::Notify;
    const WAKES_PEOPLE: bool = true;
    type Config = Config;

    async fn new(_name: &ChannelName, config: Config, clients: &Clients) -> anyhow::Result<Self> {
        let mut mistakes = Vec::new();
        config.check(&mut |member, message| mistakes.push(format!("{}: {message}", &member[1..])));
        ensure!(mistakes.is_empty(), "{}", mistakes.join("; "));
        let Config { host, port, tls, ca_file, from, to, auth, mails_per_minute: pace, templates } = config;
        let usual = match tls {
            Encryption::StartTls => smtp::SUBMISSION_PORT,
            Encryption::Wrapper => smtp::SUBMISSIONS_PORT,
            Encryption::None => smtp::SMTP_PORT,
        };
        let bound = Bound::of(pace, &["email", &host, from.0.email.as_ref()]);
        let server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&host)
            .port(port.unwrap_or(usual))
            .tls(encryption(tls, host, ca_file).await?)
            .timeout(Some(TIMEOUT));
        let login = match auth {
            Some(Auth { username, password }) => {
                let username = username.resolve(clients).await.context("auth")?;
                let password = password.resolve(clients).await.context("auth")?;
                Some((username, password))
            }
            None => None,
        };
        let to = to.into_iter().map(|MailAddress(mailbox)| mailbox).collect();
        let doubt = clients.doubt.clone();
        Ok(Self { server, login, doubt, from: from.0, to, bound, wording: templates.into() })
    }

    async fn perform(&self, Dispatch { effect, .. }: &Dispatch<'_>) -> Result<Done, NotTaken> {
        let words = self.wording.mail(&effect.notice, effect.kind);
        let message = message::compose(effect, words, &self.from, &self.to).map_err(Failure::permanent)?;
        let to: Vec<Address> = self.to.iter().map(|mailbox| mailbox.email.clone()).collect();
        match self.send(&message, to.clone()).await {
            // SMTP refuses a mail as a whole when it refuses one recipient.
            Err(Refusal { status: Some(_), failure: _ }) if to.len() > 1 => {
                Ok(self.send_each(&message, to).await?)
            }
            Err(Refusal { status: _, failure }) => Err(failure.into()),
            Ok(receipt) => Ok(Done { receipt }),
        }
    }

    /// Connects, encrypts and logs in.
    async fn ask(&self) -> Option<Asked> {
        Some(match self.transport().test_connection().await {
            Ok(true) => Asked::Would("the mail server takes mail from us".to_owned()),
            Ok(false) => Asked::WouldNot("the mail server does not answer".to_owned()),
            Err(error) => Asked::WouldNot(format!("SMTP: {}", chain(&error))),
        })
    }

    fn bound(&self) -> Option<Bound> {
        Some(self.bound.clone())
    }

    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        if self.wording.has_own() {
            self.wording.mail(&effect.notice, effect.kind).faults
        } else {
            Vec::new()
        }
    }
}

/// The mail that would be sent.
pub(super) fn preview(config: &Config, effect: &Effect) -> Preview {
    let Config { host, from: MailAddress(from), to, templates, .. } = config;
    let words = Wording::from(templates.clone()).mail(&effect.notice, effect.kind);
    let to: Vec<_> = to.iter().map(|MailAddress(mailbox)| mailbox.clone()).collect();
    let (faults, text, html) = (words.faults.clone(), words.text.clone(), words.html.clone());
    let mime =
        message::compose(effect, words, from, &to).map(|mime| String::from_utf8_lossy(&mime).into_owned());
    let mime = mime.unwrap_or_else(|error| format!("it cannot be sent: {error}"));
    Preview::of(&format!("SMTP to {host}"), &faults)
        .size(mime.len(), "bytes of the mail", None)
        .part("mime", mime)
        .hidden_part("text", text)
        .hidden_part("html", html)
}

/// Why a mail was not taken; the status where the server gave one.
struct Refusal {
    status: Option<u16>,
    failure: Failure,
}

impl Email {
    /// By the login that is known now. Each mail has a connection of its own.
    fn transport(&self) -> AsyncSmtpTransport<Tokio1Executor> {
        let text = |secret: &Secret| secret.expose().as_str().to_owned();
        let login = self.login.as_ref();
        let credentials = login.map(|(username, password)| Credentials::new(text(username), text(password)));
        credentials
            .into_iter()
            .fold(self.server.clone(), smtp::AsyncSmtpTransportBuilder::credentials)
            .build()
    }

    async fn send(&self, message: &[u8], to: Vec<Address>) -> Result<String, Refusal> {
        let envelope = Envelope::new(Some(self.from.email.clone()), to)
            .map_err(|error| Refusal { status: None, failure: Failure::permanent(error.to_string()) })?;
        match self.transport().send_raw(&envelope, message).await {
            Ok(answer) => Ok(format!("{} {}", answer.code(), answer.message().collect::<Vec<_>>().join(" "))),
            Err(error) => {
                let status = error.status().map(u16::from);
                if status.is_some_and(|status| (530..=538).contains(&status)) {
                    self.doubt.raise();
                }
                Err(Refusal { status, failure: fate(status, format!("SMTP: {error:#}")) })
            }
        }
    }

    /// One reader is better than none: done where one recipient was taken.
    async fn send_each(&self, message: &[u8], to: Vec<Address>) -> Result<Done, Failure> {
        let mut taken = Vec::new();
        let mut refused = Vec::new();
        let mut failure = None;
        for address in to {
            match self.send(message, vec![address.clone()]).await {
                Ok(receipt) => taken.push(format!("{address}: {receipt}")),
                Err(Refusal { status: _, failure: new }) => {
                    refused.push(format!("{address}: {new}"));
                    failure = match (failure, new) {
                        (Some(Failure::Transient { reason, retry_after }), _) => {
                            Some(Failure::Transient { reason, retry_after })
                        }
                        (Some(Failure::Permanent { .. }) | None, new) => Some(new),
                    };
                }
            }
        }
        match failure {
            Some(failure) if taken.is_empty() => Err(failure),
            Some(_) => {
                Ok(Done { receipt: format!("refused: {}; taken: {}", refused.join(", "), taken.join(", ")) })
            }
            None => Ok(Done { receipt: taken.join(", ") }),
        }
    }
}

fn fate(status: Option<u16>, reason: String) -> Failure {
    match status {
        Some(530..=538) => Failure::transient(reason),
        Some(500..) => Failure::permanent(reason),
        Some(_) | None => Failure::transient(reason),
    }
}

/// What is wrong with it, a library says in many words.
fn authority(pem: &[u8]) -> anyhow::Result<Certificate> {
    Certificate::from_pem(pem).map_err(|_| anyhow!("expected certificates as PEM, found what is none"))
}

async fn encryption(tls: Encryption, host: String, ca_file: Option<PathBuf>) -> anyhow::Result<Tls> {
    let wrap = match tls {
        Encryption::StartTls => Tls::Required,
        Encryption::Wrapper => Tls::Wrapper,
        Encryption::None => return Ok(Tls::None),
    };
    let mut parameters = TlsParameters::builder(host);
    if let Some(path) = ca_file {
        let context = || format!("ca_file {}", path.display());
        let pem = tokio::fs::read(&path).await.with_context(context)?;
        parameters = parameters.add_root_certificate(authority(&pem).with_context(context)?);
    }
    Ok(wrap(parameters.build()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::channel::ChannelConfig;

    fn config(yaml: &str) -> Result<Config, String> {
        match serde_saphyr::from_str(yaml).map_err(|error| error.to_string())? {
            ChannelConfig::Email(config) => Ok(config),
            other => panic!("{other:?}"),
        }
    }

    async fn refusal(yaml: &str) -> String {
        let clients = Clients::new(None).unwrap();
        let email = Email::new(&ChannelName::new("mail"), config(yaml).unwrap(), &clients).await;
        format!("{:#}", email.unwrap_err())
    }

    #[test]
    fn the_example_is_understood() {
        let example = "email:
  host: smtp.example.com
  port: 587
  tls: starttls
  ca_file: /etc/ssl/relay.pem
  from: Watchfire <watchfire@example.com>
  to: [oncall@example.com]
  auth: {username: {env: SMTP_USER}, password: {file: /run/secrets/smtp}}
  mails_per_minute: 20
";
        let expected = Config {
            host: "smtp.example.com".to_owned(),
            port: Some(587),
            tls: Encryption::StartTls,
            ca_file: Some("/etc/ssl/relay.pem".into()),
            from: MailAddress("Watchfire <watchfire@example.com>".parse().unwrap()),
            to: vec![MailAddress("oncall@example.com".parse().unwrap())],
            auth: Some(Auth {
                username: SecretSource::Env("SMTP_USER".to_owned()),
                password: SecretSource::File("/run/secrets/smtp".into()),
            }),
            mails_per_minute: default_pace(),
            templates: MailTemplates::default(),
        };
        assert_eq!(config(example).unwrap(), expected);
        let short = config("email: {host: smtp.example.com, from: a@b.example, to: [c@d.example]}").unwrap();
        assert_eq!(
            (short.tls, short.port, short.mails_per_minute),
            (Encryption::StartTls, None, default_pace())
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let error = config("email: {host: h, from: nobody, to: [a@b.example]}").unwrap_err();
        assert!(error.contains("expected a mail address, found `nobody`"), "{error}");
    }

    #[tokio::test]
    async fn plain_mail_does_not_leave_this_machine() {
        let error =
            refusal("email: {host: h.example, tls: none, from: a@b.example, to: [a@b.example]}").await;
        assert_eq!(
            error,
            "tls: expected starttls or wrapper: `none` is only for this machine, not for `h.example`"
        );
    }

    #[tokio::test]
    async fn nobody_to_write_to_is_refused() {
        let error = refusal("email: {host: h.example, from: a@b.example, to: []}").await;
        assert_eq!(error, "to: expected at least one address, found none");
    }

    #[tokio::test]
    async fn an_authority_that_is_not_there_is_refused_by_name() {
        let yaml = "email: {host: h.example, ca_file: /no/such.pem, from: a@b.example, to: [a@b.example]}";
        assert!(refusal(yaml).await.starts_with("ca_file /no/such.pem: "));
    }

    #[test]
    fn every_status_has_its_fate() {
        for status in [None, Some(421), Some(450), Some(451), Some(452), Some(530), Some(535), Some(538)] {
            assert_eq!(fate(status, "r".to_owned()), Failure::transient("r"), "{status:?}");
        }
        for status in [Some(500), Some(521), Some(550), Some(552), Some(554)] {
            assert_eq!(fate(status, "r".to_owned()), Failure::permanent("r"), "{status:?}");
        }
    }
}
