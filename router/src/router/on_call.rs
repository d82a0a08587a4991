//! Who is on call: asked of what was read before, so that no page waits for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use watchfire_core::decision::Decision;
use watchfire_core::verdict::EffectKind;

use super::Router;
use crate::oncall::{Known, News, Roster};
use crate::telemetry;

/// However many pages PagerDuty has.
const PATIENCE: Duration = Duration::from_secs(20);

impl Router {
    /// Has it say who is on call.
    pub fn with_on_call(mut self, roster: Option<Arc<Roster>>) -> Self {
        self.on_call = roster;
        self
    }

    /// Who is on call, as far as it is known; none where it is not configured where that is read.
    pub fn on_call(&self) -> Option<Known> {
        self.on_call.as_ref().map(|roster| roster.known(self.clock.now()))
    }

    /// Where that is read.
    pub(crate) fn on_call_place(&self) -> Option<String> {
        self.on_call.as_ref().map(|roster| roster.place())
    }

    /// Reads it anew if it is time to.
    pub(crate) async fn look_who_is_on_call(&self) {
        let Some(roster) = &self.on_call else { return };
        let news = timeout(PATIENCE, roster.look(self.clock.now())).await.unwrap_or(News::None);
        match (news, roster.trouble()) {
            (News::Lost, Some(why)) => telemetry::on_call_is_not_read(&roster.place(), &why),
            (News::Found, _) => telemetry::on_call_is_read_again(&roster.place()),
            (News::Lost | News::None, _) => {}
        }
    }

    /// Has the pages of a decision say it.
    pub(super) fn names_on_call(&self, decision: &mut Decision) {
        let pages = |kind: EffectKind| matches!(kind, EffectKind::Page | EffectKind::Update);
        let mut told = decision.effects.iter_mut().filter(|effect| pages(effect.kind)).peekable();
        if told.peek().is_none() {
            return;
        }
        if let Some(known) = self.on_call() {
            told.for_each(|effect| effect.notice.names_on_call(&known.said));
        }
    }
}
