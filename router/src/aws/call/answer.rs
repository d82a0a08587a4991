//! What AWS answers where it does what it was asked.

use std::fmt;

use serde::de::DeserializeOwned;

use super::refusal::CallError;
use super::xml::Xml;

/// An answer that is no refusal. It may hold a secret, and does not print.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    status: u16,
    body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Answer({}, {} bytes)", self.status, self.body.len())
    }
}

impl Answer {
    /// `most` bytes; more is no answer.
    pub(in crate::aws) fn read(status: u16, body: Vec<u8>, most: usize) -> Result<Self, CallError> {
        if body.len() > most {
            let reason = format!("{status} with a body of more than {most} bytes");
            return Err(CallError::NoAnswer(reason));
        }
        Ok(Self { status, body })
    }

    #[cfg(test)]
    pub(crate) fn of(body: &str) -> Self {
        Self { status: 200, body: body.as_bytes().to_vec() }
    }

    /// What is read of a body in JSON.
    ///
    /// # Errors
    /// It is something else, which is not quoted.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body).map_err(|_| not_its_own(self.status))
    }

    /// The text of one element of a body in XML, by the names from the outermost on.
    ///
    /// # Errors
    /// It is something else, or has no such element.
    pub(crate) fn xml_text(&self, path: &[&str]) -> Result<String, CallError> {
        self.xml()?.text(path).ok_or_else(|| not_its_own(self.status))
    }

    /// A body in XML.
    ///
    /// # Errors
    /// It is something else.
    pub(crate) fn xml(&self) -> Result<Xml<'_>, CallError> {
        let xml = std::str::from_utf8(&self.body).ok().and_then(Xml::parse);
        xml.ok_or_else(|| not_its_own(self.status))
    }

    /// The body as it came.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.body
    }
}

fn not_its_own(status: u16) -> CallError {
    CallError::NoAnswer(format!("{status} with a body that is not its own"))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Told {
        told: String,
    }

    #[test]
    fn an_answer_prints_nothing_of_what_it_says() {
        assert_eq!(format!("{:?}", Answer::of("hunter2")), "Answer(200, 7 bytes)");
    }

    #[test]
    fn what_is_not_the_services_is_no_answer_and_is_not_quoted() {
        let no = Err(CallError::NoAnswer("200 with a body that is not its own".to_owned()));
        for body in ["", "<html>hunter2</html>", "{}", r#"{"told":["hunter2"]}"#] {
            assert_eq!(Answer::of(body).json::<Told>(), no, "{body}");
        }
        for body in ["", "{}", "<a/>", "<a><c>x</c></a>", "<b>x</b>", "<a><b>x</b>"] {
            assert_eq!(Answer::of(body).xml_text(&["a", "b"]).map(|told| Told { told }), no, "{body}");
        }
        let binary = Answer::read(200, vec![0xff], 9);
        assert_eq!(binary.clone().and_then(|answer| answer.json::<Told>()), no);
        assert_eq!(binary.and_then(|answer| answer.xml_text(&[])).map(|told| Told { told }), no);
        let long = CallError::NoAnswer("200 with a body of more than 3 bytes".to_owned());
        assert_eq!(Answer::read(200, b"hunt".to_vec(), 3), Err(long));
    }

    #[test]
    fn what_the_service_adds_is_ignored() {
        let told = || Ok(Told { told: "x".to_owned() });
        assert_eq!(Answer::of(r#"{"more":1,"told":"x"}"#).json(), told());
        let body = r#"<?xml version="1.0"?><a xmlns="https://iam.amazonaws.com/"><more/><b>x</b></a>"#;
        assert_eq!(Answer::of(body).xml_text(&["a", "b"]).map(|told| Told { told }), told());
    }
}
