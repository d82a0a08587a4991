//! The configuration, its rules, and what it leads to on this machine and in Secrets Manager.

use std::collections::BTreeMap;
use std::path::Path;

use watchfire_core::ids::ChannelName;
use watchfire_core::policy::Policy;
use watchfire_core::yaml::{Diagnostic, Mistake};

use super::Section;
use crate::channel::Channel;
use crate::clients::{Clients, is_fips};
use crate::config::{self, Apart, Config, Written};
use crate::finding::Finding;

/// A configuration whose text is right.
pub(super) struct Read {
    pub(super) config: Config,
    pub(super) policy: Policy,
    /// Where each part stands.
    pub(super) written: Written,
    /// Those whose secrets are known.
    pub(super) channels: BTreeMap<ChannelName, Channel>,
    /// The paths of secrets that whoever asks may not read.
    pub(super) refused: Vec<String>,
}

/// What is wrong with it; nothing else where its text is wrong.
pub(super) async fn look(path: &Path, clients: &Clients) -> (Section, Option<Read>) {
    let name = "configuration".to_owned();
    let apart = match config::apart(path, clients).await {
        Ok(apart) => apart,
        Err(mistakes) => return (Section { name, findings: mistakes.iter().map(told).collect() }, None),
    };
    let Apart { config, mut policy, written, channels, mistakes, refused } = apart;
    // The cluster has a section of its own.
    let mistakes = mistakes.iter().filter(|mistake| mistake.path != "cluster.access");
    let mut findings: Vec<_> = mistakes
        .map(|mistake| match refused.contains(&mistake.path) {
            true => not_read(mistake),
            false => told(mistake),
        })
        .collect();
    match config::examples(&config, &mut policy) {
        Err(failures) => findings.extend(failures.iter().map(told)),
        Ok(examples) if findings.is_empty() => {
            let (rules, channels) = (policy.rules.rules().len(), config.channels.len());
            let path = path.display();
            findings.push(Finding::ok(format!(
                "{path}: no mistakes; {rules} rules, {examples} examples, {channels} channels"
            )));
        }
        Ok(_) => {}
    }
    findings.push(fips(&config, clients).await);
    (Section { name, findings }, Some(Read { config, policy, written, channels, refused }))
}

fn told(mistake: &Diagnostic) -> Finding {
    let Mistake { expected, found, hint } = &mistake.mistake;
    let said = Mistake { expected: expected.clone(), found: found.clone(), hint: None };
    let remedy = hint.clone().unwrap_or_else(|| "see router/docs/configuration.md".to_owned());
    Finding::fail(format!("{}: {said}", mistake.place()), remedy)
}

/// Of a secret that whoever asks may not read.
fn not_read(mistake: &Diagnostic) -> Finding {
    Finding::warn(
        format!("{}: not looked at, secretsmanager:GetSecretValue is missing", mistake.place()),
        "grant secretsmanager:GetSecretValue to whoever runs `doctor`, or run it as somebody who has it",
    )
}

async fn fips(config: &Config, clients: &Clients) -> Finding {
    let endpoints = clients.aws().await.use_fips().unwrap_or_default();
    match (is_fips(), endpoints) {
        (true, true) => Finding::ok("TLS is by the FIPS module, and AWS is called at its endpoints for FIPS"),
        (true, false) => Finding::warn(
            "TLS is by the FIPS module, and AWS is called at its ordinary endpoints",
            "set AWS_USE_FIPS_ENDPOINT=true",
        ),
        (false, true) => Finding::warn(
            "AWS is called at its endpoints for FIPS, and TLS is not by the FIPS module",
            "build with `--features fips` (.ci/fips), and set `require_fips: true`",
        ),
        (false, false) if config.require_fips => {
            Finding::warn("AWS is called at its ordinary endpoints", "set AWS_USE_FIPS_ENDPOINT=true")
        }
        (false, false) => Finding::not_asked("FIPS is not asked for"),
    }
}
