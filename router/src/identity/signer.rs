//! Whoever signs tokens in tests, and a server that publishes what they are recognised by.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A key on P-256.
pub(super) struct Signer(EcdsaKeyPair);

impl Signer {
    pub(super) fn new() -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref()).unwrap())
    }

    /// The 65 bytes that it is recognised by.
    pub(super) fn point(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    /// As a provider publishes it.
    pub(super) fn jwk(&self, kid: &str) -> Value {
        let part = |from: usize| URL_SAFE_NO_PAD.encode(&self.point()[from..from + 32]);
        json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid, "x": part(1), "y": part(33)})
    }

    /// A token as everybody writes one.
    pub(super) fn signs(&self, head: &Value, claims: &Value) -> String {
        self.encoded(head, claims, |bytes| URL_SAFE_NO_PAD.encode(bytes))
    }

    /// A token as load balancers write one, with padding, in the signature, too.
    pub(super) fn signs_padded(&self, head: &Value, claims: &Value) -> String {
        self.encoded(head, claims, |bytes| URL_SAFE.encode(bytes))
    }

    fn encoded(&self, head: &Value, claims: &Value, encode: impl Fn(&[u8]) -> String) -> String {
        let part = |value: &Value| encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(head), part(claims));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", encode(signature.as_ref()))
    }
}

/// A server of texts by path; what it has not is a 404.
#[derive(Clone, Default)]
pub(super) struct Published(Arc<Mutex<World>>);

#[derive(Default)]
struct World {
    texts: BTreeMap<String, String>,
    asked: Vec<String>,
    status: Option<StatusCode>,
}

impl Published {
    /// One, and where it is.
    pub(super) async fn start() -> (Self, String) {
        let published = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().fallback(answer).with_state(published.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        (published, url)
    }

    pub(super) fn put(&self, path: &str, text: impl ToString) {
        self.0.lock().unwrap().texts.insert(path.to_owned(), text.to_string());
    }

    /// Fails from now on, or does not.
    pub(super) fn fails(&self, status: Option<u16>) {
        self.0.lock().unwrap().status = status.map(|status| StatusCode::from_u16(status).unwrap());
    }

    /// What it was asked since the last time.
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }
}

async fn answer(State(published): State<Published>, request: Request) -> Response {
    let mut world = published.0.lock().unwrap();
    let path = request.uri().path().to_owned();
    world.asked.push(path.clone());
    match (world.status, world.texts.get(&path)) {
        (Some(status), _) => status.into_response(),
        (None, Some(text)) => text.clone().into_response(),
        (None, None) => StatusCode::NOT_FOUND.into_response(),
    }
}
