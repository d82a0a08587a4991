//! Promises about the server, with real sockets.

use axum::body::Bytes;
use axum::routing::{get, post};
use tokio::time::Instant;

use super::*;

/// A server with so many places; its address and its metrics.
async fn start(address: Address, most: usize) -> (SocketAddr, Arc<Metrics>, watch::Sender<bool>) {
    let shows = |request: Request| async move {
        if let Some(line) = request.extensions().get::<Arc<Line>>() {
            line.proven();
        }
        "shown\n"
    };
    let routes = Routes::new()
        .route("/shown", get(shows))
        .route("/length", post(async |body: Bytes| body.len().to_string()))
        .route("/refused", post(async || "refused\n"))
        .route(
            "/never",
            get(async |request: Request| {
                request.extensions().get::<Arc<Line>>().expect("each request has one").proven();
                std::future::pending::<()>().await;
            }),
        );
    let metrics = Arc::new(Metrics::default());
    let refusals = Refusals::new(metrics.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let at = listener.local_addr().expect("it is bound");
    let server = Server { address, listener, routes, most, metrics: metrics.clone(), refusals };
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(server.serve(stopped));
    (at, metrics, stop)
}

async fn connect(at: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(at).await.expect("it listens");
    stream.write_all(text.as_bytes()).await.expect("it takes what is sent");
    stream
}

/// Everything that is said until the connection ends.
async fn heard(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    // Whoever is cut off while they send gets an error for an end.
    let _ = stream.read_to_end(&mut said).await;
    String::from_utf8_lossy(&said).into_owned()
}

async fn asked(at: SocketAddr, path: &str) -> String {
    heard(
        &mut connect(at, &format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"))
            .await,
    )
    .await
}

const HALF: &str = "GET /shown HTTP/1.1\r\nhost: loc";

#[tokio::test]
async fn half_a_request_makes_room_for_a_whole_one() {
    let (at, metrics, _stop) = start(Address::Http, 4).await;
    let mut halves = Vec::new();
    for _ in 0..40 {
        halves.push(connect(at, HALF).await);
    }
    for _ in 0..10 {
        assert!(asked(at, "/shown").await.ends_with("shown\n"));
    }
    assert_eq!(heard(&mut halves[0]).await, "", "it was closed");
    assert!(
        metrics.text().contains(r#"watchfire_http_refused_total{reason="crowded"}"#),
        "{}",
        metrics.text()
    );
}

#[tokio::test]
async fn half_a_request_keeps_nobody_from_asking_for_health() {
    let (at, _, _stop) = start(Address::Health, 2).await;
    let mut halves = Vec::new();
    for _ in 0..20 {
        halves.push(connect(at, HALF).await);
        assert!(asked(at, "/shown").await.ends_with("shown\n"));
    }
}

#[tokio::test]
async fn who_is_to_be_answered_keeps_the_place_and_who_comes_waits() {
    let (at, _, _stop) = start(Address::Http, 2).await;
    let ask = "GET /never HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let (first, _second) = (connect(at, ask).await, connect(at, ask).await);
    let waiting = tokio::spawn(async move { asked(at, "/shown").await });
    // Longer than anyone is asked to make room.
    tokio::time::sleep(ROOM * 3).await;
    assert!(!waiting.is_finished());
    drop(first);
    assert!(waiting.await.expect("it does not panic").ends_with("shown\n"));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_shows_nothing_is_closed_after_ten_seconds_however_it_trickles() {
    let (at, metrics, _stop) = start(Address::Http, 4).await;
    let mut slow = connect(at, HALF).await;
    let began = Instant::now();
    let (mut reading, mut writing) = slow.split();
    let trickle = async {
        loop {
            tokio::time::sleep(Duration::from_secs(3)).await;
            if writing.write_all(b"x").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let mut said = Vec::new();
    tokio::select! { _ = reading.read_to_end(&mut said) => {}, () = trickle => {} }
    // A clock that runs by itself may be one step ahead of what a socket says.
    let seconds = began.elapsed().as_secs();
    assert!(said.is_empty() && (10..=12).contains(&seconds), "{seconds} s");
    let silent = r#"watchfire_http_refused_total{reason="silent"} 1"#;
    assert!(metrics.text().contains(silent), "{}", metrics.text());
}

#[tokio::test]
async fn who_is_refused_while_sending_hears_why() {
    let (at, _, _stop) = start(Address::Http, 4).await;
    let head =
        "POST /refused HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4000000\r\nconnection: close\r\n\r\n";
    let mut stream = connect(at, head).await;
    let chunk = [b'x'; 40_000];
    for _ in 0..100 {
        stream.write_all(&chunk).await.expect("it listens to the end");
    }
    assert!(heard(&mut stream).await.ends_with("refused\n"));
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_answers_what_was_asked_and_ends() {
    let (at, _, stop) = start(Address::Http, 4).await;
    let mut idle = connect(at, "GET /shown HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    let mut begun = [0; 12];
    idle.read_exact(&mut begun).await.expect("an answer");
    assert_eq!(&begun, b"HTTP/1.1 200");
    let head = "POST /length HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\n";
    let mut asking = connect(at, head).await;
    // It has come as far as the first: nothing else tells that the head was read.
    tokio::time::sleep(ROOM).await;
    stop.send_replace(true);
    assert!(heard(&mut idle).await.ends_with("shown\n"), "nothing was asked: it ends");
    asking.write_all(b"12345").await.expect("it is still there");
    assert!(heard(&mut asking).await.ends_with('5'.to_string().as_str()));
    assert!(TcpStream::connect(at).await.is_err(), "nobody listens any more");
}
