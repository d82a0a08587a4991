//! A store that was damaged and set aside, told once; and until a human says otherwise nothing is done to the cluster.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::SignedDuration;
use watchfire_core::command::{Command, CommandKind};
use watchfire_core::decision::Caller;
use watchfire_core::event::store_set_aside;
use watchfire_core::ids::{EventId, Own};
use watchfire_core::mitigation::{Mitigation, Mode};
use watchfire_core::text::clean;

use super::Router;
use crate::store::{Aside, aside};
use crate::telemetry;

impl Router {
    /// Says of every store that was set aside beside that one that it was, unless that has been said. What was set aside
    /// so long ago that its page may be forgotten is not told again.
    ///
    /// Whether somebody had switched mitigation off, and what was done, is not known any more, so it is switched off
    /// before this returns.
    ///
    /// # Errors
    /// Where it cannot be switched off.
    pub(crate) async fn tell_of_set_aside(
        self: &Arc<Self>,
        store: &Path,
        keep: SignedDuration,
    ) -> anyhow::Result<()> {
        let now = self.clock.now();
        for Aside { path, at } in
            aside(store)?.into_iter().filter(|aside| now.duration_since(aside.at) < keep)
        {
            let name = path.display().to_string();
            let event = store_set_aside(&name, at, self.in_force().policy.zone(), now);
            if self.store.find(&event.id).await?.is_some() {
                continue;
            }
            if acts(&self.in_force().policy.mitigation) {
                let command = Command {
                    id: EventId::own(Own::Command(event.id.as_str())),
                    by: "watchfire".to_owned(),
                    reason: format!("the store was damaged and set aside as {}", clean(&name, 200)),
                    via: None,
                    episode: None,
                    plan: None,
                    caller: Some(Box::new(Caller { how: "watchfire".to_owned(), subject: None, says: None })),
                    from: None,
                    wish: CommandKind::SwitchOff,
                };
                let switched = self.command_recorded(&command).await;
                switched.context("mitigation cannot be switched off after the store was set aside")?;
            }
            let router = Arc::clone(self);
            tokio::spawn(async move {
                if let Err(nack) = router.handle_own(&event).await {
                    // Its entry is in the journal, where a tick finds it; if it is not, the next start tells it.
                    telemetry::not_woken(&event.id, &nack.reason);
                }
            });
        }
        Ok(())
    }
}

/// Whether anything might be done to the cluster.
fn acts(mitigation: &Mitigation) -> bool {
    let Mitigation { cluster, mode, actions, namespaces, .. } = mitigation;
    let mut modes = [mode].into_iter().chain(actions.values()).chain(namespaces.values());
    cluster.is_some() && modes.any(|mode| *mode != Mode::Observe)
}
