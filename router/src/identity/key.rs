//! The public keys that tokens are proven by, and the ways to sign that are taken: what the FIPS module of AWS-LC has.
//!
//! By AWS-LC itself, instead of a crate for tokens: such a crate would bring a second version of what we have, and decides by
//! itself what time it is; the price is these two files.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, EcdsaVerificationAlgorithm, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use strum::{EnumString, IntoStaticStr};

/// A way to sign. Neither `none` nor one by a secret that two share is among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "UPPERCASE")]
pub(super) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
}

/// How one is looked at.
enum Kind {
    Rsa(&'static RsaParameters),
    Curve(&'static EcdsaVerificationAlgorithm),
}

impl Algorithm {
    fn kind(self) -> Kind {
        match self {
            Algorithm::Rs256 => Kind::Rsa(&RSA_PKCS1_2048_8192_SHA256),
            Algorithm::Rs384 => Kind::Rsa(&RSA_PKCS1_2048_8192_SHA384),
            Algorithm::Rs512 => Kind::Rsa(&RSA_PKCS1_2048_8192_SHA512),
            Algorithm::Ps256 => Kind::Rsa(&RSA_PSS_2048_8192_SHA256),
            Algorithm::Ps384 => Kind::Rsa(&RSA_PSS_2048_8192_SHA384),
            Algorithm::Ps512 => Kind::Rsa(&RSA_PSS_2048_8192_SHA512),
            Algorithm::Es256 => Kind::Curve(&ECDSA_P256_SHA256_FIXED),
            Algorithm::Es384 => Kind::Curve(&ECDSA_P384_SHA384_FIXED),
        }
    }

    /// The curve that it is on; none where it is on none.
    fn curve(self) -> Option<Curve> {
        match self {
            Algorithm::Es256 => Some(Curve::P256),
            Algorithm::Es384 => Some(Curve::P384),
            Algorithm::Rs256
            | Algorithm::Rs384
            | Algorithm::Rs512
            | Algorithm::Ps256
            | Algorithm::Ps384
            | Algorithm::Ps512 => None,
        }
    }
}

/// A curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Curve {
    #[serde(rename = "P-256")]
    P256,
    #[serde(rename = "P-384")]
    P384,
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Of RSA: modulus and exponent.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// A point on a curve, not compressed.
    Point(Curve, Vec<u8>),
}

impl Key {
    /// A point on P-256, 65 bytes.
    pub(super) fn on_p256(point: &[u8]) -> Self {
        Key::Point(Curve::P256, point.to_vec())
    }

    /// Whether it has signed that, in that way; never in one that it is not for.
    pub(super) fn has_signed(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm.kind()) {
            (Key::Rsa { n, e }, Kind::Rsa(parameters)) => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
            }
            (Key::Point(curve, point), Kind::Curve(way)) => {
                algorithm.curve() == Some(*curve)
                    && UnparsedPublicKey::new(way, point).verify(message, signature).is_ok()
            }
            (Key::Rsa { .. }, Kind::Curve(_)) | (Key::Point(..), Kind::Rsa(_)) => false,
        }
    }
}

/// A key as providers publish it (RFC 7517), as far as it counts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Published {
    /// Its name.
    pub(super) kid: Option<String>,
    #[serde(rename = "use")]
    used_for: Option<String>,
    alg: Option<String>,
    kty: String,
    crv: Option<Curve>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Published {
    /// The key, where it signs in that way; none where it is for something else.
    pub(super) fn of(&self, algorithm: Algorithm) -> Option<Key> {
        let signs = self.used_for.as_deref().is_none_or(|used_for| used_for == "sig");
        let is_its_own = self.alg.as_deref().is_none_or(|alg| alg == <&str>::from(algorithm));
        let part = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_ref()?).ok();
        match (self.kty.as_str(), algorithm.curve()) {
            _ if !signs || !is_its_own => None,
            ("RSA", None) => Some(Key::Rsa { n: part(&self.n)?, e: part(&self.e)? }),
            ("EC", Some(curve)) if self.crv == Some(curve) => {
                let point = [&[4], &part(&self.x)?[..], &part(&self.y)?[..]].concat();
                Some(Key::Point(curve, point))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
        RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding,
    };
    use serde_json::{Value, json};

    use super::*;

    const RSA: [(Algorithm, &dyn RsaEncoding); 6] = [
        (Algorithm::Rs256, &RSA_PKCS1_SHA256),
        (Algorithm::Rs384, &RSA_PKCS1_SHA384),
        (Algorithm::Rs512, &RSA_PKCS1_SHA512),
        (Algorithm::Ps256, &RSA_PSS_SHA256),
        (Algorithm::Ps384, &RSA_PSS_SHA384),
        (Algorithm::Ps512, &RSA_PSS_SHA512),
    ];
    const CURVES: [(Algorithm, &str, &EcdsaSigningAlgorithm); 2] = [
        (Algorithm::Es256, "P-256", &ECDSA_P256_SHA256_FIXED_SIGNING),
        (Algorithm::Es384, "P-384", &ECDSA_P384_SHA384_FIXED_SIGNING),
    ];

    fn encoded(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// A key as it is published, and what it has signed in each way that it can.
    fn rsa() -> (Value, Vec<(Algorithm, Vec<u8>)>) {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        // Of this size and with this exponent, both stand at fixed places.
        let der = pair.public_key().as_ref();
        let (n, e) = (&der[9..265], &der[267..270]);
        let signed = RSA.map(|(algorithm, way)| {
            let mut signature = vec![0; 256];
            pair.sign(way, &SystemRandom::new(), b"message", &mut signature).unwrap();
            (algorithm, signature)
        });
        (json!({"kty": "RSA", "n": encoded(n), "e": encoded(e)}), signed.into())
    }

    fn curve(at: usize) -> (Value, Vec<(Algorithm, Vec<u8>)>) {
        let (algorithm, name, way) = CURVES[at];
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(way, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(way, pkcs8.as_ref()).unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(pair.public_key().as_ref().len() / 2);
        let signature = pair.sign(&random, b"message").unwrap().as_ref().to_vec();
        (json!({"kty": "EC", "crv": name, "x": encoded(x), "y": encoded(y)}), vec![(algorithm, signature)])
    }

    const ALL: [Algorithm; 8] = [
        Algorithm::Rs256,
        Algorithm::Rs384,
        Algorithm::Rs512,
        Algorithm::Ps256,
        Algorithm::Ps384,
        Algorithm::Ps512,
        Algorithm::Es256,
        Algorithm::Es384,
    ];

    #[test]
    fn what_a_key_has_signed_is_proven_by_it_in_that_way_and_by_no_other_key_and_in_no_other_way() {
        let keys = [rsa(), rsa(), curve(0), curve(0), curve(1)];
        for (at, (_, signed)) in keys.iter().enumerate() {
            for (algorithm, signature) in signed {
                for (other, (published, _)) in keys.iter().enumerate() {
                    let published: Published = serde_json::from_value(published.clone()).unwrap();
                    for way in ALL {
                        let key = published.of(way);
                        let has = key.is_some_and(|key| key.has_signed(way, b"message", signature));
                        let expected = at == other && way == *algorithm;
                        assert_eq!(
                            has, expected,
                            "{algorithm:?} by key {at}, looked at as {way:?} by key {other}"
                        );
                    }
                }
            }
        }
        let (published, signed) = &keys[2];
        let published: Published = serde_json::from_value(published.clone()).unwrap();
        let key = published.of(Algorithm::Es256).unwrap();
        let (_, signature) = &signed[0];
        assert!(!key.has_signed(Algorithm::Es256, b"massage", signature));
        for wrong in [&signature[..63], &[], &[0; 64], &[signature, &[0][..]].concat()] {
            assert!(!key.has_signed(Algorithm::Es256, b"message", wrong));
        }
    }

    #[test]
    fn a_key_that_is_for_something_else_is_none() {
        let (published, _) = curve(0);
        let with = |name: &str, value: Value| {
            let mut published = published.clone();
            published[name] = value;
            serde_json::from_value::<Published>(published)
                .ok()
                .and_then(|key| key.of(Algorithm::Es256))
                .is_some()
        };
        assert!(with("kid", json!("a")) && with("use", json!("sig")) && with("alg", json!("ES256")));
        for (name, value) in [
            ("use", json!("enc")),
            ("alg", json!("ES384")),
            ("alg", json!("ECDH-ES")),
            ("kty", json!("RSA")),
            ("kty", json!("oct")),
            ("crv", json!("P-384")),
            ("crv", json!("secp256k1")),
            ("x", json!("%%%")),
            ("x", Value::Null),
        ] {
            assert!(!with(name, value.clone()), "{name} {value}");
        }
    }
}
