//! The platform's root certificates, read once for all clients: a folder of them is some hundred files.

use std::sync::OnceLock;

use anyhow::{Context as _, bail};
use aws_smithy_http_client::tls::TrustStore;
use aws_smithy_types::base64;
use reqwest::Certificate;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

static READ: OnceLock<Roots> = OnceLock::new();

/// Those that can be used.
pub(super) struct Roots(Vec<CertificateDer<'static>>);

impl Roots {
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured as they are when the first client is made.
    pub(super) fn get() -> &'static Self {
        READ.get_or_init(|| {
            let found = rustls_native_certs::load_native_certs();
            for error in &found.errors {
                tracing::warn!(%error, "a root certificate cannot be read");
            }
            let is_usable = |root: &CertificateDer<'static>| RootCertStore::empty().add(root.clone()).is_ok();
            Self(found.certs.into_iter().filter(is_usable).collect())
        })
    }

    /// # Errors
    /// There are none.
    pub(super) fn for_reqwest(&self) -> anyhow::Result<Vec<Certificate>> {
        if self.0.is_empty() {
            bail!("this machine has no root certificates: install them, or set SSL_CERT_FILE");
        }
        self.0.iter().map(|root| Certificate::from_der(root).context("a root certificate")).collect()
    }

    /// And those in that PEM beside them.
    ///
    /// # Errors
    /// That is no PEM, or has none; or there are none at all.
    pub(super) fn and(&self, pem: &[u8]) -> anyhow::Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(self.0.iter().cloned());
        for own in CertificateDer::pem_slice_iter(pem) {
            roots.add(own.context("expected certificates in PEM")?).context("a certificate in PEM")?;
        }
        if !pem.is_empty() && roots.len() == self.0.len() {
            bail!("expected certificates in PEM, found none");
        }
        if roots.is_empty() {
            bail!("this machine has no root certificates: install them, or set SSL_CERT_FILE");
        }
        Ok(roots)
    }

    pub(super) fn for_aws(&self) -> TrustStore {
        let pem = |root: &CertificateDer<'_>| {
            format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", base64::encode(root))
        };
        TrustStore::empty().with_pem_certificate(self.0.iter().map(pem).collect::<String>())
    }
}
