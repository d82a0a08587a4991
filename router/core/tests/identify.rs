//! What a finding leads to, and how surely: an address proves nothing, a UID that is named is the last word, and what
//! is no pod leads to none.

use jiff::Timestamp;
use serde_json::{Value, json};
use watchfire_core::context::{Answer, Cluster, Confidence, Judged, Node, Pod, Query, judge, queries};
use watchfire_core::event::{Event, Finding, Subject, Thing, Workload};

use crate::fixtures::fixture;

const ARN: &str = "arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/payments";

fn ours() -> Cluster {
    Cluster { name: "payments".to_owned(), arn: Some(ARN.to_owned()), vpc: Some("vpc-1".to_owned()) }
}

fn time(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

/// A pod with an address that repeats in nearly every VPC, on a node of ours.
fn innocent() -> Answer {
    let pod = Pod {
        namespace: "shop".to_owned(),
        name: "web".to_owned(),
        uid: "u1".to_owned(),
        node: Some("node-1".to_owned()),
        ips: vec!["100.64.3.4".to_owned(), "fd00::1".to_owned()],
        started_at: time("2026-03-04T00:00:00Z"),
        ..Pod::default()
    };
    let node = Node { name: "node-1".to_owned(), instance: Some("i-1".to_owned()), ..Node::default() };
    Answer { pods: vec![pod], nodes: vec![node], ..Answer::default() }
}

fn read(event: &Value) -> (Finding, Subject) {
    let text = event.to_string();
    let event = Event::read(&text).unwrap();
    (event.finding.unwrap(), event.subject)
}

fn miner() -> Value {
    serde_json::from_str(&fixture("guardduty_miner")).unwrap()
}

/// What an answer about a subject comes to, in a line.
fn judged(query: &Query, answer: &Answer, subject: &Subject, ours: &Cluster) -> String {
    let (finding, _) = read(&miner());
    match judge(query, answer, Some(&finding), subject, ours) {
        Judged::Pods(method, confidence, _) => format!("{} {confidence:?}", method.as_str()),
        Judged::Node(method, confidence, _) => format!("node by {} {confidence:?}", method.as_str()),
        Judged::Nothing(why) => why,
    }
}

#[test]
fn an_address_is_certain_only_where_the_finding_names_our_cluster_our_node_or_our_vpc() {
    let some = |text: &str| Some(text.to_owned());
    let base = Subject { account: some("111122223333"), region: some("us-gov-west-1"), ..Subject::default() };
    let subject = |change: fn(&mut Subject)| {
        let mut subject = base.clone();
        change(&mut subject);
        subject
    };
    let cases = [
        (subject(|_| {}), "pod address Possible"),
        (subject(|it| it.cluster = Some("payments".into())), "pod address Possible"),
        (subject(|it| it.cluster_arn = Some(ARN.into())), "pod address Certain"),
        (subject(|it| it.vpc = Some("vpc-1".into())), "pod address Certain"),
        (subject(|it| it.vpc = Some("vpc-2".into())), "the address 100.64.3.4 is of another VPC, vpc-2"),
        (subject(|it| it.instance = Some("i-1".into())), "pod address Certain"),
        (
            subject(|it| it.instance = Some("i-2".into())),
            "no pod is known to have had the address 100.64.3.4 at that time",
        ),
        (
            subject(|it| {
                it.cluster_arn = Some(ARN.into());
                it.thing = Some(Thing::Unknown("Spaceship".into()));
            }),
            "pod address Possible",
        ),
        (
            subject(|it| {
                it.cluster_arn = Some(ARN.into());
                (it.namespace, it.pod) = (Some("shop".into()), Some("other".into()));
            }),
            "pod address Possible",
        ),
    ];
    for address in ["100.64.3.4", "fd00::1"] {
        for (subject, expected) in &cases {
            let found = judged(&Query::Address(address.to_owned()), &innocent(), subject, &ours());
            assert_eq!(found, expected.replace("100.64.3.4", address), "{subject:?}");
        }
    }
}

#[test]
fn without_the_arn_of_our_cluster_nothing_but_a_uid_is_certain() {
    let by_name = Cluster { arn: None, ..ours() };
    let some = |text: &str| Some(text.to_owned());
    let subject = Subject {
        cluster: some("payments"),
        cluster_arn: some(ARN),
        instance: some("i-1"),
        vpc: some("vpc-1"),
        ..Subject::default()
    };
    let uid = Query::PodNamed { namespace: "shop".into(), name: "web".into(), uid: some("u1") };
    let cases = [
        (Query::Address("100.64.3.4".into()), "pod address", Confidence::Possible),
        (Query::Container("c1".into()), "container id", Confidence::Possible),
        (Query::Instance("i-1".into()), "node by instance id", Confidence::Possible),
        (Query::NodeNamed("node-1".into()), "node by node user", Confidence::Possible),
        (uid, "uid", Confidence::Certain),
    ];
    for (query, by, confidence) in cases {
        assert_eq!(judged(&query, &innocent(), &subject, &by_name), format!("{by} {confidence:?}"));
        assert_eq!(judged(&query, &innocent(), &subject, &ours()), format!("{by} Certain"));
    }
}

#[test]
fn a_uid_that_is_named_is_the_last_that_is_asked_of_pods() {
    let some = |text: &str| Some(text.to_owned());
    let named = |kind: &str, namespace: Option<String>| Subject {
        namespace,
        pod: some("web").filter(|_| kind == "pods"),
        workload: Some(Workload { kind: kind.to_owned(), name: "web".to_owned(), uid: some("u9") }),
        container: Some(watchfire_core::event::Container { name: None, id: some("c1") }),
        ip: some("100.64.3.4"),
        instance: some("i-1"),
        service_account: some("shop/web"),
        principal: some("role"),
        image: some("web@sha256:aa"),
        ..Subject::default()
    };
    let shop = some("shop");
    let pod = Query::PodNamed { namespace: "shop".into(), name: "web".into(), uid: some("u9") };
    let of = |kind: &str| Query::PodsOf {
        kind: kind.to_owned(),
        namespace: "shop".into(),
        name: "web".into(),
        uid: some("u9"),
    };
    let node = Query::Instance("i-1".into());
    assert_eq!(queries(&named("pods", shop.clone())), [pod.clone(), node.clone()]);
    assert_eq!(queries(&named("deployments", shop.clone())), [of("deployments"), node.clone()]);
    assert_eq!(queries(&named("workloads", shop)), [pod.clone(), of("workloads"), node.clone()]);
    assert_eq!(queries(&named("pods", None)), [Query::PodOfUid("u9".into()), node]);
    let another = "the pod shop/web is another one, by its UID";
    assert_eq!(judged(&pod, &innocent(), &named("pods", some("shop")), &ours()), another);
}

#[test]
fn a_uid_without_a_name_is_looked_for_and_nothing_else() {
    let mut event = miner();
    let workload = &mut event["detail"]["resource"]["kubernetesDetails"]["kubernetesWorkloadDetails"];
    workload.as_object_mut().unwrap().remove("name");
    let (_, subject) = read(&event);
    let uid = "7e57ab1e-0000-4000-8000-000000000001".to_owned();
    let pod = Query::PodNamed { namespace: "shop".into(), name: uid.clone(), uid: Some(uid) };
    assert_eq!(queries(&subject), [pod, Query::Instance("i-0abc0000000000001".into())]);
}

/// The miner natively, about another resource, with the address of a pod of ours.
fn native(resource: Value) -> Value {
    let mut event = miner();
    event["detail"]["resource"] = resource;
    event["detail"]["service"]["action"]["networkConnectionAction"]["localIpDetails"] =
        json!({"ipAddressV4": "100.64.3.4"});
    event
}

fn asff(resources: Value) -> Value {
    let mut event: Value = serde_json::from_str(&fixture("asff_miner")).unwrap();
    let finding = &mut event["detail"]["findings"][0];
    finding["Resources"] = resources;
    finding["ProductFields"]["aws/guardduty/service/action/networkConnectionAction/localIpDetails/ipAddressV4"] =
        json!("100.64.3.4");
    event
}

fn ocsf(resources: Value) -> Value {
    let mut event: Value = serde_json::from_str(&fixture("ocsf_miner")).unwrap();
    event["detail"]["findings"][0]["resources"] = resources;
    event
}

#[test]
fn what_is_no_pod_leads_to_no_pod_in_every_feed() {
    let key = json!({"userName": "eks-payments", "accessKeyId": "ASIAEXAMPLE"});
    let natives = [
        json!({"resourceType": "ECSCluster", "ecsClusterDetails": {"name": "c",
            "taskDetails": {"launchType": "FARGATE", "containers": [{"name": "app", "id": "c1"}]}}}),
        json!({"resourceType": "ECSCluster", "eksClusterDetails": {"name": "payments", "arn": ARN}}),
        json!({"resourceType": "Container", "ecsClusterDetails": {"name": "c"}, "containerDetails": {"id": "c1"}}),
        json!({"resourceType": "Lambda", "lambdaDetails": {"functionName": "f"}}),
        json!({"resourceType": "RDSDBInstance", "rdsDbInstanceDetails": {"dbInstanceIdentifier": "d"}}),
        json!({"resourceType": "RDSLimitlessDB"}),
        json!({"resourceType": "S3Bucket", "s3BucketDetails": [{"name": "b"}]}),
        json!({"resourceType": "S3Object"}),
        json!({"resourceType": "EBSSnapshot"}),
        json!({"resourceType": "EC2Image"}),
        json!({"resourceType": "Instance"}),
    ];
    let copies = [
        json!([{"Type": "AwsEcsCluster", "Id": "c"}]),
        json!([{"Type": "AwsEcsTask", "Id": "t"}, {"Type": "Container", "Id": "0123456789abcdef"}]),
        json!([{"Type": "AwsLambdaFunction", "Id": "f"}]),
        json!([{"Type": "AwsRdsDbInstance", "Id": "d"}]),
        json!([{"Type": "AwsS3Bucket", "Id": "b"}]),
    ];
    let newer = [
        json!([{"type": "AWS::ECS::Cluster", "uid": "c", "data": {"network_interfaces": [{"private_ip_address": "100.64.3.4"}]}}]),
        json!([{"type": "AWS::Lambda::Function", "uid": "f"}]),
        json!([{"type": "AWS::S3::Bucket", "uid": "b"}]),
        json!([{"type": "AWS::ECS::Task", "uid": "t", "device": {"container": {"uid": "c1"}}}]),
    ];
    let events = natives.into_iter().map(native);
    let events = events.chain(copies.into_iter().map(asff)).chain(newer.into_iter().map(ocsf));
    for event in events {
        let (_, subject) = read(&event);
        assert_eq!(queries(&subject), [], "{subject:?}");
    }
    let (_, subject) = read(&native(json!({"resourceType": "AccessKey", "accessKeyDetails": key})));
    assert_eq!(queries(&subject), [Query::Session("eks-payments".into())]);
}

#[test]
fn an_instance_leads_to_a_pod_only_if_it_is_a_node_of_ours() {
    let about = |instance: &str| {
        let (_, subject) = read(&native(json!({
            "resourceType": "Instance", "instanceDetails": {"instanceId": instance,
                "networkInterfaces": [{"privateIpAddress": "100.64.3.4", "vpcId": "vpc-1"}]},
        })));
        let asked = queries(&subject);
        asked.iter().map(|query| judged(query, &innocent(), &subject, &ours())).collect::<Vec<_>>()
    };
    assert_eq!(about("i-1"), ["pod address Certain", "node by instance id Certain"]);
    let at_that_time = "no pod is known to have had the address 100.64.3.4 at that time";
    assert_eq!(about("i-2")[0], at_that_time);
}

#[test]
fn an_address_is_read_as_kubernetes_writes_it() {
    let ip = |near: Value| {
        let mut event = native(json!({"resourceType": "EKSCluster"}));
        event["detail"]["service"]["action"]["networkConnectionAction"]["localIpDetails"] = near;
        read(&event).1.ip.unwrap()
    };
    assert_eq!(ip(json!({"ipAddressV6": "FD00:0:0:0:0:0:0:1"})), "fd00::1");
    assert_eq!(ip(json!({"ipAddressV6": "::ffff:10.0.0.1"})), "10.0.0.1");
    assert_eq!(ip(json!({"ipAddressV4": " 10.0.0.1 "})), "10.0.0.1");
}

#[test]
fn a_pod_or_a_namespace_may_be_called_null_or_unknown() {
    for word in ["null", "none", "unknown", "undefined", "nil", "NULL"] {
        let mut event = miner();
        let workload = &mut event["detail"]["resource"]["kubernetesDetails"]["kubernetesWorkloadDetails"];
        (workload["name"], workload["namespace"]) = (json!(word), json!(word));
        let (_, subject) = read(&event);
        let named = (subject.namespace.as_deref(), subject.pod.as_deref());
        assert_eq!(named, (Some(word), Some(word)));
        workload_is_absent(&mut event);
        let (_, subject) = read(&event);
        assert_eq!((subject.namespace, subject.pod), (None, None));
    }
}

fn workload_is_absent(event: &mut Value) {
    let workload = &mut event["detail"]["resource"]["kubernetesDetails"]["kubernetesWorkloadDetails"];
    (workload["name"], workload["namespace"], workload["uid"]) = (json!(null), json!(""), json!(null));
}

#[test]
fn the_vpc_is_that_of_the_cluster_or_of_all_interfaces() {
    let vpc = |resource: Value| read(&native(resource)).1.vpc;
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(read(&miner()).1.vpc, some("vpc-0a0a0a0a"));
    let interfaces = |vpcs: &[&str]| {
        let all: Vec<_> = vpcs.iter().map(|vpc| json!({"vpcId": vpc})).collect();
        json!({"resourceType": "Instance", "instanceDetails": {"networkInterfaces": all}})
    };
    assert_eq!(vpc(interfaces(&["vpc-1", "vpc-1"])), some("vpc-1"));
    assert_eq!(vpc(interfaces(&["vpc-1", "vpc-2"])), None);
}
