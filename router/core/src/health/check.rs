//! The sections of a report, and the one list of what is looked at beside the conditions that are watched for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::VariantArray;

use crate::survey::Condition;
use crate::word;

/// A part of a report, in the order in which they are read.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "HealthSectionName")]
pub enum Section {
    /// The API server, its version and that of nodes and add-ons.
    Versions,
    /// Nodes and what they run short of.
    Nodes,
    /// The pods of system namespaces.
    System,
    /// Pods that do not run, or are started again most.
    Pods,
    /// Claims of volumes.
    Storage,
    /// Quotas.
    Quotas,
    /// Autoscalers, ScaledObjects and disruption budgets.
    Scaling,
    /// Deprecated APIs that are in use.
    Apis,
    /// Istio's sidecars.
    Mesh,
    /// ExternalSecrets and certificates.
    Secrets,
    /// Velero's backups.
    Backups,
    /// What was reported in a day.
    Findings,
    /// What is open, contained, silenced and suppressed.
    Incidents,
}

impl Section {
    /// All of them.
    pub const ALL: [Self; Self::VARIANTS.len()] = *Self::VARIANTS.first_chunk().expect("all of them");

    /// The word in the report.
    pub fn as_str(self) -> &'static str {
        word::of(&self)
    }

    /// What stands above it.
    pub fn title(self) -> &'static str {
        match self {
            Section::Versions => "Versions",
            Section::Nodes => "Nodes",
            Section::System => "System namespaces",
            Section::Pods => "Pods and workloads",
            Section::Storage => "Volumes",
            Section::Quotas => "Quotas",
            Section::Scaling => "Scaling and disruption",
            Section::Apis => "Deprecated APIs",
            Section::Mesh => "Istio sidecars",
            Section::Secrets => "Secrets and certificates",
            Section::Backups => "Backups",
            Section::Findings => "Findings of 24 hours",
            Section::Incidents => "Open, contained and quiet",
        }
    }
}

/// What a line of a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "HealthSubject")]
pub enum What {
    /// Something that the watch looks for, too.
    Condition(Condition),
    /// Something that only the report looks at.
    Check(Check),
}

impl What {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            What::Condition(condition) => condition.as_str(),
            What::Check(check) => check.as_str(),
        }
    }

    /// Where it stands.
    pub fn section(self) -> Section {
        match self {
            What::Condition(condition) => section_of(condition),
            What::Check(check) => check.row().0,
        }
    }

    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            What::Condition(condition) => condition.title(),
            What::Check(check) => check.row().1,
        }
    }

    /// What to do about it where it is not green; empty where a line says that itself.
    pub fn todo(self) -> &'static str {
        match self {
            What::Condition(condition) => todo_of(condition),
            What::Check(check) => check.row().2,
        }
    }
}

macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident $section:ident $title:literal $todo:literal)*) => {
        /// What a report looks at beside the conditions that are watched for.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, VariantArray,
        )]
        #[serde(rename_all = "snake_case")]
        #[schemars(rename = "HealthCheck")]
        pub enum Check {
            $($(#[$doc])* $name,)*
        }

        impl Check {
            fn row(self) -> (Section, &'static str, &'static str) {
                match self {
                    $(Check::$name => (Section::$section, $title, $todo),)*
                }
            }
        }
    };
}

checks! {
    /// The API server and the version that it is of.
    Kubernetes Versions "Kubernetes" "update the control plane, one minor version at a time"
    /// That the table of support dates is old.
    SupportTable Versions "Support dates" "install a newer Watchfire: the table is part of it"
    /// Nodes whose kubelet does not fit the control plane.
    KubeletSkew Versions "Kubelet does not fit the control plane" "replace the nodes by ones of the control plane's version"
    /// A kube-proxy that does not fit the control plane.
    ProxySkew Versions "kube-proxy does not fit the control plane" "update the add-on kube-proxy"
    /// Add-ons and their versions.
    AddOns Versions "Add-ons" ""
    /// All nodes.
    Nodes Nodes "Nodes" ""
    /// Nodes that take no new pods.
    NodeCordoned Nodes "Cordoned" "kubectl uncordon NODE, once what it was cordoned for is done"
    /// What nodes use.
    NodeUsage Nodes "Use of nodes" ""
    /// The pods of system namespaces.
    SystemPods System "Pods not ready" "kubectl get pods -n NAMESPACE, and see why"
    /// All pods.
    Pods Pods "Pods" ""
    /// Pods that run and are not ready.
    PodNotReady Pods "Running and not ready" "kubectl describe pod: which probe fails, and why"
    /// Pods that ended as failed and are still there.
    PodFailed Pods "Failed pods" "see why, then delete them: they do nothing any more"
    /// Pods that are started again most.
    Restarts Pods "Started again most" "kubectl logs --previous: why did they end?"
    /// Workloads with fewer pods than they want.
    WorkloadShort Pods "Fewer pods than wanted" "kubectl describe it, and the newest of its ReplicaSets: what keeps them from being made?"
    /// All claims.
    Claims Storage "Claims" ""
    /// Claims without a volume.
    ClaimPending Storage "Claim without a volume" "kubectl describe pvc: no storage class, no room, or no pod that uses it"
    /// Claims whose volume is gone.
    ClaimLost Storage "Claim whose volume is lost" "the data is gone from the cluster: restore it from a backup"
    /// How full volumes are.
    Volumes Storage "How full volumes are" ""
    /// All quotas.
    Quotas Quotas "Quotas" ""
    /// All autoscalers.
    Autoscalers Scaling "Autoscalers" ""
    /// Autoscalers that cannot act.
    ScalerCannotAct Scaling "Autoscaler cannot act" "kubectl describe hpa: no metrics, or nothing that it could scale"
    /// All ScaledObjects.
    ScaledObjects Scaling "ScaledObjects" ""
    /// All disruption budgets.
    Budgets Scaling "Disruption budgets" ""
    /// Deprecated APIs that somebody uses.
    DeprecatedApis Apis "Deprecated APIs in use" "find who asks them (audit log, user agent) and update it before the control plane"
    /// Pods without a sidecar where their namespace asks for one.
    NotInjected Mesh "Without a sidecar" "start them again once istiod is well: a sidecar is put in when a pod is made"
    /// All ExternalSecrets.
    ExternalSecrets Secrets "ExternalSecrets" ""
    /// All certificates.
    Certificates Secrets "Certificates" ""
    /// All backups.
    Backups Backups "Backups" ""
    /// The newest backup of a schedule failed.
    BackupFailed Backups "Backup failed" "velero backup logs NAME"
    /// No backup is recent.
    BackupOld Backups "No recent backup" "velero schedule get, velero backup get: why is there none?"
    /// A place for backups is not available.
    BackupPlace Backups "Backup location not available" "velero backup-location get: bucket, region, credentials"
    /// What was reported.
    Findings Findings "Findings" "watchfire incidents list"
    /// What GuardDuty itself has.
    GuardDuty Findings "GuardDuty itself" "watchfire incidents list: what is not there did not come to Watchfire"
    /// What Security Hub itself has.
    SecurityHub Findings "Security Hub itself" "watchfire incidents list: what is not there did not come to Watchfire"
    /// Incidents that are open.
    OpenIncidents Incidents "Open" "watchfire incidents list"
    /// Incidents that nobody has taken in time.
    Overdue Incidents "Overdue, and nobody has it" "watchfire incidents ack ID"
    /// What is contained.
    Contained Incidents "Contained" "watchfire contained; watchfire release ID, once it is over"
    /// Whether acting is switched off.
    Mitigation Incidents "Mitigation" "watchfire mitigation on, once the reason is gone"
    /// Silences in force.
    Silences Incidents "Silences" "watchfire silence list"
    /// What models have used today, where one is asked.
    Models Incidents "Models asked today" "raise triage.budget, or leave it at that until tomorrow"
    /// What was not told, and why.
    Suppressed Incidents "Not told in 24 hours" ""
}

impl Check {
    /// All of them.
    pub const ALL: [Self; Self::VARIANTS.len()] = *Self::VARIANTS.first_chunk().expect("all of them");

    /// Its name in the report.
    pub fn as_str(self) -> &'static str {
        word::of(&self)
    }
}

fn section_of(condition: Condition) -> Section {
    match condition {
        Condition::ApiDown | Condition::ApiSlow => Section::Versions,
        Condition::NodesNotReady
        | Condition::NodeNotReady
        | Condition::NodePressure
        | Condition::NodeCpu
        | Condition::NodeMemory => Section::Nodes,
        Condition::CrashLoop
        | Condition::Restarting
        | Condition::ImagePull
        | Condition::Pending
        | Condition::OomKilled
        | Condition::Evicted
        | Condition::JobFailed => Section::Pods,
        Condition::VolumeFull => Section::Storage,
        Condition::QuotaFull | Condition::QuotaAlmostFull => Section::Quotas,
        Condition::HpaMaxed
        | Condition::KedaMaxed
        | Condition::KedaNotReady
        | Condition::BudgetUnhealthy
        | Condition::BudgetBlocks => Section::Scaling,
        Condition::ExternalSecret | Condition::Certificate => Section::Secrets,
    }
}

fn todo_of(condition: Condition) -> &'static str {
    match condition {
        Condition::ApiDown | Condition::ApiSlow => {
            "see the control plane's metrics and the AWS Health dashboard"
        }
        Condition::NodesNotReady | Condition::NodeNotReady => {
            "kubectl describe node, and the instance in EC2"
        }
        Condition::NodePressure => "kubectl describe node: what runs there, and what is it short of?",
        Condition::NodeCpu | Condition::NodeMemory => {
            "kubectl top pods -A --sort-by: more nodes, or requests that say what is used"
        }
        Condition::VolumeFull => "make room, or make the claim larger",
        Condition::CrashLoop | Condition::Restarting => "kubectl logs --previous: why did it end?",
        Condition::ImagePull => "is the image there, and may the node have it?",
        Condition::Pending => "kubectl describe pod: what does the scheduler miss?",
        Condition::OomKilled => "give it more memory, or find what uses it",
        Condition::Evicted => "give it requests that say what it uses, or the node more room",
        Condition::JobFailed => "kubectl logs job/NAME, then have it run again",
        Condition::ExternalSecret => "kubectl describe externalsecret: the store, the path, the role",
        Condition::Certificate => "kubectl describe certificate, and its CertificateRequest",
        Condition::HpaMaxed | Condition::KedaMaxed => "let it make more, or find why there is so much to do",
        Condition::KedaNotReady => "kubectl describe scaledobject: its trigger, its authentication",
        Condition::BudgetUnhealthy => "mend its pods first",
        Condition::BudgetBlocks => {
            "allow one to be unavailable: nothing can be drained or updated until then"
        }
        Condition::QuotaFull | Condition::QuotaAlmostFull => "raise the quota, or use less",
    }
}
