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

#[tokio::test]
async fn a_request_in_the_other_format_is_told_which_one_is_expected() {
    let lambda = InProcess::new().await;
    let request = json!({"resource": "/v1/incidents", "path": "/v1/incidents", "httpMethod": "GET", "headers": {},
        "requestContext": {"stage": "prod"}, "body": null, "isBase64Encoded": false});
    let answer = lambda.answer(&request).await.unwrap();
    assert_eq!(answer["statusCode"], 400);
    assert!(body(&answer)["error"].as_str().unwrap().contains("version 2.0"), "{answer}");
}
