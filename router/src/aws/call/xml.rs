//! The texts of elements of an XML document.

use roxmltree::{Document, Node, ParsingOptions};

/// An answer of IAM has some ten; a page of a bucket's list up to 1,000 objects of some twenty each.
const MOST_NODES: u32 = 50_000;

/// A document. One with a DTD is none: it may grow without end.
#[derive(Debug)]
pub(crate) struct Xml<'d>(Document<'d>);

impl<'d> Xml<'d> {
    /// None where it is no such document.
    pub(super) fn parse(document: &'d str) -> Option<Self> {
        let options =
            ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
        Document::parse_with_options(document, options).ok().map(Self)
    }

    /// The text of the first element by these names, from the outermost on, in any name space.
    pub(crate) fn text(&self, path: &[&str]) -> Option<String> {
        self.texts(path).into_iter().next()
    }

    /// The texts of all elements by these names.
    pub(crate) fn texts(&self, path: &[&str]) -> Vec<String> {
        let mut found = vec![self.0.root()];
        for name in path {
            let named = |node: &Node<'_, '_>| node.is_element() && node.tag_name().name() == *name;
            found = found.iter().flat_map(Node::children).filter(named).collect();
        }
        found.iter().map(text).collect()
    }
}

fn text(node: &Node<'_, '_>) -> String {
    node.children().filter(Node::is_text).filter_map(|text| text.text()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(document: &str, path: &[&str]) -> Option<String> {
        Xml::parse(document)?.text(path)
    }

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
    fn of_several_elements_all_are_found_in_their_order() {
        let document = "<L><C><K>b</K><S>1</S></C><x/><C/><C><K>a</K></C><K>no</K></L>";
        let xml = Xml::parse(document);
        assert_eq!(xml.map(|xml| xml.texts(&["L", "C", "K"])), Some(vec!["b".to_owned(), "a".to_owned()]));
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
