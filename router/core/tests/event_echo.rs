//! What Security Hub knows a finding by, and our own notes on findings coming round.

use watchfire_core::event::{Event, Finding, FindingState, HubId};

use crate::fixtures::fixture;

fn read(text: &str) -> Finding {
    Event::read(text).unwrap().finding.unwrap()
}

/// The failed control as Security Hub sends it after that note: it was reported at 05:05:05.
fn noted(by: &str, text: &str, at: &str, status: &str) -> String {
    let with = format!(
        r#""Note": {{"Text": "{text}", "UpdatedBy": "{by}", "UpdatedAt": "{at}"}}, "Workflow": {{"Status": "{status}"}}"#
    );
    fixture("asff_control").replace(r#""Workflow": {"Status": "NEW"}"#, &with)
}

#[test]
fn our_note_that_comes_round_is_known_and_one_that_is_not_ours_or_not_the_last_is_no_echo() {
    let (ours, after) = ("watchfire: P1 paged", "2026-03-04T05:06:00Z");
    for (by, text, at, status, echo) in [
        ("watchfire", ours, after, "NOTIFIED", true),
        ("watchfire", ours, "2026-03-04T05:05:05.000Z", "NOTIFIED", true),
        // The product has reported again since.
        ("watchfire", ours, "2026-03-04T05:05:04.999Z", "NOTIFIED", false),
        // Security Hub made it new again, or somebody closed it.
        ("watchfire", ours, after, "NEW", false),
        ("watchfire", ours, after, "RESOLVED", false),
        ("watchfire", "a note by hand", after, "NOTIFIED", false),
        ("watchfire", ours, "yesterday", "NOTIFIED", false),
        ("Watchfire", ours, after, "NOTIFIED", false),
        ("somebody", ours, after, "NOTIFIED", false),
    ] {
        assert_eq!(read(&noted(by, text, at, status)).echo, echo, "{by} {text} {at} {status}");
    }
}

#[test]
fn an_echo_says_all_that_the_finding_says() {
    let text = noted("watchfire", "watchfire: P1 paged", "2026-03-04T05:06:00Z", "NOTIFIED");
    let plain = read(&fixture("asff_control"));
    assert_eq!(read(&text), Finding { echo: true, ..plain.clone() });
    // What was changed under cover of our note is read as ever.
    let archived = Finding { echo: true, state: FindingState::Archived, ..plain };
    assert_eq!(read(&text.replace("ACTIVE", "ARCHIVED")), archived);
}

#[test]
fn a_copy_of_guardduty_is_known_by_the_same_words_as_every_finding() {
    let note = r#""Note": {"Text": "watchfire: P0 paged", "UpdatedBy": "watchfire", "UpdatedAt": "2026-03-04T05:07:00Z"},
        "Workflow": {"Status": "NOTIFIED"}"#;
    let text = fixture("asff_miner").replace(r#""Workflow": {"Status": "NEW"}"#, note);
    assert_eq!(read(&text), Finding { echo: true, ..read(&fixture("asff_miner")) });
}

#[test]
fn a_custom_action_pressed_on_a_finding_with_our_note_is_an_order_and_no_echo() {
    let action = fixture("asff_action");
    let note = r#""findings": [{"Note": {"Text": "watchfire: P1 paged", "UpdatedBy": "watchfire", "UpdatedAt": "2027-01-01T00:00:00Z"},"#;
    let text = action.replace("\"findings\": [{", note).replace("\"NEW\"", "\"NOTIFIED\"");
    assert!(text != action);
    assert!(!read(&text).echo);
}

#[test]
fn names_that_security_hub_could_not_have_given_are_not_written_back_to() {
    let text = fixture("asff_scanner");
    let known = HubId {
        id: "app/CVE-2026-0001".to_owned(),
        product_arn: "arn:aws:securityhub:eu-north-1::product/scanner/scanner".to_owned(),
    };
    assert_eq!(read(&text).hub, Some(known));
    for (part, instead) in [
        ("arn:aws:securityhub:eu-north-1::product/scanner/scanner", "arn:aws:s3:::product/scanner"),
        ("arn:aws:securityhub:eu-north-1::product/scanner/scanner", "arn:aws:securityhub:eu-north-1::hub/x"),
        ("app/CVE-2026-0001", "a\\u0007b"),
        ("app/CVE-2026-0001", &"i".repeat(513)),
        ("app/CVE-2026-0001", ""),
    ] {
        let text = text.replace(&format!("\"{part}\""), &format!("\"{instead}\""));
        assert_eq!(read(&text).hub, None, "{instead}");
    }
}

#[test]
fn what_did_not_come_through_security_hub_in_asff_has_no_name_there() {
    for name in ["guardduty_miner", "ocsf_miner", "ocsf_control", "inspector"] {
        let finding = read(&fixture(name));
        assert_eq!((finding.hub, finding.echo), (None, false), "{name}");
    }
}
