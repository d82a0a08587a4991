//! What is asked of Jira, within its limits: an issue, how it is found, what is said on it.
//!
//! <https://developer.atlassian.com/cloud/jira/platform/rest/v3/>,
//! <https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>

use std::collections::BTreeMap;

use serde_json::{Value, json};
use strum::IntoStaticStr;
use watchfire_core::decision::Effect;
use watchfire_core::notice::Notice;
use watchfire_core::priority::Priority;
use watchfire_core::text::clean;
use watchfire_core::verdict::EffectKind;

use super::super::payload::Form;
use super::super::tickets::{links, news};

/// Jira's limit.
pub(super) const MOST_SUMMARY: usize = 255;
/// Jira's limit is 32,767; the rest is for links.
const MOST_TEXT: usize = 30_000;
/// Of what stands at the end of a text that was cut.
const CUT: &str = "\n[cut: the page is longer than an issue may be]";

/// Which of Jira's interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
pub(super) enum Version {
    /// A Data Center's: texts are wiki text.
    #[strum(serialize = "2")]
    Two,
    /// The cloud's: texts are documents.
    #[strum(serialize = "3")]
    Three,
}

impl Version {
    pub(super) fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What all issues of a channel have in common.
#[derive(Debug)]
pub(super) struct Issues {
    pub(super) version: Version,
    pub(super) project: String,
    pub(super) issue_type: String,
    pub(super) labels: Vec<String>,
    pub(super) priorities: BTreeMap<Priority, String>,
    pub(super) resolve: Option<String>,
    pub(super) form: Form,
}

impl Issues {
    /// All of the page.
    pub(super) fn whole(&self, effect: &Effect, key: &str) -> Value {
        let (notice, words) = self.form.worded(effect);
        let text = words.text();
        let rest = text.strip_prefix(words.title.as_str()).unwrap_or(&text).trim_matches('\n');
        let mut issue = self.made(&words.title, key);
        issue["fields"]["description"] = self.document(&fit(rest), &links(&notice));
        let own = self.labels.iter().map(String::as_str);
        issue["fields"]["labels"] = [key].into_iter().chain(own).collect();
        if let Some(priority) = self.priority(effect) {
            issue["fields"]["priority"] = priority;
        }
        issue
    }

    /// What makes an issue, and nothing else that could be refused.
    pub(super) fn bare(&self, effect: &Effect, key: &str) -> Value {
        self.made(&self.form.worded(effect).1.title, key)
    }

    fn made(&self, title: &str, key: &str) -> Value {
        json!({"fields": {
            "project": {"key": self.project},
            "issuetype": {"name": self.issue_type},
            "summary": clean(title, MOST_SUMMARY),
            "labels": [key],
        }})
    }

    /// What Jira calls the priority; none where that is the project's matter.
    pub(super) fn priority(&self, effect: &Effect) -> Option<Value> {
        let name = self.priorities.get(&effect.notice.priority)?;
        (effect.kind != EffectKind::Digest).then(|| json!({"name": name}))
    }

    /// Where issues of that key are looked for, the oldest first.
    pub(super) fn search(&self, key: &str) -> (&'static str, Value) {
        // Neither has a quote in it: the one is checked, the other is ours.
        let jql = format!("project = \"{}\" AND labels = \"{key}\" ORDER BY created ASC", self.project);
        let path = match self.version {
            Version::Two => "search",
            Version::Three => "search/jql",
        };
        (path, json!({"jql": jql, "maxResults": 1, "fields": ["status"]}))
    }

    /// What is new.
    pub(super) fn comment(&self, effect: &Effect) -> Value {
        let notice: Notice = self.form.worded(effect).0;
        let incident: Vec<_> = links(&notice).into_iter().filter(|(label, _)| label == "Incident").collect();
        json!({"body": self.document(&news(effect, &self.form, MOST_TEXT), &incident)})
    }

    /// A text in which Jira reads nothing, and links under it.
    fn document(&self, text: &str, links: &[(String, String)]) -> Value {
        match self.version {
            Version::Three => document(text, links),
            Version::Two => wiki(text, links).into(),
        }
    }
}

fn document(text: &str, links: &[(String, String)]) -> Value {
    let mut content = Vec::new();
    if !text.is_empty() {
        content.push(json!({"type": "codeBlock", "content": [{"type": "text", "text": text}]}));
    }
    let link = |(label, address): &(String, String)| {
        let marks = json!([{"type": "link", "attrs": {"href": address}}]);
        json!({"type": "paragraph", "content": [{"type": "text", "text": named(label), "marks": marks}]})
    };
    content.extend(links.iter().map(link));
    if content.is_empty() {
        content.push(json!({"type": "paragraph", "content": []}));
    }
    json!({"type": "doc", "version": 1, "content": content})
}

/// Nothing is read within `{noformat}`, and nothing in the text ends it.
fn wiki(text: &str, links: &[(String, String)]) -> String {
    let text = text.replace("{noformat", "{ noformat");
    let link = |(label, address): &(String, String)| {
        let label: String = named(label).chars().filter(|c| !"[]|{}".contains(*c)).collect();
        let address = address.replace('|', "%7C").replace('[', "%5B").replace(']', "%5D").replace(' ', "%20");
        format!("\n[{label}|{address}]")
    };
    let links: String = links.iter().map(link).collect();
    format!("{{noformat}}\n{text}\n{{noformat}}{links}")
}

fn named(label: &str) -> String {
    match clean(label, 100) {
        label if label.trim().is_empty() => "Link".to_owned(),
        label => label,
    }
}

fn fit(text: &str) -> String {
    if text.chars().count() <= MOST_TEXT {
        return text.to_owned();
    }
    let kept: String = text.chars().take(MOST_TEXT - CUT.chars().count()).collect();
    format!("{kept}{CUT}")
}
