//! A GuardDuty finding about a pod, in the shape that EventBridge delivers.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::at;

const DETECTOR: &str = "12abc34d567e8fa901bc2d34e56789f0";

/// A finding of EKS Runtime Monitoring about one pod: say what a test is about.
#[derive(Clone, Debug)]
pub struct GuardDuty {
    id: String,
    kind: String,
    severity: f64,
    title: String,
    count: u64,
    archived: bool,
    sample: bool,
    sent_at: Timestamp,
    first_seen: Timestamp,
    updated_at: Timestamp,
    account: String,
    cluster: String,
    namespace: String,
    pod: String,
    uid: String,
    container: Value,
}

/// `12:14` on the day of the tests, which is 2026-11-20, or `21T12:14` on another of its month.
fn clock(text: &str) -> Timestamp {
    let day = if text.contains('T') { "" } else { "20T" };
    at(&format!("2026-11-{day}{text}:00Z"))
}

fn written(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

impl GuardDuty {
    /// A miner in that pod: P0 by the shipped rules.
    pub fn miner(pod: &str) -> Self {
        Self::of("CryptoCurrency:Runtime/BitcoinTool.B", 8.0, pod)
    }

    /// Something low in that pod: P3 by the shipped rules.
    pub fn low(pod: &str) -> Self {
        Self::of("Execution:Runtime/SuspiciousShellCreated", 2.0, pod)
    }

    /// A finding of that type and severity, seen once, at 12:00.
    pub fn of(kind: &str, severity: f64, pod: &str) -> Self {
        Self {
            id: format!("{:0>32}", pod.replace('-', "")),
            kind: kind.to_owned(),
            severity,
            title: format!("A process in {pod} behaves as it should not."),
            count: 1,
            archived: false,
            sample: false,
            sent_at: clock("12:00"),
            first_seen: clock("11:59"),
            updated_at: clock("12:00"),
            account: "111122223333".to_owned(),
            cluster: "payments".to_owned(),
            namespace: "checkout".to_owned(),
            pod: pod.to_owned(),
            uid: "0b6c2f5e-0000-4000-8000-000000000001".to_owned(),
            container: json!({
                "id": "containerd://6f2a", "name": "app", "imagePrefix": "registry.local",
                "image": "registry.local/checkout:1.4.2", "containerRuntime": "containerd",
                "securityContext": {"privileged": false},
            }),
        }
    }

    /// With another id than its pod gives it; its ARN is made of it.
    pub fn id(self, id: &str) -> Self {
        Self { id: id.to_owned(), ..self }
    }

    /// About another pod of its namespace; its id and title stay.
    pub fn pod(self, pod: &str) -> Self {
        Self { pod: pod.to_owned(), ..self }
    }

    /// With that title.
    pub fn title(self, title: &str) -> Self {
        Self { title: title.to_owned(), ..self }
    }

    /// 1.0 to 10.0.
    pub fn severity(self, severity: f64) -> Self {
        Self { severity, ..self }
    }

    /// Seen that often.
    pub fn count(self, count: u64) -> Self {
        Self { count, ..self }
    }

    /// Put aside by someone.
    pub fn archived(self) -> Self {
        Self { archived: true, ..self }
    }

    /// Made by GuardDuty to be tried with.
    pub fn sample(self) -> Self {
        Self { sample: true, ..self }
    }

    /// In a cluster of that account.
    pub fn of_cluster(self, account: &str, cluster: &str) -> Self {
        Self { account: account.to_owned(), cluster: cluster.to_owned(), ..self }
    }

    /// About the pod of that namespace and UID.
    pub fn in_namespace(self, namespace: &str, uid: &str) -> Self {
        Self { namespace: namespace.to_owned(), uid: uid.to_owned(), ..self }
    }

    /// With that container, whose image has its name.
    pub fn container(mut self, name: &str) -> Self {
        self.container["name"] = json!(name);
        self.container["image"] = json!(format!("registry.local/{name}:1.4.2"));
        self
    }

    /// With that id of its container, if it has one.
    pub fn container_id(mut self, id: Option<&str>) -> Self {
        self.container["id"] = json!(id);
        self
    }

    /// Reported at `12:14`, or at `21T12:14`, which is a day later; first seen a minute before.
    pub fn at(self, time: &str) -> Self {
        let sent_at = clock(time);
        let first_seen = sent_at - SignedDuration::from_mins(1);
        Self { sent_at, first_seen, updated_at: sent_at, ..self }
    }

    /// Last updated then, whenever it is reported.
    pub fn updated(self, time: &str) -> Self {
        Self { updated_at: clock(time), ..self }
    }

    /// First seen, and reported, at those times.
    pub fn seen(self, first_seen: Timestamp, updated_at: Timestamp) -> Self {
        Self { first_seen, sent_at: updated_at, updated_at, ..self }
    }

    /// The same finding, updated a minute later, with a higher count.
    pub fn again(&self) -> Self {
        Self { count: self.count + 1, ..self.later() }
    }

    /// The same finding, archived a minute later.
    pub fn put_aside(&self) -> Self {
        self.later().archived()
    }

    fn later(&self) -> Self {
        Self { updated_at: self.updated_at + SignedDuration::from_mins(1), ..self.clone() }
    }

    /// The finding's key: its ARN.
    pub fn arn(&self) -> String {
        let Self { account, id, .. } = self;
        format!("arn:aws-us-gov:guardduty:us-gov-west-1:{account}:detector/{DETECTOR}/finding/{id}")
    }

    /// EventBridge's `detail`.
    pub fn detail(&self) -> Value {
        let Self { id, kind, account, pod, .. } = self;
        json!({
            "schemaVersion": "2.0", "accountId": account, "region": "us-gov-west-1",
            "partition": "aws-us-gov", "id": id, "arn": self.arn(), "type": kind, "severity": self.severity,
            "createdAt": written(self.first_seen), "updatedAt": written(self.updated_at), "title": self.title,
            "description": format!("The container of {pod} runs a process that it was not built with."),
            "resource": self.resource(),
            "service": self.service(),
        })
    }

    fn resource(&self) -> Value {
        let Self { account, cluster, namespace, pod, uid, container, .. } = self;
        json!({
            "resourceType": "EKSCluster",
            "eksClusterDetails": {
                "name": cluster,
                "arn": format!("arn:aws-us-gov:eks:us-gov-west-1:{account}:cluster/{cluster}"),
                "vpcId": "vpc-0a1b2c3d", "status": "ACTIVE", "createdAt": 1_700_000_000.5,
                "tags": [{"key": "env", "value": "production"}],
            },
            "kubernetesDetails": {
                "kubernetesUserDetails": null,
                "kubernetesWorkloadDetails": {
                    "name": pod, "type": "pods", "namespace": namespace, "uid": uid, "hostNetwork": false,
                    "containers": [container], "volumes": [],
                },
            },
            "instanceDetails": null,
        })
    }

    fn service(&self) -> Value {
        let mut service = json!({
            "serviceName": "guardduty", "archived": self.archived, "count": self.count, "detectorId": DETECTOR,
            "eventFirstSeen": written(self.first_seen), "eventLastSeen": written(self.updated_at),
            "resourceRole": "TARGET",
            "additionalInfo": {"value": "{}", "type": "default"},
        });
        if self.sample {
            service["additionalInfo"]["sample"] = json!(true);
        }
        if !self.kind.contains(":Kubernetes/") {
            service["featureName"] = json!("RuntimeMonitoring");
            service["runtimeDetails"] = json!({
                "process": {
                    "name": "xmrig", "executablePath": "/tmp/xmrig", "pid": 4242, "namespacePid": 17,
                    "userId": 0, "euid": 0, "user": "root", "startTime": 1_763_640_000.0,
                    "lineage": [{"name": "sh", "pid": 4200, "executablePath": "/bin/sh"}],
                },
                "context": {},
            });
        }
        service
    }

    /// The whole event under that EventBridge id.
    pub fn event(&self, id: &str) -> Value {
        json!({
            "version": "0", "id": id, "detail-type": "GuardDuty Finding", "source": "aws.guardduty",
            "account": self.account, "time": self.sent_at.to_string(), "region": "us-gov-west-1",
            "resources": [], "detail": self.detail(),
        })
    }

    /// The whole event as text, under an id that each report has for itself.
    pub fn text(&self) -> String {
        let Self { id, sent_at, archived, .. } = self;
        self.event(&format!("{id}-{sent_at}-{archived}")).to_string()
    }

    /// The same finding as Security Hub relays it.
    pub fn security_hub_copy(&self) -> String {
        let Self { id, kind, account, cluster, sent_at, .. } = self;
        let hub = "arn:aws-us-gov:securityhub:us-gov-west-1::product/aws/guardduty";
        let cluster = format!("arn:aws-us-gov:eks:us-gov-west-1:{account}:cluster/{cluster}");
        let finding = json!({
            "SchemaVersion": "2018-10-08", "Id": self.arn(), "ProductArn": hub, "ProductName": "GuardDuty",
            "AwsAccountId": account, "Types": [format!("TTPs/Impact/{}", kind.replace('/', "-"))],
            "CreatedAt": written(self.first_seen), "UpdatedAt": written(self.updated_at),
            "Severity": {"Product": self.severity, "Label": "MEDIUM"}, "Title": self.title,
            "Resources": [{"Type": "AwsEksCluster", "Id": cluster}], "RecordState": "ACTIVE",
            "Workflow": {"Status": "NEW"},
        });
        json!({
            "version": "0", "id": format!("sh-{id}-{sent_at}"), "source": "aws.securityhub",
            "detail-type": "Security Hub Findings - Imported", "account": account,
            "time": sent_at.to_string(), "region": "us-gov-west-1", "resources": [self.arn()],
            "detail": {"findings": [finding]},
        })
        .to_string()
    }
}
