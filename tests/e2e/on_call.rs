//! Who is on call: read from a calendar, told in the page, in the lists and by the command, alike.

use serde_json::json;
use watchfire_tests::{Configuration, GuardDuty, PagerDuty, Watchfire, until};

use crate::support::{SOON, directory, paged};
use crate::transcripts;

const ROTA: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//rota//EN\r\n\
    BEGIN:VEVENT\r\nUID:ana-1\r\nDTSTART:20200106T080000Z\r\nDTEND:20200113T080000Z\r\nRRULE:FREQ=WEEKLY\r\n\
    SUMMARY:ana\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

#[tokio::test]
async fn who_is_on_call_is_told_alike_in_the_page_the_lists_and_by_the_command() {
    let pagerduty = PagerDuty::start().await;
    let folder = directory(&[("rota.ics", ROTA)]);
    let configuration = Configuration::new(&pagerduty.url())
        .set("http.operator_token", json!({"env": "INGEST_TOKEN"}))
        .set("oncall", json!({"ical": folder.path().join("rota.ics")}));
    let watchfire = Watchfire::start(&configuration, None).await;
    let asked = async || Some(watchfire.command(&["oncall"])).filter(|output| output.stdout.contains("ana"));
    let asked = until("the calendar is read", SOON, asked).await;
    assert!(asked.stdout.starts_with("On call     ana\n"), "{asked:?}");
    assert_eq!(watchfire.post(GuardDuty::miner("shift-1").event("event-1")).await, 202);
    let page = paged(&pagerduty, 1).await.remove(0).to_string();
    assert!(page.contains(r#""on call":"ana""#), "{page}");
    for (arguments, said) in [
        (&["incidents", "list"][..], "on call: ana\n"),
        (&["incidents", "show", "event-1"], "On call     ana\n"),
    ] {
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
