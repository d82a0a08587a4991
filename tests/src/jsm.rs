//! The alert API of Jira Service Management and Opsgenie: as strict as its documentation, and as asynchronous.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::receiver::{Call, Contract, Reply};

/// One integration.
#[derive(Debug, Default)]
pub struct Jsm {
    /// All alerts, in the order in which they were made.
    pub alerts: Vec<Alert>,
    /// How often it is said that a request is not done yet, before it is.
    pub slow: usize,
    /// Why every further request comes to nothing; none while all is well.
    pub fails: Option<&'static str>,
    /// What became of each request, and how often it is not said yet.
    pub requests: BTreeMap<String, (usize, Value)>,
}

/// An alert as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// What it is known by.
    pub alias: String,
    /// Its line.
    pub message: String,
    /// P1 to P5.
    pub priority: String,
    /// `open`, `acknowledged` or `closed`.
    pub status: &'static str,
    /// How often it was made.
    pub count: usize,
    /// What was said about it since.
    pub notes: Vec<String>,
}

impl Jsm {
    /// The key of the integration.
    pub const KEY: &str = "eb243592-faa2-4ba2-a551-1afdf565c889";
    /// Where the API is.
    pub const BASE: &str = "/jsm/ops/integration/";
}

impl Contract for Jsm {
    fn take(&mut self, call: &Call) -> Reply {
        if call.header("authorization") != format!("GenieKey {}", Self::KEY) {
            return Reply::new(403, json!({"message": "You are not authorized", "requestId": "none"}));
        }
        let Some(path) = call.path.strip_prefix(Self::BASE) else { return Reply::new(404, "<html>") };
        let parts: Vec<_> = path.split('/').collect();
        match (call.method.as_str(), &parts[..]) {
            ("GET", ["v2", "alerts", "requests", id]) => self.became(id),
            ("POST", ["v2", "alerts"]) => self.request(create(&call.json()), Self::create, &call.json(), ""),
            ("POST", ["v2", "alerts", alias, what @ ("notes" | "acknowledge" | "close")]) => {
                let change = match *what {
                    "notes" => Self::note,
                    "acknowledge" => Self::acknowledge,
                    _ => Self::close,
                };
                self.request(note(&call.json()), change, &call.json(), &plain(alias))
            }
            ("PUT", ["v2", "alerts", alias, "priority"]) => {
                self.request(only(&call.json(), &["priority"]), Self::priority, &call.json(), &plain(alias))
            }
            _ => Reply::new(404, "<html>"),
        }
    }

    fn fail(&self, status: u16) -> String {
        json!({"message": format!("{status} as scripted"), "took": 0.1}).to_string()
    }
}

type Change = fn(&mut Jsm, &Value, &str) -> Result<String, &'static str>;

impl Jsm {
    fn request(&mut self, checked: Result<(), String>, change: Change, body: &Value, alias: &str) -> Reply {
        if let Err(wrong) = checked {
            return Reply::new(422, json!({"message": wrong, "took": 0.1, "requestId": "none"}));
        }
        let id = format!("request-{}", self.requests.len() + 1);
        let became = match self.fails.map_or_else(|| change(self, body, alias), Err) {
            Ok(alert) => json!({"success": true, "isSuccess": true, "status": "done", "alertId": alert}),
            Err(why) => json!({"success": false, "isSuccess": false, "status": why}),
        };
        self.requests.insert(id.clone(), (self.slow, became));
        Reply::new(202, json!({"result": "Request will be processed", "took": 0.1, "requestId": id}))
    }

    fn became(&mut self, id: &str) -> Reply {
        match self.requests.get_mut(id) {
            Some((0, became)) => Reply::new(200, json!({"data": became, "took": 0.1, "requestId": id})),
            Some((left, _)) => {
                *left -= 1;
                not_found()
            }
            None => not_found(),
        }
    }

    fn create(&mut self, body: &Value, _alias: &str) -> Result<String, &'static str> {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let alias = text("alias");
        if let Ok((index, alert)) = self.of(&alias).filter(|(_, alert)| alert.status != "closed").ok_or(()) {
            alert.count += 1;
            return Ok(format!("alert-{}", index + 1));
        }
        let (message, priority) = (text("message"), text("priority"));
        self.alerts.push(Alert { alias, message, priority, status: "open", count: 1, notes: Vec::new() });
        Ok(format!("alert-{}", self.alerts.len()))
    }

    fn priority(&mut self, body: &Value, alias: &str) -> Result<String, &'static str> {
        let priority = body["priority"].as_str().unwrap_or_default().to_owned();
        self.change(alias, |alert| alert.priority = priority)
    }

    fn note(&mut self, body: &Value, alias: &str) -> Result<String, &'static str> {
        let note = body["note"].as_str().unwrap_or_default().to_owned();
        self.change(alias, |alert| alert.notes.push(note))
    }

    fn acknowledge(&mut self, _body: &Value, alias: &str) -> Result<String, &'static str> {
        self.change(alias, |alert| alert.status = "acknowledged")
    }

    fn close(&mut self, _body: &Value, alias: &str) -> Result<String, &'static str> {
        self.change(alias, |alert| alert.status = "closed")
    }

    fn change(&mut self, alias: &str, change: impl FnOnce(&mut Alert)) -> Result<String, &'static str> {
        let (index, alert) = self.of(alias).ok_or("Alert does not exist")?;
        change(alert);
        Ok(format!("alert-{}", index + 1))
    }

    fn of(&mut self, alias: &str) -> Option<(usize, &mut Alert)> {
        self.alerts.iter_mut().enumerate().rfind(|(_, alert)| alert.alias == alias)
    }
}

fn not_found() -> Reply {
    let message = "Request not found. It might not be processed, yet.";
    Reply::new(404, json!({"message": message, "took": 0.1, "requestId": "asked"}))
}

/// An address' part as it was before it was encoded; ours has nothing but the colon to encode.
fn plain(part: &str) -> String {
    part.replace("%3A", ":")
}

fn create(alert: &Value) -> Result<(), String> {
    only(
        alert,
        &[
            "message",
            "alias",
            "priority",
            "description",
            "details",
            "entity",
            "source",
            "user",
            "responders",
            "tags",
        ],
    )?;
    for (name, least, most) in [
        ("message", 1, 130),
        ("alias", 1, 512),
        ("description", 0, 15_000),
        ("entity", 0, 512),
        ("source", 0, 100),
        ("user", 0, 100),
    ] {
        let length = alert[name].as_str().unwrap_or_default().chars().count();
        if !(least..=most).contains(&length) {
            return Err(format!("{name} of {length} characters"));
        }
    }
    let details = alert["details"].as_object().cloned().unwrap_or_default();
    let size: usize =
        details.iter().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len)).sum();
    let is_priority = ["P1", "P2", "P3", "P4", "P5"].iter().any(|known| alert["priority"] == *known);
    if size > 8_000 || details.values().any(|value| !value.is_string()) || !is_priority {
        return Err(format!("details of {size} characters, or priority {}", alert["priority"]));
    }
    Ok(())
}

fn note(body: &Value) -> Result<(), String> {
    only(body, &["note", "source", "user"])?;
    let length = body["note"].as_str().unwrap_or_default().chars().count();
    if (1..=25_000).contains(&length) { Ok(()) } else { Err(format!("note of {length} characters")) }
}

fn only(body: &Value, known: &[&str]) -> Result<(), String> {
    let members = body.as_object().ok_or("no object")?;
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => Err(format!("unknown member {unknown}")),
        None => Ok(()),
    }
}
