use super::*;

fn url(text: &str) -> Result<LinkUrl, String> {
    LinkUrl::try_from(text.to_owned())
}

fn note(text: &str, episode: u32) -> Note {
    let text = NoteText::try_from(text.to_owned()).expect("a note");
    Note { by: "ana".to_owned(), at: Timestamp::UNIX_EPOCH, episode, text }
}

fn link(number: usize, episode: u32) -> Link {
    let url = url(&format!("https://tickets.example.com/OPS-{number}")).expect("an address");
    Link { url, title: None, by: "ana".to_owned(), at: Timestamp::UNIX_EPOCH, episode }
}

fn labels(text: &[&str]) -> Labels {
    let label = |text: &&str| {
        let (name, value) = text.split_once('=').expect("a label");
        (
            LabelName::try_from(name.to_owned()).expect("a name"),
            LabelValue::try_from(value.to_owned()).expect("a value"),
        )
    };
    Labels(text.iter().map(label).collect())
}

#[test]
fn a_note_is_one_paragraph_and_no_longer_than_people_read() {
    let read = |text: &str| NoteText::try_from(text.to_owned()).map(String::from);
    assert_eq!(read(" a\n\nb\u{202e}c "), Ok("a b\u{fffd}c".to_owned()));
    assert_eq!(read(" \n"), Err("expected a note, found nothing".to_owned()));
    assert_eq!(read(&"ä".repeat(1_000)), Ok("ä".repeat(1_000)));
    let long = Err("expected a note of at most 1000 characters, found 1001".to_owned());
    assert_eq!(read(&"ä".repeat(1_001)), long);
}

#[test]
fn an_address_leads_to_a_host_over_http_and_nowhere_else() {
    for good in [
        "https://tickets.example.com/browse/OPS-1?focus=7#c2",
        "http://127.0.0.1:8080/",
        "https://[::1]:8443/x",
        "https://xn--bcher-kva.example/%C3%BC",
        "https://host",
        "https://example.com/?key=OPS-1&author=ana&token=",
    ] {
        assert_eq!(url(good).map(String::from), Ok(good.to_owned()));
    }
    for wrong in [
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "//example.com",
        "ftp://example.com/",
        "HTTPS://example.com/",
        "https://",
        "https:///etc",
        "https://a..b/",
        "https://a b/",
        "https://exa\u{202e}mple.com/",
        "https://bücher.example/",
        "https://example.com\\@evil.example/",
        "https://example.com/\"onclick=x",
        "https://example.com/<script>",
        "https://example.com:99999/",
        "https://example.com:8o/",
        "https://[1.2.3.4]/",
    ] {
        assert!(url(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn an_address_with_a_secret_is_refused_and_the_secret_is_not_said_again() {
    for secret in [
        "https://ana:hunter2@example.com/",
        "https://hunter2@example.com/",
        "https://example.com/?access_token=hunter2",
        "https://example.com/?a=b&X-Amz-Signature=hunter2",
        "https://example.com/?x%2Damz%2Dsecurity%2Dtoken=hunter2",
        "https://example.com/?%74oken=hunter2",
        "https://example.com/?apiKey=hunter2",
        "https://example.com/?client_secret=hunter2;x=y",
        "https://example.com/#id_token=hunter2",
        "https://example.com/?x=1#y?password=hunter2",
        "https://example.com/cb?code=hunter2",
        "https://example.com/?sig=hunter2",
    ] {
        let refused = url(secret).expect_err(secret);
        assert!(!refused.contains("hunter2"), "{refused}");
    }
}

#[test]
fn what_is_kept_of_an_address_is_read_as_strictly_as_what_is_sent() {
    assert!(serde_json::from_str::<LinkUrl>("\"javascript:alert(1)\"").is_err());
    let kept: Link = serde_json::from_value(serde_json::to_value(link(1, 1)).expect("JSON")).expect("a link");
    assert_eq!(kept, link(1, 1));
}

#[test]
fn a_title_does_not_hide_where_a_link_leads_to() {
    let title = LinkTitle::try_from("example.com".to_owned()).ok();
    let named = Link { title, ..link(1, 1) }.named();
    assert_eq!(named, "example.com (tickets.example.com)");
    assert_eq!(link(1, 1).named(), "https://tickets.example.com/OPS-1");
}

#[test]
fn an_episode_takes_so_many_notes_and_earlier_ones_make_room() {
    let mut record = AnnotationsRecord::default();
    for number in 0..AnnotationsRecord::MOST_NOTES {
        record.note(note(&number.to_string(), if number < 2 { 1 } else { 2 })).expect("there is room");
    }
    assert_eq!(record.note(note("63", 2)), Err("the note before it says the same".to_owned()));
    record.note(note("one more", 2)).expect("the first of episode 1 goes");
    record.note(note("another", 2)).expect("so does the second");
    assert_eq!(record.notes.first(), Some(&note("2", 2)));
    let full = "it has 64 notes, and takes no more: write on in a ticket, and link that";
    assert_eq!(record.note(note("too many", 2)), Err(full.to_owned()));
    record.note(note("the next episode", 3)).expect("the oldest goes");
    assert_eq!(record.notes.len(), AnnotationsRecord::MOST_NOTES);
}

#[test]
fn an_address_is_linked_once_and_may_be_called_otherwise_or_taken_away() {
    let mut record = AnnotationsRecord::default();
    record.link(link(1, 1)).expect("it is new");
    assert_eq!(record.link(link(1, 1)), Err("ana has linked it already".to_owned()));
    let named = Link { title: LinkTitle::try_from("the ticket".to_owned()).ok(), ..link(1, 1) };
    record.link(named.clone()).expect("it has another name");
    assert_eq!(record.links, std::slice::from_ref(&named));
    record.unlink(&named.url).expect("it was there");
    assert_eq!(record.unlink(&named.url), Err("it has no such link".to_owned()));
    for number in 0..AnnotationsRecord::MOST_LINKS {
        record.link(link(number, 1)).expect("there is room");
    }
    let full = "it has 20 links, and takes no more: unlink one";
    assert_eq!(record.link(link(99, 1)), Err(full.to_owned()));
}

#[test]
fn labels_are_set_and_taken_away_and_are_not_too_many() {
    let known = labels(&["team=payments", "cause=load test"]);
    let remove = |name: &str| BTreeSet::from([LabelName::try_from(name.to_owned()).expect("a name")]);
    let changed = known.changed(&labels(&["team=shop"]), &remove("cause"));
    assert_eq!(changed, Ok(labels(&["team=shop"])));
    let same = known.changed(&labels(&["team=payments"]), &BTreeSet::new());
    assert_eq!(same, Err("its labels say so already".to_owned()));
    let both = known.changed(&labels(&["team=shop"]), &remove("team"));
    assert_eq!(both, Err("team is both set and taken away".to_owned()));
    let many: Vec<_> = (0..16).map(|number| format!("n{number}=x")).collect();
    let many = known.changed(&labels(&many.iter().map(String::as_str).collect::<Vec<_>>()), &BTreeSet::new());
    assert_eq!(many, Err("it would have 18 labels, and takes 16: take some away".to_owned()));
    for wrong in ["", "-a", "a-", "a b", "ä", "a=b", &"a".repeat(64)] {
        assert!(LabelName::try_from(wrong.to_owned()).is_err(), "{wrong}");
    }
    for wrong in ["", " ", "a,b", &"a".repeat(101)] {
        assert!(LabelValue::try_from(wrong.to_owned()).is_err(), "{wrong}");
    }
}

#[test]
fn a_label_is_typed_with_its_value_or_a_dash_behind_it() {
    let typed = |text: &[&str]| {
        let changes: Result<Vec<_>, _> = text.iter().map(|text| text.parse::<LabelChange>()).collect();
        LabelChange::sorted(changes?)
    };
    let removed = BTreeSet::from([LabelName::try_from("cause".to_owned()).expect("a name")]);
    assert_eq!(typed(&["team=a=b-", "cause-"]), Ok((labels(&["team=a=b-"]), removed)));
    for wrong in [&["team"][..], &["-"], &["=x"], &["team="], &[""], &[], &["a=b", "a=c"], &["a-", "a-"]] {
        assert!(typed(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn labels_are_asked_for_by_name_or_by_value() {
    let known = labels(&["team=payments", "cause=load test"]);
    let takes = |text: &str| text.parse::<LabelFilter>().map(|filter| filter.takes(&known));
    assert_eq!(takes("team"), Ok(true));
    assert_eq!(takes("team=payments,cause=load test"), Ok(true));
    assert_eq!(takes("team=shop"), Ok(false));
    assert_eq!(takes("team,env"), Ok(false));
    for wrong in ["", ",", "team=", "=x", "team=a,team=b"] {
        assert!(takes(wrong).is_err(), "{wrong}");
    }
    let filter: LabelFilter = "team=payments, cause".parse().expect("a filter");
    assert_eq!(filter.to_string(), "cause,team=payments");
}

#[test]
fn as_large_as_they_may_get_they_fit_into_a_row() {
    let mut record = AnnotationsRecord::default();
    for number in 0..AnnotationsRecord::MOST_NOTES {
        let text = format!("{number:03}{}", "\u{1f525}".repeat(997));
        record.note(Note { by: "\u{1f525}".repeat(100), ..note(&text, 1) }).expect("there is room");
    }
    for number in 0..AnnotationsRecord::MOST_LINKS {
        let url = url(&format!("https://example.com/{number:03}{}", "x".repeat(970))).expect("an address");
        let title = LinkTitle::try_from("\u{1f525}".repeat(200)).ok();
        record
            .link(Link { url, title, by: "\u{1f525}".repeat(100), ..link(number, 1) })
            .expect("there is room");
    }
    let bytes = serde_json::to_vec(&record).expect("JSON").len();
    // A row of a table takes 390 KiB.
    assert!(bytes < 390 * 1024, "{bytes}");
}
