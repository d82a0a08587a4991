//! Items as DynamoDB's API has them: how large they are, what they are called, and what is paid for them.

use serde_json::{Map, Value};

/// Attributes by name, each with its type.
pub(super) type Item = Map<String, Value>;

/// What tells an item from all others; its key's values as the API has them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ItemKey {
    pub(super) table: String,
    pub(super) partition: String,
    pub(super) sort: String,
}

const WRITE_UNIT: usize = 1024;
const READ_UNIT: usize = 4096;

/// In bytes: names and values, and something for each level of lists and maps.
pub(super) fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(typed: &Value) -> usize {
    let Some((kind, value)) = typed.as_object().and_then(|typed| typed.iter().next()) else { return 0 };
    let texts = || value.as_array().into_iter().flatten().filter_map(Value::as_str);
    match kind.as_str() {
        "S" => value.as_str().map_or(0, str::len),
        "N" => value.as_str().map_or(0, number_size),
        "B" => value.as_str().map_or(0, bytes_size),
        "SS" => texts().map(str::len).sum(),
        "NS" => texts().map(number_size).sum(),
        "BS" => texts().map(bytes_size).sum(),
        "L" => 3 + value.as_array().into_iter().flatten().map(|one| 1 + value_size(one)).sum::<usize>(),
        "M" => {
            let members = value.as_object().into_iter().flatten();
            3 + members.map(|(name, one)| 1 + name.len() + value_size(one)).sum::<usize>()
        }
        // BOOL and NULL.
        _ => 1,
    }
}

/// One byte for two digits that count, and one more, and one for a sign.
fn number_size(digits: &str) -> usize {
    let is_negative = digits.starts_with('-');
    let digits = digits.trim_start_matches(['-', '+']);
    let significant = digits.trim_start_matches('0');
    let significant = if digits.contains('.') { significant } else { significant.trim_end_matches('0') };
    let count = significant.bytes().filter(u8::is_ascii_digit).count();
    count.div_ceil(2) + 1 + usize::from(is_negative)
}

/// Of base64.
fn bytes_size(text: &str) -> usize {
    text.trim_end_matches('=').len() * 3 / 4
}

/// For writing an item of that size.
pub(super) fn write_units(bytes: usize) -> f64 {
    bytes.div_ceil(WRITE_UNIT).max(1) as f64
}

/// For reading that much at once and strongly.
pub(super) fn read_units(bytes: usize) -> f64 {
    bytes.div_ceil(READ_UNIT).max(1) as f64
}

/// For what an index has to write because an entry of its is another: none for one that stays as it is, two where it
/// moves.
pub(super) fn index_units(before: Option<&Item>, after: Option<&Item>, has_moved: bool) -> f64 {
    let units = |entry: &Item| write_units(size(entry));
    match (before, after) {
        (None, None) => 0.0,
        (Some(only), None) | (None, Some(only)) => units(only),
        (Some(before), Some(after)) if before == after => 0.0,
        (Some(before), Some(after)) if has_moved => units(before) + units(after),
        (Some(before), Some(after)) => units(before).max(units(after)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_item_is_as_large_as_the_documentation_says() {
        let table = [
            (json!({"pk": {"S": "äb"}}), 2 + 3),
            (json!({"n": {"N": "1790000000000000"}}), 1 + 3),
            (json!({"n": {"N": "-12345"}}), 1 + 3 + 1 + 1),
            (json!({"b": {"B": "AP8B"}}), 1 + 3),
            (json!({"b": {"B": "AP8="}}), 1 + 2),
            (json!({"set": {"SS": ["a", "bc"]}}), 3 + 3),
            (json!({"is": {"BOOL": true}}), 2 + 1),
            (json!({"l": {"L": [{"S": "a"}, {"NULL": true}]}}), 1 + 3 + 2 + 2),
            (json!({"m": {"M": {"name": {"S": "ab"}}}}), 1 + 3 + 1 + 4 + 2),
        ];
        for (item, expected) in table {
            assert_eq!(item.as_object().map(size), Some(expected), "{item}");
        }
    }

    #[test]
    fn units_are_whole_and_never_none() {
        assert_eq!([0, 1, 1024, 1025].map(write_units), [1.0, 1.0, 1.0, 2.0]);
        assert_eq!([0, 1, 4096, 4097].map(read_units), [1.0, 1.0, 1.0, 2.0]);
    }
}
