//! Promises about what goes over the wire, and what comes of what comes back.
#![allow(clippy::unwrap_used)]

use axum::body::Bytes;
use axum::http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

const SECRET: &str = "wJalrXUtnFEMI";
const TOKEN: &str = "session";
const LONG: Duration = Duration::from_secs(20);
const ONCE: Patience = Patience { attempt: LONG, in_all: LONG, attempts: 1, wait: Duration::ZERO };
const THRICE: Patience = Patience { attempts: 3, ..ONCE };

fn caller(service: Service, endpoint: &str) -> Caller {
    let place = Place::at(service, "us-gov-west-1", &endpoint.parse().unwrap());
    let credentials = Credentials::new("AKIDEXAMPLE", SECRET, Some(TOKEN.to_owned()), None, "test");
    let http = Clients::new(None).unwrap().direct().unwrap();
    Caller::at(place, http, SharedCredentialsProvider::new(credentials))
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}", body.len())
}

/// Answers one call after the other with these bytes; ends with what it was sent.
async fn server(answers: Vec<String>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let heard = tokio::spawn(async move {
        let mut heard = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !is_whole(&request) {
                assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0, "half a request");
            }
            heard.push(String::from_utf8(request).unwrap());
            // Who has read enough may hang up.
            let _ = stream.write_all(answer.as_bytes()).await;
        }
        heard
    });
    (endpoint, heard)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

/// The first line, the headers in order, and the body; what changes with the time is starred.
fn normal(request: &str) -> String {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let (first, headers) = head.split_once("\r\n").unwrap();
    let starred = |line: &str| match line.split_once(": ").unwrap() {
        ("x-amz-date", date) => format!("x-amz-date: {}", "*".repeat(date.len())),
        ("authorization", value) => {
            let (before, rest) = value.split_once("/2").unwrap();
            let (_, scope) = rest.split_once('/').unwrap();
            let (scope, signature) = scope.split_once("Signature=").unwrap();
            format!("authorization: {before}/*/{scope}Signature={}", signature.len())
        }
        ("host", _) => "host: *".to_owned(),
        _ => line.to_owned(),
    };
    let mut headers: Vec<String> = headers.lines().map(starred).collect();
    headers.sort();
    format!("{first}\n{}\n\n{body}", headers.join("\n"))
}

/// What is sent, and what comes of that answer.
async fn exchange(
    service: Service,
    ask: Ask<'_>,
    patience: Patience,
    answers: Vec<String>,
) -> (Vec<String>, Result<Answer, CallError>) {
    let (endpoint, heard) = server(answers).await;
    let answered = caller(service, &endpoint).call(&ask, patience).await;
    (heard.await.unwrap().iter().map(|request| normal(request)).collect(), answered)
}

fn expected(first: &str, service: &str, headers: [&str; 2], body: &str) -> String {
    let [kind, target] = headers;
    let signed_target = if target.is_empty() { "" } else { ";x-amz-target" };
    let target = if target.is_empty() { String::new() } else { format!("x-amz-target: {target}\n") };
    format!(
        "{first} HTTP/1.1\naccept: */*\n\
         authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/*/us-gov-west-1/{service}/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date;x-amz-security-token{signed_target}, Signature=64\n\
         content-length: {}\ncontent-type: {kind}\nhost: *\nuser-agent: watchfire/{}\n\
         x-amz-date: ****************\nx-amz-security-token: session\n{target}\n{body}",
        body.len(),
        env!("CARGO_PKG_VERSION"),
    )
}

#[tokio::test]
async fn a_query_is_a_form_and_answered_in_xml() {
    let fields = [("RoleName", "a+b"), ("PolicyDocument", "{\"ä\": \"&\"}")];
    let ask = Ask::Query { action: "PutRolePolicy", version: "2010-05-08", fields: &fields };
    let xml = "<GetRolePolicyResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetRolePolicyResult>\
               <PolicyDocument>%7B%7D</PolicyDocument></GetRolePolicyResult></GetRolePolicyResponse>";
    let (heard, answered) =
        exchange(Service::Iam, ask, ONCE, vec![answer("200 OK", "content-type: text/xml\r\n", xml)]).await;
    let body = "Action=PutRolePolicy&Version=2010-05-08&RoleName=a%2Bb&\
                PolicyDocument=%7B%22%C3%A4%22%3A+%22%26%22%7D";
    assert_eq!(heard, [expected("POST /", "iam", ["application/x-www-form-urlencoded", ""], body)]);
    let path = ["GetRolePolicyResponse", "GetRolePolicyResult", "PolicyDocument"];
    assert_eq!(answered.unwrap().xml_text(&path), Ok("%7B%7D".to_owned()));
}

#[tokio::test]
async fn a_json_call_names_its_operation_in_a_header() {
    let target = "secretsmanager.GetSecretValue";
    let body = json!({"SecretId": "arn"});
    let (heard, answered) = exchange(
        Service::SecretsManager,
        Ask::Json { target, body: &body },
        ONCE,
        vec![answer("200 OK", "", r#"{"SecretString":"hunter2"}"#)],
    )
    .await;
    let expected =
        expected("POST /", "secretsmanager", ["application/x-amz-json-1.1", target], r#"{"SecretId":"arn"}"#);
    assert_eq!(heard, [expected]);
    assert_eq!(answered.unwrap().json(), Ok(json!({"SecretString": "hunter2"})));
}

#[tokio::test]
async fn a_rest_call_is_its_method_and_its_path() {
    let body = json!({"Note": {"Text": "ä"}});
    let ask = Ask::Rest { method: Method::PATCH, path: "/findings/batchupdate", body: &body };
    let (heard, answered) = exchange(Service::SecurityHub, ask, ONCE, vec![answer("200 OK", "", "{}")]).await;
    let (first, kind) = ("PATCH /findings/batchupdate", "application/json");
    assert_eq!(heard, [expected(first, "securityhub", [kind, ""], r#"{"Note":{"Text":"ä"}}"#)]);
    assert_eq!(answered, Ok(Answer::of("{}")));
}

/// The signatures are botocore's, of the same requests at the same time.
#[test]
fn a_call_is_signed_as_botocore_signs_it() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_600_000);
    let credentials = Credentials::new("AKIDEXAMPLE", SECRET, Some(TOKEN.to_owned()), None, "test");
    let fields = [("RoleName", "a+b"), ("PolicyName", "p q")];
    let (web, note) = (json!({"repositoryName": "web"}), json!({"Note": {"Text": "ä"}}));
    let target = "AmazonEC2ContainerRegistry_V20150921.StartImageScan";
    let path = "/findings/batchupdate";
    for (service, region, ask, expected) in [
        (
            Service::Iam,
            "us-gov-east-1",
            Ask::Query { action: "GetRolePolicy", version: "2010-05-08", fields: &fields },
            "20261125/us-gov-west-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date;\
             x-amz-security-token, \
             Signature=de05bf987d9145fc56526fe66dd5867a289e7b5c4e6e9ae46e2862bbee753e1c",
        ),
        (
            Service::Ecr,
            "us-gov-east-1",
            Ask::Json { target, body: &web },
            "20261125/us-gov-east-1/ecr/aws4_request, SignedHeaders=content-type;host;x-amz-date;\
             x-amz-security-token;x-amz-target, \
             Signature=07a9afb6440abcf1d28d952c626b487c9e129b1796657dd87513c33400adaf59",
        ),
        (
            Service::SecurityHub,
            "us-gov-west-1",
            Ask::Rest { method: Method::PATCH, path, body: &note },
            "20261125/us-gov-west-1/securityhub/aws4_request, SignedHeaders=content-type;host;x-amz-date;\
             x-amz-security-token, \
             Signature=d2b567a1df33438aafc8ab08f307cd2091b4a8cb0d93ea95fae6616e865f9ffb",
        ),
    ] {
        let mut caller = caller(service, "https://unused.example.com");
        caller.place = Place::regional(service, region).unwrap();
        let request = caller.signed(&ask, &credentials, now).unwrap();
        let expected = format!("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{expected}");
        assert_eq!(request.headers()["authorization"].to_str().unwrap(), expected);
        assert_eq!(request.headers()["x-amz-date"], "20261125T094640Z");
    }
}

/// The signatures are those of <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>.
#[test]
fn calls_of_s3_are_signed_as_aws_publishes_it() {
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", secret, None, None, "test");
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_369_353_600);
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let get =
        |key, query, headers| Ask::Object { method: Method::GET, key, query, headers, body: Bytes::new() };
    let put = Ask::Object {
        method: Method::PUT,
        key: "test$file.text",
        query: &[],
        headers: &[("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
        body: "Welcome to Amazon S3.".into(),
    };
    for (ask, address, sum, headers, signature) in [
        (
            get("test.txt", &[], &[("range", "bytes=0-9")]),
            "/test.txt",
            empty,
            "host;range;x-amz-content-sha256;x-amz-date",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            put,
            "/test%24file.text",
            "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            get("", &[("max-keys", "2"), ("prefix", "J")], &[]),
            "/?max-keys=2&prefix=J",
            empty,
            "host;x-amz-content-sha256;x-amz-date",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ] {
        let mut caller = caller(Service::S3, "https://unused.example.com");
        let endpoint = "https://s3.amazonaws.com".parse().unwrap();
        caller.place = Place::at(Service::S3, "us-east-1", &endpoint).in_bucket("examplebucket");
        let request = caller.signed(&ask, &credentials, now).unwrap();
        assert_eq!(request.url().as_str(), format!("https://examplebucket.s3.amazonaws.com{address}"));
        assert_eq!(request.headers()["x-amz-content-sha256"], sum);
        let expected = format!(
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
             SignedHeaders={headers}, Signature={signature}"
        );
        assert_eq!(request.headers()["authorization"].to_str().unwrap(), expected);
    }
}

#[test]
fn a_key_is_encoded_once_and_one_that_would_name_another_is_not_sent() {
    let credentials = Credentials::new("AKIDEXAMPLE", SECRET, None, None, "test");
    let caller = caller(Service::S3, "http://127.0.0.1:9").in_bucket("b-1");
    let sent = |key: &str| {
        let ask = Ask::Object { method: Method::GET, key, query: &[], headers: &[], body: Bytes::new() };
        caller
            .signed(&ask, &credentials, SystemTime::UNIX_EPOCH)
            .map(|request| request.url().path().to_owned())
    };
    assert_eq!(sent("a b/ä%20+//c~.json").unwrap(), "/b-1/a%20b/%C3%A4%2520%2B//c~.json");
    for key in ["../b-2/secret", "a/./b", "a/.."] {
        assert_eq!(sent(key).unwrap_err().to_string(), "it has a path that cannot be sent", "{key}");
    }
}

#[tokio::test]
async fn an_object_that_stops_coming_is_not_waited_for() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab";
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !is_whole(&request) {
            stream.read_buf(&mut request).await.unwrap();
        }
        stream.write_all(half.as_bytes()).await.unwrap();
        // Until the other side hangs up.
        let _ = stream.read_buf(&mut request).await;
    });
    let ask = Ask::Object { method: Method::GET, key: "k", query: &[], headers: &[], body: Bytes::new() };
    let patience = Patience { attempt: Duration::from_millis(500), ..ONCE };
    let answered = caller(Service::S3, &endpoint).in_bucket("b-1").call(&ask, patience).await;
    assert_eq!(answered, Err(CallError::NoAnswer("no answer within 0 s".to_owned())));
    server.await.unwrap();
}

async fn asked(answers: Vec<String>, patience: Patience) -> (usize, Result<Answer, CallError>) {
    let body = json!({});
    let ask = Ask::Json { target: "t.T", body: &body };
    let (heard, answered) = exchange(Service::SecretsManager, ask, patience, answers).await;
    (heard.len(), answered)
}

#[tokio::test]
async fn a_refusal_says_what_aws_said_and_when_to_come_back_but_no_secret() {
    let said = json!({"message": format!("signed: x-amz-security-token:{TOKEN}\n{SECRET}")}).to_string();
    let headers = "x-amzn-errortype: InvalidSignatureException:http://internal/\r\nretry-after: 7\r\n";
    let (_, answered) = asked(vec![answer("403 Forbidden", headers, &said)], ONCE).await;
    let refusal = Refusal {
        status: 403,
        code: "InvalidSignatureException".to_owned(),
        message: "signed: x-amz-security-token:*** ***".to_owned(),
        retry_after: Some(Duration::from_secs(7)),
        ..Refusal::default()
    };
    assert_eq!(answered, Err(CallError::Refused(refusal)));
}

#[tokio::test]
async fn a_redirect_is_a_refusal_and_is_not_followed() {
    let moved = answer("301 Moved Permanently", "location: http://127.0.0.1:9/\r\n", "");
    let (_, answered) = asked(vec![moved], THRICE).await;
    let refusal = Refusal { status: 301, ..Refusal::default() };
    assert_eq!(answered, Err(CallError::Refused(refusal)));
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let long = "x".repeat(600 * 1024);
    let (_, answered) = asked(vec![answer("200 OK", "", &long)], ONCE).await;
    let expected = "200 with a body of more than 524288 bytes".to_owned();
    assert_eq!(answered, Err(CallError::NoAnswer(expected)));
    let (_, refused) = asked(vec![answer("500 Internal Server Error", "", &long)], ONCE).await;
    assert_eq!(refused, Err(CallError::Refused(Refusal { status: 500, ..Refusal::default() })));
}

#[tokio::test]
async fn what_passes_is_tried_again_and_what_does_not_is_not() {
    let busy = || answer("400 Bad Request", "", r#"{"__type":"ThrottlingException","message":"m"}"#);
    let broken = || answer("503 Service Unavailable", "", "");
    let good = || answer("200 OK", "", "{}");
    assert_eq!(asked(vec![busy(), broken(), good()], THRICE).await, (3, Ok(Answer::of("{}"))));
    let (calls, answered) = asked(vec![busy(), broken(), broken()], THRICE).await;
    assert_eq!((calls, answered.unwrap_err().to_string()), (3, "503".to_owned()));
    let (calls, answered) = asked(vec![busy()], ONCE).await;
    assert_eq!((calls, answered.unwrap_err().to_string()), (1, "400 ThrottlingException: m".to_owned()));
    let denied = answer("400 Bad Request", "", r#"{"__type":"AccessDeniedException"}"#);
    let (calls, answered) = asked(vec![denied], THRICE).await;
    assert_eq!((calls, answered.unwrap_err().to_string()), (1, "400 AccessDeniedException".to_owned()));
}

#[tokio::test]
async fn a_wait_that_would_outlast_the_callers_patience_is_not_begun() {
    let patience = Patience { in_all: LONG, wait: LONG * 1_000_000, ..THRICE };
    let (calls, answered) = asked(vec![answer("503 Service Unavailable", "", "")], patience).await;
    assert_eq!((calls, answered.unwrap_err().to_string()), (1, "503".to_owned()));
}

#[tokio::test]
async fn nobody_there_or_nothing_said_in_time_is_no_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let body = json!({});
    let ask = Ask::Json { target: "t.T", body: &body };
    let silent = Patience { attempt: Duration::ZERO, ..ONCE };
    let answered = caller(Service::Ecr, &endpoint).call(&ask, silent).await;
    assert_eq!(answered, Err(CallError::NoAnswer("no answer within 0 s".to_owned())));
    drop(listener);
    match caller(Service::Ecr, &endpoint).call(&ask, ONCE).await {
        Err(CallError::NoAnswer(reason)) => assert!(reason.starts_with("no answer: "), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_caller_without_region_or_credentials_says_so() {
    let new = async |aws: aws_types::sdk_config::Builder| {
        let clients = Clients::with_aws(aws.build()).unwrap();
        Caller::new(&clients, Service::Iam, None).await.map(|caller| caller.place.url("/"))
    };
    let aws = || aws_config::SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::latest());
    let region = || aws().region(aws_config::Region::new("us-gov-east-1"));
    let credentials = Credentials::new("AKIDEXAMPLE", SECRET, None, None, "test");
    let no = |reason: &str| Err(CallError::NoAnswer(reason.to_owned()));
    assert_eq!(new(aws()).await, no("no AWS region: set AWS_REGION"));
    assert_eq!(new(region()).await, no("no AWS credentials"));
    let whole = region().credentials_provider(SharedCredentialsProvider::new(credentials));
    assert_eq!(new(whole).await, Ok("https://iam.us-gov.amazonaws.com/".to_owned()));
}

#[test]
fn a_caller_prints_no_secret() {
    let printed = format!("{:?}", caller(Service::Iam, "https://iam.example.com"));
    assert!(!printed.contains(SECRET) && !printed.contains(TOKEN), "{printed}");
}
