//! Event patterns read slowly, by their definition: every value of every field is tried against every other, and each
//! operator is asked of each value. What the matcher is held against.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use watchfire_core::json::Json;

/// Of each array that a value stands in, which element.
type Membership = BTreeMap<usize, usize>;

/// The definition, read slowly: every value of every field is tried against every other.
struct Slow<'e> {
    values: BTreeMap<String, Vec<(&'e Json<'e>, Membership)>>,
    arrays: usize,
}

impl<'e> Slow<'e> {
    fn flatten(&mut self, json: &'e Json<'e>, path: Option<&str>, membership: &Membership) {
        match json {
            Json::Object(members) => {
                for (key, json) in members {
                    let path = path.map_or_else(|| key.to_string(), |path| format!("{path}.{key}"));
                    self.flatten(json, Some(&path), membership);
                }
            }
            Json::Array(elements) => {
                self.arrays += 1;
                let array = self.arrays;
                for (index, element) in elements.iter().enumerate() {
                    let mut membership = membership.clone();
                    if matches!(element, Json::Object(_) | Json::Array(_)) {
                        membership.insert(array, index);
                    }
                    self.flatten(element, path, &membership);
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
                let path = path.unwrap_or_default().to_owned();
                self.values.entry(path).or_default().push((json, membership.clone()));
            }
        }
    }

    fn holds(&self, fields: &[(String, Json<'_>)], chosen: &Membership) -> bool {
        let Some(((path, wanted), rest)) = fields.split_first() else { return true };
        let values = self.values.get(path).map_or(&[][..], |values| values);
        let agrees = |membership: &Membership| {
            membership.iter().all(|(array, index)| chosen.get(array).is_none_or(|other| index == other))
        };
        let mut there = values.iter().filter(|(_, membership)| agrees(membership)).peekable();
        let may_be_absent = wanted.elements().iter().any(|value| value.to_string() == r#"{"exists":false}"#);
        if there.peek().is_none() && may_be_absent && self.holds(rest, chosen) {
            return true;
        }
        there.filter(|(value, _)| wanted.elements().iter().any(|wanted| accepts(wanted, value))).any(
            |(_, membership)| {
                let mut chosen = chosen.clone();
                chosen.extend(membership);
                self.holds(rest, &chosen)
            },
        )
    }
}

/// Whether a value satisfies one entry of a value list.
fn accepts(wanted: &Json<'_>, value: &Json<'_>) -> bool {
    match (wanted, value) {
        (Json::Object(members), _) => operator(&members[0].0, &members[0].1, value),
        (Json::String(wanted), Json::String(text)) => {
            wanted == text || address(wanted).is_some() && address(wanted) == address(text)
        }
        (Json::Number(wanted), Json::Number(text)) => {
            wanted == text || double(wanted).is_some() && double(wanted) == double(text)
        }
        (wanted, value) => wanted == value,
    }
}

fn operator(name: &str, wanted: &Json<'_>, value: &Json<'_>) -> bool {
    let text = value.as_str();
    let in_any_case = |wanted: &Json<'_>| {
        wanted.get("equals-ignore-case").map(|wanted| wanted.as_str().unwrap().to_owned())
    };
    match name {
        "exists" => *wanted == Json::Bool(true),
        "exactly" => wanted == value,
        "prefix" => text.is_some_and(|text| match in_any_case(wanted) {
            Some(wanted) => ends(text).any(|end| equal_in_any_case(&wanted, &text[..end])),
            None => text.starts_with(wanted.as_str().unwrap()),
        }),
        "suffix" => text.is_some_and(|text| match in_any_case(wanted) {
            Some(wanted) => ends(text).any(|begin| equal_in_any_case(&wanted, &text[begin..])),
            None => text.ends_with(wanted.as_str().unwrap()),
        }),
        "equals-ignore-case" => text.is_some_and(|text| equal_in_any_case(wanted.as_str().unwrap(), text)),
        "wildcard" => text.is_some_and(|text| fits(wanted.as_str().unwrap(), text)),
        "numeric" => {
            matches!(value, Json::Number(text) if double(text).is_some_and(|number| within(wanted, number)))
        }
        "cidr" => text.and_then(address).is_some_and(|address| in_block(wanted.as_str().unwrap(), address)),
        "anything-but" => match wanted {
            Json::Object(members) => {
                let (name, wanted) = &members[0];
                let excluded =
                    if let Json::Array(list) = wanted { &list[..] } else { std::slice::from_ref(wanted) };
                !excluded.iter().any(|wanted| operator(name, wanted, value))
            }
            Json::Array(list) => !list.iter().any(|wanted| is_that(wanted, value)),
            wanted => !is_that(wanted, value),
        },
        other => panic!("{other} is no operator"),
    }
}

/// The same string, or the same double.
fn is_that(wanted: &Json<'_>, value: &Json<'_>) -> bool {
    match (wanted, value) {
        (Json::Number(wanted), Json::Number(text)) => {
            double(text).is_some() && double(wanted) == double(text)
        }
        (wanted, value) => wanted == value,
    }
}

/// Where the characters of a text begin, and where the last ends.
fn ends(text: &str) -> impl Iterator<Item = usize> {
    text.char_indices().map(|(at, _)| at).chain([text.len()])
}

fn equal_in_any_case(wanted: &str, text: &str) -> bool {
    let Some(first) = wanted.chars().next() else { return text.is_empty() };
    let spellings = [first.to_string(), first.to_lowercase().to_string(), first.to_uppercase().to_string()];
    let rest = &wanted[first.len_utf8()..];
    spellings
        .iter()
        .any(|spelling| text.strip_prefix(&**spelling).is_some_and(|text| equal_in_any_case(rest, text)))
}

fn fits(wildcard: &str, text: &str) -> bool {
    match wildcard.chars().next() {
        None => text.is_empty(),
        Some('*') => ends(text).any(|begin| fits(&wildcard[1..], &text[begin..])),
        Some('\\') => text.starts_with(&wildcard[1..2]) && fits(&wildcard[2..], &text[1..]),
        Some(first) => {
            text.starts_with(first) && fits(&wildcard[first.len_utf8()..], &text[first.len_utf8()..])
        }
    }
}

/// Of numbers that are spelled by few digits, and three that no double holds.
fn double(text: &str) -> Option<f64> {
    let number = text.parse::<f64>().ok();
    number
        .filter(|number| number.is_finite() && !["12345678901234567890", "9007199254740993"].contains(&text))
}

fn within(range: &Json<'_>, number: f64) -> bool {
    range.elements().chunks(2).all(|bound| {
        let [Json::String(sign), Json::Number(bound)] = bound else { panic!("{range} is no range") };
        let bound = double(bound).unwrap();
        match &**sign {
            "=" => number == bound,
            "<" => number < bound,
            "<=" => number <= bound,
            ">" => number > bound,
            ">=" => number >= bound,
            other => panic!("{other} is no sign"),
        }
    })
}

fn address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        return Some(address.to_canonical());
    }
    let octets: Vec<&str> = text.split('.').collect();
    let is_octet =
        |octet: &&str| (1..=3).contains(&octet.len()) && octet.bytes().all(|byte| byte.is_ascii_digit());
    if octets.len() != 4 || !octets.iter().all(is_octet) {
        return None;
    }
    let octets: Vec<u8> = octets.iter().filter_map(|octet| octet.parse().ok()).collect();
    <[u8; 4]>::try_from(octets).ok().map(IpAddr::from)
}

/// Bit by bit.
fn in_block(block: &str, other: IpAddr) -> bool {
    let (network, bits) = block.split_once('/').unwrap();
    let bits_of = |address: IpAddr| -> Vec<u8> {
        let octets = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        octets.iter().flat_map(|octet| (0..8).map(move |bit| octet >> (7 - bit) & 1)).collect()
    };
    let (network, other, bits) =
        (bits_of(address(network).unwrap()), bits_of(other), bits.parse::<usize>().unwrap());
    network.len() == other.len() && network[..bits] == other[..bits]
}

/// The fields of a pattern on each way through its `$or`, which is its last member, if it has one.
fn ways<'p>(pattern: &'p Json<'p>) -> Vec<Vec<(String, Json<'p>)>> {
    fn collect<'p>(json: &'p Json<'p>, path: &str, fields: &mut BTreeMap<String, Json<'p>>) {
        for (key, json) in json.members().iter().filter(|(key, _)| key != "$or") {
            let path = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
            match json {
                Json::Array(_) => drop(fields.insert(path, json.clone())),
                _ => collect(json, &path, fields),
            }
        }
    }
    let mut fields = BTreeMap::new();
    collect(pattern, "", &mut fields);
    let Some(or) = pattern.get("$or") else { return vec![fields.into_iter().collect()] };
    let way = |element| {
        let mut fields = fields.clone();
        collect(element, "", &mut fields);
        fields.into_iter().collect()
    };
    or.elements().iter().map(way).collect()
}

/// Whether an event matches a pattern of which an `$or`, if it has one, is the last member of the whole.
pub fn matches(pattern: &Json<'_>, event: &Json<'_>) -> bool {
    if !matches!(event, Json::Object(_)) {
        return false;
    }
    let mut slow = Slow { values: BTreeMap::new(), arrays: 0 };
    slow.flatten(event, None, &Membership::new());
    ways(pattern).iter().any(|fields| slow.holds(fields, &Membership::new()))
}
