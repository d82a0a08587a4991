//! Pages as syslog messages (RFC 5424), by TLS (RFC 5425), or on this machine by TCP (RFC 6587, counted) or UDP (RFC 5426).
//!
//! ```yaml
//! siem:
//!   syslog:
//!     host: siem.example.com
//!     port: 6514                      # 601 with transport: tcp, 514 with udp
//!     transport: tls                  # or tcp, udp: only where the host is this machine, such as a relay beside it
//!     ca_file: /etc/ssl/siem.pem      # a private authority, beside the platform's
//!     facility: local0
//!     hostname: watchfire.example.com # default: the environment variable HOSTNAME, or none
//!     app_name: watchfire
//!     structured_data_id: watchfire@32473   # the number is your own, of IANA; this one is for examples
//!     payload: standard               # or minimal
//!     leave_out: []                   # of what minimal tells: cluster (its alias), region, namespace
//!     messages_per_minute: 600
//!     templates: {}                   # title is the message; as ships
//! ```
//!
//! - Role: notify. Permissions: none in AWS.
//! - Idempotency: none; the parameter `id` is the effect's, the same at every attempt.
//! - Syslog acknowledges nothing. By TLS and TCP each message has a connection of its own, which both sides close: where
//!   the receiver has closed it in order, it has read the message. By UDP nothing is known.
//! - Transient: everything. What a receiver takes no more of it does not say.

mod frame;
mod wire;

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::action::Role;
use watchfire_core::decision::Effect;
use watchfire_core::ids::ChannelName;
use watchfire_core::notice::{ByRoute, Fault, Templates};
use watchfire_core::yaml::{Mistake, expected};

use super::payload::{Form, Place, Profile};
use super::{Action, Asked, Bound, Dispatch, PerMinute, Preview, Settings, is_loopback};
use crate::clients::Clients;
use crate::failure::{Done, NotTaken};
use frame::Frame;
use wire::Wire;

/// A syslog receiver in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "Syslog")]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The receiver's name, which its certificate must bear.
    pub host: String,
    /// Its port; without it the usual one for `transport`.
    pub port: Option<u16>,
    /// How messages travel.
    #[serde(default)]
    pub transport: Transport,
    /// Authorities to trust beside the platform's, in PEM.
    pub ca_file: Option<PathBuf>,
    /// What kind of system says it.
    #[serde(default)]
    pub facility: Facility,
    /// The machine that says it; without it the environment variable HOSTNAME, or none.
    pub hostname: Option<String>,
    /// The program that says it.
    #[serde(default = "app_name")]
    pub app_name: String,
    /// The name of the structured data, with the number that IANA gave you.
    #[serde(default = "structured_data_id")]
    pub structured_data_id: String,
    /// How much of the page leaves.
    #[serde(default = "Profile::standard")]
    pub payload: Profile,
    /// What of the little that `minimal` tells is kept in, too.
    #[serde(default)]
    pub leave_out: Vec<Place>,
    /// Most messages in any 60 s.
    #[serde(default = "default_pace")]
    pub messages_per_minute: PerMinute,
    /// How its messages are worded; by default as ships.
    #[serde(default)]
    pub templates: Templates,
}

fn app_name() -> String {
    "watchfire".to_owned()
}

fn structured_data_id() -> String {
    "watchfire@32473".to_owned()
}

fn default_pace() -> PerMinute {
    PerMinute::new(600)
}

/// How messages travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// By TLS.
    #[default]
    Tls,
    /// By TCP, in clear: only where the host is this machine.
    Tcp,
    /// By UDP, in clear: only where the host is this machine.
    Udp,
}

impl Transport {
    fn port(self) -> u16 {
        match self {
            Transport::Tls => 6514,
            Transport::Tcp => 601,
            Transport::Udp => 514,
        }
    }

    /// What every receiver is to take: RFC 5425 and RFC 5426 ask for that much.
    fn most_bytes(self) -> usize {
        match self {
            Transport::Tls | Transport::Tcp => 8192,
            Transport::Udp => 2048,
        }
    }
}

/// What kind of system says it: RFC 5424, table 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names are those of the standard")]
pub enum Facility {
    User = 1,
    Daemon = 3,
    Auth = 4,
    AuthPriv = 10,
    Audit = 13,
    Alert = 14,
    #[default]
    Local0 = 16,
    Local1 = 17,
    Local2 = 18,
    Local3 = 19,
    Local4 = 20,
    Local5 = 21,
    Local6 = 22,
    Local7 = 23,
}

impl Settings for Config {
    fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        let Config { host, port: _, transport, ca_file, hostname, app_name, structured_data_id, .. } = self;
        self.payload.check(&self.leave_out, mistake);
        if host.trim().is_empty() {
            mistake(".host", expected("the name of a syslog receiver").found("nothing"));
        } else if *transport != Transport::Tls && !is_loopback(host) {
            let hint =
                format!("in clear only to this machine, not to `{host}`: have a relay there that does TLS");
            mistake(".transport", expected("tls").hint(hint));
        }
        if *transport != Transport::Tls && ca_file.is_some() {
            mistake(".ca_file", expected("none").hint("only `tls` has authorities"));
        }
        for (member, value, most) in
            [(".hostname", hostname.as_ref(), 255), (".app_name", Some(app_name), 48)]
        {
            if let Some(value) = value.filter(|value| !frame::is_name(value, most)) {
                let name = format!("1 to {most} printable ASCII characters without spaces");
                mistake(member, expected(name).found(format!("`{}`", value.escape_debug())));
            }
        }
        if !frame::is_data_id(structured_data_id) {
            let name = expected("a name, @ and a number, such as watchfire@32473, in 32 characters at most");
            let found = format!("`{}`", structured_data_id.escape_debug());
            mistake(".structured_data_id", name.found(found));
        }
    }

    fn form(&self) -> Form {
        Form::of(self.payload, &self.leave_out, self.templates.clone())
    }

    fn by_route(&mut self) -> Option<&mut ByRoute> {
        Some(&mut self.templates.by_route)
    }
}

impl Config {
    /// The file that it names.
    pub(crate) fn files(&mut self) -> Vec<&mut PathBuf> {
        self.ca_file.iter_mut().collect()
    }

    fn frame(&self) -> Frame {
        let Self { transport, facility, hostname, app_name, structured_data_id, .. } = self;
        let known = std::env::var("HOSTNAME").ok().filter(|name| frame::is_name(name, 255));
        Frame {
            facility: *facility,
            hostname: hostname.clone().or(known).unwrap_or_else(|| "-".to_owned()),
            app_name: app_name.clone(),
            data_id: structured_data_id.clone(),
            most_bytes: transport.most_bytes(),
            form: self.form(),
        }
    }
}

/// Writes to one receiver.
#[derive(Debug)]
pub struct Syslog {
    frame: Frame,
    wire: Wire,
    pace: PerMinute,
}

impl Action for Syslog {
    const ROLE: Role = Role::Notify;
    const WAKES_PEOPLE: bool = false;
    type Config = Config;

    async fn new(_name: &ChannelName, config: Config, clients: &Clients) -> anyhow::Result<Self> {
        let mut mistakes = Vec::new();
        config.check(&mut |member, mistake| mistakes.push(format!("{}: {mistake}", &member[1..])));
        ensure!(mistakes.is_empty(), "{}", mistakes.join("; "));
        let frame = config.frame();
        let Config { host, port, transport, ca_file, messages_per_minute: pace, .. } = config;
        let own = match ca_file {
            Some(path) => {
                let read = tokio::fs::read(&path).await;
                read.with_context(|| format!("ca_file {}", path.display()))?
            }
            None => Vec::new(),
        };
        let wire = Wire::new(host, port.unwrap_or(transport.port()), transport, &own, clients)?;
        Ok(Self { frame, wire, pace })
    }

    async fn perform(&self, dispatch: &Dispatch<'_>) -> Result<Done, NotTaken> {
        let message = self.frame.message(dispatch);
        let sent = self.wire.send(&message).await;
        sent.map(|receipt| Done { receipt }).map_err(|reason| NotTaken::ForNow { reason, retry_after: None })
    }

    /// Connects, and where it is by TLS looks at the certificate; nothing is sent.
    async fn ask(&self) -> Option<Asked> {
        self.wire.ask().await.map(Asked::from)
    }

    fn bound(&self) -> Option<Bound> {
        Some(Bound::of(self.pace, &["syslog", self.wire.address()]))
    }

    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        self.frame.form.faults(effect)
    }
}

/// The message that would be sent.
pub(super) fn preview(config: &Config, effect: &Effect) -> Preview {
    let frame = config.frame();
    let message = frame.message(&Dispatch::alone(effect));
    let Config { host, port, transport, .. } = config;
    let to = format!("syslog to {host}:{}", port.unwrap_or(transport.port()));
    Preview::of(&to, &config.faults(effect))
        .size(message.len(), "bytes", Some(frame.most_bytes))
        .part("message", String::from_utf8_lossy(&message).into_owned())
}

#[cfg(test)]
mod tests;
