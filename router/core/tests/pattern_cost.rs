//! Events made to be slow. Each of these would take minutes to years if time grew faster than the event.

use watchfire_core::json::Json;
use watchfire_core::pattern::{Notes, Pattern, PatternSet};

fn matches(pattern: &str, event: &str) -> bool {
    Pattern::parse(pattern).unwrap().matches(&Json::parse(event).unwrap())
}

fn array(elements: &[&str], times: usize) -> String {
    format!("[{}]", vec![elements.join(","); times].join(","))
}

#[test]
fn four_fields_in_two_arrays_of_20000_elements_are_not_tried_against_each_other() {
    let pattern = r#"{"a": {"x": [1], "y": [1]}, "b": {"x": [1], "y": [1]}}"#;
    let halves = array(&[r#"{"x":1,"y":2}"#, r#"{"x":2,"y":1}"#], 10_000);
    let whole = halves.replacen("[", r#"[{"x":1,"y":1},"#, 1);
    assert!(!matches(pattern, &format!(r#"{{"a":{halves},"b":{halves}}}"#)));
    assert!(!matches(pattern, &format!(r#"{{"a":{whole},"b":{halves}}}"#)));
    assert!(matches(pattern, &format!(r#"{{"a":{whole},"b":{whole}}}"#)));
}

#[test]
fn fields_of_nested_arrays_are_not_tried_against_each_other() {
    let pattern = r#"{"a": {"b": {"x": [1], "y": [1]}, "c": {"x": [1], "y": [1]}, "k": [1]}}"#;
    let inner = array(&[r#"{"x":1}"#, r#"{"y":1}"#], 100);
    let element = format!(r#"{{"b":{inner},"c":{inner},"k":1}}"#);
    assert!(!matches(pattern, &format!(r#"{{"a":{}}}"#, array(&[&element], 50))));
}

#[test]
fn an_absent_field_does_not_bring_back_the_cross_product() {
    let pattern = r#"{"a": {"w": [1], "x": [{"exists": false}], "y": [{"exists": false}, 1], "z": [1]}}"#;
    let elements =
        array(&[r#"{"w":1,"x":1,"z":1}"#, r#"{"w":1,"y":2,"z":1}"#, r#"{"w":1,"y":1,"z":0}"#], 5_000);
    assert!(!matches(pattern, &format!(r#"{{"a":{elements}}}"#)));
}

#[test]
fn arrays_nested_as_deep_as_json_may_be_are_searched_once() {
    let nest = |inner: &str, times: usize| format!("{}{inner}{}", "[[1],".repeat(times), "]".repeat(times));
    let pattern = r#"{"a": [1], "a.b": [{"exists": false}], "a.c": [1]}"#;
    assert!(!matches(pattern, &format!(r#"{{"a":{}}}"#, nest(r#"{"b":1},{"c":2}"#, 100))));
}

#[test]
fn repeated_keys_cost_a_bounded_search() {
    let pattern =
        r#"{"a": {"p": [1], "q": [1], "r": [1], "s": [1], "t": [1], "u": [1], "v": [1], "w": [1]}}"#;
    let one = r#"{"p":1,"q":1},{"r":1,"s":1},{"t":1,"u":1},{"v":1}"#;
    let member = format!(r#""a":[{one}]"#);
    let event = |last: &str| format!("{{{}{last}}}", vec![member.as_str(); 200].join(","));
    assert!(!matches(pattern, &event("")));
    assert!(matches(pattern, &event(r#","a":{"w":1}"#)));
}

#[test]
fn a_wildcard_of_many_gaps_does_not_go_back() {
    let pattern = format!(r#"{{"a": [{{"wildcard": "{}"}}]}}"#, "*a".repeat(500) + "*b");
    assert!(!matches(&pattern, &format!(r#"{{"a":"{}"}}"#, "a".repeat(200_000))));
}

/// What the steps for an event of that text were, with patterns of all operators.
fn steps(event: &str) -> u64 {
    let entries = [
        "1",
        r#""aaaa""#,
        r#"{"prefix":"aa"}"#,
        r#"{"suffix":"ab"}"#,
        r#"{"wildcard":"*aab*aac*"}"#,
        r#"{"equals-ignore-case":"AAB"}"#,
        r#"{"numeric":[">",0,"<",9]}"#,
        r#"{"cidr":"10.0.0.0/8"}"#,
        r#"{"anything-but":["x","y"]}"#,
        r#"{"exists":true}"#,
        r#"{"exists":false},1"#,
    ];
    let both = |one: &str, other: &str| {
        format!(r#"{{"a":{{"x":[{one}],"y":[{other}]}},"b":{{"x":[{other}],"y":[{one}]}}}}"#)
    };
    let all = entries.iter().flat_map(|one| entries.iter().map(|other| both(one, other)));
    let set = PatternSet::new(all.map(|text| Pattern::parse(&text).unwrap()).collect());
    let mut notes = Notes::default();
    set.matching_text(event, &mut notes);
    notes.steps()
}

#[test]
fn an_event_four_times_as_long_takes_four_times_as_many_steps() {
    let arrays = |elements: &[&str], times: usize| {
        let array = array(elements, times);
        format!(r#"{{"a":{array},"b":{array}}}"#)
    };
    let made: [&dyn Fn(usize) -> String; 6] = [
        &|times| arrays(&[r#"{"x":1}"#, r#"{"y":1}"#], times),
        &|times| arrays(&[r#"{"x":"aab","y":2}"#, r#"{"x":5,"y":"10.0.0.1"}"#], times),
        &|times| arrays(&[r#"[[{"x":1}],{"y":"aaaab"}]"#], times),
        &|times| arrays(&[r#"{"x":[1,2,"aaaa"],"y":[{}, [], null]}"#], times),
        &|times| format!(r#"{{{}}}"#, vec![r#""a":{"x":1,"y":"aaab"},"b":{"x":"aaab"}"#; times].join(",")),
        &|times| format!(r#"{{"a":{{"x":"{}"}}}}"#, "aaaab".repeat(times)),
    ];
    for (number, made) in made.iter().enumerate() {
        let (once, four_times) = (steps(&made(100)), steps(&made(400)));
        assert!(four_times <= once * 4 + 1_000, "event {number}: {once}, then {four_times}");
    }
}
