//! Plain text of the width that every terminal and mail reader shows unbroken.

use super::LONGEST_LINE;
use crate::text::clean;

/// That width.
pub(super) const WIDTH: usize = 78;

/// A text in lines of at most that width, but where a word is longer: the first and the further ones each behind its own
/// beginning; nothing where there is no text.
pub(super) fn wrapped(text: &str, first: &str, further: &str) -> String {
    let text = clean(text, LONGEST_LINE);
    let mut out = String::with_capacity(first.len() + text.len() + text.len() / WIDTH * (further.len() + 1));
    out.push_str(first);
    let (mut length, mut is_empty, before) = (first.chars().count(), true, further.chars().count());
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let letters = word.chars().count();
        if !is_empty && length + 1 + letters > WIDTH {
            out.push('\n');
            out.push_str(further);
            (length, is_empty) = (before, true);
        }
        if !is_empty {
            out.push(' ');
            length += 1;
        }
        out.push_str(word);
        length += letters;
        is_empty = false;
    }
    if is_empty { String::new() } else { out }
}

#[cfg(test)]
mod tests {
    use crate::action::ActionName;
    use crate::builders::at;
    use crate::ids::RuleName;
    use crate::notice::ByWhom;
    use crate::notice::Notice;
    use crate::notice::tests::miner;
    use crate::notice::{Fact, Group, Head, List, Measure, MeasureState};
    use crate::priority::Priority;
    use crate::verdict::EffectKind;

    #[test]
    fn a_page_says_what_where_and_how_soon_first_and_ids_last() {
        assert_eq!(
            miner().text(EffectKind::Page),
            "\
[P0] Crypto mining (bitcoin tool): checkout/checkout-7d9f5-x2x9z, prod
Containment  not contained: quarantine: not built yet
Respond by   03:13 UTC, in 15 min
Acknowledge  watchfire incidents ack v1:5f3c9a
Runbook      https://runbooks.example.com/crypto-mining
Incident     https://watchfire.example.com/v1/story?of=wf1-5f3c9a

Why now: first report of this incident.

CryptoCurrency:Runtime/BitcoinTool.B!DNS, 8.0 HIGH, from guardduty
Bitcoin miner in pod checkout/checkout-7d9f5-x2x9z

A container queried a domain name that is associated with Bitcoin-related
activity, which a checkout service has no reason to do.

Not done, although the rule asks for it:
- quarantine: not built yet

Where it runs
Cluster      prod-1
Namespace    checkout
Pod          checkout-7d9f5-x2x9z
Account      123456789012
Region       us-gov-west-1

Happened     2026-11-20 02:58:11 UTC
Rule         miner-in-a-pod (crypto-mining)
Incident     v1:5f3c9a
Finding      arn:aws-us-gov:guardduty:us-gov-west-1:123456789012:detector/d/finding/f
Event        7bf73129-1428-4cd3-a780-95db273d1602
"
        );
    }

    #[test]
    fn a_page_with_little_to_say_has_no_holes() {
        let bare = Notice {
            priority: Priority::P3,
            head: Head::default(),
            description: String::new(),
            kind: String::new(),
            severity: String::new(),
            facts: Vec::new(),
            withheld: Vec::new(),
            links: Vec::new(),
            finding: None,
            at: None,
            sample: true,
            ..miner()
        };
        assert_eq!(
            bare.text(EffectKind::Page),
            "\
[P3] [SAMPLE] Bitcoin miner in pod checkout/checkout-7d9f5-x2x9z
SAMPLE: made to try the set-up out, nothing has happened.
Respond on the next business day.

Why now: first report of this incident.

from guardduty

Rule      miner-in-a-pod (crypto-mining)
Incident  v1:5f3c9a
Event     7bf73129-1428-4cd3-a780-95db273d1602
"
        );
    }

    #[test]
    fn a_value_goes_on_under_itself_and_what_is_copied_stays_in_one_line() {
        let mut page = miner();
        page.facts = vec![Fact::new(Group::Seen, "Command", "sh -c ".repeat(20))];
        let text = page.text(EffectKind::Page);
        let lines: Vec<_> = text.lines().skip_while(|line| *line != "What was seen").take(4).collect();
        let expected = [
            "What was seen",
            "Command      sh -c sh -c sh -c sh -c sh -c sh -c sh -c sh -c sh -c sh -c sh -c",
            "             sh -c sh -c sh -c sh -c sh -c sh -c sh -c sh -c sh -c",
            "",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn lists_stand_under_their_heads_and_a_digest_asks_for_no_response() {
        let digest = Notice {
            head: Head { what: String::new(), ..miner().head },
            why: "the digest is due".to_owned(),
            rule: RuleName::new(""),
            lists: vec![
                List::new(
                    "quiet: 14 new",
                    [
                        "[P3] Port probe of an instance that is open to the world (i-0123456789abcdef0): 3 events, over",
                    ],
                    13,
                ),
                List::new("gone: mining (last week 3)", [""; 0], 0),
                List::new("unlisted: 2 new", [""; 0], 2),
            ],
            ..Notice { kind: String::new(), severity: String::new(), source: String::new(), ..miner() }
        };
        let digest = Notice { facts: Vec::new(), withheld: Vec::new(), finding: None, ..digest };
        assert_eq!(
            digest.text(EffectKind::Digest),
            "\
[Digest] Bitcoin miner in pod checkout/checkout-7d9f5-x2x9z
To be read today; what could not wait was paged.

Why now: the digest is due.

A container queried a domain name that is associated with Bitcoin-related
activity, which a checkout service has no reason to do.

quiet: 14 new
- [P3] Port probe of an instance that is open to the world
  (i-0123456789abcdef0): 3 events, over
and 13 more

gone: mining (last week 3)

unlisted: 2 new
2, not listed

Runbook   https://runbooks.example.com/crypto-mining

Happened  2026-11-20 02:58:11 UTC
Incident  v1:5f3c9a
Event     7bf73129-1428-4cd3-a780-95db273d1602
"
        );
    }

    fn first_lines(notice: &Notice, kind: EffectKind, count: usize) -> Vec<String> {
        notice.text(kind).lines().take(count).map(str::to_owned).collect()
    }

    #[test]
    fn somebody_has_it_once_it_is_acknowledged() {
        let mut taken = miner();
        taken.head.taken = Some(ByWhom { by: "anna".to_owned(), at: at("2026-11-20T02:58:20Z") });
        assert_eq!(
            first_lines(&taken, EffectKind::Acknowledge, 3),
            [
                "[P0] Acknowledged: Crypto mining (bitcoin tool): checkout/checkout-7d9f5-x2x9z, prod",
                "Somebody has it.",
                "Taken by   anna, since 02:58 UTC",
            ]
        );
    }

    #[test]
    fn the_end_asks_for_nothing_but_the_release_of_what_is_contained() {
        let mut over = Notice { why: "archived or resolved, and the incident with it".to_owned(), ..miner() };
        let start = first_lines(&over, EffectKind::Resolve, 5);
        assert_eq!(
            start,
            [
                "[P0] Resolved: Crypto mining (bitcoin tool): checkout/checkout-7d9f5-x2x9z, prod",
                "No more response is asked for.",
                "Incident   https://watchfire.example.com/v1/story?of=wf1-5f3c9a",
                "",
                "Why now: archived or resolved, and the incident with it.",
            ]
        );
        over.head.measures = vec![Measure {
            action: ActionName::Quarantine,
            target: "pod shop/pay-1".to_owned(),
            state: MeasureState::Done { since: at("2026-11-19T22:58:20Z"), by: None },
        }];
        assert_eq!(
            first_lines(&over, EffectKind::Resolve, 5)[2..],
            [
                "Containment  pod shop/pay-1 quarantined since Thu 2026-11-19 22:58 UTC, by the",
                "             rule",
                "Release      watchfire release v1:5f3c9a",
            ]
        );
    }
}
