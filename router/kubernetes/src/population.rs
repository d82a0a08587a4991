//! What is in the cluster from the beginning, and many pods at once.

use serde_json::{Value, json};

use super::KubernetesServer;
use super::controllers::kubelet;
use super::managed::Writer;
use super::store::{World, now, random, uuid};

/// A node to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The node's name; Auto Mode names nodes after their instances.
    pub name: String,
    /// `i-0123456789abcdef0`
    pub instance: String,
    /// `us-gov-west-1a`
    pub zone: String,
}

impl Machine {
    /// A made-up one of that number.
    pub fn number(number: u32) -> Machine {
        let instance = format!("i-0123456789abc{number:04x}");
        let zone = ["us-gov-west-1a", "us-gov-west-1b", "us-gov-west-1c"][(number % 3) as usize];
        Machine { name: instance.clone(), instance, zone: zone.to_owned() }
    }

    fn object(&self, address: &str) -> Value {
        let at = now();
        let resources = json!({"cpu": "4", "memory": "16Gi", "pods": "110"});
        json!({
            "metadata": {"name": self.name, "labels": {
                "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", "kubernetes.io/hostname": self.name,
                "node.kubernetes.io/instance-type": "m6i.xlarge",
                "topology.kubernetes.io/region": self.zone.trim_end_matches(char::is_lowercase),
                "topology.kubernetes.io/zone": self.zone,
                "eks.amazonaws.com/compute-type": "auto", "eks.amazonaws.com/nodeclass": "default",
                "karpenter.sh/nodepool": "general-purpose", "karpenter.sh/capacity-type": "on-demand",
            }},
            "spec": {"providerID": format!("aws:///{}/{}", self.zone, self.instance)},
            "status": {
                "capacity": resources, "allocatable": resources,
                "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": self.name}],
                "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady",
                    "message": "kubelet is posting ready status", "lastHeartbeatTime": at, "lastTransitionTime": at}],
                "nodeInfo": {"architecture": "amd64", "bootID": uuid(), "containerRuntimeVersion": "containerd://2.1.4",
                    "kernelVersion": "6.12.46", "kubeProxyVersion": "", "kubeletVersion": "v1.36.2", "machineID": "",
                    "operatingSystem": "linux", "osImage": "Bottlerocket (EKS Auto)", "systemUUID": ""},
            },
        })
    }
}

impl KubernetesServer {
    pub(super) fn populate(&mut self) {
        {
            let mut world = self.shared.world();
            for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
                namespace(&mut world, name);
            }
        }
        self.node(&Machine {
            name: "i-0123456789abcdef0".to_owned(),
            instance: "i-0123456789abcdef0".to_owned(),
            zone: "us-gov-west-1a".to_owned(),
        });
    }

    /// Adds a node.
    ///
    /// # Panics
    ///
    /// Where there is one of that name.
    pub fn node(&self, machine: &Machine) {
        let mut world = self.shared.world();
        let nodes = world.kind("", "nodes");
        let number = world.list(&nodes, "").len() + 10;
        let object = machine.object(&format!("10.1.{}.{}", number / 250, number % 250));
        world.create(&nodes, "", object, &writer("kubelet")).expect("a node of a new name is valid");
    }

    /// From now on `/metrics` tells that somebody has asked that deprecated API, which is gone in that release.
    pub fn deprecated(&self, group: &str, version: &str, resource: &str, removed_in: &str) {
        let labels = format!(
            "group=\"{group}\",removed_release=\"{removed_in}\",resource=\"{resource}\",subresource=\"\",version=\"{version}\""
        );
        self.shared.world().metrics.push(format!("apiserver_requested_deprecated_apis{{{labels}}} 1"));
    }

    /// Adds `count` running pods at once, in `namespaces` namespaces `bulk-0`, …, spread over all nodes; nobody
    /// owns them.
    pub fn bulk(&self, count: usize, namespaces: usize) {
        let mut world = self.shared.world();
        let (pods, nodes) = (world.kind("", "pods"), world.kind("", "nodes"));
        let nodes = world.list(&nodes, "");
        for number in 0..namespaces {
            namespace(&mut world, &format!("bulk-{number}"));
        }
        // Defaults and admission once for each application, not for each pod.
        let dry = Writer { dry: true, ..writer("kube-controller-manager") };
        let mut like = |app: usize| {
            let created = world.create(&pods, "bulk-0", bulk_pod(app), &dry);
            (*created.expect("a pod of a new name is valid")).clone()
        };
        let models: Vec<Value> = (0..7).map(&mut like).collect();
        for number in 0..count {
            let mut pod = models[number % models.len()].clone();
            let hash = format!("{:08x}", random() >> 32);
            pod["metadata"]["namespace"] = format!("bulk-{}", number % namespaces).into();
            pod["metadata"]["name"] = format!("app-{}-{hash}-{number:05}", number % models.len()).into();
            pod["metadata"]["uid"] = uuid().into();
            pod["metadata"]["labels"]["pod-template-hash"] = hash.into();
            let running = kubelet::run(&mut world, &pod, &nodes[number % nodes.len()]);
            world.put(&pods, running);
        }
    }

    /// Adds Deployments of five that come to `pods` pods, each with its Service, in `namespaces` namespaces `team-0`,
    /// …; the controllers make the pods, which are as large as pods are: two containers, ten labels.
    pub fn services(&self, pods: usize, namespaces: usize) {
        let mut world = self.shared.world();
        let (deployments, services) = (world.kind("apps", "deployments"), world.kind("", "services"));
        for number in 0..namespaces {
            namespace(&mut world, &format!("team-{number}"));
        }
        for number in 0..pods.div_ceil(REPLICAS) {
            let at = format!("team-{}", number % namespaces);
            let by = writer("kubectl");
            let (deployment, service) = service(number);
            world.create(&deployments, &at, deployment, &by).expect("a Deployment of a new name is valid");
            world.create(&services, &at, service, &by).expect("a Service of a new name is valid");
        }
    }

    /// How many pods run.
    pub fn running(&self) -> usize {
        let world = self.shared.world();
        let pods = world.list(&world.kind("", "pods"), "");
        pods.iter().filter(|pod| pod["status"]["phase"] == "Running").count()
    }
}

/// Pods of a Deployment where there are many.
const REPLICAS: usize = 5;

fn service(number: usize) -> (Value, Value) {
    let (name, app) = (format!("service-{number}"), json!({"app": format!("service-{number}")}));
    let mut labels = app.clone();
    for at in 0..8 {
        labels[format!("example.com/label-{at}")] = format!("value-{at}").into();
    }
    let container = |name: &str, image: &str| {
        json!({"name": name, "image": format!("registry.local/{image}:v1.2.3"),
            "env": [{"name": "REGION", "value": "us-gov-west-1"}],
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}}})
    };
    let containers = [container("app", &name), container("istio-proxy", "istio-proxy")];
    let template = json!({"metadata": {"labels": labels}, "spec": {"containers": containers}});
    let spec = json!({"replicas": REPLICAS, "selector": {"matchLabels": app}, "template": template});
    let ports = json!([{"port": 80, "targetPort": 8080}]);
    (
        json!({"metadata": {"name": name, "labels": app}, "spec": spec}),
        json!({"metadata": {"name": name}, "spec": {"selector": app, "ports": ports}}),
    )
}

fn bulk_pod(app: usize) -> Value {
    json!({
        "metadata": {"name": format!("app-{app}"), "labels": {"app": format!("app-{app}"), "pod-template-hash": ""}},
        "spec": {"containers": [{"name": "app", "image": format!("registry.local/app-{app}:1"),
            "env": [{"name": "REGION", "value": "us-gov-west-1"}],
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}}}]},
    })
}

fn writer(manager: &str) -> Writer {
    Writer { manager: manager.to_owned(), ..Writer::default() }
}

fn namespace(world: &mut World, name: &str) {
    let (namespaces, accounts) = (world.kind("", "namespaces"), world.kind("", "serviceaccounts"));
    if !world.has_namespace(name) {
        let object = json!({"metadata": {"name": name}});
        world.create(&namespaces, "", object, &writer("kube-apiserver")).expect("a name of ours is valid");
        let account = json!({"metadata": {"name": "default"}});
        world
            .create(&accounts, name, account, &writer("kube-controller-manager"))
            .expect("it is the first one");
    }
}
