//! The faithful server against exchanges recorded from a real one, in order.

use std::path::PathBuf;

use reqwest::Method;
use serde_json::{Value, json};
use watchfire_kubernetes::{KubernetesServer, Machine};
use watchfire_tests::cluster::{Rule, User};
use watchfire_tests::{data, http, until};

use crate::support::SOON;

/// So many were recorded.
const EXCHANGES: usize = 38;

/// One recorded exchange.
struct Exchange {
    name: String,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
    status: u16,
    answer: String,
}

impl Exchange {
    fn read(name: &str, text: &str) -> Exchange {
        let (request, response) = text.split_once("---- response\n").unwrap();
        let (head, body) = request.split_once("\n\n").unwrap();
        let mut lines = head.lines();
        let (method, target) = lines.next().unwrap().split_once(' ').unwrap();
        let header = |line: &str| line.split_once(": ").map(|(k, v)| (k.to_owned(), v.to_owned())).unwrap();
        let (status, answer) = response.split_once("\r\n\r\n").unwrap();
        Exchange {
            name: name.to_owned(),
            method: method.to_owned(),
            target: target.to_owned(),
            headers: lines.map(header).collect(),
            body: body.trim_end().to_owned(),
            status: status.split(' ').nth(1).unwrap().parse().unwrap(),
            answer: answer.to_owned(),
        }
    }

    async fn replay(&self, server: &KubernetesServer, names: &[(String, String)]) -> Result<(), String> {
        let rename =
            |text: &str| names.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        let method: Method = self.method.parse().unwrap();
        let mut request = http().request(method, format!("{}{}", server.url(), rename(&self.target)));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.header("user-agent", "curl/8.14.1").body(rename(&self.body));
        let response = request.send().await.unwrap();
        let (status, answer) = (response.status().as_u16(), response.text().await.unwrap());
        let (expected, found) = (still(&self.name, &rename(&self.answer)), still(&self.name, &answer));
        if (self.status, &expected) == (status, &found) {
            return Ok(());
        }
        let mut differences = Vec::new();
        differ("", &expected, &found, &mut differences);
        Err(format!("{}: {} / {status}\n  {}", self.name, self.status, differences.join("\n  ")))
    }
}

/// A body without what is never the same twice.
fn still(name: &str, text: &str) -> Value {
    let mut lines: Vec<Value> = match serde_json::from_str(text) {
        Ok(value) => vec![value],
        Err(_) => text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect(),
    };
    if lines.is_empty() {
        // A log: the recorded time has another length.
        let lines: Vec<&str> =
            text.trim_end().lines().map(|line| line.split_once(' ').map_or(line, |l| l.1)).collect();
        return json!(lines);
    }
    lines.iter_mut().for_each(|value| quiet(name, "", value));
    json!(lines)
}

fn quiet(name: &str, field: &str, value: &mut Value) {
    let volatile = matches!(
        field,
        "uid"
            | "resourceVersion"
            | "creationTimestamp"
            | "deletionTimestamp"
            | "time"
            | "lastTransitionTime"
            | "startTime"
            | "startedAt"
            | "podIP"
            | "hostIP"
            | "ip"
            | "containerID"
            | "imageID"
    );
    match value {
        // A user's UID is a number.
        Value::String(_) if volatile => *value = "*".into(),
        Value::String(text) => {
            if let Some(stem) = text.strip_prefix("kube-api-access-") {
                assert_eq!(stem.len(), 5);
                "kube-api-access-*".clone_into(text);
            }
            if let Some((said, _)) = text.split_once("\n@@").or_else(|| text.split_once("\n- \"")) {
                *text = said.to_owned();
            }
            if name.starts_with("25-")
                && let Some((said, _)) = text.split_once(", current: ")
            {
                *text = said.to_owned();
            }
            if name.starts_with("31-")
                && let Some((said, rest)) = text.split_once("UID in record (")
            {
                let rest = rest.split_once(')').unwrap().1;
                *text = format!("{said}UID in record (*){rest}");
            }
        }
        Value::Array(items) => {
            // What only the recorded server's distribution adds, and what the kubelet owns.
            items.retain(|item| {
                item["configMap"]["name"] != "openshift-service-ca.crt" && item["manager"] != "kubelet"
            });
            items.iter_mut().for_each(|item| quiet(name, field, item));
        }
        Value::Object(map) => {
            let keys: Vec<String> = map.keys().filter(|key| key.starts_with("k:{\"uid\"")).cloned().collect();
            for key in keys {
                let inner = map.remove(&key).unwrap();
                map.insert("k:{uid}".to_owned(), inner);
            }
            map.iter_mut().for_each(|(key, value)| quiet(name, key, value));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn differ(at: &str, expected: &Value, found: &Value, out: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let side =
                    |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or(json!("(none)"));
                differ(&format!("{at}.{key}"), &side(a), &side(b), out);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().for_each(|(i, (a, b))| differ(&format!("{at}[{i}]"), a, b, out));
        }
        (a, b) if a == b => {}
        (a, b) => out.push(format!("{at}: {a} / {b}")),
    }
}

/// All of them in order; their numbers tell whether one is lost.
fn exchanges() -> Vec<Exchange> {
    let files = std::fs::read_dir(data().join("k8s-golden")).unwrap();
    let mut names: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    names.sort();
    let read = |path: &PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        Exchange::read(&name, &std::fs::read_to_string(path).unwrap())
    };
    let exchanges: Vec<_> = names.iter().map(read).collect();
    let numbers: Vec<usize> = exchanges.iter().map(|exchange| exchange.name[..2].parse().unwrap()).collect();
    assert_eq!(numbers, (1..=EXCHANGES).collect::<Vec<_>>());
    exchanges
}

/// A server as the recorded one was: its node, two users, a namespace.
async fn recorded_server() -> KubernetesServer {
    let server = KubernetesServer::start().await;
    let url = server.url();
    http().delete(format!("{url}/api/v1/nodes/i-0123456789abcdef0")).send().await.unwrap();
    server.node(&Machine { name: "node-real".to_owned(), ..Machine::number(1) });
    server.user("admin-token", User::admin());
    let rules = vec![Rule::new("get list watch", "*", "*")];
    server.user("viewer-token", User { name: "viewer".to_owned(), rules });
    post(&server, "/api/v1/namespaces", &json!({"metadata": {"name": "gold"}})).await;
    until("the default account", SOON, async || server.object("", "serviceaccounts", "gold", "default"))
        .await;
    server
}

async fn post(server: &KubernetesServer, path: &str, body: &Value) {
    let request = http().post(format!("{}{path}", server.url())).bearer_auth("admin-token").json(body);
    let response = request.send().await.unwrap();
    assert!(response.status().is_success(), "{}", response.text().await.unwrap());
}

/// The Deployment and the budget that the later exchanges are about; answers with the names of its pod and set.
async fn deploy(server: &KubernetesServer) -> [String; 2] {
    let container = json!({"name": "app", "image": "registry.local/app:1", "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", "while true; do sleep 1; done"]});
    let labels = json!({"app": "d1"});
    let deployment = json!({"metadata": {"name": "d1"}, "spec": {"replicas": 1, "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}});
    post(server, "/apis/apps/v1/namespaces/gold/deployments", &deployment).await;
    let budget =
        json!({"metadata": {"name": "d1"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": labels}}});
    post(server, "/apis/policy/v1/namespaces/gold/poddisruptionbudgets", &budget).await;
    until("a healthy budget", SOON, async || {
        let budget = server.object("policy", "poddisruptionbudgets", "gold", "d1")?;
        (budget["status"]["currentHealthy"] == 1).then_some(())
    })
    .await;
    let url = format!("{}/api/v1/namespaces/gold/pods?labelSelector=app%3Dd1", server.url());
    let list: Value = http().get(url).bearer_auth("admin-token").send().await.unwrap().json().await.unwrap();
    let pod = &list["items"][0]["metadata"];
    let name = |value: &Value| value.as_str().unwrap().to_owned();
    [name(&pod["name"]), name(&pod["ownerReferences"][0]["name"])]
}

#[tokio::test]
async fn every_recorded_exchange_is_answered_alike() {
    let exchanges = exchanges();
    let server = recorded_server().await;
    let (mut names, mut failures) = (Vec::new(), Vec::new());
    for exchange in &exchanges {
        match &exchange.name[..2] {
            "07" => {
                until("p1 runs", SOON, async || {
                    server.object("", "pods", "gold", "p1").filter(|pod| pod["status"]["phase"] == "Running")
                })
                .await;
                server.log("gold", "p1", "c", false, "hello\n");
            }
            "26" => {
                let [pod, set] = deploy(&server).await;
                let hash = set.trim_start_matches("d1-").to_owned();
                names = vec![
                    ("d1-65575b9f9-2jnnq".to_owned(), pod),
                    ("d1-65575b9f9".to_owned(), set),
                    ("65575b9f9".to_owned(), hash),
                ];
            }
            // The recorded requests were faster than the controllers.
            "30" => server.control(false),
            _ => {}
        }
        failures.extend(exchange.replay(&server, &names).await.err());
    }
    assert!(
        failures.is_empty(),
        "{} of {} differ:\n{}",
        failures.len(),
        exchanges.len(),
        failures.join("\n")
    );
}
