//! The API behind a function URL: the worker's own routes, behind tokens or IAM.

use serde_json::{Value, json};
use watchfire_lambda::Operators;
use watchfire_tests::{GuardDuty, free_port};

use super::{InProcess, TOKEN};

/// As a function URL hands it over.
pub(super) fn request(method: &str, path: &str, query: &str, headers: Value, body: Option<&str>) -> Value {
    let context = json!({"accountId": "anonymous", "apiId": "u1", "domainName": "u1.lambda-url.us-gov-west-1.on.aws",
        "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "curl"},
        "requestId": "r1", "routeKey": "$default", "stage": "$default", "time": "20/Nov/2026:12:00:00 +0000",
        "timeEpoch": 1_795_176_000_000_u64});
    json!({"version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": headers,
        "requestContext": context, "body": body, "isBase64Encoded": false})
}

pub(super) fn shown(token: &str) -> Value {
    json!({"authorization": format!("Bearer {token}"), "host": "u1.lambda-url.us-gov-west-1.on.aws"})
}

pub(super) fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn who_shows_the_token_is_answered_as_by_a_worker() {
    let lambda = InProcess::new().await;
    lambda.answer(&GuardDuty::miner("checkout-1").event("e1")).await.unwrap();
    let listed = lambda.answer(&request("GET", "/v1/incidents", "", shown(TOKEN), None)).await.unwrap();
    assert_eq!(listed["statusCode"], 200, "{listed}");
    assert!(listed["body"].as_str().unwrap().contains("checkout-1"), "{listed}");
    let asked = request("GET", "/v1/event", "of=e1", shown(TOKEN), None);
    assert_eq!(lambda.answer(&asked).await.unwrap()["statusCode"], 200);
    let command = json!({"by": "alice", "reason": "a test", "wish": "switch-off"}).to_string();
    let mut headers = shown(TOKEN);
    headers["content-type"] = json!("application/json");
    let done = lambda.answer(&request("POST", "/v1/commands", "", headers, Some(&command))).await.unwrap();
    assert!(done["statusCode"] == 200 || done["statusCode"] == 422, "{done}");
}

#[tokio::test]
async fn who_does_not_is_refused_and_so_is_what_is_no_route() {
    let lambda = InProcess::new().await;
    let status = async |path: &str, headers: Value| {
        let answer = lambda.answer(&request("GET", path, "", headers, None)).await.unwrap();
        answer["statusCode"].as_u64().unwrap()
    };
    assert_eq!(status("/v1/incidents", json!({})).await, 401);
    assert_eq!(status("/v1/incidents", shown("another-token-of-some-length")).await, 401);
    assert_eq!(status("/v1/nothing", shown(TOKEN)).await, 404);
    // Without a token of those who send events nobody may, the operator either.
    let sent = lambda.answer(&request("POST", "/v1/events", "", shown(TOKEN), Some("{}"))).await.unwrap();
    assert_eq!(sent["statusCode"], 403);
    let mut foreign = shown(TOKEN);
    foreign["origin"] = json!("https://evil.example");
    assert_eq!(status("/v1/incidents", foreign).await, 403);
}

#[tokio::test]
async fn whom_iam_has_let_in_is_an_operator_only_where_that_is_configured() {
    let mut signed =
        request("GET", "/v1/incidents", "", json!({"authorization": "AWS4-HMAC-SHA256 …"}), None);
    signed["requestContext"]["authorizer"] = json!({"iam": {"accessKey": "AKIA", "accountId": "111122223333",
        "callerId": "AIDA", "userArn": "arn:aws-us-gov:iam::111122223333:user/alice", "userId": "AIDA"}});
    for (operators, expected) in [(Operators::ShowTheToken, 401), (Operators::AreLetInByIam, 200)] {
        let lambda = InProcess::with(free_port(), operators, None).await;
        assert_eq!(lambda.answer(&signed).await.unwrap()["statusCode"], expected);
        // What is not signed still needs the token.
        let unsigned = request("GET", "/v1/incidents", "", json!({}), None);
        assert_eq!(lambda.answer(&unsigned).await.unwrap()["statusCode"], 401);
    }
}

/// As a REST API hands it over, with an IAM authorizer where somebody has signed.
fn request_of_version_1(path: &str, query: Value, headers: Value, arn: Option<&str>) -> Value {
    json!({"resource": "/{proxy+}", "path": path, "httpMethod": "GET", "headers": null, "multiValueHeaders": headers,
        "queryStringParameters": null, "multiValueQueryStringParameters": query, "pathParameters": {"proxy": "v1"},
        "stageVariables": null, "requestContext": {"stage": "prod", "path": format!("/prod{path}"),
        "identity": {"userArn": arn, "accessKey": null, "sourceIp": "203.0.113.7"}, "resourceId": "r", "apiId": "a"},
        "body": null, "isBase64Encoded": false})
}

#[tokio::test]
async fn a_rest_api_is_answered_as_a_function_url_is() {
    let lambda = InProcess::new().await;
    lambda.answer(&GuardDuty::miner("checkout-1").event("e 1&2")).await.unwrap();
    let named = json!({"Authorization": [format!("Bearer {TOKEN}")], "Host": ["a.execute-api.us-gov-west-1.amazonaws.com"]});
    let of_version_1 = request_of_version_1("/v1/event", json!({"of": ["e 1&2"]}), named, None);
    let of_version_2 = request("GET", "/v1/event", "of=e+1%262", shown(TOKEN), None);
    let answer = lambda.answer(&of_version_1).await.unwrap();
    assert_eq!((&answer["statusCode"], &answer["isBase64Encoded"]), (&json!(200), &json!(false)), "{answer}");
    assert_eq!(answer, lambda.answer(&of_version_2).await.unwrap());
    let members: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(members, ["body", "headers", "isBase64Encoded", "statusCode"], "API Gateway refuses others");
    let unknown = request_of_version_1("/v1/incidents", Value::Null, json!({}), None);
    assert_eq!(lambda.answer(&unknown).await.unwrap()["statusCode"], 401);
    let mut single = request_of_version_1("/v1/incidents", Value::Null, Value::Null, None);
    single["headers"] = json!({"authorization": format!("Bearer {TOKEN}")});
    single["queryStringParameters"] = json!({"state": "all"});
    assert_eq!(lambda.answer(&single).await.unwrap()["statusCode"], 200);
}

#[tokio::test]
async fn who_has_signed_is_who_commands_whatever_the_request_says_of_that() {
    let alice = "arn:aws-us-gov:iam::111122223333:user/alice";
    let command = json!({"by": "mallory", "reason": "a test", "wish": "switch_off"}).to_string();
    let headers = json!({"content-type": "application/json", "authorization": "AWS4-HMAC-SHA256 …"});
    let mut of_version_2 = request("POST", "/v1/commands", "", headers, Some(&command));
    of_version_2["requestContext"]["authorizer"] = json!({"iam": {"userArn": alice}});
    let mut of_version_1 = request_of_version_1(
        "/v1/commands",
        Value::Null,
        json!({"Content-Type": ["application/json"]}),
        Some(alice),
    );
    (of_version_1["httpMethod"], of_version_1["body"]) = (json!("POST"), json!(command));
    for signed in [of_version_2, of_version_1] {
        let lambda = InProcess::with(free_port(), Operators::AreLetInByIam, None).await;
        let answer = lambda.answer(&signed).await.unwrap();
        assert_eq!(answer["statusCode"], 200, "{answer}");
        let entry = lambda.router.journal(1).await.unwrap().remove(0);
        let recorded: Value = serde_json::from_str(&entry.raw).unwrap();
        assert_eq!(
            (&recorded["by"], &recorded["caller"]),
            (&json!("alice"), &json!({"how": "iam", "subject": alice, "says": "mallory"}))
        );
    }
}
