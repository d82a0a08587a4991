use super::*;
use crate::ids::DedupKey;
use crate::notice::tests::miner;
use crate::notice::{Fact, Group};
use crate::text::is_unfit;

const KINDS: [EffectKind; 5] =
    [EffectKind::Page, EffectKind::Update, EffectKind::Resolve, EffectKind::Digest, EffectKind::Acknowledge];

fn template(text: &str) -> Option<Template> {
    Some(Template::try_from(text.to_owned()).expect("a template"))
}

fn body(text: &str) -> Wording {
    Templates { body: template(text), ..Templates::default() }.into()
}

fn refusal(text: &str) -> String {
    Template::try_from(text.to_owned()).expect_err("no template")
}

fn reasons(faults: &[Fault]) -> Vec<(Part, &str)> {
    faults.iter().map(|fault| (fault.part, fault.reason.as_str())).collect()
}

#[test]
fn what_ships_words_every_page() {
    for kind in KINDS {
        for part in Part::ALL {
            let view = view::View::of(&miner(), kind);
            let view = if part == Part::Json { view.with(view::Whole::default()) } else { view };
            let values = Value::from(Serde(&view));
            assert!(render(&engine::SHIPPED, part, &values).is_ok(), "{part:?} of {kind:?}");
        }
        let shipped = Templates {
            title: template(Part::Title.shipped()),
            head: template(Part::Head.shipped()),
            body: template(Part::Body.shipped()),
            ..Templates::default()
        };
        let own = Wording::from(shipped).words(&miner(), kind);
        assert_eq!(
            own,
            Wording::default().words(&miner(), kind),
            "as templates of a channel they say the same"
        );
    }
}

#[test]
fn what_only_its_own_templates_make_is_as_in_the_whole_page() {
    let plain = miner();
    let drill = Notice { drill: true, ..miner() };
    let sample = Notice { sample: true, ..miner() };
    for kind in [EffectKind::Page, EffectKind::Update, EffectKind::Digest] {
        for notice in [&plain, &drill, &sample] {
            let whole = Wording::default().words(notice, kind);
            let expected = Worded { head: String::new(), body: String::new(), ..whole };
            assert_eq!(Wording::default().own_words(notice, kind), expected);
            let templates = Templates {
                title: template("{{ what }}"),
                head: template("{{ why }}"),
                ..Templates::default()
            };
            let own = Wording::from(templates);
            let expected = Worded { body: String::new(), ..own.words(notice, kind) };
            assert_eq!(own.own_words(notice, kind), expected);
        }
    }
}

#[test]
fn a_channel_words_its_pages_as_it_is_told() {
    let templates = Templates {
        title: template("{{ priority }} {{ what | upper }} in {{ facts.namespace }}"),
        head: template("{% for row in head %}\n* {{ row.label }}: {{ row.value }}\n{% endfor %}"),
        body: template(
            "Erst lesen, dann handeln.\n\n\n\n{{ facts.image | default('kein Bild') }}\n{{ title }}",
        ),
        ..Templates::default()
    };
    let words = Wording::from(templates).words(&miner(), EffectKind::Page);
    let expected = Worded {
        title: "P0 CRYPTO MINING (BITCOIN TOOL) in checkout".to_owned(),
        head: "* Containment: not contained: quarantine: not built yet\n\
               * Respond by: 03:13 UTC, in 15 min\n\
               * Acknowledge: watchfire incidents ack v1:5f3c9a\n\
               * Runbook: https://runbooks.example.com/crypto-mining\n\
               * Incident: https://watchfire.example.com/v1/story?of=wf1-5f3c9a\n"
            .to_owned(),
        body: "Erst lesen, dann handeln.\n\nkein Bild\nP0 CRYPTO MINING (BITCOIN TOOL) in checkout\n"
            .to_owned(),
        faults: Vec::new(),
    };
    assert_eq!(words, expected);
}

#[test]
fn what_is_in_an_event_is_never_a_template_and_never_markup() {
    let hostile = "{{ 7*7 }}{% for x in y %}<script>alert('1')</script>".to_owned();
    let notice = Notice { description: hostile.clone(), title: hostile.clone(), ..miner() };
    let wording = MailTemplates {
        html_body: template("<i>{{ description }}</i> {{ description | link }}"),
        body: template("{{ description }}\n\u{1b}[2J{{ title }}"),
        ..MailTemplates::default()
    };
    let mail = Wording::from(wording).mail(&notice, EffectKind::Page);
    assert!(mail.text.contains(&hostile) && !mail.text.contains("49"), "{}", mail.text);
    assert!(!mail.text.contains(|c| c != '\n' && is_unfit(c)), "{}", mail.text);
    assert!(!mail.html.contains("<script") && !mail.html.contains("href=\"{{"), "{}", mail.html);
    assert!(
        mail.html.contains("<i>{{ 7*7 }}{% for x in y %}&lt;script&gt;alert(&#39;1&#39;)"),
        "{}",
        mail.html
    );
}

#[test]
fn a_template_that_fails_gives_way_to_the_one_that_ships_and_the_page_says_so() {
    let wording = body("first\n  {{ facts.nothing }}");
    let words = wording.words(&miner(), EffectKind::Page);
    assert_eq!(reasons(&words.faults), [(Part::Body, "line 2, column 6: `facts.nothing` is not there")]);
    let shipped = Wording::default().words(&miner(), EffectKind::Page);
    assert_eq!((&words.title, &words.head, &words.body), (&shipped.title, &shipped.head, &shipped.body));
    let note = "\
Note: the template `body` could not be used, the one that ships was: line 2,
column 6: `facts.nothing` is not there.
";
    assert_eq!(words.text(), format!("{}\n{note}", shipped.text()));
    let mail = wording.mail(&miner(), EffectKind::Page);
    assert!(mail.html.contains("<p>Note: the template `body` could not be used"), "{}", mail.html);
    assert!(mail.text.ends_with(note), "{}", mail.text);
}

#[test]
fn a_template_comes_to_an_end() {
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
    let words = body(endless).words(&miner(), EffectKind::Page);
    assert_eq!(reasons(&words.faults)[0].1.rsplit(": ").next(), Some("it does not come to an end"));
    let huge = "{{ description * 100000 }}";
    let words = body(huge).words(&miner(), EffectKind::Page);
    assert!(words.body.len() <= 1_000_010, "{}", words.body.len());
}

#[test]
fn what_fails_never_shows_a_value() {
    let secret = Notice { description: "hunter2".to_owned(), ..miner() };
    for text in [
        "{{ description.a.b }}",
        "{{ description | round }}",
        "{{ description / 2 }}",
        "{{ 1 in priority(description) }}",
    ] {
        let words = body(text).words(&secret, EffectKind::Page);
        assert_eq!(words.faults.len(), 1, "{text}");
        assert!(!words.faults[0].reason.contains("hunter2"), "{text}: {:?}", words.faults);
    }
}

#[test]
fn what_is_wrong_with_a_template_is_told_where_it_stands() {
    for (text, expected) in [
        ("a\n  {{ title", "line 2, column "),
        ("{{ title | shout }}", "line 1, column 12: there is no `| shout`"),
        ("{% include 'a' %}", "line 1, column 4: unknown statement include"),
        ("{% macro a() %}{% endmacro %}", "line 1, column 4: unknown statement macro"),
        ("{% if x %}{{ title | safe }}{% endif %}", "there is no `| safe`"),
        ("{% if title is not strange %}{% endif %}", "line 1, column 20: there is no `is strange`"),
        ("{% autoescape false %}{{ title }}{% endautoescape %}", "`autoescape` is not for templates"),
        ("\n{{ titel }}", "line 2, column 4: no page has `titel`: did you mean `title`?"),
    ] {
        let refused = refusal(text);
        assert!(refused.contains(expected), "{text}: {refused}");
    }
}

#[test]
fn a_sample_and_a_drill_say_so_whatever_the_template_says() {
    let wording = Wording::from(Templates { title: template("{{ what }}"), ..Templates::default() });
    let title = |notice: Notice| wording.words(&notice, EffectKind::Page).title;
    let what = "Crypto mining (bitcoin tool)";
    assert_eq!(title(miner()), what);
    assert_eq!(title(Notice { sample: true, ..miner() }), format!("[SAMPLE] {what}"));
    assert_eq!(title(Notice { drill: true, sample: true, ..miner() }), format!("DRILL {what}"));
    let empty =
        Wording::from(Templates { title: template("{% if sample %}x{% endif %}"), ..Templates::default() });
    let words = empty.words(&miner(), EffectKind::Page);
    assert_eq!(
        (words.title, reasons(&words.faults)),
        (miner().subject(EffectKind::Page), vec![(Part::Title, "it says nothing")])
    );
}

#[test]
fn a_mail_with_a_text_of_its_own_says_the_same_twice() {
    let templates =
        MailTemplates { body: template("  a <b>\n\n  {{ facts.pod }}"), ..MailTemplates::default() };
    let facts = vec![Fact::new(Group::Where, "Pod", "<pay>")];
    let mail = Wording::from(templates).mail(&Notice { facts, ..miner() }, EffectKind::Page);
    assert!(mail.text.ends_with("\n  a <b>\n\n  <pay>\n"), "{}", mail.text);
    assert!(mail.html.contains("\">  a &lt;b&gt;\n\n  &lt;pay&gt;</pre></body>"), "{}", mail.html);
}

#[test]
fn the_values_have_every_name_that_templates_may_use() {
    let values = values(&miner(), EffectKind::Page);
    assert_eq!(values["facts"]["pod"], "checkout-7d9f5-x2x9z");
    assert_eq!(values["head"][1]["label"], "Respond by");
    let names: Vec<_> = values.as_object().expect("names").keys().cloned().collect();
    assert_eq!(names, view::names());
}

fn json(text: &str) -> Wording {
    let json = JsonTemplate::try_from(text.to_owned()).expect("a template");
    JsonTemplates { json: Some(json), ..JsonTemplates::default() }.into()
}

fn worded(wording: &Wording, notice: &Notice) -> WordedJson {
    wording.json(notice, EffectKind::Page, Ids { id: "i", dedup_key: &DedupKey::new("k") })
}

#[test]
fn what_ships_is_json_of_every_page_and_what_a_template_writes_is_too_whatever_an_event_says() {
    let hostile = "\"}, {\"a\": [\\ {{ title }} \u{2028}</script>";
    let notice = Notice { description: hostile.to_owned(), ..miner() };
    for kind in KINDS {
        let ids = Ids { id: "i", dedup_key: &DedupKey::new("k") };
        let WordedJson { json, faults } = Wording::default().json(&notice, kind, ids);
        let told = [&json["id"], &json["dedup_key"], &json["effect"], &json["facts"]["pod"]];
        assert_eq!(
            (faults, told.map(|value| value.as_str().expect("text"))),
            (Vec::new(), ["i", "k", kind.as_str(), "checkout-7d9f5-x2x9z"],)
        );
    }
    let own = json(
        r#"{"n": {{ doing | length }}, "d": {{ description }}, "x": {{ facts.image | default(none) }}, "k": [{{ dedup_key }}]}"#,
    );
    let WordedJson { json, faults } = worded(&own, &notice);
    let description = crate::text::clean(hostile, 4_000);
    let expected = serde_json::json!({"n": 0, "d": description, "x": null, "k": ["k"]});
    assert_eq!((json, faults), (expected, Vec::new()));
}

#[test]
fn what_a_template_writes_that_is_no_json_is_told_and_the_page_is_as_it_ships() {
    let WordedJson { json, faults } = worded(&json(r#"{"t": "{{ title }}"}"#), &miner());
    assert_eq!(json, worded(&Wording::default(), &miner()).json);
    let reason =
        "it does not write JSON: expected `,` or `}` at line 1 column 9; values bring their own quotes";
    assert_eq!(reasons(&faults), [(Part::Json, reason)]);
    let elsewhere = refusal("{{ dedup_key }}");
    assert!(elsewhere.starts_with("line 1, column 4: no page has `dedup_key`: "), "{elsewhere}");
}

#[test]
fn what_goes_by_a_route_is_worded_by_it_part_by_part_and_the_first_that_has_a_say_says_it() {
    let (team, audit) = (RouteName::new("team"), RouteName::new("audit"));
    let title = |text: &str| RouteTemplates { title: template(text), ..RouteTemplates::default() };
    let json = JsonTemplate::try_from("{}".to_owned()).ok();
    let by_route = ByRoute::from([
        (team.clone(), title("team: {{ priority }}")),
        (audit.clone(), title("audit: {{ priority }}")),
        // This channel has no such part.
        (RouteName::new("programs"), RouteTemplates { json, ..RouteTemplates::default() }),
    ]);
    let body = template("of the channel");
    let wording = Wording::from(Templates { title: template("own"), body, by_route, ..Templates::default() });
    let said = |routes: &[&RouteName]| {
        let routes = routes.iter().map(|route| (*route).clone()).collect();
        let Worded { title, body, .. } = wording.words(&Notice { routes, ..miner() }, EffectKind::Page);
        (title, body.trim().to_owned())
    };
    let expected = |title: &str| (title.to_owned(), "of the channel".to_owned());
    assert_eq!(said(&[]), expected("own"));
    assert_eq!(said(&[&RouteName::new("programs"), &RouteName::new("default")]), expected("own"));
    assert_eq!(said(&[&RouteName::new("default"), &team, &audit]), expected("team: P0"));
    assert_eq!(said(&[&audit, &team]), expected("audit: P0"));
}
