//! HTML for mail readers: every value escaped, and the links and colours of a page.

use super::LONGEST_LINE;
use crate::priority::Priority;
use crate::text::{clean, without_markup};
use crate::verdict::EffectKind;

/// What a page of that kind is seen by before it is read.
pub(super) fn colour(priority: Priority, kind: EffectKind) -> &'static str {
    match (kind, priority) {
        (EffectKind::Resolve, _) => "#1a7f37",
        (EffectKind::Update | EffectKind::Acknowledge, _) => "#0969da",
        (EffectKind::Digest, _) => "#57606a",
        (EffectKind::Page, Priority::P0) => "#cf222e",
        (EffectKind::Page, Priority::P1) => "#d4600a",
        (EffectKind::Page, Priority::P2) => "#bf8700",
        (EffectKind::Page, Priority::P3) => "#57606a",
    }
}

/// Only `https:` becomes a link: an address of another kind may do more than open a page.
pub(super) fn link(address: &str) -> String {
    let text = escape(address);
    match address.strip_prefix("https://") {
        Some(_) => format!("<a href=\"{text}\" rel=\"noreferrer\">{text}</a>"),
        None => text,
    }
}

/// Cleaned, and no markup.
pub(super) fn escape(text: &str) -> String {
    without_markup(&clean(text, LONGEST_LINE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionName;
    use crate::builders::at;
    use crate::ids::{EventId, FindingKey, IncidentKey, RuleName};
    use crate::notice::Notice;
    use crate::notice::tests::miner;
    use crate::notice::{Fact, Group, Head, List, Measure, MeasureState};

    #[test]
    fn everything_the_text_says_is_there() {
        let html = miner().html(EffectKind::Page);
        for Fact { group: _, label, value } in miner().facts {
            assert!(html.contains(&value), "{label} is missing");
        }
        for part in
            ["[P0] Crypto mining", "in 15 min", "first report", "8.0 HIGH", "quarantine: not built yet"]
        {
            assert!(html.contains(part), "{part} is missing");
        }
        assert!(html.contains("<a href=\"https://runbooks.example.com/crypto-mining\""));
    }

    #[test]
    fn no_text_becomes_markup_wherever_it_stands() {
        let bad = || "<img src=x onerror='a'>\"&".to_owned();
        let hostile = Notice {
            head: Head {
                lead: bad(),
                what: bad(),
                subject: bad(),
                place: bad(),
                measures: vec![Measure {
                    action: ActionName::Quarantine,
                    target: bad(),
                    state: MeasureState::Done { since: at("2026-11-20T02:58:11Z"), by: Some(bad()) },
                }],
                link: Some(bad()),
                ..miner().head
            },
            title: format!("{} too", bad()),
            description: bad(),
            why: bad(),
            rule: RuleName::new(bad()),
            family: bad(),
            kind: bad(),
            source: bad(),
            severity: bad(),
            facts: Group::ALL.map(|group| Fact::new(group, bad(), bad())).to_vec(),
            withheld: vec![bad().into()],
            lists: vec![List::new(&bad(), [bad()], 1)],
            links: vec![(bad(), bad()), (bad(), format!("https://{}", bad()))],
            incident: IncidentKey::new(bad()),
            finding: Some(FindingKey::new(bad())),
            event: EventId::new(bad()),
            ..miner()
        };
        let html = hostile.html(EffectKind::Resolve);
        assert!(!html.contains("<img") && !html.contains("onerror='") && !html.contains("\"&\""), "{html}");
        let tags = html.matches('<').count();
        let head = Head { what: "w".to_owned(), ..hostile.head.clone() };
        let harmless =
            Notice { head, title: "harmless".to_owned(), ..hostile.clone() }.html(EffectKind::Resolve);
        assert_eq!(tags, harmless.matches('<').count());
    }

    #[test]
    fn lists_stand_under_their_heads() {
        let lists = vec![
            List::new("quiet: 14 new", ["a <b>", "c"], 12),
            List::new("gone: mining (last week 3)", [""; 0], 0),
        ];
        let html = Notice { lists, ..miner() }.html(EffectKind::Digest);
        let expected = ["quiet: 14 new</h2><ul", "<li>a &lt;b&gt;</li><li>c</li></ul><p>and 12 more</p><h2"];
        for part in expected.into_iter().chain(["gone: mining (last week 3)</h2><h2"]) {
            assert!(html.contains(part), "{part} is not in {html}");
        }
    }

    #[test]
    fn an_address_that_is_not_https_is_text() {
        assert_eq!(link("javascript:alert(1)"), "javascript:alert(1)");
        assert_eq!(link("http://wiki.local/a?b&c"), "http://wiki.local/a?b&amp;c");
        assert_eq!(
            link("https://wiki.local/a"),
            "<a href=\"https://wiki.local/a\" rel=\"noreferrer\">https://wiki.local/a</a>"
        );
    }
}
