//! Promises about the keys of a provider: kept, rotated, and not asked for by whoever makes tokens up.

#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::super::super::signer::{Published, Signer};
use super::*;
use crate::clients::Clients;

const DISCOVERY: &str = "/.well-known/openid-configuration";

struct Stage {
    published: Published,
    issuer: String,
    provider: Provider,
    http: reqwest::Client,
}

impl Stage {
    async fn set(keys: &[Value]) -> Self {
        let (published, issuer) = Published::start().await;
        let at = |path: &str| format!("{issuer}{path}");
        let metadata = json!({"issuer": issuer, "authorization_endpoint": at("/auth"), "token_endpoint": at("/token"),
            "jwks_uri": at("/jwks")});
        published.put(DISCOVERY, metadata);
        published.put("/jwks", json!({"keys": keys}));
        let http = Clients::new(None).unwrap().http().unwrap();
        Self { published, issuer, provider: Provider::default(), http }
    }

    /// Whether a token with that head by that signer is proven.
    async fn proven(&self, signer: &Signer, head: Value) -> Result<(), Stranger> {
        let token = signer.signs(&head, &json!({"sub": "a"}));
        let token = Unproven::read(&token).unwrap();
        let (key, algorithm) = self.provider.key(&self.http, &self.issuer, &token).await?;
        token.proven(&key, algorithm).map(|_| ())
    }
}

fn by(kid: &str) -> Value {
    json!({"alg": "ES256", "kid": kid})
}

const NO_KEY: &str = "the token is signed by no key of the issuer";

#[tokio::test]
async fn a_key_is_asked_for_once_and_a_new_one_when_a_token_is_signed_by_it() {
    let (old, new) = (Signer::new(), Signer::new());
    let stage = Stage::set(&[old.jwk("old")]).await;
    for _ in 0..3 {
        assert_eq!(stage.proven(&old, by("old")).await, Ok(()));
    }
    assert_eq!(stage.published.asked(), [DISCOVERY, "/jwks"]);
    stage.published.put("/jwks", json!({"keys": [new.jwk("new"), {"kty": "of-no-kind"}]}));
    // Half a minute after the last question, and not before.
    assert_eq!(stage.proven(&new, by("new")).await, Err(Stranger::refused(NO_KEY)));
    tokio::time::pause();
    tokio::time::advance(LEAST).await;
    tokio::time::resume();
    assert_eq!(stage.proven(&new, by("new")).await, Ok(()));
    assert_eq!(stage.published.asked(), [DISCOVERY, "/jwks"]);
    assert_eq!(stage.proven(&old, by("old")).await, Err(Stranger::refused(NO_KEY)));
    for number in 0..5 {
        assert_eq!(stage.proven(&new, by(&number.to_string())).await, Err(Stranger::refused(NO_KEY)));
    }
    assert_eq!(stage.published.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_key_is_taken_for_what_it_is_for_and_nothing_else() {
    let signer = Signer::new();
    let stage = Stage::set(&[signer.jwk("a")]).await;
    assert_eq!(stage.proven(&signer, json!({"alg": "ES256"})).await, Ok(()));
    let way = Err(Stranger::refused("the token is signed in a way that is not taken"));
    for algorithm in ["none", "HS256", "EdDSA"] {
        assert_eq!(stage.proven(&signer, json!({"alg": algorithm, "kid": "a"})).await, way, "{algorithm}");
    }
    for algorithm in ["RS256", "PS256", "ES384"] {
        let refused = Err(Stranger::refused(NO_KEY));
        assert_eq!(
            stage.proven(&signer, json!({"alg": algorithm, "kid": "a"})).await,
            refused,
            "{algorithm}"
        );
    }
    let forged = Err(Stranger::refused("the token is not signed by whom it says"));
    assert_eq!(stage.proven(&Signer::new(), by("a")).await, forged);
    let critical = json!({"alg": "ES256", "kid": "a", "crit": ["exp"]});
    assert!(stage.proven(&signer, critical).await.is_err());
    // Two that fit, and no word which.
    let mut encrypts = signer.jwk("c");
    encrypts["use"] = json!("enc");
    let stage = Stage::set(&[signer.jwk("a"), Signer::new().jwk("b"), encrypts]).await;
    assert_eq!(stage.proven(&signer, json!({"alg": "ES256"})).await, Err(Stranger::refused(NO_KEY)));
    assert_eq!(stage.proven(&signer, by("c")).await, Err(Stranger::refused(NO_KEY)));
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_believed_for_a_day_and_then_nobody_is_known() {
    let signer = Signer::new();
    let stage = Stage::set(&[signer.jwk("a")]).await;
    stage.published.fails(Some(503));
    let unheard = |why: &str| {
        Err(Stranger::unheard(format!("{} does not say what it is signed by: {why}", stage.issuer)))
    };
    assert_eq!(stage.proven(&signer, by("a")).await, unheard("it answers 503"));
    stage.published.fails(None);
    tokio::time::pause();
    tokio::time::advance(LEAST).await;
    tokio::time::resume();
    assert_eq!(stage.proven(&signer, by("a")).await, Ok(()));
    stage.published.fails(Some(503));
    tokio::time::pause();
    tokio::time::advance(FRESH).await;
    tokio::time::resume();
    assert_eq!(stage.proven(&signer, by("a")).await, Ok(()));
    assert_eq!(stage.proven(&signer, by("b")).await, unheard("it answers 503"));
    tokio::time::pause();
    tokio::time::advance(BELIEVED).await;
    tokio::time::resume();
    assert_eq!(stage.proven(&signer, by("a")).await, unheard("it answers 503"));
}

#[tokio::test]
async fn what_says_to_be_another_issuer_or_leads_into_the_clear_is_not_believed() {
    let signer = Signer::new();
    let stage = Stage::set(&[signer.jwk("a")]).await;
    let at = |path: &str| format!("{}{path}", stage.issuer);
    let metadata = |issuer: &str, token: &str| json!({"issuer": issuer, "authorization_endpoint": at("/auth"), "token_endpoint": token, "jwks_uri": at("/jwks")});
    for (metadata, why) in [
        (metadata("https://evil.example", &at("/token")), "it says to be another issuer"),
        (metadata(&stage.issuer, "http://evil.example/token"), "it names addresses that are not https"),
    ] {
        stage.published.put(DISCOVERY, metadata);
        let asked = Provider::default().metadata(&stage.http, &stage.issuer).await;
        let said = format!("{} does not say what it is signed by: {why}", stage.issuer);
        assert_eq!(asked, Err(Stranger::unheard(said)));
    }
}
