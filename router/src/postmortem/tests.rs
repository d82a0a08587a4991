use super::*;

/// The story of the tour's incident, as `watchfire incidents show -o json` printed it.
fn tour() -> IncidentDetail {
    serde_json::from_str(include_str!("tour/story.json")).expect("a story")
}

fn report(story: &IncidentDetail) -> PostMortem {
    PostMortem::of(story).expect("an incident")
}

#[test]
fn a_post_mortem_of_the_tours_incident_is_this_in_every_form() {
    let report = report(&tour());
    let forms = [(Form::Markdown, "md"), (Form::Html, "html"), (Form::Json, "json"), (Form::Svg, "svg")];
    for (form, ending) in forms {
        let path = format!("{}/src/postmortem/tour/report.{ending}", env!("CARGO_MANIFEST_DIR"));
        let written = report.written(form);
        if std::env::var_os("WRITE_GOLDENS").is_some() {
            std::fs::write(&path, &written).expect("the file is ours");
        }
        let expected = std::fs::read_to_string(&path).expect("a golden; WRITE_GOLDENS=1 writes it");
        assert!(
            written == expected,
            "{path} differs; WRITE_GOLDENS=1 writes it anew, look at the difference"
        );
    }
}

#[test]
fn the_sum_is_of_the_facts_and_each_form_says_the_same() {
    let report = report(&tour());
    let mut json: serde_json::Value = serde_json::from_str(&report.written(Form::Json)).expect("JSON");
    let sum = json.as_object_mut().and_then(|members| members.remove("sha256")).expect("a sum");
    assert_eq!(sha256(&json.to_string()), sum.as_str().expect("a text"));
    for form in [Form::Markdown, Form::Html] {
        assert!(report.written(form).contains(sum.as_str().expect("a text")));
    }
}

#[test]
fn what_others_wrote_is_text_in_every_form() {
    let hostile = "`</code><script>alert(1)</script> | x | [a](http://b) **b** \n# head \u{202e}";
    let mut story = tour();
    let incident = story.incident.as_mut().expect("one");
    (incident.title, incident.subject) = (hostile.to_owned(), hostile.to_owned());
    for decision in &mut story.decisions {
        decision.kind = hostile.to_owned();
        decision.event = hostile.to_owned();
        for effect in &mut decision.effects {
            effect.said = hostile.to_owned();
        }
        if let crate::api::views::DecidedBy::Human { name, reason, .. } = &mut decision.by {
            (*name, *reason) = (hostile.to_owned(), hostile.to_owned());
        }
    }
    let report = report(&story);
    let markdown = report.written(Form::Markdown);
    // Outside of code spans there is nothing of theirs.
    let ours: String = markdown.split('`').step_by(2).collect();
    for sign in ["script", "alert", "http", "**b**", "# head", "\u{202e}"] {
        assert!(!ours.contains(sign), "{sign}: {ours}");
    }
    let mut rows = markdown.lines().filter(|line| line.starts_with('|'));
    assert!(!rows.any(|row| row.contains(" | x")), "no bar of theirs begins a cell");
    for form in [Form::Html, Form::Svg] {
        let written = report.written(form);
        assert!(!written.contains("<script") && !written.contains("\u{202e}"), "{written}");
    }
}

#[test]
fn a_time_to_respond_that_was_missed_is_said_and_by_how_much() {
    let mut story = tour();
    let incident = story.incident.as_mut().expect("one");
    let said = |story: &IncidentDetail| report(story).response.written(str::to_owned, str::to_owned);
    incident.respond_by = Some(incident.opened_at);
    assert_eq!(said(&story), "Acknowledged after 0 s, late by 0 s: 0 s were allowed.");
    story.incident.as_mut().expect("one").respond_by = None;
    assert_eq!(said(&story), "Nobody had to respond.");
    let incident = story.incident.as_mut().expect("one");
    incident.acknowledged = None;
    incident.respond_by = incident.opened_at.checked_add(jiff::SignedDuration::from_mins(15)).ok();
    story.decisions.retain(|decision| !decision.kind.starts_with("Command:ack"));
    assert_eq!(said(&story), "Nobody acknowledged it; 15 min were allowed from the first report.");
}

#[test]
fn reports_that_say_nothing_new_are_one_line() {
    let mut story = tour();
    let mut repeat = story.decisions[0].clone();
    (repeat.effects, repeat.acts, repeat.withheld) = (Vec::new(), Vec::new(), Vec::new());
    (repeat.verdict, repeat.because) = (watchfire_core::verdict::Verdict::Quiet, "said already".to_owned());
    story.decisions = vec![repeat.clone(), repeat.clone(), repeat];
    let timeline = report(&story).timeline;
    let [line] = timeline.as_slice() else { panic!("{timeline:?}") };
    let said = line.said.written(str::to_owned, str::to_owned);
    let expected = "CryptoCurrency:Runtime/BitcoinTool.B: 3 reports until 2026-11-29 22:53:58 UTC, none paged: said already";
    assert_eq!(said, expected);
}

#[test]
fn a_time_is_told_in_two_units_at_most() {
    let table = [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3_900, "1 h 5 min"),
        (180_000, "2 d 2 h"),
    ];
    for (seconds, expected) in table {
        assert_eq!(lasting(seconds), expected);
    }
}
