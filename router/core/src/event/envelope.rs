//! The EventBridge envelope, and for a bare finding the one it would have had.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;

use super::read::{account, as_text, at, first_text, list, member, text, time};
use super::{Unreadable, names, sha256_hex};
use crate::ids::{EventId, FindingKey};
use crate::json::Json;

/// The longest id and key that are taken as they are: what is stored under them has limits.
const LONGEST_ID: usize = 256;
const LONGEST_KEY: usize = 1024;

/// What the envelope says.
pub(super) struct Envelope {
    pub(super) id: EventId,
    pub(super) source: String,
    pub(super) detail_type: String,
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
    pub(super) time: Option<Timestamp>,
    /// The first of `resources`.
    pub(super) resource: Option<String>,
}

/// The kinds of event that report a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    GuardDuty,
    SecurityHub,
    CustomAction,
    Inspector,
    InspectorScan,
    EcrScan,
    Alarm,
    Health,
}

impl Report {
    const ALL: [Report; 8] = [
        Report::GuardDuty,
        Report::SecurityHub,
        Report::CustomAction,
        Report::Inspector,
        Report::InspectorScan,
        Report::EcrScan,
        Report::Alarm,
        Report::Health,
    ];

    /// The envelope's source and detail-types.
    fn envelope(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Report::GuardDuty => ("aws.guardduty", &["GuardDuty Finding"]),
            Report::SecurityHub => {
                ("aws.securityhub", &["Security Hub Findings - Imported", "Findings Imported V2"])
            }
            Report::CustomAction => ("aws.securityhub", &["Security Hub Findings - Custom Action"]),
            Report::Inspector => ("aws.inspector2", &["Inspector2 Finding"]),
            Report::InspectorScan => ("aws.inspector2", &["Inspector2 Scan"]),
            Report::EcrScan => ("aws.ecr", &["ECR Image Scan"]),
            Report::Alarm => ("aws.cloudwatch", &["CloudWatch Alarm State Change"]),
            Report::Health => ("aws.health", &["AWS Health Event", "AWS Health Abuse Event"]),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.envelope().1[0])
    }
}

impl Envelope {
    /// The finding it reports, if it is an event that reports one.
    pub(super) fn report(&self) -> Option<Report> {
        Report::ALL.into_iter().find(|report| {
            let (source, detail_types) = report.envelope();
            self.source == source && detail_types.contains(&self.detail_type.as_str())
        })
    }

    /// The key of a finding by its name; one without a name of its own has its event's.
    pub(super) fn key(&self, name: Option<String>) -> FindingKey {
        match name {
            Some(name) if name.len() <= LONGEST_KEY => FindingKey::new(name),
            Some(name) => FindingKey::new(format!("sha256:{}", sha256_hex(&name))),
            None => FindingKey::new(self.id.as_str()),
        }
    }

    /// A name that is unique only within account and region.
    pub(super) fn local_key(&self, parts: &[&str]) -> FindingKey {
        let place = [&self.account, &self.region].map(|part| part.as_deref().unwrap_or("-"));
        self.key(Some([&place, parts].concat().join("/")))
    }
}

/// Reads the envelope of `text`, whose JSON is `event`; a bare finding is put into the one it would have had.
pub(super) fn read<'a>(event: Json<'a>, body: &str) -> Result<(Envelope, Json<'a>), Unreadable> {
    let exact = |event: &Json<'_>, name: &str| event.get(name).and_then(as_text);
    let event = if exact(&event, "source").is_some() && exact(&event, "detail-type").is_some() {
        on_the_wire(event)
    } else {
        around(event, body)?
    };
    let id = match text(&event, "id") {
        Some(id) if id.len() <= LONGEST_ID => EventId::new(id),
        Some(_) | None => id_of(body),
    };
    let envelope = Envelope {
        id,
        source: exact(&event, "source").unwrap_or_default(),
        detail_type: exact(&event, "detail-type").unwrap_or_default(),
        account: account(&event, "account"),
        region: text(&event, "region"),
        time: time(&event, "time"),
        resource: list(&event, "resources").iter().find_map(as_text),
    };
    Ok((envelope, event))
}

fn id_of(body: &str) -> EventId {
    EventId::new(format!("sha256:{}", &sha256_hex(body)[..32]))
}

/// A GuardDuty event whose detail is spelt as the AWS CLI does is turned to the wire's spelling.
fn on_the_wire(event: Json<'_>) -> Json<'_> {
    let Json::Object(mut members) = event else { return event };
    let is_guardduty =
        members.iter().any(|(name, value)| name == "source" && value.as_str() == Some("aws.guardduty"));
    for (name, value) in &mut members {
        if is_guardduty && name == "detail" && is_capitalised(value) {
            *value = camel(std::mem::replace(value, Json::Null), "");
        }
    }
    Json::Object(members)
}

fn is_capitalised(finding: &Json<'_>) -> bool {
    ["SchemaVersion", "Type", "Arn", "Id"].iter().any(|name| finding.get(name).is_some())
}

fn around<'a>(finding: Json<'a>, body: &str) -> Result<Json<'a>, Unreadable> {
    let has = |name: &str| member(&finding, name).is_some();
    let is_asff = text(&finding, "SchemaVersion").as_deref() == Some("2018-10-08");
    if is_asff && has("ProductArn") {
        Ok(asff(finding, body))
    } else if has("schemaVersion") && has("type") && (has("resource") || has("service")) {
        Ok(guardduty(finding, body))
    } else if has("class_uid") && has("finding_info") {
        Ok(ocsf(finding, body))
    } else if has("findingArn") && (has("awsAccountId") || has("inspectorScore") || has("severity")) {
        Ok(inspector(finding, body))
    } else if has("AlarmName") && has("NewStateValue") {
        Ok(alarm(&finding, body))
    } else {
        let expected = match finding {
            Json::Object(_) => "expected an event with source and detail-type, or a finding of a known shape",
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                "expected an event, a JSON object"
            }
        };
        Err(Unreadable::new(expected, body))
    }
}

fn guardduty<'a>(finding: Json<'a>, body: &str) -> Json<'a> {
    let finding = if is_capitalised(&finding) { camel(finding, "") } else { finding };
    let [account, region, time] =
        [account(&finding, "accountId"), text(&finding, "region"), text(&finding, "updatedAt")];
    event(Report::GuardDuty, 0, body, [account, region, time], None, finding)
}

fn asff<'a>(finding: Json<'a>, body: &str) -> Json<'a> {
    let region = text(&finding, "Region")
        .or_else(|| text(&finding, "ProductArn").and_then(|product| names::region_of(&product)));
    let place = [account(&finding, "AwsAccountId"), region, text(&finding, "UpdatedAt")];
    let arn = match (text(&finding, "ProductArn"), text(&finding, "Id")) {
        (Some(product), Some(id)) => Some(format!("{product}/{id}")),
        (Some(_) | None, _) => None,
    };
    event(Report::SecurityHub, 0, body, place, arn, one_finding(finding))
}

fn ocsf<'a>(finding: Json<'a>, body: &str) -> Json<'a> {
    let time = first_text(&finding, &["finding_info.modified_time_dt", "time_dt"]);
    let place = [account(&finding, "cloud.account.uid"), text(&finding, "cloud.region"), time];
    let arn = text(&finding, "metadata.uid");
    event(Report::SecurityHub, 1, body, place, arn, one_finding(finding))
}

fn inspector<'a>(finding: Json<'a>, body: &str) -> Json<'a> {
    let region = text(&finding, "findingArn").and_then(|arn| names::region_of(&arn));
    let place = [account(&finding, "awsAccountId"), region, text(&finding, "updatedAt")];
    let resource = text(&finding, "resources.0.id");
    event(Report::Inspector, 0, body, place, resource, finding)
}

/// What CloudWatch sends straight to SNS, said in the words of its EventBridge event.
fn alarm<'a>(message: &Json<'a>, body: &str) -> Json<'a> {
    let arn = text(message, "AlarmArn");
    let region = arn.as_deref().and_then(names::region_of);
    let place = [account(message, "AWSAccountId"), region, text(message, "StateChangeTime")];
    let of = |path: &str| at(message, path).cloned();
    let dimensions = list(message, "Trigger.Dimensions").iter().filter_map(|dimension| {
        let name = text(dimension, "name")?;
        Some((Cow::Owned(name), member(dimension, "value")?.clone()))
    });
    let metric = object([
        ("namespace", of("Trigger.Namespace")),
        ("name", of("Trigger.MetricName")),
        ("dimensions", Some(Json::Object(dimensions.collect()))),
    ]);
    let metric = object([("metricStat", Some(object([("metric", Some(metric))])))]);
    let state = object([
        ("value", of("NewStateValue")),
        ("reason", of("NewStateReason")),
        ("timestamp", of("StateChangeTime")),
    ]);
    let detail = object([
        ("alarmName", of("AlarmName")),
        ("state", Some(state)),
        ("previousState", Some(object([("value", of("OldStateValue"))]))),
        (
            "configuration",
            Some(object([
                ("description", of("AlarmDescription")),
                ("metrics", Some(Json::Array(vec![metric]))),
            ])),
        ),
    ]);
    event(Report::Alarm, 0, body, place, arn, detail)
}

fn event<'a>(
    report: Report,
    detail_type: usize,
    body: &str,
    place: [Option<String>; 3],
    resource: Option<String>,
    detail: Json<'a>,
) -> Json<'a> {
    let (source, detail_types) = report.envelope();
    let [account, region, time] = place.map(|part| part.map(Json::string));
    object([
        ("version", Some(Json::string("0"))),
        ("id", Some(Json::string(id_of(body).as_str().to_owned()))),
        ("detail-type", Some(Json::string(detail_types[detail_type]))),
        ("source", Some(Json::string(source))),
        ("account", account),
        ("time", time),
        ("region", region),
        ("resources", Some(Json::Array(resource.map(Json::string).into_iter().collect()))),
        ("detail", Some(detail)),
    ])
}

fn one_finding(finding: Json<'_>) -> Json<'_> {
    object([("findings", Some(Json::Array(vec![finding])))])
}

fn object<'a, const N: usize>(members: [(&'static str, Option<Json<'a>>); N]) -> Json<'a> {
    let known = members.into_iter().filter_map(|(name, value)| Some((Cow::Borrowed(name), value?)));
    Json::Object(known.collect())
}

/// The AWS CLI's spelling of a GuardDuty finding turned to the wire's: `AccountId` to `accountId`.
fn camel<'a>(value: Json<'a>, parent: &str) -> Json<'a> {
    match value {
        Json::Object(members) => {
            let members = members.into_iter().map(|(name, value)| {
                let name = camel_name(name, parent);
                let value = camel(value, &name);
                (name, value)
            });
            Json::Object(members.collect())
        }
        Json::Array(elements) => {
            Json::Array(elements.into_iter().map(|element| camel(element, parent)).collect())
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => value,
    }
}

fn camel_name<'a>(name: Cow<'a, str>, parent: &str) -> Cow<'a, str> {
    match (parent, name.as_ref()) {
        (_, "SourceIps" | "sourceIps") => return Cow::Borrowed("sourceIPs"),
        // The wire itself spells this one with a capital letter.
        ("ec2Instance", "IamInstanceProfile") => return name,
        _ => {}
    }
    match name.as_bytes() {
        // `ASN` and its like are keys of maps, not members.
        [first, rest @ ..]
            if first.is_ascii_uppercase() && !rest.first().is_some_and(u8::is_ascii_uppercase) =>
        {
            Cow::Owned(name[..1].to_ascii_lowercase() + &name[1..])
        }
        _ => name,
    }
}
