//! What all that keeps tickets has in common: one for an episode of an incident, noted on, and ended with it.
//!
//! A ticket is known by the receipt of the page that made it, which the journal keeps; where there is none, the other side
//! is asked for the key of the episode, which each ticket bears. Whatever is repeated after a crash is a note, and no
//! second ticket, as long as the other side finds what it has.

mod answer;
mod desk;

use std::fmt;
use std::str::FromStr;

use reqwest::Url;
use watchfire_core::decision::Effect;
use watchfire_core::hash::keyed;
use watchfire_core::ids::{dedup_key, incident_of};
use watchfire_core::notice::Notice;
use watchfire_core::verdict::EffectKind;

use super::{Dispatch, payload::Form};
use crate::failure::{Done, NotTaken};
pub(super) use answer::{Answer, Dialect};
pub(super) use desk::{At, Desk, Fits, Known};

/// How the receipt of a ticket begins. It is kept in the journal.
const PREFIX: &str = "ticket ";
/// A longer key is none of ours, and is told by its hash.
const MOST_KEY: usize = 100;

/// A ticket elsewhere, as a receipt names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// What people call it, such as `SEC-12` or `INC0010023`.
    pub number: String,
    /// Where they look at it.
    pub url: Url,
}

/// What keeps tickets.
pub(super) trait Tickets {
    /// The ticket of that key; none where there is none that it finds.
    async fn find(&self, key: &str) -> Result<Option<Ticket>, NotTaken>;

    /// A new one, and what is to be said about that.
    async fn create(&self, effect: &Effect, key: &str) -> Result<(Ticket, Remark), NotTaken>;

    /// Says on it what is new; nothing where it is not there any more.
    async fn note(&self, ticket: &Ticket, effect: &Effect) -> Result<Option<Remark>, NotTaken>;

    /// Ends it; nothing where it is not there any more.
    async fn end(&self, ticket: &Ticket, effect: &Effect) -> Result<Option<Remark>, NotTaken>;
}

/// What a receipt says beside the ticket; mostly nothing.
pub(super) type Remark = String;

/// One effect.
pub(super) async fn perform(tickets: &impl Tickets, dispatch: &Dispatch<'_>) -> Result<Done, NotTaken> {
    let effect = dispatch.effect;
    let key = key(effect);
    let said = dispatch.receipts.iter().find_map(|receipt| receipt.parse::<Ticket>().ok());
    let known = match said {
        Some(ticket) => Some(ticket),
        None => tickets.find(&key).await?,
    };
    let told = match (effect.kind, &known) {
        (EffectKind::Resolve, Some(ticket)) => tickets.end(ticket, effect).await?,
        (_, Some(ticket)) => tickets.note(ticket, effect).await?,
        (_, None) => None,
    };
    if let (Some(ticket), Some(remark)) = (&known, told) {
        return Ok(Done { receipt: format!("{ticket}, {remark}") });
    }
    match effect.kind {
        EffectKind::Page | EffectKind::Update | EffectKind::Digest => {
            let (ticket, remark) = tickets.create(effect, &key).await?;
            let remark = if remark.is_empty() { remark } else { format!(", {remark}") };
            Ok(Done { receipt: format!("{ticket}{remark}") })
        }
        EffectKind::Acknowledge | EffectKind::Resolve => {
            let gone =
                known.map_or_else(|| "there is no ticket".to_owned(), |it| format!("{} is gone", it.number));
            Ok(Done { receipt: gone })
        }
    }
}

/// What tickets of an episode are found by: its dedup key, that of an escalation, too.
pub(super) fn key(effect: &Effect) -> String {
    let key = effect.dedup_key.as_str();
    if let Some((incident, episode)) = incident_of(key) {
        return dedup_key(&incident, episode).as_str().to_owned();
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_:.".contains(&byte);
    match key.len() <= MOST_KEY && key.bytes().all(is_plain) {
        true => key.to_owned(),
        false => keyed("ticket", &[key]),
    }
}

/// What is new, in lines: the title, why it is told now, what is being done and what is not.
pub(super) fn news(effect: &Effect, form: &Form, most: usize) -> String {
    let (notice, words) = form.worded(effect);
    let lines = [words.title, notice.why]
        .into_iter()
        .chain(notice.doing)
        .chain(notice.withheld.iter().map(ToString::to_string));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n").chars().take(most).collect()
}

/// The incident, the runbook, the console: addresses of our own and of the rules, and those alone.
pub(super) fn links(notice: &Notice) -> Vec<(String, String)> {
    let incident = notice.head.link.iter().map(|link| ("Incident".to_owned(), link.clone()));
    let all = incident.chain(notice.links.iter().cloned());
    all.filter(|(_, address)| address.starts_with("https://") && address.parse::<Url>().is_ok()).collect()
}

impl fmt::Display for Ticket {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{PREFIX}{} {}", self.number, self.url)
    }
}

impl FromStr for Ticket {
    type Err = ();

    /// Of a receipt; what comes after the address is for people.
    fn from_str(receipt: &str) -> Result<Self, ()> {
        let (number, rest) = receipt.strip_prefix(PREFIX).and_then(|rest| rest.split_once(' ')).ok_or(())?;
        let url = rest.split(", ").next().unwrap_or_default();
        let is_web = url.starts_with("https://") || url.starts_with("http://");
        let url = url.parse().map_err(|_| ())?;
        if is_web && is_number(number) { Ok(Self { number: number.to_owned(), url }) } else { Err(()) }
    }
}

/// It becomes part of addresses, and of receipts.
pub(super) fn is_number(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use watchfire_core::builders::page;
    use watchfire_core::ids::DedupKey;

    use super::*;

    #[test]
    fn a_receipt_names_the_ticket_and_one_of_another_channel_does_not() {
        let ticket = Ticket {
            number: "SEC-12".to_owned(),
            url: "https://example.atlassian.net/browse/SEC-12".parse().expect("an address"),
        };
        assert_eq!(ticket.to_string(), "ticket SEC-12 https://example.atlassian.net/browse/SEC-12");
        for receipt in
            [ticket.to_string(), format!("{ticket}, noted"), format!("{ticket}, bare: why, and why")]
        {
            assert_eq!(receipt.parse(), Ok(ticket.clone()), "{receipt}");
        }
        for other in [
            "",
            "ticket",
            "ticket SEC-12",
            "ticket SEC-12 ",
            "ticket ../x https://example.com/",
            "ticket SEC-12 javascript:alert(1)",
            "alert alert-1",
            "there is no ticket",
        ] {
            assert_eq!(other.parse::<Ticket>(), Err(()), "{other}");
        }
    }

    #[test]
    fn an_escalation_is_noted_on_the_ticket_of_its_episode() {
        let of = |key: &str| super::key(&Effect { dedup_key: DedupKey::new(key), ..page() });
        assert_eq!(of("wf1-00ff-3"), "wf1-00ff-3");
        assert_eq!(of("wf1-00ff-3-e2"), "wf1-00ff-3");
        assert_eq!(of("drill-2026"), "drill-2026");
        for hostile in ["a\" OR 1=1", &"k".repeat(200)] {
            let key = of(hostile);
            assert!(key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
        }
    }
}
