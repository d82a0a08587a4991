//! Promises about reading JSON: what is JSON is read as it was written, and of what is not nothing is lost that can
//! be told apart.

use std::borrow::Cow;

use hifijson::token::{Expect, Lex as _};
use hifijson::{SliceLexer, num::LexWrite as _, str::LexAlloc as _};
use proptest::prelude::*;
use watchfire_core::json::{Amiss, Json};

/// Another reader of the same language, as an oracle.
fn by_another(text: &str) -> Option<Json<'_>> {
    let mut lexer = SliceLexer::new(text.as_bytes());
    lexer.exactly_one(SliceLexer::ws_peek, |next, lexer| value(next, lexer, 128)).ok()
}

fn value<'a>(next: u8, lexer: &mut SliceLexer<'a>, depth: usize) -> Result<Json<'a>, hifijson::Error> {
    Ok(match next {
        b'a'..=b'z' => lexer.null_or_bool().ok_or(Expect::Value)?.map_or(Json::Null, Json::Bool),
        b'0'..=b'9' | b'-' => Json::Number(Cow::Borrowed(lexer.num_string().validated()?.0)),
        b'"' => Json::String(lexer.discarded().str_string()?),
        b'[' => {
            let depth = depth.checked_sub(1).ok_or(hifijson::Error::Depth)?;
            let mut elements = Vec::new();
            lexer.discarded().seq(b']', SliceLexer::ws_peek, |next, lexer| {
                elements.push(value(next, lexer, depth)?);
                Ok::<_, hifijson::Error>(())
            })?;
            Json::Array(elements)
        }
        b'{' => {
            let depth = depth.checked_sub(1).ok_or(hifijson::Error::Depth)?;
            let mut members = Vec::new();
            lexer.discarded().seq(b'}', SliceLexer::ws_peek, |next, lexer| {
                lexer.expect(|_| Some(next), b'"').ok_or(Expect::String)?;
                let key = lexer.str_string().map_err(hifijson::Error::Str)?;
                lexer.expect(SliceLexer::ws_peek, b':').ok_or(Expect::Colon)?;
                let next = lexer.ws_peek().ok_or(Expect::Value)?;
                members.push((key, value(next, lexer, depth)?));
                Ok::<_, hifijson::Error>(())
            })?;
            Json::Object(members)
        }
        _ => Err(Expect::Value)?,
    })
}

/// What is made of a text, as JSON, and what was amiss at which byte.
fn read(text: &str) -> (String, Vec<(Amiss, usize)>) {
    let (json, faults) = Json::read(text);
    (json.to_string(), faults.iter().map(|fault| (fault.amiss, fault.offset)).collect())
}

#[test]
fn what_is_not_text_is_replaced_and_nothing_beside_it() {
    for (text, expected, at) in [
        (r#"{"a":"x \ud83d","b":1}"#, r#"{"a":"x �","b":1}"#, 8),
        (r#"{"a":"\ude00 x","b":1}"#, r#"{"a":"� x","b":1}"#, 6),
        (r#"{"a":"\ud83d\u0041","b":1}"#, r#"{"a":"�A","b":1}"#, 6),
        (r#"{"a":"\ud83d\ud83d\ude00","b":1}"#, r#"{"a":"�😀","b":1}"#, 6),
        (r#"{"a":"\ud83d\n","b":1}"#, r#"{"a":"�\n","b":1}"#, 6),
        (r#"{"a":"\u12","b":1}"#, r#"{"a":"�","b":1}"#, 6),
        (r#"{"a":"\x41é","b":1}"#, r#"{"a":"�x41é","b":1}"#, 6),
        (r#"{"a":"\é","b":1}"#, r#"{"a":"�é","b":1}"#, 6),
        ("{\"a\":\"x\u{1}\n\0y\",\"b\":1}", r#"{"a":"x\u0001\n\u0000y","b":1}"#, 7),
        (r#"{"\udc00":1,"b":1}"#, r#"{"�":1,"b":1}"#, 2),
    ] {
        assert_eq!(read(text), (expected.to_owned(), vec![(Amiss::NotText, at)]), "{text}");
    }
}

#[test]
fn what_nests_too_deep_is_null_and_what_stands_beside_it_is_read() {
    let deep = |levels: usize| format!("{}\"]}}\"{}", "[".repeat(levels), "]".repeat(levels));
    let fits = format!(r#"{{"a":{},"b":1}}"#, deep(127));
    assert_eq!(read(&fits), (fits.clone(), vec![]));
    let cut = format!(r#"{{"a":{}null{},"b":1}}"#, "[".repeat(127), "]".repeat(127));
    for levels in [128, 1_000, 1_000_000] {
        let text = format!(r#"{{"a":{},"b":1}}"#, deep(levels));
        assert_eq!(read(&text), (cut.clone(), vec![(Amiss::TooDeep, 132)]));
    }
    assert_eq!(Json::read(&"[".repeat(1 << 20)).1.last().map(|fault| fault.amiss), Some(Amiss::CutOff));
    assert_eq!(Json::read(&"{\"a\":".repeat(1 << 18)).1.last().map(|fault| fault.amiss), Some(Amiss::CutOff));
}

#[test]
fn what_is_cut_off_is_read_up_to_there() {
    for (text, expected) in [
        ("", "null"),
        ("{", "{}"),
        (r#"{"a"#, "{}"),
        (r#"{"a":"#, "{}"),
        (r#"{"a":{"b":"xy"#, r#"{"a":{"b":"xy"}}"#),
        (r#"{"a":"x\"#, r#"{"a":"x�"}"#),
        (r#"{"a":"x\u00e"#, r#"{"a":"x�"}"#),
        (r#"{"a":[1,2"#, r#"{"a":[1,2]}"#),
        (r#"{"a":[1,"#, r#"{"a":[1]}"#),
        (r#"{"a":1,"b":"#, r#"{"a":1}"#),
    ] {
        let (json, faults) = read(text);
        assert_eq!((json.as_str(), faults.last()), (expected, Some(&(Amiss::CutOff, text.len()))), "{text}");
    }
}

#[test]
fn of_what_is_not_json_everything_that_can_be_told_apart_is_read() {
    for (text, expected) in [
        (r#"{"a":NaN,"b":1}"#, r#"{"a":"NaN","b":1}"#),
        (r#"{"a":-,"b":01,"c":.5,"d":+7,"e":1e}"#, r#"{"a":"-","b":"01","c":".5","d":"+7","e":"1e"}"#),
        (r#"{"a":1,,"b":2,}"#, r#"{"a":1,"b":2}"#),
        (r#"{"a":[1 2;3],"b":1}"#, r#"{"a":[1,"2;3"],"b":1}"#),
        (r#"{"a":"say "hi" twice","b":1}"#, r#"{"a":"say ","b":1}"#),
        (r#"{"a":[1,{"x":2],"b":1}"#, r#"{"a":[1,{"x":2}],"b":1}"#),
        (r#"{"a":[1}"#, r#"{"a":[1]}"#),
        (r#"{"a":1],"b":1}"#, r#"{"a":1,"b":1}"#),
        (r#"{"a","b":1}"#, r#"{"b":1}"#),
        (r#"{"a":,"b":1}"#, r#"{"b":1}"#),
        (r#"{[1,{"q":2}],"b":1}"#, r#"{"b":1}"#),
        (r#"{'a': 'x', b: True, 'c': None}"#, r#"{"a":"x","b":"True","c":"None"}"#),
        ("{\u{a0}\"a\"\u{feff}:\u{0}1,\u{2003}\"b\":1}", r#"{"a":1,"b":1}"#),
        ("hello", r#""hello""#),
    ] {
        let (json, faults) = read(text);
        assert_eq!(json, expected, "{text}");
        assert_eq!(faults.first().map(|(amiss, _)| *amiss), Some(Amiss::NotJson), "{text}");
    }
}

#[test]
fn what_stands_behind_the_value_is_not_read_and_said() {
    for (text, at) in [(r#"{"a":1}}"#, 7), (r#"{"a":1} {"b":2}"#, 8), (r#"{"a":1}x"#, 7)] {
        assert_eq!(read(text), (r#"{"a":1}"#.to_owned(), vec![(Amiss::Behind, at)]), "{text}");
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_text() {
    assert_eq!(Json::parse("\u{feff}{\"a\": 1}"), Json::parse("{\"a\": 1}"));
}

/// Texts that are often nearly JSON.
fn nearly_json() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\"b\":", "1", "-0.5e+7", "01", "null", "true", "nul",
        " ", "\n", "\\", "\\n", "\\u00e9", "\\ud83d", "\\ude00", "é", "\u{1}", "'", "{\"a\":", "[1,", "}]",
        "e", ".",
    ]);
    prop::collection::vec(pieces, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn exactly_what_is_json_is_parsed_and_as_another_reader_reads_it(text in nearly_json()) {
        prop_assert_eq!(Json::parse(&text).ok(), by_another(&text));
    }

    #[test]
    fn what_is_made_of_any_text_is_json(text in prop_oneof![nearly_json(), any::<String>()]) {
        let (json, faults) = Json::read(&text);
        let again = json.to_string();
        prop_assert_eq!(Json::parse(&again), Ok(json));
        prop_assert!(faults.iter().all(|fault| fault.offset <= text.len()));
    }
}
