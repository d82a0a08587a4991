//! How fast context comes from the cache, and what the cache costs: `cargo bench -p watchfire --bench enrich
//! [-- PODS NODES]`, by default 10,000 pods on 500 nodes; or `-- KUBECONFIG`: what following that cluster costs,
//! with everything that reading it takes.
//!
//! The pods are as large as pods are: two containers with digests, ten labels, an owner chain.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, HashSet};
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::api::{Api, ListParams, ObjectMeta};
use watchfire::clients::Clients;
use watchfire::clock::Clock;
use watchfire::cluster::index::Index;
use watchfire::cluster::{Access, Cluster, Config, Counts, KubeconfigAccess};
use watchfire_core::builders::GuardDuty;
use watchfire_core::context::{
    Node, Owner, Pod, PodContainer, Query, Requirement, Selector, Workload, WorkloadKind,
};
use watchfire_core::event::Event;

/// Pods of one Deployment.
const REPLICAS: usize = 5;

fn main() {
    if let Some(kubeconfig) = std::env::args().skip(1).map(PathBuf::from).find(|path| path.is_file()) {
        return tokio::runtime::Runtime::new().unwrap().block_on(follow(kubeconfig));
    }
    let mut sizes = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let pods = sizes.next().unwrap_or(10_000);
    let nodes = sizes.next().unwrap_or(500);
    let before = resident();
    let index = Index::new(Clock::at(Timestamp::UNIX_EPOCH));
    let start = Instant::now();
    fill(&index, pods, nodes);
    println!(
        "filled with {} pods, {} nodes, {} workloads in {:?}",
        index.pods(),
        index.nodes(),
        index.workloads(),
        start.elapsed()
    );
    println!("resident memory: {:.1} MB, {:.1} MB of it the index", mb(resident()), mb(resident() - before));
    println!("{:<42} {:>10} {:>10} {:>10}", "query", "p50", "p99", "max");
    for (name, ask) in queries(pods, nodes) {
        let mut took: Vec<_> = (0..1_000).map(|number| timed(&index, &ask(number))).collect();
        took.sort_unstable();
        let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
        println!("{name:<42} {:>10} {:>10} {:>10}", us(at(0.5)), us(at(0.99)), us(at(1.0)));
    }
    let start = Instant::now();
    fill(&index, pods, nodes);
    println!("a new list of all: {:?}", start.elapsed());
    let start = Instant::now();
    index.only_pods(&HashSet::new());
    println!("all pods gone at once: {:?}; resident memory {:.1} MB", start.elapsed(), mb(resident()));
}

/// From nothing to having seen a whole cluster.
async fn follow(path: PathBuf) {
    let config = Config {
        name: Some("prod".to_owned()),
        access: Access::Kubeconfig(KubeconfigAccess { path, context: None }),
        ..Config::default()
    };
    let start = Instant::now();
    let cluster = Cluster::open(&config, &Clients::new(None).unwrap()).await.unwrap();
    println!("resident memory before anything is seen: {:.1} MB", mb(status("VmRSS:")));
    while !cluster.is_synced() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let Counts { pods, nodes, workloads, .. } = cluster.counts();
    println!("seen after {:?}: {pods} pods, {nodes} nodes, {workloads} workloads", start.elapsed());
    println!("resident memory: {:.1} MB, at most {:.1} MB", mb(status("VmRSS:")), mb(status("VmHWM:")));
    let pods: Api<k8s_openapi::api::core::v1::Pod> = Api::all(cluster.client());
    let some = pods.list(&ListParams::default().limit(1_000)).await.unwrap().items;
    let mut took: Vec<_> = some.into_iter().map(|pod| at_hand(&cluster, &pod.metadata)).collect();
    took.sort_unstable();
    let at = |share: f64| us(took[((took.len() - 1) as f64 * share) as usize]);
    println!("at_hand() of an event: p50 {}, p99 {}, max {}", at(0.5), at(0.99), at(1.0));
}

/// A finding about that pod, read before the clock runs.
fn at_hand(cluster: &Cluster, pod: &ObjectMeta) -> Duration {
    let name = pod.name.as_deref().unwrap();
    let text = GuardDuty::of("Execution:Runtime/NewBinaryExecuted", 5.0, name)
        .of_cluster("111122223333", "prod")
        .in_namespace(pod.namespace.as_deref().unwrap(), pod.uid.as_deref().unwrap())
        .text();
    let event = Event::read(&text).unwrap();
    let start = Instant::now();
    let context = black_box(cluster.at_hand(&event));
    let took = start.elapsed();
    assert!(context.pod().is_some() && context.node.is_some());
    took
}

type Ask = Box<dyn Fn(usize) -> Query>;

fn queries(pods: usize, nodes: usize) -> Vec<(&'static str, Ask)> {
    let deployment = move |number: usize| number * 7 % (pods / REPLICAS);
    let pod = move |number: usize| number * 7 % pods;
    let namespace = move |pod: usize| format!("team-{}", pod / REPLICAS % 50);
    vec![
        (
            "pod by UID",
            Box::new(move |number| Query::PodNamed {
                namespace: namespace(pod(number)),
                name: pod_name(pod(number)),
                uid: Some(uid("pod", pod(number))),
            }) as Ask,
        ),
        (
            "pods of a Deployment",
            Box::new(move |number| Query::PodsOf {
                kind: "deployments".into(),
                namespace: format!("team-{}", deployment(number) % 50),
                name: format!("service-{}", deployment(number)),
                uid: None,
            }),
        ),
        ("container", Box::new(move |number| Query::Container(container(pod(number), 0)))),
        ("address", Box::new(move |number| Query::Address(address(pod(number))))),
        ("instance", Box::new(move |number| Query::Instance(format!("i-{:017x}", number % nodes)))),
        (
            "service account",
            Box::new(move |number| Query::ServiceAccount {
                namespace: namespace(pod(number)),
                name: format!("service-{}", pod(number) / REPLICAS),
            }),
        ),
        ("role", Box::new(move |number| Query::Role(format!("role-{}", deployment(number))))),
        (
            "session (looks through all)",
            Box::new(move |number| {
                Query::Session(format!("eks-prod-{}-{}", pod_name(pod(number)), uid("pod", 1)))
            }),
        ),
        ("digest", Box::new(move |number| Query::Digest(digest(deployment(number))))),
        ("digest that all pods run (a side-car)", Box::new(|_| Query::Digest(digest(usize::MAX)))),
    ]
}

fn timed(index: &Index, query: &Query) -> Duration {
    let start = Instant::now();
    black_box(index.answer(query, "prod"));
    start.elapsed()
}

fn fill(index: &Index, pods: usize, nodes: usize) {
    for number in 0..nodes {
        index.put_node(Node {
            name: node_name(number),
            uid: uid("node", number),
            instance: Some(format!("i-{number:017x}")),
            zone: Some("us-gov-west-1a".into()),
            instance_type: Some("m7i.2xlarge".into()),
            pool: Some("general-purpose".into()),
            auto_mode: true,
            ready: true,
            addresses: vec![format!("10.0.{}.{}", number / 250, number % 250), node_name(number)],
            ..Node::default()
        });
    }
    for number in 0..pods / REPLICAS {
        let (namespace, name) = (format!("team-{}", number % 50), format!("service-{number}"));
        let workload = |kind: WorkloadKind, name: String, uid, owner| Workload {
            kind,
            namespace: namespace.clone(),
            labels: labels(&name),
            name,
            uid,
            replicas: Some(REPLICAS as u32),
            ready: REPLICAS as u32,
            selector: Some(Selector(vec![Requirement::In("app".into(), vec![String::new()].into())])),
            suspended: None,
            annotations: BTreeMap::new(),
            owner,
            progress: None,
        };
        let above = owner("Deployment", &name, uid("deployment", number));
        let set = format!("{name}-7c9d8f6b54");
        index.put_workload(workload(WorkloadKind::Deployment, name.clone(), above.uid.clone(), None));
        index.put_workload(workload(WorkloadKind::ReplicaSet, set, uid("set", number), Some(above)));
        let role = format!("arn:aws-us-gov:iam::111122223333:role/role-{number}");
        index.put_role(&uid("account", number), format!("{namespace}/{name}"), Some(role));
    }
    for number in 0..pods {
        index.put_pod(pod(number, nodes));
    }
}

fn pod(number: usize, nodes: usize) -> Pod {
    let service = number / REPLICAS;
    let name = format!("service-{service}");
    let one = |at: usize, name: &str, digest: String| PodContainer {
        name: name.to_owned(),
        image: format!("111122223333.dkr.ecr.us-gov-west-1.amazonaws.com/{name}:v1.2.3"),
        digest: Some(digest),
        id: Some(container(number, at)),
        previous_id: None,
        restarts: 0,
        stumble: None,
    };
    Pod {
        namespace: format!("team-{}", service % 50),
        name: pod_name(number),
        uid: uid("pod", number),
        labels: labels(&name).into(),
        annotations: BTreeMap::from([("team".into(), "payments".into())]),
        owner: Some(owner("ReplicaSet", &format!("{name}-7c9d8f6b54"), uid("set", service))),
        node: Some(node_name(number % nodes)),
        ips: vec![address(number)],
        phase: "Running".into(),
        ready: true,
        created_at: Some(Timestamp::UNIX_EPOCH),
        started_at: Some(Timestamp::UNIX_EPOCH),
        service_account: name.clone(),
        containers: vec![one(0, &name, digest(service)), one(1, "istio-proxy", digest(usize::MAX))],
        ..Pod::default()
    }
}

fn labels(name: &str) -> BTreeMap<String, String> {
    let more = (0..8).map(|at| (format!("example.com/label-{at}"), format!("value-{at}")));
    more.chain([("app".into(), name.into()), ("pod-template-hash".into(), "7c9d8f6b54".into())]).collect()
}

fn owner(kind: &str, name: &str, uid: String) -> Owner {
    Owner { api_version: "apps/v1".into(), kind: kind.into(), name: name.into(), uid }
}

fn pod_name(number: usize) -> String {
    format!("service-{}-7c9d8f6b54-{:05x}", number / REPLICAS, number)
}

fn node_name(number: usize) -> String {
    format!("ip-10-0-{}-{}.us-gov-west-1.compute.internal", number / 250, number % 250)
}

fn address(number: usize) -> String {
    format!("10.{}.{}.{}", 1 + number / 62_500, number / 250 % 250, number % 250)
}

fn container(pod: usize, at: usize) -> String {
    format!("{:064x}", pod * 10 + at + 1)
}

fn digest(image: usize) -> String {
    format!("sha256:{image:064x}")
}

fn uid(kind: &str, number: usize) -> String {
    format!("{:08x}-0000-4000-8000-{number:012x}", kind.len() * 7)
}

/// Bytes of this process that are in memory.
fn resident() -> usize {
    status("VmRSS:")
}

/// A figure that Linux keeps about this process, in bytes.
fn status(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<usize>().ok()).unwrap_or_default() * 1024
}

fn mb(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

fn us(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}
