//! The pictures of `router/docs/board.md`, drawn anew by `WRITE_PICTURES=1`.

use watchfire_tests::{Browser, repository};

use crate::stage::Stage;

/// Its name, the colours, the size, and how one gets there from Now.
type Picture = (&'static str, &'static str, (u32, u32), &'static [&'static str]);

/// What is drawn.
const PICTURES: [Picture; 9] = [
    ("now", "light", (960, 600), &[]),
    ("incident", "light", (860, 460), &["[data-key] .name a"]),
    ("act", "light", (960, 420), &["[data-do=ack]"]),
    ("silence", "light", (960, 560), &["[data-key] .name a", ".actions [data-do=silence]"]),
    ("rules", "light", (960, 520), &["nav a[href=\"/rules\"]"]),
    ("stream", "light", (960, 430), &["nav a[href=\"/stream\"]"]),
    ("digest", "light", (960, 420), &["nav a[href=\"/digest\"]"]),
    ("health", "light", (960, 640), &["nav a[href=\"/health\"]"]),
    ("phone", "dark", (390, 700), &[]),
];
/// None is larger, in bytes.
const MOST: u64 = 100_000;

#[tokio::test]
async fn every_picture_of_the_document_is_there_and_small() {
    let folder = repository().join("router/docs/board");
    if std::env::var_os("WRITE_PICTURES").is_some() {
        draw(&folder).await;
    }
    for (name, ..) in PICTURES {
        let picture = folder.join(format!("{name}.png"));
        let bytes = picture.metadata().map_or(0, |known| known.len());
        assert!((1..MOST).contains(&bytes), "{}: {bytes} bytes; WRITE_PICTURES=1", picture.display());
    }
}

async fn draw(folder: &std::path::Path) {
    let (stage, browser) = (Stage::set().await, Browser::start().await);
    let demo = repository().join("router/demo");
    let mut events: Vec<_> = std::fs::read_dir(demo).unwrap().map(|entry| entry.unwrap().path()).collect();
    events.retain(|path| path.extension().is_some_and(|found| found == "json"));
    events.sort();
    for event in events {
        assert_eq!(stage.worker.post(std::fs::read_to_string(event).unwrap()).await, 202);
    }
    let tab = stage.signed_in(&browser).await;
    tab.wait("document.querySelectorAll('.card').length > 10").await;
    std::fs::create_dir_all(folder).unwrap();
    for (name, scheme, (width, height), way) in PICTURES {
        tab.size(width, height).await;
        tab.prefers(scheme).await;
        tab.go(&stage.url("/")).await;
        for step in way {
            tab.follow(step).await;
        }
        std::fs::write(folder.join(format!("{name}.png")), tab.picture().await).unwrap();
    }
}
