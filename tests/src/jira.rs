//! Jira's REST interface, version 3: as strict as its documentation, and with a search that lags.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::receiver::{Call, Contract, Reply};

/// One project.
#[derive(Debug, Default)]
pub struct Jira {
    /// All issues, in the order in which they were made.
    pub issues: Vec<Issue>,
    /// Whether the search does not find yet what is there.
    pub lags: bool,
}

/// An issue as it is now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Issue {
    /// Its line.
    pub summary: String,
    /// What people read.
    pub description: String,
    /// What it is found by.
    pub labels: Vec<String>,
    /// Its priority; empty where nobody said.
    pub priority: String,
    /// Where it stands.
    pub status: &'static str,
    /// What was said on it since.
    pub comments: Vec<String>,
}

impl Jira {
    /// Whose token it is.
    pub const EMAIL: &str = "watchfire@example.com";
    /// Their token.
    pub const TOKEN: &str = "ATATT3xFfGF0-of-the-tests";
    /// The project.
    pub const PROJECT: &str = "SEC";
    const API: &str = "/rest/api/3/";
}

impl Contract for Jira {
    fn take(&mut self, call: &Call) -> Reply {
        let shown = STANDARD.encode(format!("{}:{}", Self::EMAIL, Self::TOKEN));
        if call.header("authorization") != format!("Basic {shown}") {
            return Reply::new(401, "Client must be authenticated to access this resource.");
        }
        let Some(path) = call.path.strip_prefix(Self::API) else { return Reply::new(404, "<html>") };
        let parts: Vec<_> = path.split('/').collect();
        let body = call.json();
        match (call.method.as_str(), &parts[..]) {
            ("GET", ["project", Self::PROJECT]) => {
                Reply::new(200, json!({"id": "10000", "key": Self::PROJECT, "name": "Security"}))
            }
            ("GET", ["project", _]) => missing("No project could be found with key."),
            ("POST", ["search", "jql"]) => self.search(&body),
            ("POST", ["issue"]) => answer(self.create(&body)),
            ("PUT", ["issue", key]) => self.on(key, |issue| edit(issue, &body)),
            ("POST", ["issue", key, "comment"]) => self.on(key, |issue| comment(issue, &body)),
            ("GET", ["issue", key, "transitions"]) => self.on(key, |issue| Ok((200, transitions(issue)))),
            ("POST", ["issue", key, "transitions"]) => self.on(key, |issue| move_on(issue, &body)),
            _ => Reply::new(405, ""),
        }
    }

    fn fail(&self, status: u16) -> String {
        json!({"errorMessages": [format!("{status} as scripted")], "errors": {}}).to_string()
    }
}

type Said = Result<(u16, Value), BTreeMap<&'static str, &'static str>>;

fn answer(said: Said) -> Reply {
    match said {
        Ok((204, _)) => Reply::new(204, ""),
        Ok((status, body)) => Reply::new(status, body),
        Err(errors) => Reply::new(400, json!({"errorMessages": [], "errors": errors})),
    }
}

fn missing(message: &str) -> Reply {
    Reply::new(404, json!({"errorMessages": [message], "errors": {}}))
}

fn wrong(field: &'static str, why: &'static str) -> Said {
    Err(BTreeMap::from([(field, why)]))
}

impl Jira {
    fn on(&mut self, key: &str, change: impl FnOnce(&mut Issue) -> Said) -> Reply {
        let number = key.strip_prefix("SEC-").and_then(|number| number.parse::<usize>().ok());
        let issue = number.and_then(|number| self.issues.get_mut(number.checked_sub(1)?));
        match issue.filter(|issue| issue.status != "deleted") {
            Some(issue) => answer(change(issue)),
            None => missing("Issue does not exist or you do not have permission to see it."),
        }
    }

    fn search(&self, body: &Value) -> Reply {
        let jql = body["jql"].as_str().unwrap_or_default();
        let asked = jql.strip_prefix("project = \"SEC\" AND labels = \"");
        let label = asked.and_then(|rest| rest.strip_suffix("\" ORDER BY created ASC"));
        let Some(label) = label.filter(|label| !label.contains('"')) else {
            return Reply::new(400, json!({"errorMessages": ["Error in the JQL Query"], "errors": {}}));
        };
        let is_it = |issue: &Issue| issue.status != "deleted" && issue.labels.iter().any(|it| it == label);
        let found = self.issues.iter().enumerate().filter(|(_, issue)| !self.lags && is_it(issue));
        let found: Vec<_> = found
            .map(|(index, _)| json!({"id": index.to_string(), "key": format!("SEC-{}", index + 1)}))
            .collect();
        Reply::new(200, json!({"issues": found, "isLast": true}))
    }

    fn create(&mut self, body: &Value) -> Said {
        let fields = &body["fields"];
        let known = ["project", "issuetype", "summary", "description", "labels", "priority"];
        if let Some(unknown) = unknown(body, &["fields"]).or_else(|| unknown(fields, &known)) {
            return wrong("unknown", if unknown.is_empty() { "no object" } else { "cannot be set" });
        }
        if fields["project"] != json!({"key": Self::PROJECT}) {
            return wrong("project", "project is required");
        }
        if fields["issuetype"] != json!({"name": "Task"}) {
            return wrong("issuetype", "The issue type selected is invalid.");
        }
        let summary = fields["summary"].as_str().unwrap_or_default();
        if !(1..=255).contains(&summary.chars().count()) || summary.contains('\n') {
            return wrong("summary", "Summary must be 1 to 255 characters in a line.");
        }
        let description = match &fields["description"] {
            Value::Null => String::new(),
            document => match text_of(document) {
                Some(text) if text.chars().count() <= 32_767 => text,
                _ => return wrong("description", "Operation value must be an Atlassian Document"),
            },
        };
        let labels = fields["labels"].as_array().cloned().unwrap_or_default();
        let labels: Vec<_> = labels.iter().filter_map(|label| Some(label.as_str()?.to_owned())).collect();
        if labels.iter().any(|label| label.contains(' ') || label.len() > 255) {
            return wrong("labels", "The label contains spaces which is invalid.");
        }
        let mut issue =
            Issue { summary: summary.to_owned(), description, labels, status: "To Do", ..Issue::default() };
        set_priority(&mut issue, &fields["priority"])?;
        self.issues.push(issue);
        let key = format!("SEC-{}", self.issues.len());
        Ok((201, json!({"id": "10001", "key": key, "self": format!("https://example.atlassian.net/{key}")})))
    }
}

fn set_priority(issue: &mut Issue, priority: &Value) -> Said {
    match priority["name"].as_str() {
        None if priority.is_null() => {}
        Some(name) if ["Highest", "High", "Medium", "Low", "Lowest"].contains(&name) => {
            name.clone_into(&mut issue.priority);
        }
        _ => return wrong("priority", "The priority selected is invalid."),
    }
    Ok((204, Value::Null))
}

fn edit(issue: &mut Issue, body: &Value) -> Said {
    if unknown(body, &["fields"]).or_else(|| unknown(&body["fields"], &["priority"])).is_some() {
        return wrong("unknown", "cannot be set");
    }
    set_priority(issue, &body["fields"]["priority"])
}

fn comment(issue: &mut Issue, body: &Value) -> Said {
    let text = text_of(&body["body"]).filter(|text| (1..=32_767).contains(&text.chars().count()));
    match text {
        Some(text) if unknown(body, &["body"]).is_none() => {
            issue.comments.push(text);
            Ok((201, json!({"id": issue.comments.len().to_string()})))
        }
        _ => wrong("comment", "Comment body is not valid!"),
    }
}

/// From where it stands.
fn transitions(issue: &Issue) -> Value {
    let all: &[_] = match issue.status {
        "Done" => &[("11", "Reopen")],
        _ => &[("21", "In Progress"), ("31", "Done")],
    };
    let all: Vec<_> =
        all.iter().map(|(id, name)| json!({"id": id, "name": name, "to": {"name": name}})).collect();
    json!({"expand": "transitions", "transitions": all})
}

fn move_on(issue: &mut Issue, body: &Value) -> Said {
    let to = match (issue.status, body["transition"]["id"].as_str()) {
        ("Done", Some("11")) => "To Do",
        ("Done", _) => {
            return wrong(
                "transition",
                "It seems that you have tried to perform an illegal workflow operation.",
            );
        }
        (_, Some("21")) => "In Progress",
        (_, Some("31")) => "Done",
        _ => return wrong("transition", "Can't move (SEC) to unknown status"),
    };
    issue.status = to;
    Ok((204, Value::Null))
}

/// The text of a document; none where it is none, by what of its schema is used here.
fn text_of(document: &Value) -> Option<String> {
    let is_whole = document["type"] == "doc"
        && document["version"] == 1
        && unknown(document, &["type", "version", "content"]).is_none();
    let blocks = document["content"].as_array().filter(|_| is_whole)?;
    let lines: Option<Vec<_>> = blocks.iter().map(block).collect();
    lines.map(|lines| lines.join("\n"))
}

fn block(block: &Value) -> Option<String> {
    let known = ["type", "content"];
    let is_code = match block["type"].as_str()? {
        "codeBlock" => true,
        "paragraph" => false,
        _ => return None,
    };
    let inline = block["content"].as_array().filter(|_| unknown(block, &known).is_none())?;
    let texts = inline.iter().map(|node| {
        let text = node["text"].as_str().filter(|text| !text.is_empty() && node["type"] == "text")?;
        match &node["marks"] {
            Value::Null => Some(text.to_owned()),
            // Within code there are none.
            _ if is_code => None,
            marks => {
                let href = marks[0]["attrs"]["href"].as_str().filter(|_| marks[0]["type"] == "link")?;
                Some(format!("{text}: {href}"))
            }
        }
    });
    texts.collect::<Option<Vec<_>>>().map(|texts| texts.concat())
}

/// The first member that is not known; empty where it is no object.
fn unknown(of: &Value, known: &[&str]) -> Option<String> {
    let Some(members) = of.as_object() else { return Some(String::new()) };
    members.keys().find(|name| !known.contains(&name.as_str())).cloned()
}
