//! The page as plain text: for a terminal, a mail, an SNS topic.

use super::{LONGEST_LINE, Notice, SAMPLE, clean, label};
use crate::decision::EffectKind;

/// The width that every terminal and mail reader shows unbroken.
const WIDTH: usize = 78;

pub(super) fn render(notice: &Notice, kind: EffectKind) -> String {
    let records = notice.records();
    let facts: Vec<(String, &str)> =
        notice.facts.iter().map(|(name, value)| (label(name), value.as_str())).collect();
    let links: Vec<(String, &str)> =
        notice.links.iter().map(|(name, address)| (label(name), address.as_str())).collect();
    let labels = facts.iter().chain(&links).map(|(label, _)| label.as_str());
    let labels = labels.chain(records.iter().map(|(label, _)| *label));
    let width = labels.map(|label| label.chars().count()).max().unwrap_or(0);

    let mut page = Page { text: String::new(), width };
    page.paragraph(&notice.subject(kind));
    if notice.sample {
        page.paragraph(SAMPLE);
    }
    page.paragraph(&notice.request(kind));
    page.paragraph(&format!("Why now: {}.", notice.why));
    page.gap();
    page.paragraph(&notice.found());
    page.gap();
    page.paragraph(&notice.description);
    page.gap();
    facts.iter().for_each(|(label, value)| page.row(label, value));
    page.gap();
    if !notice.doing.is_empty() {
        page.paragraph(notice.doing_head(kind));
        notice.doing.iter().for_each(|doing| page.item(doing));
        page.gap();
    }
    if !notice.unknown.is_empty() {
        page.paragraph("Not known:");
        notice.unknown.iter().for_each(|unknown| page.item(unknown));
        page.gap();
    }
    if !notice.withheld.is_empty() {
        page.paragraph("Not done, although the rule asks for it:");
        notice.withheld.iter().for_each(|withheld| page.item(withheld));
        page.gap();
    }
    for list in &notice.lists {
        page.paragraph(&list.head);
        list.lines.iter().for_each(|line| page.item(line));
        page.paragraph(&list.rest());
        page.gap();
    }
    links.iter().for_each(|(label, address)| page.row(label, address));
    page.gap();
    records.iter().for_each(|(label, value)| page.row(label, value));
    page.text
}

struct Page {
    text: String,
    width: usize,
}

impl Page {
    /// One empty line, however many empty parts lie between two that are not.
    fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn row(&mut self, label: &str, value: &str) {
        let (label, value) = (clean(label, LONGEST_LINE), clean(value, LONGEST_LINE));
        self.text.push_str(&format!("{label:<width$}  {value}\n", width = self.width));
    }

    fn paragraph(&mut self, text: &str) {
        self.wrap(text, "", "");
    }

    fn item(&mut self, text: &str) {
        self.wrap(text, "- ", "  ");
    }

    fn wrap(&mut self, text: &str, first: &str, further: &str) {
        let text = clean(text, LONGEST_LINE);
        let mut line = first.to_owned();
        let mut empty = true;
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let length = line.chars().count() + usize::from(!empty) + word.chars().count();
            if !empty && length > WIDTH {
                self.text.push_str(&line);
                self.text.push('\n');
                line = further.to_owned();
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        if !empty {
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RuleName;
    use crate::notice::List;
    use crate::notice::tests::miner;
    use crate::priority::Priority;

    #[test]
    fn a_page_says_what_and_how_soon_first_and_ids_last() {
        assert_eq!(
            miner().text(EffectKind::Page),
            "\
[P0] Bitcoin miner in pod checkout/checkout-7d9f5-x2x9z
Respond within 15 minutes.
Why now: first report of this incident.

CryptoCurrency:Runtime/BitcoinTool.B!DNS, 8.0 HIGH, from guardduty

A container queried a domain name that is associated with Bitcoin-related
activity, which a checkout service has no reason to do.

Cluster    prod-1
Namespace  checkout
Pod        checkout-7d9f5-x2x9z
Account    123456789012
Region     us-gov-west-1

Not done, although the rule asks for it:
- quarantine: not built yet

Runbook    https://runbooks.example.com/crypto-mining

Happened   2026-11-20 02:58:11 UTC
Rule       miner-in-a-pod (crypto-mining)
Incident   v1:5f3c9a
Finding    arn:aws-us-gov:guardduty:us-gov-west-1:123456789012:detector/d/finding/f
Event      7bf73129-1428-4cd3-a780-95db273d1602
"
        );
    }

    #[test]
    fn a_page_with_little_to_say_has_no_holes() {
        let bare = Notice {
            priority: Priority::P3,
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
    fn lists_stand_under_their_heads_and_a_digest_asks_for_no_response() {
        let digest = Notice {
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

    #[test]
    fn somebody_has_it_once_it_is_acknowledged() {
        let text = miner().text(EffectKind::Acknowledge);
        let start: Vec<&str> = text.lines().take(2).collect();
        assert_eq!(
            start,
            ["[P0] Acknowledged: Bitcoin miner in pod checkout/checkout-7d9f5-x2x9z", "Somebody has it."]
        );
    }

    #[test]
    fn the_end_asks_for_nothing() {
        let over = Notice { why: "archived or resolved, and the incident with it".to_owned(), ..miner() };
        let text = over.text(EffectKind::Resolve);
        let start: Vec<&str> = text.lines().take(3).collect();
        assert_eq!(
            start,
            [
                "[P0] Resolved: Bitcoin miner in pod checkout/checkout-7d9f5-x2x9z",
                "No more response is asked for.",
                "Why now: archived or resolved, and the incident with it.",
            ]
        );
    }
}
