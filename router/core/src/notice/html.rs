//! The page as HTML, for mail readers: inline styles only, nothing fetched, every value escaped.

use super::{AFTER_LISTS, BEFORE_LISTS, HeadValue, LONGEST_LINE, Notice, SAMPLE, Section, clean};
use crate::decision::EffectKind;
use crate::priority::Priority;

pub(super) fn render(notice: &Notice, kind: EffectKind) -> String {
    let mut body = head(notice, kind);
    body.push_str(&paragraph(&format!("Why now: {}.", notice.why)));
    body.push_str(&paragraph(&notice.found()));
    body.push_str(&paragraph(notice.own_title(kind)));
    body.push_str(&paragraph(&notice.description));
    body.push_str(&list(notice.doing_head(kind), &notice.doing));
    body.push_str(&list("Not done, although the rule asks for it:", &notice.withheld));
    body.push_str(&sections(notice.grouped(&BEFORE_LISTS)));
    for several in &notice.lists {
        body.push_str(&section(&several.head));
        body.push_str(&items(&several.lines));
        body.push_str(&paragraph(&several.rest()));
    }
    body.push_str(&sections(notice.grouped(&AFTER_LISTS)));
    body.push_str(&list("Not known:", &notice.unknown));
    let links = notice.other_links(kind).into_iter();
    body.push_str(&table(links.map(|(name, address)| (name, link(address)))));
    let records = notice.records().into_iter();
    body.push_str(&table(records.map(|(name, value)| (name.to_owned(), escape(&value)))));
    format!(
        "<!DOCTYPE html><html lang=\"en\" dir=\"ltr\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{}</title></head>\
         <body style=\"font-family:system-ui,sans-serif;font-size:14px;line-height:1.45;max-width:720px;\
         word-break:break-word\">\
         {body}</body></html>\n",
        escape(&notice.subject(kind)),
    )
}

/// What is read in the first ten seconds: on a phone, what stands above the fold.
fn head(notice: &Notice, kind: EffectKind) -> String {
    let mut head = format!(
        "<div style=\"border-left:8px solid {};padding:4px 0 4px 14px\">\
         <h1 style=\"font-size:18px;line-height:1.3;margin:0 0 6px;word-break:break-word\">{}</h1>",
        colour(notice.priority, kind),
        escape(&notice.subject(kind)),
    );
    if notice.sample {
        head.push_str(&format!("<p style=\"margin:0 0 6px\"><b>{SAMPLE}</b></p>"));
    }
    let request = notice.request(kind);
    if !request.is_empty() {
        head.push_str(&format!("<p style=\"margin:0\"><b>{}</b></p>", escape(&request)));
    }
    for (label, value) in notice.head_rows(kind) {
        let value = match &value {
            HeadValue::Words(words) => format!("<b>{}</b>", escape(words)),
            HeadValue::Command(command) => {
                format!(
                    "<code style=\"font-size:13px;word-break:break-word;background:#f0f2f5;padding:2px 5px\">{}</code>",
                    escape(command)
                )
            }
            HeadValue::Address(address) => link(address),
        };
        head.push_str(&format!(
            "<div style=\"margin:0 0 4px\"><span style=\"color:#57606a\">{}</span> {value}</div>",
            escape(label),
        ));
    }
    head + "</div>"
}

fn colour(priority: Priority, kind: EffectKind) -> &'static str {
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

/// Nothing where the text is empty.
fn paragraph(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("<p>{}</p>", escape(text)) }
}

/// Facts, each group under its head.
fn sections(sections: Vec<Section<'_>>) -> String {
    let of = |of: Section<'_>| {
        section(of.head) + &table(of.rows.into_iter().map(|(name, value)| (name, escape(value))))
    };
    sections.into_iter().map(of).collect()
}

/// What stands above a part of the page.
fn section(head: &str) -> String {
    format!("<h2 style=\"font-size:14px;margin:16px 0 2px\">{}</h2>", escape(head))
}

/// A list under its head; nothing where it is empty.
fn list(head: &str, lines: &[String]) -> String {
    if lines.is_empty() { String::new() } else { section(head) + &items(lines) }
}

/// Nothing where there are none.
fn items(lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let items: String = lines.iter().map(|line| format!("<li>{}</li>", escape(line))).collect();
    format!("<ul style=\"margin:2px 0 14px;padding-left:20px\">{items}</ul>")
}

/// Rows of a label and what is HTML already; nothing where there are none.
fn table(rows: impl Iterator<Item = (String, String)>) -> String {
    let rows: String = rows
        .map(|(label, value)| {
            format!(
                "<tr><td style=\"color:#57606a;width:110px;padding:1px 12px 1px 0;vertical-align:top\">{}</td>\
                 <td style=\"font-family:monospace;word-break:break-word\">{value}</td></tr>",
                escape(&label),
            )
        })
        .collect();
    if rows.is_empty() {
        rows
    } else {
        format!("<table style=\"border-spacing:0;margin:2px 0 14px\">{rows}</table>")
    }
}

/// Only `https:` becomes a link: an address of another kind may do more than open a page.
fn link(address: &str) -> String {
    let text = escape(address);
    match address.strip_prefix("https://") {
        Some(_) => format!("<a href=\"{text}\" rel=\"noreferrer\">{text}</a>"),
        None => text,
    }
}

/// Cleaned, and no markup.
fn escape(text: &str) -> String {
    let text = clean(text, LONGEST_LINE);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{EventId, FindingKey, IncidentKey, RuleName};
    use crate::notice::tests::{at, miner};
    use crate::notice::{Fact, Group, Head, List, Measure, MeasureState};
    use crate::rules::ActionName;

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
            withheld: vec![bad()],
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
