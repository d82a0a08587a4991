//! The files and folders that a configuration names: they are relative to its own file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::check::Parsed;
use super::file::{Config, HttpConfig};
use crate::channel::ChannelConfig;
use crate::cluster::{Access, KubeconfigAccess};
use crate::evidence::{DirectoryConfig, To};
use crate::secret::{SecretSource, SecretUse};
use crate::triage::TriageConfig;

impl Parsed {
    /// Makes every path in it one that begins at that folder; an absolute one stays as it is.
    pub(super) fn relative_to(&mut self, folder: &Path) {
        let Parsed { config, mistakes: _, written: _, rules, http, channels } = self;
        let mut paths = of_secrets(http, channels);
        paths.extend(&mut rules.directory);
        if let Some(config) = config {
            paths.extend(of(config));
        }
        for path in paths {
            *path = folder.join(&*path);
        }
    }

    /// The files and folders that are read with it: rules, secrets, certificates.
    pub(super) fn files(&mut self) -> Vec<PathBuf> {
        let secrets = of_secrets(&mut self.http, &mut self.channels).into_iter().map(|path| path.clone());
        secrets.chain(self.rules.directory.clone()).collect()
    }
}

impl Config {
    /// All its secrets, by their paths.
    pub(crate) fn secrets(&mut self) -> Vec<SecretUse<'_>> {
        let channels = self.channels.iter_mut();
        let channels = channels.map(|(name, channel)| (format!("channels.{name}"), channel.secrets()));
        let mut all = Vec::new();
        let triage = self.triage.as_mut().map(TriageConfig::secrets).unwrap_or_default();
        let ours = [
            ("http".to_owned(), self.http.secrets()),
            ("access".to_owned(), self.access.secrets()),
            ("triage".to_owned(), triage),
        ];
        for (part, secrets) in ours.into_iter().chain(channels) {
            all.extend(secrets.into_iter().map(|secret| secret.under(&part)));
        }
        all
    }
}

fn of(config: &mut Config) -> Vec<&mut PathBuf> {
    let Config { http, access, store, evidence, rules, cluster, channels, canary, oncall, triage, .. } =
        config;
    let mut paths = of_secrets(http, channels);
    paths.extend(access.secrets().into_iter().filter_map(|secret| secret.source.file()));
    let heartbeat = canary.as_mut().and_then(|canary| canary.heartbeat.as_mut());
    paths.extend(heartbeat.and_then(SecretSource::file));
    if let Some(oncall) = oncall {
        paths.extend(oncall.file_paths());
    }
    if let Some(triage) = triage {
        paths.extend(triage.file_paths());
    }
    paths.push(&mut store.path);
    paths.extend(&mut rules.directory);
    if let Some(To::Directory(DirectoryConfig { path })) = evidence.as_mut().map(|evidence| &mut evidence.to)
    {
        paths.push(path);
    }
    if let Some(Access::Kubeconfig(KubeconfigAccess { path, context: _ })) =
        cluster.as_mut().map(|cluster| &mut cluster.access)
    {
        paths.push(path);
    }
    paths
}

fn of_secrets<'c>(
    http: &'c mut HttpConfig,
    channels: &'c mut BTreeMap<String, ChannelConfig>,
) -> Vec<&'c mut PathBuf> {
    let tokens = [&mut http.token, &mut http.operator_token].into_iter().flatten();
    let files = channels.values_mut().flat_map(ChannelConfig::files);
    tokens.filter_map(SecretSource::file).chain(files).collect()
}
