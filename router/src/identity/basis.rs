//! What a session was begun by, and stands on as long as it lasts.

use std::sync::Arc;

use super::Digest;
use super::oidc::SignedIn;
use crate::secret::Secret;

/// What a session was begun by: asked about again with each request.
#[derive(Clone, Debug)]
pub(super) enum Basis {
    /// A token of the configuration.
    Token(Digest),
    /// A token that somebody else vouches for.
    Shown(Secret),
    /// A sign-in at the provider.
    SignedIn(Arc<SignedIn>),
}
