//! Which of the resources that are not in every cluster this one has.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::calls::{Calls, Unheard};

/// How long an answer is good for.
const FRESH: Duration = Duration::from_secs(60);

/// The resources of a group and version, by their plurals.
type Resources = BTreeSet<String>;

/// What the API server was last said to have.
#[derive(Debug, Default)]
pub(super) struct Discovery {
    known: Mutex<HashMap<&'static str, (Instant, Resources)>>,
}

impl Discovery {
    /// Whether the API server has that resource. `version` is such as `keda.sh/v1alpha1`.
    pub(super) async fn has(
        &self,
        calls: &Calls,
        version: &'static str,
        plural: &str,
        until: Instant,
    ) -> Result<bool, Unheard> {
        if let Some(resources) = self.fresh(version) {
            return Ok(resources.contains(plural));
        }
        let call = calls.client.list_api_group_resources(version);
        let resources = match calls.within(version, until, call).await {
            Ok(list) => list.resources.into_iter().map(|resource| resource.name).collect(),
            Err(unheard) if unheard.is_no_resource() => Resources::new(),
            Err(unheard) => return Err(unheard),
        };
        let has = resources.contains(plural);
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(version, (Instant::now(), resources));
        Ok(has)
    }

    fn fresh(&self, version: &str) -> Option<Resources> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(version).filter(|(at, _)| at.elapsed() < FRESH).map(|(_, resources)| resources.clone())
    }
}
