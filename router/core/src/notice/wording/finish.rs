//! What a template has written, made fit to be sent: cleaned, and no empty lines where parts were left out.

use std::borrow::Cow;

use super::super::text::wrapped;
use super::super::{LONGEST_LINE, html};
use crate::text::{clean, is_printed, is_unfit};

/// Longer than any page: what is over it is cut.
const MOST_BYTES: usize = 1_000_000;

/// One line.
pub(super) fn line(text: &str) -> String {
    clean(text, LONGEST_LINE)
}

/// Lines, none of them at its end longer than it has to be, one empty line at most between two that are not, and none
/// at either end.
pub(super) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_gap = false;
    for line in text.lines() {
        let line = match is_printed(line.as_bytes()) {
            true => Cow::Borrowed(line),
            false => Cow::Owned(line.chars().map(fit).collect()),
        };
        let line = line.trim_end();
        if line.is_empty() {
            is_gap = !out.is_empty();
            continue;
        }
        if std::mem::take(&mut is_gap) {
            out.push('\n');
        }
        out.push_str(line);
        out.push('\n');
        if out.len() > MOST_BYTES {
            out.truncate(out.floor_char_boundary(MOST_BYTES));
            out.push_str("…\n");
            break;
        }
    }
    out
}

fn fit(c: char) -> char {
    match c {
        '\t' => ' ',
        _ if is_unfit(c) => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}

/// A sentence in lines.
pub(super) fn paragraph(text: &str) -> String {
    wrapped(text, "", "")
}

/// A sentence as HTML.
pub(super) fn html_paragraph(text: &str) -> String {
    format!("<p>{}</p>", html::escape(text))
}

/// Text as it stands, as HTML.
pub(super) fn preformatted(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(crate::text::without_markup).collect();
    format!("<pre style=\"white-space:pre-wrap;word-break:break-word\">{}</pre>", lines.join("\n"))
}

/// Fit to be shown, and without the line ends that stand beside a tag: those between words stay.
fn beside_tags(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut letters = html.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '\n' if out.is_empty() || out.ends_with('>') => {}
            '\n' if letters.peek().is_none_or(|next| *next == '<') => {}
            '\n' => out.push(c),
            _ => out.push(fit(c)),
        }
    }
    out
}

/// A whole page of HTML.
pub(super) fn document(title: &str, body: &str) -> String {
    let body = beside_tags(body);
    format!(
        "<!DOCTYPE html><html lang=\"en\" dir=\"ltr\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{}</title></head>\
         <body style=\"font-family:system-ui,sans-serif;font-size:14px;line-height:1.45;max-width:720px;\
         word-break:break-word\">\
         {body}</body></html>\n",
        html::escape(title),
    )
}
