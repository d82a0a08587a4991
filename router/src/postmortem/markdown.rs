//! Markdown: what others wrote stands in code spans, in which nothing else than text can be.

use super::PostMortem;
use super::lasting;
use crate::api::told::Words;

pub(super) fn written(report: &PostMortem) -> String {
    let title = inline(&report.title);
    let mut text = format!("# Post-mortem: {} {title}\n\n", report.priority);
    text += &format!("Incident `{}`, episode {}\n\n", report.incident, report.episode);
    for limit in &report.limits {
        text += &format!("> {limit}\n\n");
    }
    text += "| | |\n|---|---|\n";
    for (name, words) in &report.about {
        text += &format!("| {name} | {} |\n", cell(words));
    }
    text += &format!(
        "\n## Times\n\n{}\n\n| What | When | After | By |\n|---|---|---|---|\n",
        inline(&report.response)
    );
    for time in &report.times {
        let (at, after, by) = (report.second(time.at), lasting(time.after_seconds), cell(&time.by));
        text += &format!("| {} | {at} | {after} | {by} |\n", time.what);
    }
    text += "\n## Timeline\n\n| When | What | |\n|---|---|---|\n";
    for line in &report.timeline {
        let kind: &str = line.kind.into();
        text += &format!("| {} | {kind} | {} |\n", report.second(line.at), cell(&line.said));
    }
    for (name, lines) in sections(report) {
        text += &format!("\n## {name}\n\n");
        for line in lines {
            text += &format!("- {}\n", inline(line));
        }
    }
    text += "\n## To be answered\n\n";
    for question in &report.questions {
        text += &format!("- **{question}**\n\n  …\n\n");
    }
    if !report.machine_texts.is_empty() {
        text += &format!("## {APPENDIX}\n\n");
        text.extend(report.machine_texts.iter().map(|line| format!("- {}\n", inline(line))));
        text += "\n";
    }
    text += &format!("---\n\nFrom the journal alone. SHA-256 of the facts: `{}`\n", report.sum());
    text
}

/// What stands above what models wrote, behind everything else.
pub(super) const APPENDIX: &str = "Appendix: written by a machine, unverified";

/// Those parts that there are.
pub(super) fn sections(report: &PostMortem) -> impl Iterator<Item = (&'static str, &Vec<Words>)> {
    let all = [
        ("Notes", &report.notes),
        ("Tickets and links", &report.links),
        ("Follow-up", &report.follow_ups),
        ("Evidence", &report.evidence),
        ("Plans that a human was asked about", &report.approvals),
        ("Wanted and not done at once", &report.not_done),
        ("How it stands", &report.stands),
    ];
    all.into_iter().filter(|(_, lines)| !lines.is_empty())
}

fn inline(words: &Words) -> String {
    words.written(str::to_owned, |text| format!("`{}`", text.replace('`', "'")))
}

/// In a table a bar would begin the next cell.
fn cell(words: &Words) -> String {
    inline(words).replace('|', "\\|")
}
