//! What is not in the cache: listed in pages, one list after the other.

use std::collections::HashMap;
use std::fmt::Debug;
use std::time::Duration;

use jiff::Timestamp;
use kube::api::{Api, ListParams};
use kube::{Client, Resource};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};
use watchfire_core::survey::{Blind, Condition, Settings, Symptom, budget, quota, readiness, scaler, usage};
use watchfire_core::text::clean;

use super::Listed;
use crate::clients::chain;
use crate::cluster::index::Index;
use crate::cluster::objects::{
    Budget, Certificates, ExternalSecrets, ExternalSecretsBeta, Hpa, NodeUsage, Object, Quotas, Scaled,
};

/// Objects of one page.
const PAGE: u32 = 500;
/// So long for all pages of a list.
const WITHIN: Duration = Duration::from_secs(10);
/// More objects of a kind are not looked through.
const MOST: usize = 20_000;
/// More symptoms of a list are not kept: no more would be remembered.
const MOST_SYMPTOMS: usize = 2_000;

/// What lists.
pub(super) struct Lists {
    pub(super) client: Client,
}

/// Why there is no list.
enum Unlisted {
    /// The API server has no such resource.
    NotServed,
    /// Another reason.
    Because(String),
}

impl Lists {
    pub(super) async fn look(&self, settings: &Settings, index: &Index, at: Timestamp) -> Listed {
        let mut listed = Listed::default();
        let autoscalers = [Condition::HpaMaxed, Condition::KedaMaxed];
        let budgets = [Condition::BudgetUnhealthy, Condition::BudgetBlocks];
        let quotas = [Condition::QuotaFull, Condition::QuotaAlmostFull];
        let found = self.of(settings, &autoscalers, |one: Object<Hpa>| scaler(&one.into_scaler()?, settings));
        listed.take(&autoscalers, found.await);
        let found = self.of(settings, &budgets, |one: Object<Budget>| budget(&one.into_guarded()?, settings));
        listed.take(&budgets, found.await);
        let found = self.of(settings, &quotas, |one: Object<Quotas>| quota(&one.into_quota()?, settings));
        listed.take(&quotas, found.await);
        let keda = [Condition::KedaNotReady];
        let found =
            self.of(settings, &keda, |one: Object<Scaled>| readiness(&one.into_readiness()?, settings));
        listed.take(&keda, found.await);
        let certificates = [Condition::Certificate];
        let of_one = |one: Object<Certificates>| readiness(&one.into_readiness()?, settings);
        listed.take(&certificates, self.of(settings, &certificates, of_one).await);
        let secrets = [Condition::ExternalSecret];
        listed.take(&secrets, self.secrets(settings, &secrets).await);
        self.usage(settings, index, at, &mut listed).await;
        listed
    }

    /// By the version that is served.
    async fn secrets(&self, settings: &Settings, of: &[Condition]) -> Result<Vec<Symptom>, Unlisted> {
        let newer = |one: Object<ExternalSecrets>| readiness(&one.into_readiness()?, settings);
        match self.of(settings, of, newer).await {
            Err(Unlisted::NotServed) => {
                let older = |one: Object<ExternalSecretsBeta>| readiness(&one.into_readiness()?, settings);
                self.of(settings, of, older).await
            }
            found => found,
        }
    }

    async fn usage(&self, settings: &Settings, index: &Index, at: Timestamp, listed: &mut Listed) {
        let conditions = [Condition::NodeCpu, Condition::NodeMemory];
        let used = self.of(settings, &conditions, NodeUsage::into_usage).await;
        let used = match used {
            // Whoever has none is not told that all is well.
            Err(Unlisted::NotServed) => Err(Unlisted::Because("there is no metrics server".to_owned())),
            used => used,
        };
        let found = used.map(|used| {
            let by_node: HashMap<_, _> = used.iter().map(|used| (used.node.as_str(), used)).collect();
            let mut symptoms = Vec::new();
            index.with_nodes(|all| {
                for node in all {
                    if let Some(used) = by_node.get(node.name.as_str()) {
                        usage(node, used, settings, at, &mut |symptom| symptoms.push(symptom));
                    }
                }
            });
            symptoms
        });
        listed.take(&conditions, found);
    }

    /// What is found in all objects of a kind; nothing is asked where nobody looks for it. Each page is let go of before
    /// the next.
    async fn of<R, T>(
        &self,
        settings: &Settings,
        conditions: &[Condition],
        look: impl Fn(R) -> Option<T>,
    ) -> Result<Vec<T>, Unlisted>
    where
        R: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug,
    {
        if !conditions.iter().any(|condition| settings.looks_for(*condition)) {
            return Ok(Vec::new());
        }
        let api: Api<R> = Api::all(self.client.clone());
        let until = Instant::now() + WITHIN;
        let mut params = ListParams::default().limit(PAGE);
        let (mut found, mut seen) = (Vec::new(), 0);
        loop {
            let page = match timeout_at(until, api.list(&params)).await {
                Ok(Ok(page)) => page,
                Ok(Err(kube::Error::Api(status))) if status.code == 404 => return Err(Unlisted::NotServed),
                Ok(Err(error)) => return Err(Unlisted::Because(why(&R::plural(&()), &error))),
                Err(_) => {
                    let what = R::plural(&());
                    return Err(Unlisted::Because(format!(
                        "{what}: no answer within {} s",
                        WITHIN.as_secs()
                    )));
                }
            };
            seen += page.items.len();
            found.extend(page.items.into_iter().filter_map(&look));
            if seen > MOST {
                return Err(Unlisted::Because(format!("{}: more than {MOST}", R::plural(&()))));
            }
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => return Ok(found),
            }
        }
    }
}

impl Listed {
    fn take(&mut self, conditions: &[Condition], found: Result<Vec<Symptom>, Unlisted>) {
        match found {
            Ok(symptoms) => self.symptoms.extend(symptoms.into_iter().take(MOST_SYMPTOMS)),
            // What a cluster does not have is never amiss in it.
            Err(Unlisted::NotServed) => {}
            Err(Unlisted::Because(why)) => {
                let blind: Blind = conditions.iter().map(|condition| (*condition, why.clone())).collect();
                self.blind.extend(blind);
            }
        }
    }
}

fn why(what: &str, error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if status.code == 403 => format!("{what}: not permitted (403)"),
        kube::Error::Api(status) => format!("{what}: {} {}", status.code, clean(&status.message, 120)),
        other => format!("{what}: {}", clean(&chain(other), 160)),
    }
}
