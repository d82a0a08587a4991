//! Who is on call: read from a calendar, told in the page, in the lists and by the command, alike.

use serde_json::json;
use watchfire_tests::{Configuration, GuardDuty, PagerDuty, Watchfire, until};

use crate::support::{SOON, directory, paged};
use crate::transcripts;

const ROTA: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//rota//EN\r\n\
    BEGIN:VEVENT\r\nUID:ana-1\r\nDTSTART:20200101T080000Z\r\nDTEND:20400101T080000Z\r\nSUMMARY:ana\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nUID:ben-1\r\nDTSTART:20400101T080000Z\r\nDTEND:20400108T080000Z\r\nSUMMARY:ben\r\nEND:VEVENT\r\n\
    END:VCALENDAR\r\n";

#[tokio::test]
async fn who_is_on_call_is_told_alike_in_the_page_the_lists_and_by_the_command() {
    let pagerduty = PagerDuty::start().await;
    let folder = directory(&[("rota.ics", ROTA)]);
    let configuration = Configuration::new(&pagerduty.url())
        .set("http.operator_token", json!({"env": "INGEST_TOKEN"}))
        .set("oncall", json!({"ical": folder.path().join("rota.ics")}));
    let watchfire = Watchfire::start(&configuration, None).await;
    let said = "ana until 2040-01-01 08:00 UTC, then ben";
    let asked = async || Some(watchfire.command(&["oncall"])).filter(|output| output.stdout.contains("ana"));
    let asked = until("the calendar is read", SOON, asked).await;
    assert!(asked.stdout.contains(said), "{asked:?}");
    assert_eq!(watchfire.post(GuardDuty::miner("shift-1").event("event-1")).await, 202);
    let page = paged(&pagerduty, 1).await.remove(0);
    assert!(page.to_string().contains(said), "{page}");
    for arguments in [&["incidents", "list"][..], &["incidents", "show", "1"]] {
        let output = watchfire.command(arguments);
        assert!(output.stdout.contains(said), "{arguments:?}: {output:?}");
    }
    let shown = asked.stdout.replace(&folder.path().display().to_string(), "/etc/watchfire");
    transcripts::is_documented(
        "router/docs/on-call.md",
        "who is on call",
        &format!("$ watchfire oncall\n{shown}"),
    );
}
