//! One page of a bucket's list.

use percent_encoding::percent_decode_str;

use crate::aws::call::{Answer, CallError};

/// What `ListObjectsV2` answers, as far as it counts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// In their order.
    pub(super) keys: Vec<String>,
    /// What the next page is asked for with; none after the last.
    pub(super) next: Option<String>,
}

impl Page {
    /// Of a list with its keys encoded for addresses: XML has no way to say some of the characters that others may
    /// have put into a key.
    ///
    /// # Errors
    /// It is something else, which is not quoted.
    pub(super) fn read(answer: &Answer) -> Result<Self, CallError> {
        // Without it, it is no list, which is not the same as an empty one.
        let truncated = answer.xml_text(&["ListBucketResult", "IsTruncated"])?;
        let xml = answer.xml()?;
        let keys = xml.texts(&["ListBucketResult", "Contents", "Key"]);
        let next = xml.text(&["ListBucketResult", "NextContinuationToken"]);
        let next = next.filter(|next| truncated == "true" && !next.is_empty());
        Ok(Self { keys: keys.iter().map(|key| decoded(key)).collect(), next })
    }
}

/// A space is `+` there, or `%20`; a plus is always `%2B`.
fn decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Page, CallError> {
        Page::read(&Answer::of(body))
    }

    #[test]
    fn keys_are_told_as_they_are_and_the_next_page_by_its_token() {
        let page = read(
            "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Name>b</Name><Prefix>e/</Prefix><IsTruncated>true</IsTruncated>\
             <NextContinuationToken>1+a/b==</NextContinuationToken>\
             <Contents><Key>e/a+b%2Bc%01%C3%A4</Key><Size>1</Size></Contents>\
             <Contents><Key>e/%26amp;</Key></Contents></ListBucketResult>",
        );
        let keys = vec!["e/a b+c\u{1}ä".to_owned(), "e/&amp;".to_owned()];
        // The token is not encoded.
        assert_eq!(page, Ok(Page { keys, next: Some("1+a/b==".to_owned()) }));
    }

    #[test]
    fn after_the_last_page_there_is_none_and_what_is_no_list_is_no_empty_one() {
        let page = |inner: &str| read(&format!("<ListBucketResult>{inner}</ListBucketResult>"));
        let empty = Ok(Page { keys: Vec::new(), next: None });
        let last = "<IsTruncated>false</IsTruncated><NextContinuationToken>t</NextContinuationToken>";
        for inner in ["<IsTruncated>false</IsTruncated>", last, "<IsTruncated>true</IsTruncated>"] {
            assert_eq!(page(inner), empty, "{inner}");
        }
        let none = CallError::NoAnswer("200 with a body that is not its own".to_owned());
        for body in ["", "<html/>", "<ListBucketResult/>"] {
            assert_eq!(read(body), Err(none.clone()), "{body}");
        }
    }
}
