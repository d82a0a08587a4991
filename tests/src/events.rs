//! Made-up GuardDuty findings, in the shape that EventBridge delivers.

use serde_json::{Value, json};

/// A GuardDuty EKS Runtime Monitoring finding about one pod; change what a test is about.
#[derive(Clone, Debug)]
pub struct GuardDuty {
    /// The finding's id; its ARN is made from it.
    pub id: String,
    /// The finding's type.
    pub kind: String,
    /// 1.0 to 10.0.
    pub severity: f64,
    /// How often it was seen.
    pub count: u64,
    /// Put aside by someone.
    pub archived: bool,
    /// Minutes after 12:00 at which it was last updated.
    pub minute: u32,
    /// The pod.
    pub pod: String,
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
        let id = format!("{:0>32}", pod.replace('-', ""));
        Self {
            id,
            kind: kind.to_owned(),
            severity,
            count: 1,
            archived: false,
            minute: 0,
            pod: pod.to_owned(),
        }
    }

    /// The same finding, reported again later, with a higher count.
    pub fn again(&self) -> Self {
        Self { count: self.count + 1, minute: self.minute + 1, ..self.clone() }
    }

    /// The same finding, archived later.
    pub fn put_aside(&self) -> Self {
        Self { archived: true, minute: self.minute + 1, ..self.clone() }
    }

    /// The finding's key: its ARN.
    pub fn arn(&self) -> String {
        let detector = "12abc34d567e8fa901bc2d34e56789f0";
        format!("arn:aws-us-gov:guardduty:us-gov-west-1:111122223333:detector/{detector}/finding/{}", self.id)
    }

    /// EventBridge's `detail`.
    pub fn detail(&self) -> Value {
        let Self { id, kind, severity, count, archived, minute, pod } = self;
        let updated = format!("2026-11-20T{:02}:{:02}:00.000Z", 12 + minute / 60, minute % 60);
        json!({
            "schemaVersion": "2.0", "accountId": "111122223333", "region": "us-gov-west-1",
            "partition": "aws-us-gov", "id": id, "arn": self.arn(), "type": kind, "severity": severity,
            "createdAt": "2026-11-20T11:59:00.000Z", "updatedAt": updated,
            "title": format!("A process in {pod} behaves as it should not."),
            "description": format!("The container of {pod} runs a process that it was not built with."),
            "resource": {
                "resourceType": "EKSCluster",
                "eksClusterDetails": {
                    "name": "payments",
                    "arn": "arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/payments",
                    "vpcId": "vpc-0a1b2c3d", "status": "ACTIVE", "createdAt": 1_700_000_000.5,
                    "tags": [{"key": "env", "value": "production"}],
                },
                "kubernetesDetails": {
                    "kubernetesUserDetails": null,
                    "kubernetesWorkloadDetails": {
                        "name": pod, "type": "pods", "namespace": "checkout",
                        "uid": "0b6c2f5e-0000-4000-8000-000000000001", "hostNetwork": false,
                        "containers": [{
                            "id": "containerd://6f2a", "name": "app", "imagePrefix": "registry.local",
                            "image": "registry.local/checkout:1.4.2", "containerRuntime": "containerd",
                            "securityContext": {"privileged": false},
                        }],
                        "volumes": [],
                    },
                },
                "instanceDetails": null,
            },
            "service": {
                "serviceName": "guardduty", "featureName": "RuntimeMonitoring", "archived": archived,
                "count": count, "detectorId": "12abc34d567e8fa901bc2d34e56789f0",
                "eventFirstSeen": "2026-11-20T11:59:00.000Z", "eventLastSeen": updated,
                "resourceRole": "TARGET", "additionalInfo": {"value": "{}", "type": "default"},
                "runtimeDetails": {
                    "process": {
                        "name": "xmrig", "executablePath": "/tmp/xmrig", "pid": 4242, "namespacePid": 17,
                        "userId": 0, "euid": 0, "user": "root", "startTime": 1_763_640_000.0,
                        "lineage": [{"name": "sh", "pid": 4200, "executablePath": "/bin/sh"}],
                    },
                    "context": {},
                },
            },
        })
    }

    /// The whole event under that EventBridge id.
    pub fn event(&self, id: &str) -> Value {
        json!({
            "version": "0", "id": id, "detail-type": "GuardDuty Finding", "source": "aws.guardduty",
            "account": "111122223333", "time": "2026-11-20T12:00:00Z", "region": "us-gov-west-1",
            "resources": [], "detail": self.detail(),
        })
    }
}
