//! A page by itself: no script, nothing from elsewhere, fit for a printer.

use watchfire_core::text::without_markup;

use super::PostMortem;
use super::markdown::{APPENDIX, sections};
use super::{lasting, picture};
use crate::api::told::Words;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}\
table{border-collapse:collapse;width:100%}\
th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #8884}\
td:first-child{white-space:nowrap}\
code{font:.92em ui-monospace,monospace;overflow-wrap:anywhere}\
.note{border-left:4px solid #c60;padding-left:.75rem}\
.answer{min-height:3rem;border-bottom:1px dotted #888}\
svg{width:100%;height:auto}\
@media print{body{margin:0;max-width:none}}";

pub(super) fn written(report: &PostMortem) -> String {
    let plain = report.title.written(without_markup, without_markup);
    let title = inline(&report.title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>Post-mortem: {} {plain}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>Post-mortem: {} {title}</h1>\n<p>Incident <code>{}</code>, episode {}</p>\n",
        report.priority,
        report.priority,
        without_markup(&report.incident),
        report.episode,
    );
    for limit in &report.limits {
        page += &format!("<p class=\"note\">{}</p>\n", without_markup(limit));
    }
    let about = report.about.iter().map(|(name, words)| vec![without_markup(name), inline(words)]);
    page += &table(&[], about);
    page += &format!("<h2>Times</h2>\n<p>{}</p>\n{}", inline(&report.response), picture::drawn(report));
    let times = report.times.iter().map(|time| {
        vec![time.what.to_owned(), report.second(time.at), lasting(time.after_seconds), inline(&time.by)]
    });
    page += &table(&["What", "When", "After", "By"], times);
    let timeline = report.timeline.iter().map(|line| {
        let kind: &str = line.kind.into();
        vec![report.second(line.at), kind.to_owned(), inline(&line.said)]
    });
    page += "<h2>Timeline</h2>\n";
    page += &table(&["When", "What", "Said"], timeline);
    for (name, lines) in sections(report) {
        let lines: String = lines.iter().map(|line| format!("<li>{}</li>\n", inline(line))).collect();
        page += &format!("<h2>{name}</h2>\n<ul>\n{lines}</ul>\n");
    }
    page += "<h2>To be answered</h2>\n";
    for question in &report.questions {
        page += &format!("<h3>{}</h3>\n<div class=\"answer\"></div>\n", without_markup(question));
    }
    if !report.machine_texts.is_empty() {
        let lines = report.machine_texts.iter().map(|line| format!("<li>{}</li>\n", inline(line)));
        page += &format!("<h2>{APPENDIX}</h2>\n<ul>\n{}</ul>\n", lines.collect::<String>());
    }
    page += &format!(
        "<hr>\n<p>From the journal alone. SHA-256 of the facts: <code>{}</code></p>\n",
        report.sum()
    );
    page + "</body>\n</html>\n"
}

fn table(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let heads: String = heads.iter().map(|head| format!("<th scope=\"col\">{head}</th>")).collect();
    let heads = if heads.is_empty() { heads } else { format!("<tr>{heads}</tr>\n") };
    let row = |cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("<td>{cell}</td>")).collect();
        format!("<tr>{cells}</tr>\n")
    };
    format!("<table>\n{heads}{}</table>\n", rows.map(row).collect::<String>())
}

fn inline(words: &Words) -> String {
    words.written(without_markup, |text| format!("<code>{}</code>", without_markup(text)))
}
