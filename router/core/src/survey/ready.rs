//! What says of itself whether it is ready: ExternalSecrets, Certificates, ScaledObjects.

use jiff::Timestamp;

use super::{About, Condition, Settings, Symptom, Thing, said_by_others};

/// What is asked whether it is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readied {
    /// An ExternalSecret.
    ExternalSecret,
    /// A Certificate.
    Certificate,
    /// A ScaledObject.
    ScaledObject,
}

/// What an object says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// What it is.
    pub of: Readied,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// Whether it is ready; none where it has not said so yet.
    pub ready: Option<bool>,
    /// Why not, in its controller's words.
    pub message: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Whether somebody has told its controller to leave it alone.
    pub is_paused: bool,
}

/// That it is not ready.
pub fn readiness(object: &Readiness, settings: &Settings) -> Option<Symptom> {
    let Readiness { of, namespace, name, uid, ready, message, since, is_paused } = object;
    let (condition, thing) = match of {
        Readied::ExternalSecret => (Condition::ExternalSecret, Thing::ExternalSecret),
        Readied::Certificate => (Condition::Certificate, Thing::Certificate),
        Readied::ScaledObject => (Condition::KedaNotReady, Thing::ScaledObject),
    };
    let is_looked_for = settings.looks_for(condition) && settings.looks_at(namespace);
    if *ready != Some(false) || *is_paused || !is_looked_for {
        return None;
    }
    let seen = match said_by_others(message) {
        nothing if nothing.is_empty() => "It says that it is not ready, and not why.".to_owned(),
        message => format!("It says: {message}."),
    };
    Some(Symptom::new(condition, About::object(thing, namespace, name, uid), *since, seen))
}
