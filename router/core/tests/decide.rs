//! Promises about deciding: events and a clock in, decisions out, compared whole.

use crate::support::{decisions, dedup_keys, graded, lines, low, medium, miner, shadowed};

#[test]
fn the_first_report_pages_and_a_repeat_within_the_window_is_quiet() {
    let story = [
        miner("a").at("12:00").text(),
        miner("a").at("12:14").count(7).text(),
        miner("a").at("12:15").count(9).text(),
        miner("a").at("12:29").count(10).text(),
    ];
    let expected = "
        12:00 P0 page new -> page:oncall, page:mail unless page:oncall
        12:14 P0 quiet repeat
        12:15 P0 page window_passed -> page:oncall, page:mail unless page:oncall
        12:29 P0 quiet repeat
    ";
    assert_eq!(decisions(&story), lines(expected));
}

#[test]
fn each_priority_has_its_own_window_for_a_count_that_grew_tenfold() {
    let story = [
        medium("a").at("00:00").text(),
        medium("a").at("23:59").count(10).text(),
        medium("a").at("21T00:00").count(11).text(),
        medium("a").at("22T00:01").count(109).text(),
        medium("a").at("22T00:02").count(110).text(),
    ];
    let expected = "
        00:00 P2 page new -> page:oncall
        23:59 P2 quiet repeat
        00:00 P2 page count_grew -> page:oncall
        00:01 P2 quiet repeat
        00:02 P2 page count_grew -> page:oncall
    ";
    assert_eq!(decisions(&story), lines(expected));
}

#[test]
fn the_same_event_delivered_again_is_never_said_again() {
    let once = miner("a").at("12:00").text();
    let expected = "
        12:00 P0 page new -> page:oncall, page:mail unless page:oncall
        12:00 P0 quiet repeat
    ";
    assert_eq!(decisions(&[once.clone(), once]), lines(expected));
}

#[test]
fn a_rise_of_the_severity_band_pages_within_the_window_and_a_rise_within_the_band_does_not() {
    let story = [
        medium("a").at("12:00").severity(4.0).text(),
        medium("a").at("12:01").severity(6.9).text(),
        medium("a").at("12:02").severity(7.0).text(),
        medium("a").at("12:03").severity(8.9).text(),
    ];
    let expected = "
        12:00 P2 page new -> page:oncall
        12:01 P2 quiet repeat
        12:02 P2 page severity_rose -> page:oncall
        12:03 P2 quiet repeat
    ";
    assert_eq!(decisions(&story), lines(expected));
}

#[test]
fn a_rise_of_the_priority_pages_within_the_window() {
    let story = [
        graded("a").at("12:00").severity(5.0).text(),
        graded("a").at("12:01").severity(8.0).text(),
        graded("a").at("12:02").severity(5.0).text(),
    ];
    let expected = "
        12:00 P2 page new -> page:oncall
        12:01 P1 page priority_rose -> page:oncall, page:mail unless page:oncall
        12:02 P2 quiet repeat
    ";
    assert_eq!(decisions(&story), lines(expected));
}

#[test]
fn another_finding_of_the_same_family_on_the_same_pod_joins_its_incident() {
    let story = [
        miner("a").at("12:00").text(),
        miner("b").at("12:01").text(),
        miner("c").pod("other").at("12:02").text(),
    ];
    let expected = "
        12:00 P0 page new -> page:oncall, page:mail unless page:oncall
        12:01 P0 quiet joined
        12:02 P0 page new -> page:oncall, page:mail unless page:oncall
    ";
    assert_eq!(decisions(&story), lines(expected));
}

#[test]
fn an_archived_finding_closes_its_incident_and_resolves_every_page() {
    let story = [
        miner("a").at("12:00").text(),
        miner("a").at("12:05").archived().text(),
        miner("a").at("12:06").archived().text(),
    ];
    let expected = "
        12:00 P0 page new -> page:oncall, page:mail unless page:oncall
        12:05 P0 quiet closed -> resolve:mail if done, resolve:oncall if done
        12:06 P0 quiet not_open
    ";
    assert_eq!(decisions(&story), lines(expected));
}

#[test]
fn an_incident_stays_open_until_its_last_finding_is_closed() {
    let story = [
        miner("a").at("12:00").text(),
        miner("b").at("12:01").text(),
        miner("a").at("12:02").archived().text(),
        miner("b").at("12:03").archived().text(),
    ];
    let expected = "
        12:00 P0 page new -> page:oncall, page:mail unless page:oncall
        12:01 P0 quiet joined
        12:02 P0 quiet still_open
        12:03 P0 quiet closed -> resolve:mail if done, resolve:oncall if done
    ";
    assert_eq!(decisions(&story), lines(expected));
}

#[test]
fn a_closed_finding_that_is_active_again_pages_as_a_new_episode() {
    let story = [
        miner("a").at("12:00").text(),
        miner("a").at("12:05").archived().text(),
        miner("a").at("12:06").text(),
    ];
    let expected = "
        12:00 P0 page new -> page:oncall, page:mail unless page:oncall
        12:05 P0 quiet closed -> resolve:mail if done, resolve:oncall if done
        12:06 P0 page reopened -> page:oncall, page:mail unless page:oncall
    ";
    assert_eq!(decisions(&story), lines(expected));
    let keys = dedup_keys(&story);
    assert_eq!(keys.len(), 2, "one dedup key per episode: {keys:?}");
}

#[test]
fn a_resolve_of_what_nobody_heard_of_says_nothing() {
    let story = [miner("a").at("12:00").archived().text()];
    assert_eq!(decisions(&story), lines("12:00 P0 quiet not_open"));
}

#[test]
fn an_older_report_that_arrives_late_changes_nothing() {
    let story = [
        miner("a").at("12:00").archived().text(),
        miner("a").at("12:01").updated("11:59").text(),
        miner("b").at("12:02").text(),
        miner("b").at("12:03").updated("12:01").archived().text(),
    ];
    let expected = "
        12:00 P0 quiet not_open
        12:01 P0 quiet outdated
        12:02 P0 page new -> page:oncall, page:mail unless page:oncall
        12:03 P0 quiet outdated
    ";
    assert_eq!(decisions(&story), lines(expected));
}

#[test]
fn a_sample_is_quiet_and_says_what_it_would_have_done() {
    let story = [miner("a").at("12:00").sample().text()];
    assert_eq!(decisions(&story), lines("12:00 P0 quiet sample withheld page, evidence, quarantine"));
}

#[test]
fn a_shadow_rule_decides_without_effect_and_without_a_trace() {
    let story = [shadowed("a").at("12:00").text(), shadowed("a").at("12:01").archived().text()];
    let expected = "
        12:00 P1 quiet shadow withheld page
        12:01 P1 quiet shadow withheld page
    ";
    assert_eq!(decisions(&story), lines(expected));
}

#[test]
fn a_priority_without_a_channel_goes_to_the_digest() {
    let story = [low("a").at("12:00").text(), low("a").at("12:01").text()];
    let expected = "
        12:00 P3 digest new
        12:01 P3 quiet repeat
    ";
    assert_eq!(decisions(&story), lines(expected));
}

#[test]
fn what_cannot_be_read_is_a_page_for_each_sender_and_shape_however_much_of_it_comes() {
    let topic = |name: &str, text: &str| {
        format!(
            r#"{{"Type":"Notification","MessageId":"m","TopicArn":"arn:aws:sns:x:1:{name}","Message":"{text}"}}"#
        )
    };
    let story = [
        r#"{"nonsense""#.to_owned(),
        "more nonsense".to_owned(),
        "and more".to_owned(),
        r#"{"output":"Drop and execute","rule":"drift","priority":"Critical"}"#.to_owned(),
        r#"{"rule":"shell","output":"A shell","priority":"Critical"}"#.to_owned(),
        r#"{"status":"firing","alerts":[]}"#.to_owned(),
        topic("one", "GuardDuty HIGH: Backdoor"),
        topic("one", "GuardDuty HIGH: Trojan"),
        topic("two", "GuardDuty HIGH: Trojan"),
        r#"{"source":"aws.guardduty","detail-type":"GuardDuty Finding"}"#.to_owned(),
        r#"{"source":"aws.guardduty","detail-type":"GuardDuty Finding","detail":7}"#.to_owned(),
        r#"{"source":"aws.securityhub","detail-type":"Security Hub Findings - Imported"}"#.to_owned(),
    ];
    let expected = "
        00:00 P2 page unreadable -> page:oncall
        00:00 P2 page unreadable -> page:oncall
        00:00 P2 quiet limited withheld page
        00:00 P2 page unreadable -> page:oncall
        00:00 P2 quiet limited withheld page
        00:00 P2 page unreadable -> page:oncall
        00:00 P2 page unreadable -> page:oncall
        00:00 P2 quiet limited withheld page
        00:00 P2 page unreadable -> page:oncall
        00:00 P2 page unreadable -> page:oncall
        00:00 P2 quiet limited withheld page
        00:00 P2 page unreadable -> page:oncall
    ";
    assert_eq!(decisions(&story), lines(expected));
}

#[test]
fn an_event_without_a_subject_has_an_incident_of_its_own() {
    let event = |id: &str| {
        format!(
            r#"{{"id":"{id}","source":"custom.app","detail-type":"Trouble","time":"2026-11-20T12:00:00Z","detail":{{}}}}"#
        )
    };
    let expected = "
        12:00 P2 page new -> page:oncall
        12:00 P2 page new -> page:oncall
    ";
    assert_eq!(decisions(&[event("1"), event("2")]), lines(expected));
}

#[test]
fn the_two_feeds_of_one_finding_are_one_incident() {
    let story = [miner("a").at("12:00").text(), miner("a").at("12:01").updated("12:00").security_hub_copy()];
    let expected = "
        12:00 P0 page new -> page:oncall, page:mail unless page:oncall
        12:01 P0 quiet repeat
    ";
    assert_eq!(decisions(&story), lines(expected));
}

#[test]
fn a_late_report_of_a_closed_finding_does_not_keep_its_incident_open() {
    let story = [
        graded("a").at("12:00").severity(5.0).text(),
        graded("b").at("12:01").severity(5.0).text(),
        graded("b").at("12:10").severity(5.0).archived().text(),
        graded("b").at("12:11").updated("12:05").severity(5.0).text(),
        graded("a").at("12:12").severity(5.0).archived().text(),
    ];
    let expected = "
        12:00 P2 page new -> page:oncall
        12:01 P2 quiet joined
        12:10 P2 quiet still_open
        12:11 P2 quiet outdated
        12:12 P2 quiet closed -> resolve:oncall if done
    ";
    assert_eq!(decisions(&story), lines(expected));
}

#[test]
fn equal_names_in_two_regions_are_two_incidents() {
    let here = miner("a").at("12:00").text();
    let there = miner("b").at("12:01").text().replace("us-gov-west-1", "us-gov-east-1");
    let expected = "
        12:00 P0 page new -> page:oncall, page:mail unless page:oncall
        12:01 P0 page new -> page:oncall, page:mail unless page:oncall
    ";
    assert_eq!(decisions(&[here, there]), lines(expected));
}
