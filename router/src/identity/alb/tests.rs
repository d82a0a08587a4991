//! Promises about what a load balancer says, by keys that are published and tokens that are signed as it does both.

#![allow(clippy::unwrap_used)]

use axum::http::HeaderValue;
use serde_json::{Value, json};

use super::super::signer::{Published, Signer};
use super::super::{Grant, Role};
use super::*;
use crate::clients::Clients;

const OURS: &str = "arn:aws-us-gov:elasticloadbalancing:us-gov-west-1:111122223333:loadbalancer/app/watchfire/0123456789abcdef";
const ISSUER: &str = "https://login.example.com";

fn config(keys_url: Option<&str>) -> AlbConfig {
    let mapping = Mapping {
        who: vec!["sre".to_owned().try_into().unwrap()],
        roles: vec![Grant::anywhere(Role::Responder)],
    };
    AlbConfig {
        signer: OURS.to_owned().try_into().unwrap(),
        issuer: ISSUER.to_owned(),
        client_id: "watchfire".to_owned(),
        keys_url: keys_url.map(str::to_owned),
        name_claim: "email".to_owned(),
        groups_claim: "groups".to_owned(),
        roles: vec![mapping],
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn head(change: &Value) -> Value {
    let mut head = json!({"typ": "JWT", "kid": "0a1b-2c", "alg": "ES256", "iss": ISSUER, "client": "watchfire",
        "signer": OURS, "exp": 1_120});
    for (name, value) in change.as_object().unwrap() {
        head[name] = value.clone();
    }
    head
}

fn claims() -> Value {
    json!({"sub": "u1", "email": "ana@example.com", "groups": ["sre", "all"], "exp": 1_120, "iss": ISSUER})
}

struct Stage {
    published: Published,
    config: AlbConfig,
    keys: Keys,
    http: reqwest::Client,
    signer: Signer,
}

impl Stage {
    async fn set() -> Self {
        let (published, url) = Published::start().await;
        let signer = Signer::new();
        published.put("/0a1b-2c", pem(&signer));
        let http = Clients::new(None).unwrap().http().unwrap();
        Self { published, config: config(Some(&url)), keys: Keys::default(), http, signer }
    }

    async fn of(&self, token: &str, second: i64) -> Result<Identity, Stranger> {
        let headers = HeaderMap::from_iter([(DATA, HeaderValue::from_str(token).unwrap())]);
        self.keys.of(&self.http, &self.config, &headers, at(second)).await
    }
}

fn pem(signer: &Signer) -> String {
    let der = STANDARD.encode([&OF_P256[..], signer.point()].concat());
    let (one, other) = der.split_at(64);
    format!("-----BEGIN PUBLIC KEY-----\n{one}\n{other}\n-----END PUBLIC KEY-----\n\n")
}

fn ana() -> Identity {
    Identity {
        name: "ana@example.com".to_owned(),
        how: How::Alb,
        subject: Some("u1 at https://login.example.com".to_owned()),
        roles: vec![Grant::anywhere(Role::Responder)],
    }
}

#[tokio::test]
async fn whom_our_load_balancer_has_let_in_is_known_by_what_it_signed_padded_as_it_is() {
    let stage = Stage::set().await;
    let token = stage.signer.signs_padded(&head(&json!({})), &claims());
    assert!(token.contains('='), "{token}");
    for second in [1_000, 1_179] {
        assert_eq!(stage.of(&token, second).await, Ok(ana()));
    }
    assert_eq!(stage.published.asked(), ["/0a1b-2c"]);
    let ended = stage.of(&token, 1_180).await;
    assert_eq!(ended, Err(Stranger::refused("the token has ended")));
    assert_eq!(stage.of(&stage.signer.signs(&head(&json!({})), &claims()), 1_000).await, Ok(ana()));
}

#[tokio::test]
async fn what_another_load_balancer_has_signed_counts_for_nothing() {
    let stage = Stage::set().await;
    let says = |what: &str| Err(Stranger::refused(format!("what the load balancer says {what}")));
    let another = OURS.replace("watchfire", "evil");
    for (change, what) in [
        (json!({"signer": another}), "is not signed by the one that is configured"),
        (json!({"signer": null}), "is not signed by the one that is configured"),
        (json!({"iss": "https://evil.example"}), "is not of the issuer that is configured"),
        (json!({"client": "other"}), "is not for the client that is configured"),
        (json!({"alg": "none"}), "is signed in a way that is not taken"),
        (json!({"alg": "HS256"}), "is signed in a way that is not taken"),
        (json!({"alg": "RS256"}), "is signed in a way that is not taken"),
        (json!({"kid": "../0a1b-2c"}), "is signed by no key"),
        (json!({"kid": ""}), "is signed by no key"),
        (json!({"kid": "other"}), "is signed by no key of any"),
    ] {
        let token = stage.signer.signs_padded(&head(&change), &claims());
        assert_eq!(stage.of(&token, 1_000).await, says(what), "{change}");
    }
    assert_eq!(stage.published.asked(), ["/other"]);
    let forged = Signer::new().signs_padded(&head(&json!({})), &claims());
    assert_eq!(
        stage.of(&forged, 1_000).await,
        Err(Stranger::refused("the token is not signed by whom it says"))
    );
    let token = stage.signer.signs_padded(&head(&json!({})), &claims());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (head, _) = signed.split_once('.').unwrap();
    let admin =
        base64::engine::general_purpose::URL_SAFE.encode(r#"{"sub":"u2","groups":["sre"],"exp":1120}"#);
    for changed in
        [format!("{head}.{admin}.{signature}"), format!("{signed}."), signed.to_owned(), format!("{token}x")]
    {
        assert!(matches!(stage.of(&changed, 1_000).await, Err(Stranger::Refused(_))), "{changed}");
    }
    let mut twice = HeaderMap::new();
    for _ in 0..2 {
        twice.append(DATA, HeaderValue::from_str(&token).unwrap());
    }
    let found = stage.keys.of(&stage.http, &stage.config, &twice, at(1_000)).await;
    assert_eq!(found, says("cannot be read"));
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_no_refusal_and_are_not_asked_for_without_end() {
    let stage = Stage::set().await;
    let token = stage.signer.signs_padded(&head(&json!({})), &claims());
    stage.published.fails(Some(500));
    let unheard = Err(Stranger::unheard("the keys of load balancers cannot be had: it answers 500"));
    assert_eq!(stage.of(&token, 1_000).await, unheard);
    stage.published.fails(None);
    assert_eq!(stage.of(&token, 1_000).await, Ok(ana()));
    for number in 0..20 {
        let made_up =
            stage.signer.signs_padded(&head(&json!({"kid": format!("made-up-{number}")})), &claims());
        assert!(stage.of(&made_up, 1_000).await.is_err());
    }
    assert_eq!(stage.published.asked().len(), ASKED.0);
    assert_eq!(stage.of(&token, 1_000).await, Ok(ana()));
}

#[test]
fn the_keys_of_each_region_are_where_aws_has_them() {
    let place =
        |arn: &str| AlbConfig { signer: arn.to_owned().try_into().unwrap(), ..config(None) }.place("k");
    for (arn, expected) in [
        (OURS, "https://s3-us-gov-west-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-west-1/k"),
        (
            "arn:aws-us-gov:elasticloadbalancing:us-gov-east-1:111122223333:loadbalancer/app/a/1",
            "https://s3-us-gov-east-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-east-1/k",
        ),
        (
            "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/a/1",
            "https://public-keys.auth.elb.eu-central-1.amazonaws.com/k",
        ),
    ] {
        assert_eq!(place(arn), expected);
    }
    for wrong in [
        "",
        "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/net/a/1",
        "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/a/1",
        "arn:aws:s3:us-east-1:111122223333:loadbalancer/app/a/1",
    ] {
        assert!(BalancerArn::try_from(wrong.to_owned()).is_err(), "{wrong}");
    }
}
