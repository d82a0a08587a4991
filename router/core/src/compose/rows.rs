//! What a responder asks first, as the rows of a page.

use jiff::{SignedDuration, Timestamp};

use crate::notice::{Fact, Group};

use crate::context::{Confidence, Context, Details, Gone, Known, Method, Node, Place, Pod, Pods};

/// Label and value, the most telling first. What is unknown is not among them: it is told in sentences.
pub(super) fn rows(context: &Context, now: Timestamp) -> Vec<Fact> {
    let mut rows = Rows(Vec::new());
    if let Place::Foreign(cluster) = &context.place {
        rows.add("Other cluster", format!("{cluster}: nothing of ours was matched"));
    }
    rows.pods(context, now);
    if let Some(details) = &context.details {
        rows.details(details);
    }
    if let Some((method, confidence)) = context.node_by {
        rows.add("Node matched by", matched(method, confidence));
    }
    if let Some(node) = &context.node {
        rows.node(node, now);
    }
    let on_node = context.pods_on_node.iter().map(|pod| format!("{}/{}", pod.namespace, pod.name));
    rows.add_some(Group::Near, "Pods on the node", &on_node.collect::<Vec<_>>(), 20);
    rows.add_some(Group::Near, "Also on the node", &context.incidents_on_node, 5);
    if let Some(namespace) = &context.namespace {
        let pairs = namespace.annotations.iter().map(|(name, value)| format!("{name}={value}"));
        rows.add_some(Group::Owner, "Namespace notes", &pairs.collect::<Vec<_>>(), 10);
    }
    rows.0
}

struct Rows(Vec<Fact>);

impl Rows {
    fn add(&mut self, label: &str, value: impl Into<String>) {
        self.tell(Group::Where, label, value);
    }

    fn tell(&mut self, group: Group, label: &str, value: impl Into<String>) {
        self.0.push(Fact::new(group, label, value));
    }

    fn add_some(&mut self, group: Group, label: &str, values: &[String], most: usize) {
        if !values.is_empty() {
            self.tell(group, label, listed(values, most));
        }
    }

    fn pods(&mut self, context: &Context, now: Timestamp) {
        if let Some(Gone { in_its_place }) = &context.gone {
            self.add("The pod", "is gone: nothing is done to another one in its place");
            match in_its_place.is_empty() {
                true => self.add("In its place", "nothing"),
                false => self.add_some(Group::Where, "In its place", in_its_place, 10),
            }
        }
        match &context.pods {
            Pods::NotAsked | Pods::Unknown(_) => {}
            Pods::None(tried) => self.add("In the cluster", format!("not found: {tried}")),
            Pods::Found { method, confidence, pods, count: 1 } => {
                if let Some(pod) = pods.first() {
                    self.add("Matched by", matched(*method, *confidence));
                    self.pod(pod, now);
                }
            }
            Pods::Found { method, confidence, pods, count } => {
                self.add("Matched by", format!("{}: {count} pods", matched(*method, *confidence)));
                let names: Vec<_> = pods.iter().map(Pod::full_name).collect();
                self.add("Pods", listed(&names, 20));
            }
        }
    }

    fn pod(&mut self, pod: &Pod, now: Timestamp) {
        let Pod { labels, annotations, node, phase, ready, created_at, containers, host, gone_at, .. } = pod;
        let age = created_at.map(|created| format!(", {} old", span(now.duration_since(created))));
        let state = match gone_at {
            Some(gone) => format!("gone for {}", span(now.duration_since(*gone))),
            None => format!("{phase}{}", if *ready { ", ready" } else { ", not ready" }),
        };
        let restarts = pod.restarts();
        self.add("Pod state", format!("{state}, {restarts} restarts{}", age.unwrap_or_default()));
        self.add("Pod UID", &pod.uid);
        if let Some(node) = node {
            self.add("Runs on", node);
        }
        let images = containers.iter().map(|container| match &container.digest {
            Some(digest) if !container.image.contains('@') => format!("{}@{digest}", container.image),
            Some(_) | None => container.image.clone(),
        });
        self.add_some(Group::Where, "Images", &images.collect::<Vec<_>>(), 5);
        let flags = [
            (host.network, "host network"),
            (host.pid, "host PID"),
            (host.ipc, "host IPC"),
            (host.privileged, "privileged"),
        ];
        let mounts = host.mounts.iter().map(|path| format!("mounts {path}"));
        let flags = flags.into_iter().filter(|(on, _)| *on).map(|(_, flag)| flag.to_owned());
        let access: Vec<_> = flags.chain(mounts).collect();
        self.add_some(Group::Where, "Host access", &access, 10);
        let pairs = |pairs: &std::collections::BTreeMap<String, String>| -> Vec<_> {
            pairs.iter().map(|(name, value)| format!("{name}={value}")).collect()
        };
        self.add_some(Group::Owner, "Labels", &pairs(labels), 10);
        self.add_some(Group::Owner, "Annotations", &pairs(annotations), 10);
    }

    fn details(&mut self, details: &Details) {
        let Details {
            owners,
            services,
            policies,
            deny: _,
            enforcement: _,
            autoscaler,
            scaled_object,
            budgets,
            gitops,
            events,
            role,
            same_image,
        } = details;
        if let Some(owners) = owners.get().filter(|owners| !owners.is_empty()) {
            let chain = owners.iter().map(|owner| match owner.replicas {
                Some(replicas) => format!("{} ({}/{replicas} ready)", owner.named(), owner.ready),
                None => owner.named(),
            });
            self.tell(Group::Owner, "Owners", chain.collect::<Vec<_>>().join(" → "));
        }
        let names = |selecting: &Known<Vec<crate::context::Selecting>>| -> Vec<String> {
            selecting.get().into_iter().flatten().map(|selecting| selecting.name.clone()).collect()
        };
        self.add_some(Group::Owner, "Services", &names(services), 10);
        self.add_some(Group::Owner, "Policies", &names(policies), 10);
        if let Some(scaler) = autoscaler.get().and_then(Option::as_ref) {
            self.tell(
                Group::Owner,
                "Autoscaler",
                format!("{}, {} to {} replicas", scaler.name, scaler.min, scaler.max),
            );
        }
        if let Some(object) = scaled_object.get().and_then(Option::as_ref) {
            let paused = object.paused_replicas.as_ref().map(|at| format!(", paused at {at}"));
            self.tell(Group::Owner, "KEDA", format!("{}{}", object.name, paused.unwrap_or_default()));
        }
        let budgets = budgets.get().into_iter().flatten();
        let budgets: Vec<_> =
            budgets.map(|budget| format!("{} ({} may go now)", budget.name, budget.allowed)).collect();
        self.add_some(Group::Owner, "Budgets", &budgets, 5);
        if let Some(gitops) = gitops.get().and_then(Option::as_ref) {
            self.tell(Group::Owner, "Kept by", gitops.named());
        }
        if let Some(role) = role.get().and_then(Option::as_ref) {
            self.tell(Group::Owner, "IAM role", role);
        }
        self.add_some(Group::Near, "Same image", same_image, 10);
        for event in events.get().into_iter().flatten().take(5) {
            let times = if event.count > 1 { format!(" (×{})", event.count) } else { String::new() };
            self.add("Cluster event", format!("{}{times}: {}", event.reason, event.message));
        }
    }

    fn node(&mut self, node: &Node, now: Timestamp) {
        let Node { name, instance, zone, instance_type, pool, auto_mode, ready, unschedulable, .. } = node;
        let parts = [
            instance.clone(),
            instance_type.clone(),
            zone.clone(),
            pool.as_ref().map(|pool| format!("pool {pool}")),
            auto_mode.then(|| "Auto Mode".to_owned()),
            Some(if *ready { "ready" } else { "not ready" }.to_owned()),
            unschedulable.then(|| "cordoned".to_owned()),
            node.created_at.map(|created| format!("{} old", span(now.duration_since(created)))),
            node.gone_at.map(|gone| format!("gone for {}", span(now.duration_since(gone)))),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        self.add("Cluster node", format!("{name} ({})", parts.join(", ")));
    }
}

/// By what; where it looks like a proof and is none, that it is none.
fn matched(method: Method, confidence: Confidence) -> String {
    match (method, confidence) {
        (
            Method::Address | Method::ContainerId | Method::Instance | Method::NodeUser | Method::Uid,
            Confidence::Possible,
        ) => format!("{}, a hint and no proof", method.as_str()),
        (
            Method::Name | Method::ServiceAccount | Method::Role | Method::Digest | Method::ByHand,
            Confidence::Possible,
        )
        | (_, Confidence::Certain) => method.as_str().to_owned(),
    }
}

/// The first `most`, and how many more.
fn listed(values: &[String], most: usize) -> String {
    let shown = values.iter().take(most).map(String::as_str).collect::<Vec<_>>().join(", ");
    match values.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// `3d`, `5h`, `12m`, `40s`.
fn span(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}
