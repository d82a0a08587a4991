//! Whether a model can be asked about pages, as far as that shows without asking it.

use super::configuration::Read;
use super::{Section, section};
use crate::clients::Clients;
use crate::finding::Finding;
use crate::triage::Asker;

/// Nothing where it is not configured.
pub(super) async fn look(read: &Read, clients: &Clients) -> Section {
    section("triage".to_owned(), async |findings| {
        let Some(config) = &read.config.triage else { return };
        let model = config.settings().model;
        findings.push(match Asker::open(config, clients).await {
            Ok(_) => Finding::not_asked(format!(
                "{model}: each question costs; an incident says whether it was asked, and why not"
            )),
            Err(error) => Finding::fail(format!("{error:#}"), "mend triage in the configuration"),
        });
    })
    .await
}
