//! Event texts as EventBridge delivers them, made from the few words of a scenario.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::input::{AlarmText, ControlText, EventText, FindingText, SequenceText};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-gov-west-1";
const CLUSTER: &str = "payments";

/// The envelope's id and times.
#[derive(Clone, Copy)]
pub(super) struct Sent<'s> {
    pub(super) id: &'s str,
    pub(super) at: Timestamp,
    pub(super) updated: Timestamp,
}

impl FindingText {
    fn arn(&self, id: &str) -> String {
        let (account, region) = (self.account(), self.region());
        format!("arn:aws-us-gov:guardduty:{region}:{account}:detector/d1/finding/{id}")
    }

    fn account(&self) -> &str {
        self.account.as_deref().unwrap_or(ACCOUNT)
    }

    fn region(&self) -> &str {
        self.region.as_deref().unwrap_or(REGION)
    }

    fn envelope(&self, sent: Sent<'_>, source: &str, kind: &str, detail: &Value) -> String {
        let by = (self.account(), self.by_region.as_deref().unwrap_or(self.region()));
        envelope(sent, source, kind, by, detail)
    }

    /// GuardDuty's own event.
    pub(super) fn guardduty(&self, sent: Sent<'_>) -> String {
        let mut resource = json!({"resourceType": "EKSCluster"});
        if let Some(cluster) = self.cluster() {
            resource["eksClusterDetails"] = json!({"name": cluster});
        }
        if let Some((namespace, name)) = self.pod.as_deref().and_then(|pod| pod.split_once('/')) {
            let workload = json!({"name": name, "type": "pods", "namespace": namespace});
            resource["kubernetesDetails"]["kubernetesWorkloadDetails"] = workload;
        }
        if let Some(node) = &self.node {
            let user = json!({"username": format!("system:node:{node}")});
            resource["kubernetesDetails"]["kubernetesUserDetails"] = user;
        }
        if let Some(name) = &self.container {
            resource["containerDetails"] = json!({"name": name});
        }
        if let Some(instance) = &self.instance {
            resource["instanceDetails"] = json!({"instanceId": instance});
        }
        if let Some(principal) = &self.principal {
            resource["accessKeyDetails"] = json!({"userName": principal});
        }
        let detail = json!({
            "schemaVersion": "2.0", "accountId": self.account(), "region": self.region(), "partition": "aws-us-gov",
            "id": self.id, "arn": self.arn(&self.id), "type": self.kind(), "severity": self.severity(),
            "title": self.title(), "description": "made up", "updatedAt": sent.updated.to_string(),
            "associatedAttackSequenceArn": self.sequence.as_deref().map(|id| self.arn(id)), "resource": resource,
            "service": {
                "serviceName": "guardduty", "archived": self.archived, "count": self.count(),
                "additionalInfo": {"sample": self.sample},
            },
        });
        self.envelope(sent, "aws.guardduty", "GuardDuty Finding", &detail)
    }

    /// Security Hub's copy, in ASFF.
    pub(super) fn securityhub(&self, sent: Sent<'_>) -> String {
        let region = self.region();
        let note = json!({
            "Text": "watchfire: paged", "UpdatedBy": "watchfire", "UpdatedAt": sent.at.to_string(),
        });
        let workflow = if self.note { Some("NOTIFIED") } else { self.workflow.as_deref() };
        let mut finding = json!({
            "SchemaVersion": "2018-10-08", "Id": self.arn(&self.id), "AwsAccountId": self.account(),
            "ProductArn": format!("arn:aws-us-gov:securityhub:{region}::product/aws/guardduty"),
            "ProductName": "GuardDuty", "Region": region,
            "Types": [format!("TTPs/Effects/{}", self.kind().replacen('/', "-", 1))],
            "UpdatedAt": sent.updated.to_string(), "Severity": {"Product": self.severity()},
            "Title": self.title(), "Description": "made up", "Resources": self.hub_resources("Type", "Id"),
            "ProductFields": {"aws/guardduty/service/count": self.count().to_string()},
            "RecordState": if self.archived { "ARCHIVED" } else { "ACTIVE" },
            "Workflow": {"Status": workflow.unwrap_or("NEW")},
        });
        if self.note {
            finding["Note"] = note;
        }
        let detail = json!({"findings": [finding]});
        self.envelope(sent, "aws.securityhub", "Security Hub Findings - Imported", &detail)
    }

    /// Security Hub's copy, in OCSF.
    pub(super) fn ocsf(&self, sent: Sent<'_>) -> String {
        let region = self.region();
        let activity = self.activity.as_deref().unwrap_or("Update");
        let finding = json!({
            "activity_name": activity, "class_uid": 2004, "count": self.count(),
            "cloud": {"account": {"uid": self.account()}, "region": region},
            "finding_info": {
                "uid": self.arn(&self.id), "title": self.title(), "desc": "made up",
                "types": ["Threats", self.kind()], "modified_time_dt": sent.updated.to_string(),
            },
            "metadata": {"product": {
                "uid": format!("arn:aws-us-gov:securityhub:{region}::productv2/aws/guardduty"),
                "name": "GuardDuty", "vendor_name": "Amazon",
            }},
            "resources": self.hub_resources("type", "uid"),
            "vendor_attributes": {"severity_id": ocsf_severity(self.severity())}, "status": "New", "status_id": 1,
        });
        self.envelope(sent, "aws.securityhub", "Findings Imported V2", &json!({"findings": [finding]}))
    }

    fn hub_resources(&self, kind: &str, id: &str) -> Value {
        let resource =
            |of: &str, name: String| Map::from_iter([(kind.into(), of.into()), (id.into(), name.into())]);
        let (region, account) = (self.region(), self.account());
        let cluster = self.cluster().map(|name| {
            resource("AwsEksCluster", format!("arn:aws-us-gov:eks:{region}:{account}:cluster/{name}"))
        });
        let instance = self.instance.as_ref().map(|name| {
            resource("AwsEc2Instance", format!("arn:aws-us-gov:ec2:{region}:{account}:instance/{name}"))
        });
        cluster.into_iter().chain(instance).map(Value::Object).collect()
    }

    /// What is about a principal alone is about no cluster.
    fn cluster(&self) -> Option<&str> {
        let usual = (self.principal.is_none()).then_some(CLUSTER);
        self.cluster.as_deref().or(usual)
    }

    fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or_default()
    }

    /// As GuardDuty's titles say what it is: the last part of the type.
    fn title(&self) -> &str {
        self.kind().rsplit('/').next().unwrap_or_default()
    }

    fn severity(&self) -> f64 {
        self.severity.unwrap_or(5.0)
    }

    fn count(&self) -> u64 {
        self.count.unwrap_or(1)
    }
}

/// An attack sequence, as GuardDuty's event.
pub(super) fn sequence(text: &SequenceText, sent: Sent<'_>) -> String {
    let SequenceText { id, members, archived } = text;
    let arn = format!("arn:aws-us-gov:guardduty:{REGION}:{ACCOUNT}:detector/d1/finding/{id}");
    let signals: Vec<_> = members.iter().map(|uid| json!({"uid": uid, "type": "FINDING"})).collect();
    let cluster = format!("arn:aws-us-gov:eks:{REGION}:{ACCOUNT}:cluster/{CLUSTER}");
    let resources = json!([{"uid": cluster, "name": CLUSTER, "data": {"eksCluster": {"arn": cluster}}}]);
    let detail = json!({
        "schemaVersion": "2.0", "accountId": ACCOUNT, "region": REGION, "id": id, "arn": arn,
        "type": "AttackSequence:EKS/CompromisedCluster", "severity": 9, "title": "CompromisedCluster",
        "description": "made up", "updatedAt": sent.updated.to_string(),
        "resource": {"resourceType": "AttackSequence"},
        "service": {
            "archived": archived, "count": 1,
            "detection": {"sequence": {"signals": signals, "resources": resources}},
        },
    });
    envelope(sent, "aws.guardduty", "GuardDuty Finding", (ACCOUNT, REGION), &detail)
}

/// A finding of one of Security Hub's controls.
pub(super) fn control(text: &ControlText, sent: Sent<'_>) -> String {
    let ControlText { id, status, resource, record, workflow } = text;
    let finding = json!({
        "SchemaVersion": "2018-10-08", "AwsAccountId": ACCOUNT, "Region": REGION,
        "Id": format!("arn:aws-us-gov:securityhub:{REGION}:{ACCOUNT}:security-control/{id}/finding/{resource}"),
        "ProductArn": format!("arn:aws-us-gov:securityhub:{REGION}::product/aws/securityhub"),
        "Title": id, "Description": "made up", "UpdatedAt": sent.updated.to_string(),
        "Severity": {"Label": "MEDIUM"}, "Compliance": {"Status": status, "SecurityControlId": id},
        "Resources": [{"Type": "AwsS3Bucket", "Id": format!("arn:aws-us-gov:s3:::{resource}")}],
        "RecordState": record.as_deref().unwrap_or("ACTIVE"),
        "Workflow": {"Status": workflow.as_deref().unwrap_or("NEW")},
    });
    let detail = json!({"findings": [finding]});
    envelope(sent, "aws.securityhub", "Security Hub Findings - Imported", (ACCOUNT, REGION), &detail)
}

/// A change of an alarm's state.
pub(super) fn alarm(text: &AlarmText, sent: Sent<'_>) -> String {
    let AlarmText { name, state, cluster, node, pod, account } = text;
    let account = account.as_deref().unwrap_or(ACCOUNT);
    let mut dimensions = Map::new();
    if let Some(cluster) = cluster {
        dimensions.insert("ClusterName".to_owned(), cluster.as_str().into());
    }
    if let Some(node) = node {
        dimensions.insert("NodeName".to_owned(), node.as_str().into());
    }
    if let Some((namespace, pod)) = pod.as_deref().and_then(|pod| pod.split_once('/')) {
        dimensions.insert("Namespace".to_owned(), namespace.into());
        dimensions.insert("FullPodName".to_owned(), pod.into());
    }
    let detail = json!({
        "alarmName": name, "state": {"value": state, "reason": "made up", "timestamp": sent.updated.to_string()},
        "configuration": {"metrics": [{"metricStat": {"metric": {"dimensions": dimensions}}}]},
    });
    let arn = format!("arn:aws-us-gov:cloudwatch:{REGION}:{account}:alarm:{name}");
    with_resources(
        sent,
        "aws.cloudwatch",
        "CloudWatch Alarm State Change",
        (account, REGION),
        &detail,
        &[arn],
    )
}

/// Any other event.
pub(super) fn eventbridge(text: &EventText, sent: Sent<'_>) -> String {
    let EventText { source, kind, detail } = text;
    envelope(sent, source, kind, (ACCOUNT, REGION), detail)
}

fn envelope(sent: Sent<'_>, source: &str, kind: &str, by: (&str, &str), detail: &Value) -> String {
    with_resources(sent, source, kind, by, detail, &[])
}

fn with_resources(
    Sent { id, at, updated: _ }: Sent<'_>,
    source: &str,
    kind: &str,
    (account, region): (&str, &str),
    detail: &Value,
    resources: &[String],
) -> String {
    let event = json!({
        "version": "0", "id": id, "detail-type": kind, "source": source, "account": account,
        "time": at.to_string(), "region": region, "resources": resources, "detail": detail,
    });
    event.to_string()
}

/// OCSF's number for the band of a severity.
fn ocsf_severity(severity: f64) -> u8 {
    match severity {
        critical if critical >= 9.0 => 5,
        high if high >= 7.0 => 4,
        medium if medium >= 4.0 => 3,
        low if low >= 1.0 => 2,
        _ => 1,
    }
}
