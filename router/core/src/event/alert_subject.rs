//! What the labels of an alert name: the thing that it is about, and not the exporter that measured it.

use super::envelope::Envelope;
use super::read::{at, text};
use super::{Container, Subject, Workload, names};
use crate::json::Json;

/// Labels that name an object, and its kind as the API spells it; the first that is there.
const OBJECTS: [(&str, &str); 16] = [
    ("persistentvolumeclaim", "persistentvolumeclaims"),
    ("persistentvolume", "persistentvolumes"),
    ("job_name", "jobs"),
    ("cronjob", "cronjobs"),
    ("horizontalpodautoscaler", "horizontalpodautoscalers"),
    ("poddisruptionbudget", "poddisruptionbudgets"),
    ("resourcequota", "resourcequotas"),
    ("deployment", "deployments"),
    ("statefulset", "statefulsets"),
    ("daemonset", "daemonsets"),
    ("replicaset", "replicasets"),
    ("replicationcontroller", "replicationcontrollers"),
    ("scaledobject", "scaledobjects"),
    ("scaledjob", "scaledjobs"),
    ("externalsecret", "externalsecrets"),
    ("certificate", "certificates"),
];

/// Objects that are in no namespace: the one beside them is the exporter's.
const OF_NO_NAMESPACE: [&str; 1] = ["persistentvolumes"];

/// What begins the name of a resource that is a part of the control plane.
const CONTROL_PLANE: &str = "control-plane/";

/// Parts of the control plane: how the alerts about them begin, what their scrape jobs are called, and how the metrics
/// of CloudWatch about them begin.
const PARTS: [(&str, &str, &[&str], &[&str]); 4] = [
    ("apiserver", "KubeAPI", &["apiserver", "kube-apiserver", "kubernetes-apiservers"], &["apiserver_"]),
    ("scheduler", "KubeScheduler", &["kube-scheduler"], &["scheduler_"]),
    ("controller-manager", "KubeControllerManager", &["kube-controller-manager"], &[]),
    ("etcd", "etcd", &["etcd", "kube-etcd"], &["etcd_", "apiserver_storage_"]),
];

/// The part of the control plane that a metric of CloudWatch measures, as a resource.
pub(super) fn measured(namespace: &str, metric: &str) -> Option<String> {
    if !["AWS/EKS", "ContainerInsights"].contains(&namespace) {
        return None;
    }
    // The storage that the API server reports is etcd's.
    let part =
        PARTS.iter().rev().find(|(_, _, _, begin)| begin.iter().any(|begin| metric.starts_with(begin)));
    part.map(|(part, ..)| format!("{CONTROL_PLANE}{part}"))
}

/// What an alert is about.
///
/// An exporter's own labels stand beside those of what it measured: `namespace` and `pod` of kube-state-metrics, unless
/// the alert is about that pod; where both are kept, the subject's are `exported_…`.
pub(super) fn subject(envelope: &Envelope, detail: &Json<'_>) -> Subject {
    let labels = Labels::of(detail);
    let mut subject = Subject { region: envelope.region.clone(), ..Subject::default() };
    subject.account = envelope.account.clone().or_else(|| labels.account());
    subject.region = subject.region.or_else(|| labels.get("region").or_else(|| labels.get("aws_region")));
    subject.cluster =
        labels.get("cluster").or_else(|| text(detail, "cluster").and_then(|name| as_name(&name)));
    if let Some((kind, name)) = labels.object() {
        subject.namespace = labels.get("namespace").filter(|_| !OF_NO_NAMESPACE.contains(&&*kind));
        subject.workload = Some(Workload { kind, name, uid: None });
    } else if let Some(pod) = labels.pod() {
        subject.namespace = labels.get("namespace").or_else(|| labels.get("k8s_ns_name"));
        subject.container = labels.get("container").map(|name| Container { name: Some(name), id: None });
        // What kube-state-metrics relays may have the node of its own pod.
        subject.node = labels.get("node").filter(|_| !labels.is_of(STATE));
        subject.workload = Some(Workload { kind: "pods".to_owned(), name: pod.clone(), uid: None });
        subject.pod = Some(pod);
    } else if let Some(node) = labels.node() {
        subject.node = Some(node);
    } else if let Some(part) = labels.part_of_control_plane() {
        subject.resource = Some(format!("{CONTROL_PLANE}{part}"));
    } else {
        subject.ip = labels.address();
        subject.namespace = labels.get("namespace").filter(|_| !labels.is_exporter());
    }
    subject
}

/// Exporters that measure others: what their pods and jobs are called.
const STATE: &str = "kube-state-metrics";
const NODES: &str = "node-exporter";

/// The labels of an alert.
struct Labels<'l, 'a> {
    json: Option<&'l Json<'a>>,
    /// The exporter's own stand under their names, and the subject's are `exported_…`.
    is_relayed: bool,
}

impl<'l, 'a> Labels<'l, 'a> {
    fn of(detail: &'l Json<'a>) -> Self {
        let json = at(detail, "labels");
        let has = |name: &str| json.is_some_and(|labels| labels.get(name).is_some());
        let is_relayed = ["exported_namespace", "exported_pod", "exported_node"].into_iter().any(has);
        Self { json, is_relayed }
    }

    /// A label as it stands, where its value can be a name.
    fn own(&self, name: &str) -> Option<String> {
        self.json?.get(name)?.as_str().and_then(as_name)
    }

    /// A label of the subject.
    fn get(&self, name: &str) -> Option<String> {
        const EXPORTERS: [&str; 5] = ["namespace", "pod", "container", "node", "service"];
        let exported = self.own(&format!("exported_{name}"));
        exported.or_else(|| self.own(name).filter(|_| !self.is_relayed || !EXPORTERS.contains(&name)))
    }

    /// An account of AWS has twelve digits.
    fn account(&self) -> Option<String> {
        let label = self.get("account_id").or_else(|| self.get("aws_account_id"));
        label.filter(|id| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()))
    }

    fn object(&self) -> Option<(String, String)> {
        let known = OBJECTS.iter().find_map(|(label, kind)| Some(((*kind).to_owned(), self.get(label)?)));
        let of_type = || Some((names::kind(&self.get("workload_type")?), self.get("workload")?));
        // A pod says more than the workload that it is of.
        known.or_else(|| of_type().filter(|_| self.get("pod").is_none()))
    }

    /// The pod, unless it is that of an exporter, and something else is named.
    fn pod(&self) -> Option<String> {
        let pod = self.get("pod").or_else(|| self.get("k8s_pod_name"))?;
        let is_exporters = (self.is_of(STATE) && pod.contains(STATE) && self.get("node").is_some())
            || (self.is_of(NODES)
                && pod.contains(NODES)
                && (self.node().is_some() || self.address().is_some()));
        (!is_exporters).then_some(pod)
    }

    /// The node; that of a node-exporter may be its instance.
    fn node(&self) -> Option<String> {
        let instance = || self.own("instance").filter(|name| self.is_of(NODES) && !name.contains(':'));
        self.get("node").or_else(|| self.get("nodename")).or_else(instance)
    }

    /// The address of the machine that a node-exporter measured.
    fn address(&self) -> Option<String> {
        let instance = self.own("instance").filter(|_| self.is_of(NODES))?;
        let host = instance.rsplit_once(':').map_or(&*instance, |(host, _)| host);
        host.parse::<std::net::IpAddr>().ok().map(|_| names::address(host))
    }

    fn part_of_control_plane(&self) -> Option<&'static str> {
        let (name, job) = (self.own("alertname").unwrap_or_default(), self.own("job").unwrap_or_default());
        let is_it = |begin: &str, jobs: &[&str]| jobs.contains(&&*job) || name.starts_with(begin);
        PARTS.iter().find(|(_, begin, jobs, _)| is_it(begin, jobs)).map(|(part, ..)| *part)
    }

    fn is_exporter(&self) -> bool {
        self.is_of(STATE) || self.is_of(NODES)
    }

    /// Whether that exporter measured it.
    fn is_of(&self, exporter: &str) -> bool {
        let named = ["job", "service", "container"].into_iter().filter_map(|label| self.own(label));
        named.into_iter().any(|name| name.contains(exporter))
    }
}

/// A text that can be a name in Kubernetes or AWS; anything else names nothing.
fn as_name(text: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    let is_name = (1..=253).contains(&text.len())
        && text.bytes().all(fits)
        && text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
    is_name.then(|| text.to_owned())
}
