//! Whether it can be read who is on call, and whether anybody is.

use super::configuration::Read;
use super::{Section, section};
use crate::clients::Clients;
use crate::clock::Clock;
use crate::finding::Finding;
use crate::oncall::Roster;

/// Nothing where it is not configured.
pub(super) async fn look(read: &Read, clients: &Clients) -> Section {
    section("on call".to_owned(), async |findings| {
        let Some(config) = &read.config.oncall else { return };
        let roster = match Roster::open(config, read.config.business.zone(), clients).await {
            Ok(roster) => roster,
            Err(error) => {
                findings.push(Finding::fail(format!("{error:#}"), "mend oncall in the configuration"));
                return;
            }
        };
        let now = Clock::System.now();
        roster.read(now).await;
        let (place, known) = (roster.place(), roster.known(now));
        findings.push(match (&known.on_call, &known.trouble) {
            (_, Some(why)) => Finding::warn(
                format!("{place}: {why}"),
                "pages say that it is not known who is on call; see whether its address, file or token is right",
            ),
            (Some(on_call), None) if on_call.people.is_empty() => {
                Finding::warn(format!("{place}: {}", known.said), "put somebody on call there")
            }
            (Some(on_call), None) if !on_call.remarks.is_empty() => Finding::warn(
                format!("{place}: {}", known.said),
                "write these events in a way that is read (docs/on-call.md, who is on call)",
            ),
            (_, None) => Finding::ok(format!("{place}: {}", known.said)),
        });
    })
    .await
}
