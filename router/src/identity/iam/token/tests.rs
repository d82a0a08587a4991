//! Promises about what is taken for a token of AWS, and what is sent of it.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;

use super::*;
use crate::aws::presigned::{self, Asked};

const REGION: &str = "us-gov-west-1";
const STS: &str = "https://sts.us-gov-west-1.amazonaws.com";
/// 2026-11-29T23:59:00Z
const AT: u64 = 1_796_169_540;

fn at(after: i64) -> Timestamp {
    Timestamp::from_second(i64::try_from(AT).expect("it fits") + after).expect("a time")
}

async fn signed_for(region: &str, lasts: u64) -> String {
    let credentials =
        Credentials::new("AKIDEXAMPLE00001", "wJalr+XUtn/FEMI", Some("a+b/c=".into()), None, "test");
    let asked = Asked { at: STS, region, header: (ID, "prod"), lasts: Duration::from_secs(lasts) };
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(AT);
    presigned::token(BEGINS, asked, &credentials, now).await.expect("there are credentials")
}

/// What a token asks, and a token that asks that.
fn asks(token: &str) -> String {
    let text = token.strip_prefix(BEGINS).expect("it begins so");
    String::from_utf8(URL_SAFE_NO_PAD.decode(text).expect("base64url")).expect("text")
}

fn of(url: &str) -> String {
    format!("{BEGINS}{}", URL_SAFE_NO_PAD.encode(url))
}

fn read_at(token: &str, after: i64) -> Result<Question, String> {
    let fips = "https://sts-fips.us-gov-west-1.amazonaws.com".to_owned();
    super::read(token, &Expected { region: REGION, endpoints: &[STS.to_owned(), fips] }, at(after))
}

#[tokio::test]
async fn what_is_sent_says_what_was_signed_and_ends_when_it_says() {
    let token = signed_for(REGION, 60).await;
    let Question { url, ends_at } = read_at(&token, 0).expect("it is good");
    let sorted = |url: &str| {
        let (at, query) = url.split_once('?').expect("it asks something");
        let mut pairs: Vec<_> = query.split('&').map(str::to_owned).collect();
        pairs.sort();
        (at.to_owned(), pairs)
    };
    assert_eq!(sorted(&url), sorted(&asks(&token)));
    assert_eq!(ends_at, at(60));
    for (after, said) in [
        (59, None),
        (60, Some("it is too old")),
        (-300, None),
        (-301, Some("it was signed in what is the future here")),
    ] {
        assert_eq!(read_at(&token, after).err().as_deref(), said, "{after}");
    }
    assert!(read_at(&signed_for(REGION, 900).await, 0).is_ok());
    let long = read_at(&signed_for(REGION, 901).await, 0);
    assert_eq!(long, Err("expected 1 to 900 seconds in X-Amz-Expires".to_owned()));
}

#[tokio::test]
async fn a_question_to_anywhere_else_or_of_anything_else_is_never_sent() {
    let good = asks(&signed_for(REGION, 60).await);
    assert!(read_at(&of(&good), 0).is_ok());
    let fips = good.replace("//sts.", "//sts-fips.");
    assert!(
        read_at(&of(&fips), 0)
            .is_ok_and(|question| question.url.starts_with("https://sts-fips.us-gov-west-1.amazonaws.com/?"))
    );
    let changed = |from: &str, to: &str| {
        assert!(good.contains(from), "{from} in {good}");
        good.replacen(from, to, 1)
    };
    let table = [
        changed(STS, "https://evil.example"),
        changed(STS, "https://sts.us-gov-west-1.amazonaws.com.evil.example"),
        changed(STS, "https://sts.us-gov-west-1.amazonaws.com@evil.example"),
        changed(STS, "https://evil.example/https://sts.us-gov-west-1.amazonaws.com"),
        changed(STS, "https://sts.us-gov-west-1.amazonaws.com:8443"),
        changed(STS, "https://sts.us-east-1.amazonaws.com"),
        changed(STS, "http://sts.us-gov-west-1.amazonaws.com"),
        changed(STS, "http://169.254.169.254"),
        changed(STS, "HTTPS://STS.us-gov-west-1.amazonaws.com"),
        changed("/?", "/x?"),
        changed("/?", "/../?"),
        changed("/?", "?"),
        changed("GetCallerIdentity", "AssumeRole"),
        changed("2011-06-15", "2011-06-16"),
        changed("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
        changed("host%3Bx-watchfire-id", "host"),
        changed("host%3Bx-watchfire-id", "host%3Bx-k8s-aws-id"),
        changed("host%3Bx-watchfire-id", "host%3Bx-other%3Bx-watchfire-id"),
        changed("us-gov-west-1%2Fsts", "us-east-1%2Fsts"),
        changed("us-gov-west-1%2Fsts", "us-gov-west-1%2Fiam"),
        changed("X-Amz-Expires=60", "X-Amz-Expires=0"),
        changed("X-Amz-Expires=60", "X-Amz-Expires=-60"),
        changed("X-Amz-Expires=60", "X-Amz-Expires=6e1"),
        changed("X-Amz-Date=2026", "X-Amz-Date=%2B2026"),
        format!("{good}&Action=AssumeRole"),
        format!("{good}&RoleArn=arn"),
        format!("{good}&"),
        format!("{good}#fragment"),
        format!("{good}&X-Amz-Security-Token=twice"),
        changed("X-Amz-Signature=", "X-Amz-Signature=+"),
        changed("X-Amz-Signature=", "X-Amz-Signature=%ff"),
        changed("AKIDEXAMPLE00001", "AKID%0d%0aHost"),
    ];
    for url in table {
        let refused = read_at(&of(&url), 0);
        assert!(refused.is_err(), "{url}: {refused:?}");
    }
    let (plain, long) = (BEGINS.to_owned() + &good, of(&format!("{good}{}", "a".repeat(LONGEST))));
    for none in ["", BEGINS, &plain, &long, "k8s-aws-v1.aHR0cHM"] {
        assert!(read_at(none, 0).is_err(), "{none}");
    }
}

#[tokio::test]
async fn why_a_token_is_refused_tells_nothing_of_it() {
    let good = asks(&signed_for(REGION, 60).await);
    let signature =
        good.split("X-Amz-Signature=").nth(1).and_then(|rest| rest.get(..64)).expect("it is signed");
    for url in [
        good.replace("sts.us-gov", "sts.us-evil"),
        good.replace("GetCaller", "GetOther"),
        format!("{good}&x=y"),
    ] {
        let said = read_at(&of(&url), 0).expect_err("it is no good");
        assert!(!said.contains(signature) && !said.contains("AKID") && !said.contains("evil"), "{said}");
    }
}
