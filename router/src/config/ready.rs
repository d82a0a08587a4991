//! What a right text leads to: secrets, channels, a way to the cluster. A check looks at it, a start goes on with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::bail;
use watchfire_core::ids::ChannelName;
use watchfire_core::policy::Policy;
use watchfire_core::rules::RuleFile;
use watchfire_core::yaml::{Mistake, expected};

use super::check::Parsed;
use super::file::{Config, HttpConfig};
use super::http::wrong_tokens;
use super::writable::{By, against_file, against_folder};
use super::{Diagnostic, Loaded, Read, Watched, Written, read};
use crate::aws::call::CallError;
use crate::channel::{Channel, ChannelConfig, is_address};
use crate::clients::{Clients, is_fips};
use crate::cluster;
use crate::evidence::{DirectoryConfig, To};
use crate::identity::{Digest, TokenConfig};
use crate::oncall::OnCallConfig;
use crate::pagerduty::Inbound;
use crate::secret::{Secret, SecretSource, SecretUse};
use crate::slack::Apps;
use crate::store::{OpenAs, Store};
use crate::triage::TriageConfig;

/// How far a configuration is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// As far as its text, the rules, and what is in the way of what it writes.
    Text,
    /// As far as this machine: environment, files.
    Machine,
    /// To AWS Secrets Manager, too.
    World,
    /// As far, by one who keeps nothing on this machine and will open its table at once.
    Away,
}

/// A configuration with all that a start takes of it. Nothing has been sent.
#[derive(Debug)]
pub struct Ready {
    /// The configuration; its secrets are known.
    pub config: Config,
    /// What deciding needs of it.
    pub policy: Policy,
    /// Where each part stands.
    pub written: Written,
    /// The channels; without those whose secrets are out of reach.
    pub channels: BTreeMap<ChannelName, Channel>,
    /// How PagerDuty is heard.
    pub inbound: Inbound,
    /// The apps of Slack whose buttons are heard.
    pub apps: Apps,
    /// What callers must show.
    pub tokens: Tokens,
    /// How far it was followed.
    pub(crate) reach: Reach,
    /// The rules as they are written.
    pub(crate) rule_files: Vec<RuleFile>,
    /// The files behind it, as they were before they were read.
    pub(crate) watched: Watched,
}

/// The tokens of senders and operators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Of those who send events.
    pub token: Option<Secret>,
    /// Of those who command.
    pub operator_token: Option<Secret>,
}

impl Ready {
    /// Reads a configuration file and follows it that far.
    ///
    /// # Errors
    /// Every mistake in it and in its rules, and everything that it leads to which is not there or does not fit.
    pub async fn read(path: &Path, clients: &Clients, reach: Reach) -> Result<Ready, Vec<Diagnostic>> {
        Self::read_watching(path, clients, reach, &mut Watched::default()).await
    }

    /// The same, with the files behind it, as they were before they were read, even where it is wrong.
    pub(crate) async fn read_watching(
        path: &Path,
        clients: &Clients,
        reach: Reach,
        watched: &mut Watched,
    ) -> Result<Ready, Vec<Diagnostic>> {
        let Followed { read, channels, inbound, apps, tokens, refused: _ } =
            follow(path, clients, reach, watched).await?;
        let Loaded { config, policy, written, rule_files, watched } = read.finished()?;
        Ok(Ready { config, policy, written, channels, inbound, apps, tokens, reach, rule_files, watched })
    }

    /// A configuration of our own, followed all the way.
    ///
    /// # Errors
    /// Whatever it leads to that is not there.
    pub async fn of(mut config: Config, policy: Policy, clients: &Clients) -> anyhow::Result<Ready> {
        let (written, mut mistakes) = (Written::nothing("configuration"), Vec::new());
        let mut found = Found { written: &written, mistakes: &mut mistakes, refused: Vec::new() };
        let tokens = found.tokens(&mut config.http, clients, Reach::World).await;
        let known = found.secrets(&mut config.channels, clients, Reach::World).await;
        found.heartbeat(&mut config, clients, Reach::World).await;
        found.on_call(&mut config, clients, Reach::World).await;
        found.triage(&mut config, clients, Reach::World).await;
        let (channels, inbound, apps) = found.channels(known, clients).await;
        if !mistakes.is_empty() {
            let mistakes: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
            bail!("{}", mistakes.join("\n"));
        }
        let (rule_files, watched) = Default::default();
        let reach = Reach::World;
        Ok(Ready { config, policy, written, channels, inbound, apps, tokens, reach, rule_files, watched })
    }
}

/// A configuration whose text is right, with what it leads to as far as that is there; for who looks at one part after the other.
pub(crate) struct Apart {
    pub(crate) config: Config,
    pub(crate) policy: Policy,
    pub(crate) written: Written,
    /// The channels that can be made.
    pub(crate) channels: BTreeMap<ChannelName, Channel>,
    /// What it leads to that is not there, or does not fit.
    pub(crate) mistakes: Vec<Diagnostic>,
    /// The paths of those that are secrets which whoever asks may not read.
    pub(crate) refused: Vec<String>,
}

/// Reads a configuration file and follows it to its secrets. Its table is not opened.
///
/// # Errors
/// Every mistake in its text and in its rules.
pub(crate) async fn apart(path: &Path, clients: &Clients) -> Result<Apart, Vec<Diagnostic>> {
    let watched = &mut Watched::default();
    let Followed { mut read, channels, refused, .. } = follow(path, clients, Reach::Away, watched).await?;
    if read.parsed.config.is_none() {
        return Err(read.finished().err().unwrap_or_default());
    }
    let mistakes = std::mem::take(&mut read.parsed.mistakes);
    let Loaded { config, policy, written, .. } =
        read.finished().map_err(|wrong| [mistakes.clone(), wrong].concat())?;
    Ok(Apart { config, policy, written, channels, mistakes, refused })
}

/// What was read, and how far it led.
struct Followed {
    read: Read,
    channels: BTreeMap<ChannelName, Channel>,
    inbound: Inbound,
    apps: Apps,
    tokens: Tokens,
    refused: Vec<String>,
}

async fn follow(
    path: &Path,
    clients: &Clients,
    reach: Reach,
    watched: &mut Watched,
) -> Result<Followed, Vec<Diagnostic>> {
    let path: PathBuf = path.to_owned();
    // Rules take a while to compile, and whoever else runs here is not to wait for it.
    let reading = tokio::task::spawn_blocking(move || read(&path)).await;
    let mut read = reading.expect("reading does not panic, and nobody stops it")?;
    *watched = read.watched.clone();
    let Parsed { config, mistakes, written, rules: _, http, channels } = &mut read.parsed;
    let mut found = Found { written, mistakes, refused: Vec::new() };
    if config.as_ref().is_some_and(|config| config.require_fips) {
        found.fips(reach, is_fips());
    }
    let tokens = found.tokens(http, clients, reach).await;
    let known = found.secrets(channels, clients, reach).await;
    if let Some(config) = config {
        found.files(config, clients, reach).await;
        found.heartbeat(config, clients, reach).await;
        found.taken(&config.access.tokens, tokens.operator_token.as_ref());
        for secret in config.access.secrets() {
            found.secret("access", secret, clients, reach).await;
        }
        found.on_call(config, clients, reach).await;
        found.triage(config, clients, reach).await;
        (config.http, config.channels) = (http.clone(), channels.clone());
    }
    let (built, inbound, apps) = found.channels(known, clients).await;
    let refused = found.refused;
    Ok(Followed { read, channels: built, inbound, apps, tokens, refused })
}

/// The mistakes found on the way.
struct Found<'f> {
    written: &'f Written,
    mistakes: &'f mut Vec<Diagnostic>,
    /// The paths of secrets that whoever asks may not read.
    refused: Vec<String>,
}

impl Found<'_> {
    fn add(&mut self, path: &str, mistake: impl Into<Mistake>) {
        self.tell(self.written.mistake(path, mistake.into()));
    }

    fn tell(&mut self, mistake: Diagnostic) {
        if !self.mistakes.contains(&mistake) {
            self.mistakes.push(mistake);
        }
    }

    /// That all TLS goes through the FIPS module, where it is to be used: elsewhere another build may check it.
    fn fips(&mut self, reach: Reach, is_fips: bool) {
        if reach != Reach::Text && !is_fips {
            let build = expected("a build for FIPS").found("one whose TLS is not by the FIPS module");
            let how = "build with `--features fips`, see .ci/fips, or take this line out";
            self.add("require_fips", build.hint(how));
        }
    }

    async fn tokens(&mut self, http: &mut HttpConfig, clients: &Clients, reach: Reach) -> Tokens {
        let mut tokens = Tokens::default();
        let HttpConfig { token, operator_token, .. } = http;
        for (member, source, known) in [
            ("token", token, &mut tokens.token),
            ("operator_token", operator_token, &mut tokens.operator_token),
        ] {
            let Some(source) = source else { continue };
            // Both are looked at together, below.
            let token = SecretUse { path: format!(".{member}"), source, fits: |_| Ok(()) };
            if self.secret("http", token, clients, reach).await == Secrecy::Known
                && let SecretSource::Known(_, secret) = &*source
            {
                *known = Some(secret.clone());
            }
        }
        for (member, wrong) in wrong_tokens(tokens.token.as_ref(), tokens.operator_token.as_ref()) {
            self.add(&format!("http.{member}"), wrong);
        }
        tokens
    }

    /// Tokens by name of which one lets in as somebody else.
    fn taken(&mut self, named: &[TokenConfig], operator_token: Option<&Secret>) {
        let known = operator_token.map(|token| Digest::of(token.expose().as_bytes()));
        for (index, _) in named.iter().enumerate().filter(|(_, named)| Some(named.sha256) == known) {
            let other = expected("another token").found("that of http.operator_token");
            let path = format!("access.tokens[{index}].sha256");
            self.add(&path, other.hint("whoever shows it is admin, whatever stands here"));
        }
    }

    async fn heartbeat(&mut self, config: &mut Config, clients: &Clients, reach: Reach) {
        let canary = config.canary.as_mut().and_then(|canary| canary.heartbeat.as_mut());
        if let Some(source) = canary {
            let heartbeat = SecretUse { path: ".heartbeat".to_owned(), source, fits: is_address };
            self.secret("canary", heartbeat, clients, reach).await;
        }
    }

    /// How it is asked who is on call.
    async fn on_call(&mut self, config: &mut Config, clients: &Clients, reach: Reach) {
        if let Some((path, fits, source)) = config.oncall.as_mut().and_then(OnCallConfig::secret) {
            let secret = SecretUse { path: path.to_owned(), source, fits };
            self.secret("oncall", secret, clients, reach).await;
        }
        // A worker starts all the same: what says who is on call keeps nobody from being paged.
        let zone = config.business.zone();
        if let Some(wrong) = config.oncall.as_ref().and_then(|oncall| oncall.wrong_calendar(zone))
            && reach == Reach::Machine
        {
            self.add("oncall.ical", wrong);
        }
    }

    /// How a model is asked.
    async fn triage(&mut self, config: &mut Config, clients: &Clients, reach: Reach) {
        for secret in config.triage.as_mut().map(TriageConfig::secrets).unwrap_or_default() {
            self.secret("triage", secret, clients, reach).await;
        }
    }

    /// The channels of which all secrets are known.
    async fn secrets(
        &mut self,
        channels: &mut BTreeMap<String, ChannelConfig>,
        clients: &Clients,
        reach: Reach,
    ) -> BTreeMap<String, ChannelConfig> {
        let mut known = BTreeMap::new();
        for (name, channel) in channels {
            let part = format!("channels.{name}");
            let mut all = reach != Reach::Text;
            for secret in channel.secrets() {
                all &= self.secret(&part, secret, clients, reach).await == Secrecy::Known;
            }
            known.extend(all.then(|| (name.clone(), channel.clone())));
        }
        known
    }

    /// Has the secret replace its source, as far as that is in reach and it fits.
    async fn secret(
        &mut self,
        part: &str,
        secret: SecretUse<'_>,
        clients: &Clients,
        reach: Reach,
    ) -> Secrecy {
        let SecretUse { path, source, fits } = secret;
        let in_reach = match reach {
            Reach::Text => false,
            Reach::Machine => source.is_local(),
            Reach::World | Reach::Away => true,
        };
        if !in_reach {
            return Secrecy::OutOfReach;
        }
        let path = format!("{part}{path}");
        let secret = match source.resolve(clients).await {
            Ok(secret) => secret,
            Err(error) => {
                let mut calls = error.chain().filter_map(|cause| cause.downcast_ref::<CallError>());
                if calls.any(CallError::is_about_permissions) {
                    self.refused.push(path.clone());
                }
                self.add(&path, format!("{error:#}"));
                return Secrecy::Wrong;
            }
        };
        if let Err(mistake) = fits(&secret) {
            let mistake = self.written.mistake(&path, mistake);
            // What is wrong stands where that leads.
            self.tell(Diagnostic { path: format!("{path}: {source}"), ..mistake });
            return Secrecy::Wrong;
        }
        *source = SecretSource::Known(Box::new(source.clone()), secret);
        Secrecy::Known
    }

    /// Builds what can be built of them, which sends nothing.
    async fn channels(
        &mut self,
        known: BTreeMap<String, ChannelConfig>,
        clients: &Clients,
    ) -> (BTreeMap<ChannelName, Channel>, Inbound, Apps) {
        let mut built = BTreeMap::new();
        let mut known = known;
        // What is wrong already is not said again.
        let wrong = |name: &String| format!("channels.{name}.");
        known.retain(|name, _| !self.mistakes.iter().any(|mistake| mistake.path.starts_with(&wrong(name))));
        let inbound = Inbound::open(&known, clients).await;
        let apps = Apps::open(&known, clients).await;
        for (text, channel) in known {
            let name = ChannelName::new(text.clone());
            match Channel::new(&name, channel, clients).await {
                Ok(channel) => {
                    built.insert(name, channel);
                }
                Err(error) => {
                    let reason = format!("{error:#}");
                    let reason = reason.strip_prefix(&format!("channel {name}: ")).unwrap_or(&reason);
                    self.add(&format!("channels.{text}"), reason.to_owned());
                }
            }
        }
        let inbound = inbound.unwrap_or_else(|error| {
            self.add("channels", format!("{error:#}"));
            Inbound::of_nobody()
        });
        let apps = apps.unwrap_or_else(|error| {
            self.add("channels", format!("{error:#}"));
            Apps::default()
        });
        (built, inbound, apps)
    }

    /// What else it leads to on this machine.
    async fn files(&mut self, config: &Config, clients: &Clients, reach: Reach) {
        self.folders(config, reach);
        if reach == Reach::Text {
            return;
        }
        if let Some(table) = config.store.dynamodb.as_ref().filter(|_| reach == Reach::World)
            && let Err(error) =
                Store::open_dynamodb_as(OpenAs::Operator, clients, table, config.store.keep()).await
            // A worker begins without it.
            && !error.is_no_answer()
        {
            self.add("store.dynamodb.table", error.to_string());
        }
        if let Some(cluster) = &config.cluster
            && let Err(error) = cluster::reach(cluster, clients).await
        {
            self.add("cluster.access", format!("{error:#}"));
        }
    }

    /// Where it writes. A build machine has other users than the one that the worker runs as.
    fn folders(&mut self, config: &Config, reach: Reach) {
        let by = if reach == Reach::Text { By::Another } else { By::Ourselves };
        let Config { store, evidence, .. } = config;
        if let Some(wrong) = against_file(&store.path, by).filter(|_| store.dynamodb.is_none()) {
            self.add("store.path", wrong);
        }
        if let Some(To::Directory(DirectoryConfig { path })) = evidence.as_ref().map(|evidence| &evidence.to)
            && let Some(wrong) = against_folder(path, by)
        {
            self.add("evidence.to.directory.path", wrong);
        }
    }
}

/// What became of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secrecy {
    Known,
    OutOfReach,
    Wrong,
}
