//! The text of one element of an XML document.

use roxmltree::{Document, Node, ParsingOptions};

/// An answer of IAM has some ten.
const MOST_NODES: u32 = 1_000;

/// By the names of the elements, from the outermost on, in any name space; the first where there are several. None
/// where there is no such element, or no such document. A document with a DTD is none: it may grow without end.
pub(super) fn text(document: &str, path: &[&str]) -> Option<String> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(document, options).ok()?;
    let mut node = document.root();
    for name in path {
        node = node.children().find(|child| child.is_element() && child.tag_name().name() == *name)?;
    }
    Some(node.children().filter(Node::is_text).filter_map(|text| text.text()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn an_element_is_found_by_its_names_and_its_text_is_as_it_was_meant() {
        let document = r#"<?xml version="1.0"?><R xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><x><D>no</D></x>
            <G><N>r&amp;b</N><D>a&lt;b<!-- not this --> c&#x20;<![CDATA[<d>]]></D><E/></G></R>"#;
        assert_eq!(text(document, &["R", "G", "N"]), found("r&b"));
        assert_eq!(text(document, &["R", "G", "D"]), found("a<b c <d>"));
        assert_eq!(text(document, &["R", "G", "E"]), found(""));
        assert_eq!(text(document, &["R", "D"]), None);
        assert_eq!(text(document, &["G", "D"]), None);
    }

    #[test]
    fn a_hostile_document_is_none() {
        let entities = r#"<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>"#;
        let file = r#"<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>"#;
        let deep = format!("{}x{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        let wide = format!("<a>{}</a>", "<b/>".repeat(100_000));
        let unknown = "<a>&b;</a>";
        for document in [entities, file, &deep, &wide, unknown, "<a>x</b>", "<a>x", "x", ""] {
            let beginning = document.get(..60).unwrap_or(document);
            assert_eq!(text(document, &["a"]), None, "{beginning}");
        }
    }
}
