//! ServiceNow's Table API over its table of incidents: as strict as its documentation.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::receiver::{Call, Contract, Reply};

/// One instance.
#[derive(Debug, Default)]
pub struct ServiceNow {
    /// All records, in the order in which they were made; none where one was deleted.
    pub records: Vec<Option<Record>>,
}

/// A record as it is now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// Its fields.
    pub fields: BTreeMap<String, String>,
    /// What was noted since, the oldest first.
    pub work_notes: Vec<String>,
}

/// The fields that there are, each with the most characters that it keeps.
const FIELDS: [(&str, usize); 12] = [
    ("assignment_group", 100),
    ("category", 40),
    ("close_code", 40),
    ("close_notes", 4_000),
    ("correlation_display", 100),
    ("correlation_id", 100),
    ("description", 4_000),
    ("impact", 1),
    ("short_description", 160),
    ("state", 2),
    ("urgency", 1),
    ("work_notes", 4_000),
];

impl ServiceNow {
    /// A user of it.
    pub const USER: &str = "watchfire";
    /// Their password.
    pub const PASSWORD: &str = "pässword of the tests";
    const TABLE: &str = "/api/now/table/incident";
}

impl Contract for ServiceNow {
    fn take(&mut self, call: &Call) -> Reply {
        let shown = STANDARD.encode(format!("{}:{}", Self::USER, Self::PASSWORD));
        if call.header("authorization") != format!("Basic {shown}") {
            return fault(401, "User Not Authenticated", "Required to provide Auth information");
        }
        if call.header("accept") != "application/json" {
            return Reply::new(406, "<error/>");
        }
        let query: BTreeMap<_, _> = form_urlencoded::parse(call.query.as_bytes()).into_owned().collect();
        let known = ["sysparm_query", "sysparm_limit", "sysparm_fields"];
        if query.keys().any(|name| !known.contains(&name.as_str())) {
            return fault(400, "Invalid parameter", "");
        }
        match (call.method.as_str(), call.path.strip_prefix(Self::TABLE)) {
            ("GET", Some("")) => self.list(query.get("sysparm_query")),
            ("POST", Some("")) => self.create(&call.json()),
            ("PATCH", Some(id)) => self.change(id.trim_start_matches('/'), &call.json()),
            (_, Some(_)) => fault(405, "Method not allowed", ""),
            (_, None) => fault(400, "Invalid table", ""),
        }
    }

    fn fail(&self, status: u16) -> String {
        json!({"error": {"message": format!("{status} as scripted"), "detail": ""}, "status": "failure"})
            .to_string()
    }
}

fn fault(status: u16, message: &str, detail: &str) -> Reply {
    Reply::new(status, json!({"error": {"message": message, "detail": detail}, "status": "failure"}))
}

impl ServiceNow {
    fn told(index: usize) -> Value {
        json!({"sys_id": format!("{:032x}", index + 1), "number": format!("INC{:07}", index + 1)})
    }

    fn list(&self, query: Option<&String>) -> Reply {
        let Some(query) = query else { return Reply::new(200, json!({"result": []})) };
        let id = query
            .strip_prefix("correlation_id=")
            .and_then(|rest| rest.strip_suffix("^ORDERBYsys_created_on"));
        // A condition that cannot be read is ignored there, and everything is found.
        let is_it = |record: &Record| {
            id.is_none_or(|id| record.fields.get("correlation_id").is_some_and(|it| it == id))
        };
        let all = self.records.iter().enumerate();
        let found =
            all.filter(|(_, record)| record.as_ref().is_some_and(is_it)).map(|(index, _)| Self::told(index));
        Reply::new(200, json!({"result": found.collect::<Vec<_>>()}))
    }

    fn create(&mut self, body: &Value) -> Reply {
        let Some(fields) = body.as_object() else { return fault(400, "Unable to parse request body", "") };
        let mut record = Record::default();
        record.fields.insert("state".to_owned(), "1".to_owned());
        if let Err(wrong) = set(&mut record, fields) {
            return wrong;
        }
        self.records.push(Some(record));
        Reply::new(201, json!({"result": Self::told(self.records.len() - 1)}))
    }

    fn change(&mut self, id: &str, body: &Value) -> Reply {
        let index = u128::from_str_radix(id, 16).ok().and_then(|id| usize::try_from(id).ok());
        let index = index.and_then(|index| index.checked_sub(1)).unwrap_or(usize::MAX);
        let gone =
            || fault(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval");
        let Some(record) = self.records.get_mut(index).and_then(Option::as_mut) else { return gone() };
        let Some(fields) = body.as_object() else { return fault(400, "Unable to parse request body", "") };
        let is_closing = fields.get("state").is_some_and(|state| state == "6" || state == "7");
        if is_closing && !["close_code", "close_notes"].iter().all(|name| fields.contains_key(*name)) {
            let detail = "Data Policy Exception: The following fields are mandatory: Resolution code, Resolution notes";
            return fault(403, "Operation Failed", detail);
        }
        match set(record, fields) {
            Ok(()) => Reply::new(200, json!({"result": Self::told(index)})),
            Err(wrong) => wrong,
        }
    }
}

/// Every field is text, one that is not known is left out, and what is too long is cut, as it is there; here it is refused, so
/// that nobody relies on it.
fn set(record: &mut Record, fields: &Map<String, Value>) -> Result<(), Reply> {
    for (name, value) in fields {
        let known = FIELDS.iter().find(|(known, _)| known == name);
        let Some((_, most)) = known else { return Err(fault(400, "Invalid field", name)) };
        let Some(text) = value.as_str().filter(|text| text.chars().count() <= *most) else {
            return Err(fault(400, "Invalid value", name));
        };
        match name.as_str() {
            "work_notes" => record.work_notes.push(text.to_owned()),
            _ => drop(record.fields.insert(name.clone(), text.to_owned())),
        }
    }
    Ok(())
}
