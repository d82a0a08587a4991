//! JSON as YAML that a human reads: blocks, and quotes only where they are needed.

use serde_json::Value;

/// One document per value, each with its comment before it.
pub(super) fn documents(documents: &[(String, Value)]) -> String {
    let one = |(comment, document): &(String, Value)| {
        let comment: String = comment.lines().map(|line| format!("# {line}\n")).collect();
        format!("---\n{comment}{}", document_text(document))
    };
    documents.iter().map(one).collect()
}

/// A value as one document.
pub(super) fn text(value: &Value) -> String {
    document_text(value)
}

fn document_text(document: &Value) -> String {
    let mut text = String::new();
    block(document, 0, &mut text);
    text
}

/// A value on lines of its own, indented.
fn block(value: &Value, indent: usize, text: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                text.push_str(&format!("{pad}{}:", scalar(key)));
                after_colon(value, indent, text);
            }
        }
        Value::Array(items) => {
            for item in items {
                let mut inner = String::new();
                block(item, indent + 2, &mut inner);
                let inner = inner.get(indent + 2..).unwrap_or_default();
                text.push_str(&format!("{pad}- {inner}"));
            }
        }
        Value::String(string) => text.push_str(&format!("{pad}{}\n", scalar(string))),
        Value::Null | Value::Bool(_) | Value::Number(_) => text.push_str(&format!("{pad}{value}\n")),
    }
}

fn after_colon(value: &Value, indent: usize, text: &mut String) {
    let plain = |item: &Value| !item.is_object() && !item.is_array();
    match value {
        Value::Object(map) if map.is_empty() => text.push_str(" {}\n"),
        Value::Array(items) if items.iter().all(plain) => {
            let items: Vec<_> = items.iter().map(flow).collect();
            text.push_str(&format!(" [{}]\n", items.join(", ")));
        }
        Value::Object(_) | Value::Array(_) => {
            text.push('\n');
            block(value, indent + 2, text);
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {
            text.push_str(&format!(" {}\n", flow(value)));
        }
    }
}

fn flow(value: &Value) -> String {
    match value {
        Value::String(string) => scalar(string),
        other => other.to_string(),
    }
}

/// Plain where that can be nothing but this text; else as JSON has it, which is YAML, too.
fn scalar(text: &str) -> String {
    let is_word = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|char| char.is_ascii_alphanumeric() || "-._/".contains(char));
    let means_more = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word));
    match is_word && !means_more {
        true => text.to_owned(),
        false => Value::from(text).to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_reads_as_it_was() {
        let value = json!({
            "apiGroups": ["", "apps"], "empty": {}, "none": [], "no": "on", "number": 1, "text": "a: b # c",
            "list": [{"a": {"b": ["x"]}, "c": "::/0"}, {"d": {}}, ["nested"], "word"], "null": null,
        });
        let text = document_text(&value);
        let read: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(read, value, "{text}");
    }
}
