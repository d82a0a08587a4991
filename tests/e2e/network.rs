//! Hostile networks: what strangers send, and hold, is nobody else's trouble.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use watchfire_tests::{Configuration, GuardDuty, PagerDuty, Watchfire, http};

use crate::support::{SOON, paged};

const NOBODY: &str = "http://127.0.0.1:9/v2/enqueue";
const OPERATOR: &str = "t0ken-of-the-operators";
/// One request may carry that much.
const MOST: usize = 16 * 1024 * 1024;

/// A connection that has sent that text and no more; none where it was closed meanwhile.
async fn half(url: &str, text: &str) -> Option<TcpStream> {
    let address = url.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(text.as_bytes()).await.ok()?;
    Some(stream)
}

async fn with_token() -> Watchfire {
    let configuration = Configuration::new(NOBODY).set("http.token", json!({"env": "INGEST_TOKEN"}));
    Watchfire::start(&configuration, None).await
}

async fn refused(watchfire: &Watchfire, reason: &str) -> f64 {
    let label = format!(r#"reason="{reason}""#);
    watchfire.metrics().await.sum("watchfire_http_refused_total", &[&label])
}

#[tokio::test]
async fn half_open_requests_stop_neither_a_p0_nor_health() {
    let pagerduty = PagerDuty::start().await;
    let watchfire = Watchfire::start_with_descriptors(256, &Configuration::new(&pagerduty.url())).await;
    let halves = [
        "POST /v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-le",
        "POST /v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 4000\r\n\r\n[",
        "",
    ];
    let mut held = Vec::new();
    for index in 0..400 {
        held.push(half(&watchfire.ingest, halves[index % halves.len()]).await);
        held.push(half(&watchfire.health, halves[index % halves.len()]).await);
        if index % 100 == 0 {
            let pod = format!("urgent-{index}");
            assert_eq!(watchfire.post(GuardDuty::miner(&pod).event(&pod)).await, 202);
        }
    }
    paged(&pagerduty, 4).await;
    for page in ["/livez", "/readyz"] {
        assert_eq!(watchfire.status(page).await, 200, "{page}");
    }
    // Who makes room, and who is slower than that and has had their time.
    let ended = refused(&watchfire, "crowded").await + refused(&watchfire, "silent").await;
    assert!(ended >= 400.0, "{ended} connections of strangers were ended");
    let open = watchfire.metrics().await.sum("watchfire_http_connections", &[]);
    // What 256 leave over when the process has 64 and its channel 80: the rest, 32 of it for health.
    assert!(open <= 112.0, "{open} connections of strangers");
    assert!(watchfire.logs().all("the queue cannot be read").is_empty());
}

#[tokio::test]
async fn what_nobody_may_send_is_not_held() {
    let watchfire = with_token().await;
    let before = watchfire.resident_mib();
    let head = format!("POST /v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {MOST}\r\n\r\n");
    let mut answers = JoinSet::new();
    for _ in 0..60 {
        let (url, head) = (watchfire.ingest.clone(), head.clone());
        answers.spawn(async move {
            let mut stream = half(&url, &head).await.expect("it listens");
            let chunk = vec![b'x'; 256 * 1024];
            // All but the end of it; who does not listen any more has said enough.
            for _ in 0..MOST / chunk.len() - 1 {
                if stream.write_all(&chunk).await.is_err() {
                    break;
                }
            }
            let mut status = [0; 12];
            let _ = stream.read_exact(&mut status).await;
            String::from_utf8_lossy(&status).into_owned()
        });
    }
    let mut most = before;
    while let Some(answer) = answers.join_next().await {
        assert_eq!(answer.unwrap(), "HTTP/1.1 401");
        most = most.max(watchfire.resident_mib());
    }
    assert!(most - before < 64, "from {before} MiB to {most} MiB");
    assert_eq!(refused(&watchfire, "token").await, 60.0);
}

#[tokio::test]
async fn what_senders_may_send_is_held_within_bounds_and_an_event_passes_it() {
    let watchfire = with_token().await;
    let before = watchfire.resident_mib();
    let token = Configuration::INGEST_TOKEN;
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: bearer {token}\r\ncontent-length: {MOST}\r\n\r\n"
    );
    let mut sending = JoinSet::new();
    for _ in 0..60 {
        let (url, head) = (watchfire.ingest.clone(), head.clone());
        sending.spawn(async move {
            let mut stream = half(&url, &head).await.expect("it listens");
            let chunk = vec![b' '; 256 * 1024];
            // All but the last byte of it; what is not read waits.
            for _ in 0..MOST / chunk.len() - 1 {
                if stream.write_all(&chunk).await.is_err() {
                    break;
                }
            }
            stream
        });
    }
    let (mut most, mut statuses) = (before, Vec::new());
    let until = tokio::time::Instant::now() + Duration::from_secs(3);
    while tokio::time::Instant::now() < until {
        let event = GuardDuty::low("between").event(&format!("event-{}", statuses.len())).to_string();
        let request = http().post(format!("{}/v1/events", watchfire.ingest)).bearer_auth(token).body(event);
        statuses.push(request.send().await.unwrap().status().as_u16());
        most = most.max(watchfire.resident_mib());
    }
    assert!(most - before < 160, "from {before} MiB to {most} MiB");
    assert!(statuses.iter().all(|status| *status == 202), "{statuses:?}");
}

#[tokio::test]
async fn no_page_of_the_web_gets_an_event_in_or_a_metric_out() {
    let watchfire = Watchfire::start(&Configuration::new(NOBODY), None).await;
    let event = GuardDuty::low("page-1").event("event-1").to_string();
    let post = async |headers: &[(&'static str, &str)]| {
        let header = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        let headers: HeaderMap = headers.iter().map(header).collect();
        let url = format!("{}/v1/events", watchfire.ingest);
        let answer = http().post(url).headers(headers).body(event.clone()).send().await.unwrap();
        let status = answer.status().as_u16();
        let told: Value = answer.json().await.unwrap();
        assert_eq!(told["error"].is_string(), status != 202, "{told}");
        status
    };
    let json = ("content-type", "application/json");
    type Headers<'h> = &'h [(&'static str, &'h str)];
    let attacks: [(Headers<'_>, u16, &str); 11] = [
        (&[json, ("host", "evil.example:8080")], 403, "host"),
        (&[json, ("host", "127.0.0.1.evil.example")], 403, "host"),
        (&[json, ("host", "0.0.0.0")], 403, "host"),
        (&[json, ("origin", "https://evil.example")], 403, "origin"),
        (&[json, ("origin", "null")], 403, "origin"),
        (&[json, ("origin", "http://localhost:3000")], 403, "origin"),
        (&[json, ("sec-fetch-site", "cross-site")], 403, "site"),
        (&[json, ("sec-fetch-site", "same-site")], 403, "site"),
        (&[("content-type", "text/plain")], 415, "content_type"),
        (&[("content-type", "application/x-www-form-urlencoded")], 415, "content_type"),
        (&[("content-type", "multipart/form-data; boundary=x")], 415, "content_type"),
    ];
    for (index, (headers, status, reason)) in attacks.into_iter().enumerate() {
        let before = refused(&watchfire, reason).await;
        assert_eq!(post(headers).await, status, "{index}: {headers:?}");
        assert_eq!(refused(&watchfire, reason).await, before + 1.0, "{index}: {headers:?}");
    }
    let foreign = http().get(format!("{}/metrics", watchfire.health)).header("host", "evil.example:8081");
    assert_eq!(foreign.send().await.unwrap().status(), 403);
    let probe = http().get(format!("{}/livez", watchfire.health)).header("host", "10.0.0.7:8081");
    assert_eq!(probe.send().await.unwrap().status(), 200);
    assert_eq!(watchfire.metrics().await.sum("watchfire_messages_received_total", &[]), 0.0);

    for (index, headers) in [&[][..], &[json], &[json, ("host", "localhost:80")]].into_iter().enumerate() {
        assert_eq!(post(headers).await, 202, "{index}");
    }
    watchfire.decided("event-1").await;
    let lines = watchfire.logs().all("refused; watchfire_http_refused_total counts them");
    let said: Vec<_> = lines.iter().map(|line| line["reason"].as_str().unwrap()).collect();
    assert_eq!(said, ["host", "origin", "site", "content_type"], "one line of each kind a minute");
}

#[tokio::test]
async fn a_name_is_ours_where_the_configuration_says_so() {
    let hosts = json!(["alerts.example.com"]);
    let watchfire = Watchfire::start(&Configuration::new(NOBODY).set("http.hosts", hosts), None).await;
    for (host, status) in [("alerts.example.com", 202), ("Alerts.Example.com:443", 202), ("example.com", 403)]
    {
        let request = http().post(format!("{}/v1/events", watchfire.ingest)).header("host", host);
        let event = GuardDuty::low("named-1").event("event-1").to_string();
        assert_eq!(request.body(event).send().await.unwrap().status(), status, "{host}");
    }
}

#[tokio::test]
async fn a_command_with_an_id_used_for_another_is_refused_and_the_same_again_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("operator-token");
    std::fs::write(&file, OPERATOR).unwrap();
    // A command is answered when those who are told of it have been told.
    let pagerduty = PagerDuty::start().await;
    let configuration =
        Configuration::new(&pagerduty.url()).set("http.operator_token", json!({"file": file}));
    let watchfire = Watchfire::start(&configuration, None).await;
    let order = async |order: &Value| {
        let request = http().post(format!("{}/v1/commands", watchfire.ingest)).bearer_auth(OPERATOR);
        let answer = request.json(order).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let off = json!({"id": "one", "by": "ana", "reason": "test", "wish": "switch_off"});
    let (status, first) = order(&off).await;
    assert_eq!((status, first["decision"]["why"].as_str()), (200, Some("commanded")));
    assert_eq!(order(&off).await, (200, first), "the same is the same");
    let pod = json!({"pod": {"namespace": "shop", "name": "web"}});
    let named = json!({"id": "two", "by": "ana", "reason": "test", "wish": {"act": "quarantine"}, "on": pod});
    assert_eq!(order(&named).await.0, 200);
    let with = |order: &Value, name: &str, value: Value| {
        let mut order = order.clone();
        order[name] = value;
        order
    };
    let refused = json!({"error": "this id was used before, and not for this command"});
    for other in [
        with(&off, "wish", json!("switch_on")),
        with(&off, "by", json!("bob")),
        with(&off, "reason", json!("another")),
        with(&named, "on", json!({"pod": {"namespace": "shop", "name": "other"}})),
        with(&named, "on", Value::Null),
    ] {
        assert_eq!(order(&other).await, (409, refused.clone()), "{other}");
    }
    assert_eq!(order(&with(&off, "id", json!("three"))).await.0, 200);
}

#[tokio::test]
async fn a_connection_that_nobody_speaks_on_is_closed() {
    let watchfire = with_token().await;
    let mut silent = half(&watchfire.ingest, "POST /v1/ev").await.unwrap();
    let mut said = [0; 16];
    let closed = silent.read(&mut said);
    assert_eq!(tokio::time::timeout(SOON, closed).await.unwrap().unwrap(), 0);
    assert_eq!(refused(&watchfire, "silent").await, 1.0);
}
