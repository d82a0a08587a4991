//! Matchers and the patterns they make, and what is said of those that are none.

use crate::pattern::Pattern;

use super::*;

fn of(matchers: &[&str]) -> Result<Value, Vec<String>> {
    let matchers: Vec<_> = matchers.iter().map(|matcher| (*matcher).to_owned()).collect();
    pattern(&matchers)
}

#[test]
fn matchers_make_the_pattern_that_they_say() {
    let table = [
        (&["namespace=shop"][..], json!({"subject": {"namespace": ["shop"]}})),
        (&["namespace=\"shop\""], json!({"subject": {"namespace": ["shop"]}})),
        (&["namespace=shop-*"], json!({"subject": {"namespace": [{"wildcard": "shop-*"}]}})),
        (&["namespace!=shop"], json!({"subject": {"namespace": [{"anything-but": ["shop"]}]}})),
        (
            &["namespace!=a", "namespace!=b"],
            json!({"subject": {"namespace": [{"anything-but": ["a", "b"]}]}}),
        ),
        (
            &["namespace!=a\\b", "namespace!=c*"],
            json!({"subject": {"namespace": [{"anything-but": {"wildcard": ["a\\\\b", "c*"]}}]}}),
        ),
        (&["priority=P1", "priority=P2"], json!({"priority": ["P1", "P2"]})),
        (&["priority=p1", "severity=High"], json!({"priority": ["P1"], "severity": ["HIGH"]})),
        (&["pod=a", "pod=b-*"], json!({"subject": {"pod": ["a", {"wildcard": "b-*"}]}})),
        (&["pod="], json!({"subject": {"pod": [{"exists": false}]}})),
        (&["pod!="], json!({"subject": {"pod": [{"exists": true}]}})),
        (
            &["type=Crypto*", "account=111122223333", "workload=pay", "container=app"],
            json!({"type": [{"wildcard": "Crypto*"}], "subject": {"account": ["111122223333"],
                   "container": {"name": ["app"]}, "workload": {"name": ["pay"]}}}),
        ),
        (&["subject.workload.kind=deployments"], json!({"subject": {"workload": {"kind": ["deployments"]}}})),
        (&["image=registry/a=b:1"], json!({"subject": {"image": ["registry/a=b:1"]}})),
        (&["principal=!~root"], json!({"subject": {"principal": ["!~root"]}})),
    ];
    for (matchers, expected) in table {
        let made = of(matchers).unwrap_or_else(|mistakes| panic!("{matchers:?}: {mistakes:?}"));
        assert_eq!(made, expected, "{matchers:?}");
        assert!(Pattern::parse(&made.to_string()).is_ok(), "{made} is a pattern");
    }
}

#[test]
fn a_pattern_that_matchers_make_is_shown_as_matchers() {
    let table = [
        (&["namespace=shop", "pod!=a*", "pod!=b"][..], Some("namespace=shop pod!=a* pod!=b")),
        (&["workload=pay", "priority=P1", "node="], Some("priority=P1 node= workload=pay")),
        (&["subject.workload.kind=jobs"], Some("subject.workload.kind=jobs")),
    ];
    for (matchers, expected) in table {
        let made = of(matchers).expect("matchers").to_string();
        assert_eq!(spoken(&made).as_deref(), expected, "{made}");
    }
    for other in
        [r#"{"type": [{"prefix": "Crypto"}]}"#, r#"{"type": [7]}"#, r#"{"$or": [{"type": ["a"]}]}"#, "no"]
    {
        assert_eq!(spoken(other), None, "{other}");
    }
}

#[test]
fn what_is_typed_behind_one_another_is_split_at_spaces_outside_of_quotes() {
    let table = [
        ("  namespace=shop  rule=\"a b\" type!=x* ", Ok(vec!["namespace=shop", "rule=\"a b\"", "type!=x*"])),
        ("", Ok(Vec::new())),
        ("\"rule=a b\" pod=c", Ok(vec!["rule=a b", "pod=c"])),
        (r#"type="say \"hello\" to" pod=a\b"#, Ok(vec![r#"type="say \"hello\" to""#, r"pod=a\b"])),
        ("rule=\"a", Err("expected a quote at the end of what is quoted")),
    ];
    for (text, expected) in table {
        let split = words(text);
        let split =
            split.as_ref().map(|words| words.iter().map(String::as_str).collect()).map_err(String::as_str);
        assert_eq!(split, expected, "{text}");
    }
}

#[test]
fn what_is_no_matcher_is_typed_as_one_and_has_no_quotes() {
    let plain = plain_words(r#"team=shop cause="a \"b\" c" alone"#);
    assert_eq!(plain, Ok(vec!["team=shop".to_owned(), r#"cause=a "b" c"#.to_owned(), "alone".to_owned()]));
}

#[test]
fn a_value_that_somebody_else_wrote_is_asked_for_and_no_other() {
    let others = ["", "x", "a", "b", "*", "a b", "\\", "say", "a*b", "aXb", "a\\*b"];
    for value in
        ["a b", "say \"hello\"", "\"", "\"a\"", "*", "a*b c", r"a\*b", r#"a\"b"#, "a=b !=c", "é ä", r"C:\*"]
    {
        let typed = word("type", value).unwrap_or_else(|| panic!("{value}"));
        let typed = format!("{typed} priority=P1");
        let made = pattern(&words(&typed).expect("words")).expect("matchers").to_string();
        let made = Pattern::parse(&made).expect("a pattern");
        let matches = |value: &str| {
            made.matches(&Json::parse(&json!({"type": value, "priority": "P1"}).to_string()).expect("JSON"))
        };
        assert!(matches(value), "{value}: {typed}");
        for other in others.iter().filter(|other| **other != value) {
            assert!(!matches(other), "{value}: {typed} finds {other}");
        }
    }
    for none in ["", "  ", "a\nb", "ends with \\"] {
        assert_eq!(word("type", none), None, "{none:?}");
    }
    let spaced = of(&["type=\"AWS API Call\"", "pod!=a b"]).expect("matchers").to_string();
    assert_eq!(spoken(&spaced).as_deref(), Some("pod!=\"a b\" type=\"AWS API Call\""));
}

#[test]
fn every_name_is_one_that_silences_look_at() {
    let names = [
        "priority",
        "rule",
        "family",
        "type",
        "source",
        "severity",
        "account",
        "region",
        "cluster",
        "namespace",
        "pod",
        "node",
        "workload",
        "container",
        "image",
        "instance",
        "principal",
        "service_account",
    ];
    for name in names {
        assert!(path(name).is_some_and(|path| PATHS.contains(&path)), "{name}");
    }
}

#[test]
fn what_is_unequal_has_a_value() {
    let made = of(&["namespace!=kube-*", "namespace!=shop"]).expect("matchers").to_string();
    let pattern = Pattern::parse(&made).expect("a pattern");
    let matches = |face: &str| pattern.matches(&Json::parse(face).expect("JSON"));
    let table = [
        (r#"{"subject": {"namespace": "pay"}}"#, true),
        (r#"{"subject": {"namespace": "shop"}}"#, false),
        (r#"{"subject": {"namespace": "kube-system"}}"#, false),
        (r#"{"subject": {}}"#, false),
    ];
    for (face, expected) in table {
        assert_eq!(matches(face), expected, "{face}");
    }
}

#[test]
fn what_is_no_matcher_is_explained() {
    let names = "there are priority, rule, family, type, source, severity, team, account, region, cluster, cluster_arn, \
                 namespace, workload, pod, container, image, node, instance, service_account, principal, ip, resource";
    let expression = |instead: &str| format!("there are no regular expressions, use * instead: {instead}");
    let table = [
        ("namespace", "expected name=value or name!=value, found `namespace`".to_owned()),
        ("namespace!shop", "expected name=value or name!=value, found `namespace!shop`".to_owned()),
        ("alertname=x", format!("there is no `alertname` to match; {names}")),
        ("priority=P9", "priority: expected one of P0, P1, P2, P3, found `P9`".to_owned()),
        (
            "severity!=crtical",
            "severity: expected one of INFORMATIONAL, LOW, MEDIUM, HIGH, CRITICAL, found `crtical`: did you mean CRITICAL?"
                .to_owned(),
        ),
        ("namespace=~shop-.*", expression("namespace=shop-*")),
        ("namespace=~^(a|b.+)$", expression("namespace=a namespace=b*")),
        ("namespace!~shop-.*", expression("namespace!=shop-*")),
        ("namespace!~a=b", expression("namespace!=a=b")),
    ];
    for (matcher, expected) in table {
        assert_eq!(of(&[matcher]), Err(vec![expected]), "{matcher}");
    }
    let both = of(&["pod=a", "pod!=b"]);
    let expected = "`subject.pod` is asked for with = and with !=, which no pattern can say; give it once, or use \
                    --match";
    assert_eq!(both, Err(vec![expected.to_owned()]));
}
