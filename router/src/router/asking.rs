//! What the cluster is asked about an event, how long that may take, and what is said later.

use std::time::Duration;

use futures_util::FutureExt as _;
use watchfire_core::context::Context;
use watchfire_core::decide::Case;
use watchfire_core::event::{Event, Heard, messages};
use watchfire_core::ids::{EventId, Own};
use watchfire_core::journal::{ActEnd, Entry, Outcome};
use watchfire_core::policy::Policy;
use watchfire_core::priority::Priority;
use watchfire_core::state::State;

use super::Router;
use crate::cluster::parts_of_arn;
use crate::failure::Failure;
use crate::source::spool::Lane;

/// How long the cluster has for a page that is being completed.
const COMPLETING: Duration = Duration::from_secs(10);
/// How soon it is asked again.
const AGAIN: Duration = Duration::from_secs(15);

impl Router {
    /// What the cluster says about an event. A P0 does not wait for a slow one: what it does not say at once
    /// completes the page later. Whether it is one is looked up where that is not known yet.
    pub(super) async fn context_of(
        &self,
        event: &Event<'_>,
        policy: &Policy,
        is_urgent: Option<bool>,
    ) -> Context {
        let Some(responder) = &self.responder else { return Context::none() };
        let is_urgent = is_urgent.unwrap_or_else(|| is_p0(policy, event, &responder.at_hand(event)));
        responder.context(event, is_urgent).boxed().await
    }

    /// The lane of the embedded queue for a message: express if anything in it is a P0, as far as is known
    /// without asking the cluster.
    pub fn lane_of(&self, message: &str) -> Lane {
        let set = self.in_force();
        let is_p0 = |text: &str| {
            Event::read(text).is_ok_and(|event| is_p0(&set.policy, &event, &self.at_hand(&event)))
        };
        match messages(message) {
            Ok(texts) if texts.iter().any(|text| is_p0(text)) => Lane::Express,
            Ok(_) | Err(_) => Lane::Ordinary,
        }
    }

    /// When and where alerts are heard: those that name no other cluster are of ours.
    pub fn heard(&self) -> Heard {
        let set = self.in_force();
        let ours = set.policy.mitigation.cluster.as_ref();
        let arn = ours.and_then(|cluster| parts_of_arn(cluster.arn.as_deref()?));
        Heard {
            at: Some(self.clock.now()),
            account: arn.map(|(_, account, _)| account.to_owned()),
            region: arn.map(|(region, ..)| region.to_owned()),
            cluster: ours.map(|cluster| cluster.name.clone()),
        }
    }

    /// What is known without asking.
    pub(super) fn at_hand(&self, event: &Event<'_>) -> Context {
        self.responder.as_ref().map_or_else(Context::none, |responder| responder.at_hand(event))
    }

    /// Asks again for what could not be had in time, and says it to those who were paged.
    pub(crate) async fn complete(&self, entry: &Entry) -> Result<Outcome, Failure> {
        let again = |reason: &str| Failure::Transient { reason: reason.to_owned(), retry_after: Some(AGAIN) };
        let ended = |end, said: &str| Outcome::Acted {
            at: self.clock.now(),
            end,
            said: said.to_owned(),
            steps: Vec::new(),
        };
        let (Some(responder), Some(incident)) = (&self.responder, &entry.decision.incident) else {
            return Ok(ended(ActEnd::Needless, "no cluster is configured any more"));
        };
        let Ok(event) = Event::read(&entry.raw) else {
            return Ok(ended(ActEnd::Needless, "the event cannot be read any more"));
        };
        let context = responder.context_within(&event, COMPLETING).boxed().await;
        if context.incomplete {
            return Err(again(
                context.unknown.first().map_or("the API server does not answer", String::as_str),
            ));
        }
        let id = EventId::own(Own::Completed(&entry.decision.event));
        let event = Event { id: id.clone(), ..event };
        let set = self.in_force();
        let case = Case::new(&event, &set.policy, &context);
        let Some(_claim) = self.at_work.claim(&id) else { return Err(again("it is being completed")) };
        let decide = |state: &State| case.complete(incident, state, self.clock.now());
        let committed = self.commit_own(incident, &entry.raw, decide).await;
        let completed = committed.map_err(|nack| again(&nack.reason))?;
        // By way of a box, because its acts are performed like those of any decision; what is pending of
        // them, a tick takes up.
        let _ = Box::pin(self.perform_within(&completed)).await;
        Ok(ended(ActEnd::Done, "what the cluster says is known"))
    }
}

fn is_p0(policy: &Policy, event: &Event<'_>, context: &Context) -> bool {
    Case::new(event, policy, context).priority() == Priority::P0
}
