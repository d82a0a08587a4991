//! Promises about roles and the policies put on them.
#![allow(clippy::unwrap_used)]

use super::*;

const ACCOUNT: &str = "111122223333";

#[test]
fn a_role_of_any_partition_and_path_is_known_by_its_last_word() {
    for (arn, name) in [
        ("arn:aws:iam::111122223333:role/web", "web"),
        ("arn:aws-us-gov:iam::111122223333:role/teams/shop/web@1", "web@1"),
    ] {
        let expected = Role { arn: arn.to_owned(), name: name.to_owned() };
        assert_eq!(Role::parse(arn, ACCOUNT), Ok(expected));
    }
}

#[test]
fn what_is_no_role_of_this_account_is_refused() {
    for wrong in [
        "web",
        "arn:aws:iam::111122223333:user/web",
        "arn:aws:iam::111122223333:role/",
        "arn:aws:iam::111122223333:role/a b",
        "arn:aws:sts::111122223333:assumed-role/web/session",
        "arn:other:iam::111122223333:role/web",
    ] {
        let told = Role::parse(wrong, ACCOUNT).unwrap_err();
        assert!(told.ends_with("expected an ARN such as arn:aws:iam::123456789012:role/name"), "{told}");
    }
    let other = Role::parse("arn:aws:iam::999999999999:role/web", ACCOUNT).unwrap_err();
    assert_eq!(other, "role `arn:aws:iam::999999999999:role/web`: expected one of account 111122223333");
    let own = "arn:aws:iam::111122223333:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS";
    assert!(Role::parse(own, ACCOUNT).unwrap_err().ends_with("AWS's own, which nobody changes"));
}

#[test]
fn a_pod_is_denied_by_its_uid_and_nothing_else() {
    let denied = Denied::Pod(PodUid::parse("7bf73129-1428").unwrap());
    assert_eq!(denied.policy(), "watchfire-deny-7bf73129-1428");
    let expected = json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "Watchfire", "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalTag/kubernetes-pod-uid": "7bf73129-1428"}},
    }]});
    assert_eq!(denied.document(), expected);
    for wrong in ["", "*", "a b", "${aws:userid}", "a?"] {
        assert!(PodUid::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_policy_that_denies_as_much_or_more_is_left_alone() {
    let before = |at: &str| Denied::SessionsBefore(at.parse().unwrap());
    let (early, late) = (before("2026-11-20T02:58:11.5Z"), before("2026-11-20T03:00:00Z"));
    assert!(covers(Some(&late.document()), &early) && covers(Some(&early.document()), &early));
    assert!(!covers(Some(&early.document()), &late) && !covers(None, &early));
    let mut allowing = late.document();
    allowing["Statement"][0]["Effect"] = json!("Allow");
    assert!(!covers(Some(&allowing), &early) && !covers(Some(&Value::Null), &early));
    let pod = |uid: &str| Denied::Pod(PodUid::parse(uid).unwrap());
    assert!(covers(Some(&pod("a").document()), &pod("a")));
    assert!(!covers(Some(&pod("b").document()), &pod("a")));
}

#[test]
fn a_document_is_decoded_as_it_was() {
    assert_eq!(decoded("%7B%22a%22%3A%20%22%C3%A4+%22%7D"), "{\"a\": \"ä+\"}");
    assert_eq!(decoded("{\"a\": \"100%\"}%2"), "{\"a\": \"100%\"}%2");
}
