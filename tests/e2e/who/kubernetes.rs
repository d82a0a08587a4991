//! Tokens of Kubernetes: whose one is and what they may, the API server says, and nobody else.

use serde_json::{Value, json};
use watchfire_tests::cluster::{Cluster, Fault, Match, Person, Rule, User};
use watchfire_tests::oidc::Cookies;
use watchfire_tests::{Configuration, GuardDuty, PagerDuty, Watchfire, http, until};

use crate::support::SOON;

const ANA: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbmEifQ.c2lnbmF0dXJl";
const BO: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJibyJ9.c2lnbmF0dXJl";
const OTHER: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJvdGhlciJ9.c2lnbmF0dXJl";
const EKS: &str = "k8s-aws-v1.aHR0cHM6Ly9zdHMudXMtZ292LXdlc3QtMS5hbWF6b25hd3MuY29tLw";

struct Stage {
    cluster: Cluster,
    _pagerduty: PagerDuty,
    /// With the kubeconfig, which a reload reads again.
    _folder: tempfile::TempDir,
    worker: Watchfire,
}

/// On `incidents.watchfire.dev`.
fn may(verbs: &str) -> Rule {
    Rule::new(verbs, "watchfire.dev", "incidents")
}

fn account(name: &str, audience: &str, rules: Vec<Rule>) -> Person {
    Person {
        username: format!("system:serviceaccount:security:{name}"),
        uid: format!("uid-of-{name}"),
        groups: vec!["system:serviceaccounts".to_owned(), "system:authenticated".to_owned()],
        audiences: vec![audience.to_owned()],
        rules,
    }
}

/// What `watchfire rbac` grants for it, beside what it needs to look.
fn granted() -> Vec<Rule> {
    vec![
        Rule::new("get list watch", "*", "*"),
        Rule::new("create", "authentication.k8s.io", "tokenreviews"),
        Rule::new("create", "authorization.k8s.io", "subjectaccessreviews"),
    ]
}

impl Stage {
    async fn set() -> Self {
        let (cluster, pagerduty) = (Cluster::fresh().await, PagerDuty::start().await);
        let user = User { name: "system:serviceaccount:watchfire:watchfire".to_owned(), rules: granted() };
        cluster.proxy().acting_as(user);
        let server = cluster.fake().unwrap();
        server.person(ANA, account("ana", "watchfire", vec![may("respond").within(&["shop"]), may("look")]));
        server.person(BO, account("bo", "watchfire", vec![may("administer")]));
        server.person(OTHER, account("other", "vault", vec![may("*")]));
        let name = "arn:aws:sts::111122223333:assumed-role/oncall/ana".to_owned();
        server.person(EKS, Person { username: name, rules: vec![may("*")], ..Person::default() });
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = cluster.proxy().kubeconfig(folder.path());
        let configuration = Configuration::new(&pagerduty.url())
            .set("http.operator_token", json!({"env": "INGEST_TOKEN"}))
            .set("cluster", json!({"name": "payments", "access": {"kubeconfig": {"path": kubeconfig}}}))
            .set("access", json!({"kubernetes": {"namespaces": ["shop", "pay"]}}));
        let worker = Watchfire::start(&configuration, None).await;
        Self { cluster, _pagerduty: pagerduty, _folder: folder, worker }
    }

    async fn get(&self, token: &str, path: &str) -> (u16, Value) {
        let request = http().get(format!("{}{path}", self.worker.ingest)).bearer_auth(token);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn incident(&self, id: &str, namespace: &str) -> String {
        let finding = GuardDuty::of("CryptoCurrency:Runtime/BitcoinTool.B", 8.0, id);
        assert_eq!(self.worker.post(finding.in_namespace(namespace, id).id(id).event(id)).await, 202);
        self.worker.decided(id).await["incident"].as_str().unwrap().to_owned()
    }

    async fn acknowledge(&self, token: &str, incident: &str) -> (u16, Value) {
        let body = json!({"by": "mallory", "reason": "a test", "wish": {"acknowledge": incident}});
        let request = http().post(format!("{}/v1/commands", self.worker.ingest)).bearer_auth(token);
        let answer = request.json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    fn reviews(&self) -> usize {
        let calls = self.cluster.proxy().calls();
        calls.iter().filter(|call| call.path.ends_with("/tokenreviews")).count()
    }
}

#[tokio::test]
async fn whom_the_cluster_knows_may_what_its_roles_say_and_is_in_the_trail_by_their_own_name() {
    let stage = Stage::set().await;
    let (shop, pay) = (stage.incident("one", "shop").await, stage.incident("two", "pay").await);
    assert_eq!(stage.get(ANA, "/v1/incidents").await.0, 200);
    let (status, answer) = stage.acknowledge(ANA, &pay).await;
    let said = "it wants the role responder in namespace pay in cluster payments; system:serviceaccount:security:ana has \
                viewer in cluster payments; responder in namespace shop in cluster payments";
    assert_eq!((status, answer), (403, json!({"error": said})));
    assert_eq!(stage.acknowledge(ANA, &shop).await.0, 200);
    // One that is only for this cluster may not ask about everything.
    let (status, answer) = stage.get(BO, "/v1/audit").await;
    let said = "it wants the role admin; system:serviceaccount:security:bo has admin in cluster payments";
    assert_eq!((status, answer), (403, json!({"error": said})));
    let (status, trail) = stage.get(Configuration::INGEST_TOKEN, "/v1/audit").await;
    assert_eq!(status, 200, "{trail}");
    let name = "system:serviceaccount:security:ana";
    let who =
        json!({"name": name, "how": "kubernetes", "subject": name, "says": "mallory", "from": "127.0.0.1"});
    let entry: Value = serde_json::from_str(trail["entries"][0]["line"].as_str().unwrap()).unwrap();
    assert_eq!(entry["who"], who);
    // However much they ask, they are asked about once a minute.
    assert_eq!(stage.reviews(), 2);
    assert!(!stage.worker.printed().contains(ANA), "a token is in a log");
}

#[tokio::test]
async fn a_token_for_somebody_else_is_nobodys_here_and_what_is_no_token_of_kubernetes_is_not_shown_to_it() {
    let stage = Stage::set().await;
    let nobody = json!({"error": "expected `Authorization: Bearer` with an operator's token: Kubernetes does not know this \
        token, or it is not for the audience `watchfire`"});
    let forged = format!("{ANA}2");
    for token in [OTHER, EKS, &forged] {
        assert_eq!(stage.get(token, "/v1/incidents").await, (401, nobody.clone()), "{token}");
    }
    assert_eq!(stage.reviews(), 3);
    for token in ["wft_somebodys", "a-secret-of-something-else"] {
        assert_eq!(stage.get(token, "/v1/incidents").await.0, 401, "{token}");
    }
    assert_eq!(stage.reviews(), 3);
    let metrics = stage.worker.metrics_page().await;
    assert!(metrics.contains(r#"watchfire_http_refused_total{reason="token"} 5"#), "{metrics}");
}

#[tokio::test]
async fn while_the_api_server_cannot_be_asked_it_is_not_known_who_asks_and_that_is_no_401() {
    let stage = Stage::set().await;
    let reviews = Match::any().path("/tokenreviews");
    stage.cluster.proxy().fault(reviews, Fault::status(500));
    let said = |why: &str| (503, json!({"error": format!("it is not known who asks: {why}")}));
    let failing = said("the API server of Kubernetes answers 500 to tokenreviews");
    assert_eq!(stage.get(ANA, "/v1/incidents").await, failing);
    // Those whom the configuration knows need no API server.
    assert_eq!(stage.get(Configuration::INGEST_TOKEN, "/v1/incidents").await.0, 200);
    stage.cluster.proxy().heal();
    // Nothing of it is remembered.
    assert_eq!(stage.get(ANA, "/v1/incidents").await.0, 200);
    let roles = Match::any().path("/subjectaccessreviews");
    stage.cluster.proxy().fault(roles, Fault::Drop);
    let (status, answer) = stage.get(BO, "/v1/incidents").await;
    assert_eq!(status, 503, "{answer}");
    stage.cluster.proxy().heal();
    stage.cluster.proxy().acting_as(User { name: "watchfire".to_owned(), rules: granted()[..2].to_vec() });
    let unpermitted = said(
        "Watchfire may not create subjectaccessreviews in Kubernetes: apply what `watchfire rbac` prints",
    );
    assert_eq!(stage.get(BO, "/v1/incidents").await, unpermitted);
    let metrics = stage.worker.metrics_page().await;
    assert!(metrics.contains(r#"watchfire_http_refused_total{reason="unheard"} 3"#), "{metrics}");
}

#[tokio::test]
async fn a_session_by_a_token_of_kubernetes_is_as_good_as_the_token() {
    let stage = Stage::set().await;
    let mut browser = Cookies::default();
    let at = |path: &str| format!("{}{path}", stage.worker.ingest);
    let form = [("token", ANA), ("name", "mallory"), ("to", "/")];
    let answer = browser.go(&at("/login"), None, Some(&form)).await;
    assert_eq!((answer.status.as_u16(), answer.leads_to()), (303, "/"));
    assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 1);
    let page = browser.go(&at("/"), None, None).await;
    assert_eq!(page.status.as_u16(), 200);
    assert!(
        page.text.contains("system:serviceaccount:security:ana") && !page.text.contains("mallory"),
        "{}",
        page.text
    );
    // What was said of it is forgotten with a reload: nobody waits a minute for that here.
    stage.cluster.fake().unwrap().revoke(ANA);
    let path = stage.worker.path("watchfire.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut configuration: Value = serde_json::from_str(&text).unwrap();
    configuration["access"]["sessions"] = json!({"hours": 11});
    std::fs::write(&path, configuration.to_string()).unwrap();
    let is_over = async || (browser.go(&at("/"), None, None).await.status.as_u16() == 303).then_some(());
    until("the end of the session", SOON, is_over).await;
    assert_eq!(browser.go(&at("/"), None, None).await.leads_to(), "/login");
}
