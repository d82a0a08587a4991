//! The one list of what is watched for: names, how bad each is, how long it must hold, what it is called.

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::VariantArray;

use crate::word;

/// How bad it is; the rules make a priority of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Within an hour.
    Critical,
    /// Today.
    Warning,
    /// By the next business day.
    Info,
}

impl Level {
    /// As the label `severity` has it.
    pub fn as_str(self) -> &'static str {
        word::of(&self)
    }
}

/// How a condition is told of.
struct Row {
    /// In the namespaces of production, and elsewhere.
    level: (Level, Level),
    /// How long it holds before it is told, in seconds,
    hold: i64,
    /// and how long it must be gone before it is over.
    gone: i64,
    /// In a few words.
    title: &'static str,
    /// What it means, in a sentence.
    meaning: &'static str,
}

macro_rules! conditions {
    ($($(#[$doc:meta])* $name:ident $word:literal ($production:ident, $elsewhere:ident) $hold:literal $gone:literal $title:literal $meaning:literal)*) => {
        /// What is watched for. What kube-prometheus or cert-manager has an alert for is called as there: the same problem is
        /// the same incident, whoever tells of it.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, VariantArray,
        )]
        #[schemars(rename = "WatchCondition")]
        pub enum Condition {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl Condition {
            fn row(self) -> Row {
                match self {
                    $(Condition::$name => Row {
                        level: (Level::$production, Level::$elsewhere),
                        hold: $hold,
                        gone: $gone,
                        title: $title,
                        meaning: $meaning,
                    },)*
                }
            }
        }
    };
}

conditions! {
    /// The API server does not answer.
    ApiDown "KubeAPIDown" (Critical, Critical) 60 60 "The API server does not answer"
        "Nothing in the cluster can be looked at or changed until it does."
    /// The API server is slow.
    ApiSlow "KubeAPILatencyHigh" (Critical, Critical) 300 300 "The API server is slow"
        "It takes longer to answer a question about itself than it may."
    /// Several nodes are not ready.
    NodesNotReady "KubeNodesNotReady" (Critical, Critical) 120 120 "Several nodes are not ready"
        "Their pods are out of service, and what should take their place may find no room."
    /// A node is not ready.
    NodeNotReady "KubeNodeNotReady" (Critical, Critical) 120 120 "Node not ready"
        "Its pods are out of service, and are moved away after five minutes."
    /// The volume of a claim is nearly full.
    VolumeFull "KubePersistentVolumeFillingUp" (Critical, Critical) 300 300 "Volume nearly full"
        "Whatever writes to it fails once it is full."
    /// A container ends again and again.
    CrashLoop "KubePodCrashLooping" (Critical, Warning) 120 600 "Crash loop"
        "A container ends each time that it is started, and waits longer and longer between."
    /// A container was started again more often than it may be.
    Restarting "KubePodRestartingOften" (Warning, Warning) 0 600 "Restarts often"
        "Its containers were started again more often in ten minutes than they may be."
    /// An image cannot be had.
    ImagePull "KubeContainerWaiting" (Warning, Warning) 300 300 "Image cannot be pulled"
        "A container waits for an image that the node cannot get."
    /// A pod does not start.
    Pending "KubePodNotReady" (Warning, Warning) 600 120 "Pod does not start"
        "No node takes it, or what it needs there cannot be had."
    /// A container had more memory than it may.
    OomKilled "KubeContainerOOMKilled" (Warning, Warning) 0 900 "Killed for its memory"
        "A container had more memory than its limit, or than the node had left."
    /// The kubelet put a pod out.
    Evicted "KubePodEvicted" (Warning, Warning) 0 900 "Pod evicted"
        "The node had too little left of something, and put it out."
    /// A node runs short of something.
    NodePressure "KubeNodePressure" (Warning, Warning) 300 300 "Node under pressure"
        "It runs short of memory, disk or process ids, and puts pods out."
    /// A node's processors are busy.
    NodeCpu "NodeCPUHighUsage" (Warning, Warning) 900 600 "Node's processors busy"
        "Its pods use more of its processors than they may for so long."
    /// A node's memory is nearly used up.
    NodeMemory "NodeMemoryHighUtilization" (Warning, Warning) 900 600 "Node's memory nearly used up"
        "Its pods use more of its memory than they may for so long."
    /// A Job was given up.
    JobFailed "KubeJobFailed" (Warning, Warning) 0 120 "Job failed"
        "It was tried as often as it may be, or for as long; of a CronJob the last one that ended."
    /// An ExternalSecret is not ready.
    ExternalSecret "ExternalSecretNotReady" (Warning, Warning) 600 120 "External secret not ready"
        "The secret is not as its store has it: one that was rotated is still the old one."
    /// A Certificate is not ready.
    Certificate "CertManagerCertNotReady" (Warning, Warning) 600 120 "Certificate not ready"
        "It is not issued or has run out: who talks to it by TLS is refused."
    /// An autoscaler can make no more pods.
    HpaMaxed "KubeHpaMaxedOut" (Warning, Warning) 900 300 "Autoscaler at its maximum"
        "It wants more pods than it may make: what comes on top is served by those that are there."
    /// KEDA can make no more pods.
    KedaMaxed "KedaScaledObjectMaxedOut" (Warning, Warning) 900 300 "ScaledObject at its maximum"
        "It wants more pods than it may make: its queue grows."
    /// KEDA cannot act.
    KedaNotReady "KedaScaledObjectNotReady" (Warning, Warning) 600 120 "ScaledObject not ready"
        "KEDA cannot see what it scales by, or what it scales: the number of pods stays as it is."
    /// Fewer pods are healthy than a budget asks for.
    BudgetUnhealthy "KubePdbNotEnoughHealthyPods" (Warning, Warning) 900 300 "Too few healthy pods for a disruption budget"
        "No node under them can be drained, and fewer pods serve than should."
    /// A budget allows nothing, ever.
    BudgetBlocks "KubePdbBlocksDrains" (Info, Info) 3600 300 "Disruption budget that never allows anything"
        "All its pods are healthy and it still allows none to be moved: a node under them cannot be drained."
    /// A quota is used up.
    QuotaFull "KubeQuotaFullyUsed" (Warning, Warning) 900 300 "Quota used up"
        "Nothing more of it can be made in its namespace: a pod that ends has no successor."
    /// A quota is nearly used up.
    QuotaAlmostFull "KubeQuotaAlmostFull" (Info, Info) 900 300 "Quota nearly used up"
        "A rollout that needs more for a while may not get it."
}

impl Condition {
    /// All of them, the worst first.
    pub const ALL: [Self; Self::VARIANTS.len()] = *Self::VARIANTS.first_chunk().expect("all of them");

    /// The name of its alert.
    pub fn as_str(self) -> &'static str {
        word::of(&self)
    }

    /// How bad it is, in a namespace of production or elsewhere.
    pub fn level(self, place: Place) -> Level {
        let (production, elsewhere) = self.row().level;
        match place {
            Place::Production => production,
            Place::Elsewhere => elsewhere,
        }
    }

    /// How long it must hold before it is told.
    pub fn hold(self) -> SignedDuration {
        SignedDuration::from_secs(self.row().hold)
    }

    /// How long it must be gone before it is over.
    pub fn gone(self) -> SignedDuration {
        SignedDuration::from_secs(self.row().gone)
    }

    /// What it is called.
    pub fn title(self) -> &'static str {
        self.row().title
    }

    /// What it means.
    pub fn meaning(self) -> &'static str {
        self.row().meaning
    }
}

/// Where something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a namespace of production, or in none.
    Production,
    /// In any other.
    Elsewhere,
}
