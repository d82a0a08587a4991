//! Findings that came without an envelope, from the AWS CLI or straight from SNS, each put into the one
//! that EventBridge would have given it, so that the same rules match.

use std::borrow::Cow;

use super::envelope::{Report, id_of};
use super::read::{account, at, first_text, list, member, text};
use super::{camel, names};
use crate::json::Json;

/// The event that EventBridge would have made of this finding; if it is none that we know, what was expected.
pub(super) fn around<'a>(finding: Json<'a>, body: &str) -> Result<Json<'a>, String> {
    let has = |name: &str| member(&finding, name).is_some();
    let is_asff = text(&finding, "SchemaVersion").as_deref() == Some("2018-10-08");
    if is_asff && has("ProductArn") {
        Ok(asff(finding, body))
    } else if has("schemaVersion") && has("type") && (has("resource") || has("service")) {
        Ok(guardduty(finding, body))
    } else if has("type") && text(&finding, "arn").is_some_and(|arn| names::is_guardduty_finding(&arn)) {
        // Its ARN says what it is, whatever else was left out.
        Ok(guardduty(finding, body))
    } else if let Some((source, detail_type)) = announced(&finding) {
        Ok(around_detail(source, detail_type, body, [None, None, None], None, finding))
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
        Err(expected.to_owned())
    }
}

/// What GuardDuty announces over SNS: new types of finding, features, regions.
const ANNOUNCED: [&str; 7] = [
    "GENERAL",
    "NEW_FEATURES",
    "NEW_FINDINGS",
    "NEW_REGION",
    "NEW_REGIONS",
    "UPDATED_FEATURES",
    "UPDATED_FINDINGS",
];

/// By all that is GuardDuty's in it, a version, one of its words, and details or a message; of Security Hub's its word.
fn announced(message: &Json<'_>) -> Option<(&'static str, &'static str)> {
    let has = |names: &[&str]| names.iter().any(|name| at(message, name).is_some());
    let details = ["findingDetails", "featureDetails", "regionDetails", "generalDetails", "message"];
    let kind = text(message, "type").filter(|kind| ANNOUNCED.contains(&&**kind));
    if kind.is_some() && has(&["version"]) && has(&details) {
        Some(("aws.guardduty", "GuardDuty Announcement"))
    } else if has(&["AnnouncementType"]) && has(&["Title", "Description"]) {
        Some(("aws.securityhub", "Security Hub Announcement"))
    } else {
        None
    }
}

fn guardduty<'a>(finding: Json<'a>, body: &str) -> Json<'a> {
    let finding = camel::finding(finding);
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
    around_detail(source, detail_types[detail_type], body, place, resource, detail)
}

fn around_detail<'a>(
    source: &'static str,
    detail_type: &'static str,
    body: &str,
    place: [Option<String>; 3],
    resource: Option<String>,
    detail: Json<'a>,
) -> Json<'a> {
    let [account, region, time] = place.map(|part| part.map(Json::string));
    object([
        ("version", Some(Json::string("0"))),
        ("id", Some(Json::string(id_of(body)))),
        ("detail-type", Some(Json::string(detail_type))),
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
