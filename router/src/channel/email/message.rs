//! The mail itself: plain text and HTML, worded by the channel, threaded by dedup key.

use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use sha2::{Digest as _, Sha256};
use watchfire_core::decision::Effect;
use watchfire_core::notice::WordedMail;
use watchfire_core::verdict::EffectKind;

/// The mail as it goes over the wire; the error says what cannot be in a mail.
pub(in crate::channel) fn compose(
    effect: &Effect,
    words: WordedMail,
    from: &Mailbox,
    to: &[Mailbox],
) -> Result<Vec<u8>, String> {
    let WordedMail { title, text, html, faults: _ } = words;
    let Effect { id, kind, channel: _, when: _, dedup_key, notice } = effect;
    let domain = from.email.domain();
    // The thread's root is never sent: readers group by what the mails refer to, and the first mail of
    // an incident cannot be told from a repeat after a crash.
    let thread = message_id(&[dedup_key.as_str()], domain);
    let own = message_id(&[dedup_key.as_str(), notice.event.as_str(), id.as_str(), kind.as_str()], domain);
    let mut builder = Message::builder()
        .from(from.clone())
        .subject(title)
        .message_id(Some(own))
        .in_reply_to(thread.clone())
        .references(thread)
        .raw_header(header("Auto-Submitted", "auto-generated"));
    if notice.priority.is_urgent() && *kind == EffectKind::Page {
        builder = builder.raw_header(header("Importance", "high")).raw_header(header("X-Priority", "1"));
    }
    for mailbox in to {
        builder = builder.to(mailbox.clone());
    }
    let parts = MultiPart::alternative_plain_html(text, html);
    let message = builder.multipart(parts).map_err(|error| error.to_string())?;
    Ok(message.formatted())
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// Made of hashes: a dedup key may have characters that an id must not.
fn message_id(parts: &[&str], domain: &str) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    let hex: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("<{hex}@{domain}>")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use watchfire_core::ids::EventId;
    use watchfire_core::notice::Wording;
    use watchfire_core::priority::Priority;

    use super::*;
    use watchfire_core::builders::page;

    fn mail(effect: &Effect) -> String {
        let to = ["One <one@example.com>".parse().unwrap(), "two@example.com".parse().unwrap()];
        let words = Wording::default().mail(&effect.notice, effect.kind);
        let mail = compose(effect, words, &"Watchfire <w@pages.example.com>".parse().unwrap(), &to).unwrap();
        String::from_utf8(mail).unwrap()
    }

    fn value<'a>(mail: &'a str, name: &str) -> Option<&'a str> {
        let head = mail.split("\r\n\r\n").next().unwrap();
        head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    #[test]
    fn a_mail_says_what_it_is() {
        let mail = mail(&page());
        let headers =
            ["From", "To", "Subject", "Auto-Submitted", "Importance"].map(|name| value(&mail, name));
        let expected = [
            "Watchfire <w@pages.example.com>",
            "One <one@example.com>, two@example.com",
            "[P0] Bitcoin miner in pod shop/pay-1",
            "auto-generated",
            "high",
        ];
        assert_eq!(headers, expected.map(Some));
        assert!(
            mail.contains("multipart/alternative")
                && mail.contains("text/plain")
                && mail.contains("text/html")
        );
    }

    #[test]
    fn a_repeat_is_the_same_mail_and_the_next_page_another_of_the_thread() {
        let first = mail(&page());
        let mut later = page();
        later.notice.event = EventId::new("another");
        let later = mail(&later);
        let over = mail(&Effect { kind: EffectKind::Resolve, ..page() });
        let id = |mail: &str| value(mail, "Message-ID").unwrap().to_owned();
        let thread = |mail: &str| {
            (value(mail, "References").map(str::to_owned), value(mail, "In-Reply-To").map(str::to_owned))
        };
        assert_eq!(id(&first), id(&mail(&page())));
        assert_ne!(id(&first), id(&later));
        assert_ne!(id(&first), id(&over));
        assert_eq!(thread(&first), thread(&later));
        assert_eq!(thread(&first), thread(&over));
        assert!(id(&first).ends_with("@pages.example.com>"));
    }

    #[test]
    fn only_what_is_urgent_says_so() {
        let mut routine = page();
        routine.notice.priority = Priority::P2;
        let over = Effect { kind: EffectKind::Resolve, ..page() };
        for effect in [routine, over] {
            assert_eq!(value(&mail(&effect), "Importance"), None);
        }
    }

    #[test]
    fn no_text_adds_a_header() {
        let mut hostile = page();
        hostile.notice.title = "x\r\nBcc: evil@example.com\r\n\r\nbody".to_owned();
        assert_eq!(value(&mail(&hostile), "Bcc"), None);
    }
}
