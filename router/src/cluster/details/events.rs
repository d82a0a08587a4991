//! What the cluster recently said about a pod.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time};
use kube::api::{Api, ListParams};
use watchfire_core::context::ClusterEvent;
use watchfire_core::text::clean;

use super::About;
use crate::cluster::calls::Unheard;

const MOST: usize = 10;

impl About<'_> {
    /// The newest first.
    pub(super) async fn events(&self) -> Result<Vec<ClusterEvent>, Unheard> {
        let calls = &self.inner.calls;
        let api: Api<Event> = Api::namespaced(calls.client.clone(), &self.pod.namespace);
        let params = ListParams::default().fields(&format!("involvedObject.uid={}", self.pod.uid));
        let mut events: Vec<_> =
            calls.pages(&api, params, self.times.until).await?.into_iter().map(read).collect();
        events.sort_by_key(|event| std::cmp::Reverse(event.at));
        events.truncate(MOST);
        Ok(events)
    }
}

fn read(event: Event) -> ClusterEvent {
    let series = event.series.unwrap_or_default();
    let times = series.count.or(event.count).unwrap_or(1);
    ClusterEvent {
        at: at(series.last_observed_time, event.last_timestamp, event.event_time, event.first_timestamp),
        reason: clean(&event.reason.unwrap_or_default(), 80),
        message: clean(&event.message.unwrap_or_default(), 300),
        count: u32::try_from(times.max(1)).unwrap_or(1),
    }
}

/// Events of the old and the new kind tell the time in different members.
fn at(
    observed: Option<MicroTime>,
    last: Option<Time>,
    happened: Option<MicroTime>,
    first: Option<Time>,
) -> Option<Timestamp> {
    let observed = observed.map(|MicroTime(at)| at);
    observed.or(last.map(|Time(at)| at)).or(happened.map(|MicroTime(at)| at)).or(first.map(|Time(at)| at))
}
