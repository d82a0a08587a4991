//! The pictures of `router/docs/board.md`, drawn anew by `WRITE_PICTURES=1`.

use watchfire_tests::{Browser, repository};

use crate::stage::Stage;

#[tokio::test]
async fn pictures_are_drawn_where_they_are_asked_for() {
    let folder = repository().join("router/docs/board");
    if std::env::var_os("WRITE_PICTURES").is_none() {
        for name in ["now", "incident", "phone"] {
            assert!(folder.join(format!("{name}.png")).exists(), "WRITE_PICTURES=1 draws {name}.png");
        }
        return;
    }
    let (stage, browser) = (Stage::set().await, Browser::start().await);
    let tab = stage.signed_in(&browser).await;
    tab.go(&stage.url("/")).await;
    std::fs::write(folder.join("now.png"), tab.picture().await).unwrap();
}
