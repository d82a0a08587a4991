//! Calls to the API server: each ends by its deadline, with an answer or with why there is none.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use kube::api::{Api, ListParams};
use kube::core::{ClusterResourceScope, NamespaceResourceScope};
use kube::{Client, Resource};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};
use watchfire_core::text::clean;

use super::objects::{Kind, Object};
use super::pulse::Pulse;
use crate::clients::chain;

/// Objects of one page.
const PAGE: u32 = 500;
/// A call that had so long and no answer had none because the API server gave none.
const FAIR: Duration = Duration::from_millis(200);
/// More objects than this are not looked through.
const MOST: usize = 20_000;

/// Asks the API server.
#[derive(Clone)]
pub(super) struct Calls {
    pub(super) client: Client,
    pub(super) pulse: Arc<Pulse>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub(super) struct Unheard {
    what: String,
    why: Why,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Why {
    #[error("the API server does not answer")]
    Silent,
    #[error("no answer in time")]
    Late,
    #[error("not permitted (403)")]
    Forbidden,
    #[error("credentials refused (401)")]
    Unauthorized,
    #[error("no such resource (404)")]
    NoResource,
    #[error("{code} {message}")]
    Refused { code: u16, message: String },
    #[error("an answer that cannot be read: {0}")]
    Unreadable(String),
    #[error("more than {MOST}")]
    TooMany,
}

impl Unheard {
    /// There was no answer in time.
    pub(super) fn late(what: &str) -> Self {
        Self { what: what.to_owned(), why: Why::Late }
    }

    /// Whether another try may have an answer.
    pub(super) fn is_worth_again(&self) -> bool {
        match &self.why {
            Why::Silent | Why::Late => true,
            Why::Refused { code, .. } => *code == 429 || *code >= 500,
            Why::Forbidden | Why::Unauthorized | Why::NoResource | Why::Unreadable(_) | Why::TooMany => false,
        }
    }

    /// Whether the API server did not answer, or not in time.
    pub(super) fn is_silence(&self) -> bool {
        matches!(self.why, Why::Silent | Why::Late)
    }

    /// Whether the API server has no resource of that kind.
    pub(super) fn is_no_resource(&self) -> bool {
        self.why == Why::NoResource
    }
}

/// Whether it can be a name in Kubernetes, and part of an address without changing its meaning: senders say what pods are called.
pub(crate) fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':' | b'_');
    (1..=253).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(allowed)
}

impl Calls {
    /// An object of a namespace; none where there is none of that name.
    pub(super) async fn get<K>(
        &self,
        namespace: &str,
        name: &str,
        until: Instant,
    ) -> Result<Option<Object<K>>, Unheard>
    where
        K: Kind<Scope = NamespaceResourceScope>,
    {
        if !is_name(namespace) || !is_name(name) {
            return Ok(None);
        }
        let api: Api<Object<K>> = Api::namespaced(self.client.clone(), namespace);
        self.within(K::PLURAL, until, api.get_opt(name)).await
    }

    /// An object that is in no namespace; none where there is none of that name.
    pub(super) async fn get_of_cluster<K>(
        &self,
        name: &str,
        until: Instant,
    ) -> Result<Option<Object<K>>, Unheard>
    where
        K: Kind<Scope = ClusterResourceScope>,
    {
        if !is_name(name) {
            return Ok(None);
        }
        let api: Api<Object<K>> = Api::all(self.client.clone());
        self.within(K::PLURAL, until, api.get_opt(name)).await
    }

    /// Objects of a namespace.
    pub(super) async fn list<K>(
        &self,
        namespace: &str,
        params: ListParams,
        until: Instant,
    ) -> Result<Vec<Object<K>>, Unheard>
    where
        K: Kind<Scope = NamespaceResourceScope>,
    {
        if !is_name(namespace) {
            return Ok(Vec::new());
        }
        self.pages(&Api::namespaced(self.client.clone(), namespace), params, until).await
    }

    /// Objects of the whole cluster.
    pub(super) async fn list_all<K: Kind>(
        &self,
        params: ListParams,
        until: Instant,
    ) -> Result<Vec<Object<K>>, Unheard> {
        self.pages(&Api::all(self.client.clone()), params, until).await
    }

    /// All pages of a list.
    pub(super) async fn pages<R>(
        &self,
        api: &Api<R>,
        params: ListParams,
        until: Instant,
    ) -> Result<Vec<R>, Unheard>
    where
        R: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
    {
        let what = R::plural(&());
        let mut params = params.limit(PAGE);
        let mut objects = Vec::new();
        loop {
            let page = self.within(&what, until, api.list(&params)).await?;
            objects.extend(page.items);
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                None => return Ok(objects),
                Some(_) if objects.len() >= MOST => {
                    return Err(Unheard { what: what.into_owned(), why: Why::TooMany });
                }
                Some(token) => params = params.continue_token(&token),
            }
        }
    }

    /// One call. Whether it was answered is remembered.
    pub(super) async fn within<T>(
        &self,
        what: &str,
        until: Instant,
        call: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, Unheard> {
        let why = if self.pulse.silent_since().is_some() {
            Why::Silent
        } else {
            let start = Instant::now();
            match timeout_at(until, call).await {
                Ok(Ok(answer)) => {
                    self.pulse.answered();
                    return Ok(answer);
                }
                Ok(Err(error)) => self.why(&error),
                Err(_) => {
                    // What began when the time was almost up says nothing about the API server.
                    if start.elapsed() >= FAIR {
                        self.pulse.silent("no answer in time");
                    }
                    Why::Late
                }
            }
        };
        Err(Unheard { what: what.to_owned(), why })
    }

    fn why(&self, error: &kube::Error) -> Why {
        match error {
            kube::Error::Api(status) => {
                self.pulse.answered();
                match status.code {
                    401 => Why::Unauthorized,
                    403 => Why::Forbidden,
                    404 => Why::NoResource,
                    code => Why::Refused { code, message: clean(&status.message, 120) },
                }
            }
            kube::Error::SerdeError(error) => Why::Unreadable(clean(&error.to_string(), 120)),
            other => {
                self.pulse.silent(&chain(other));
                Why::Silent
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leaves_its_place_in_an_address() {
        for right in ["web-6c9f-abcde", "ip-10-0-0-1.ec2.internal", "apps", "v1", "7bf73129-1428", "a:b_c"] {
            assert!(is_name(right), "{right}");
        }
        for wrong in ["", "..", ".", "a/b", "a?b", "a#b", "a%2fb", "a b", "ä", "a,b=c", "a&b"] {
            assert!(!is_name(wrong), "{wrong}");
        }
    }
}
