//! Whether pods have the sidecar that Istio is asked to put into them.

use super::line::Lines;
use super::{Check, ClusterSeen, Colour, Item, Items};
use crate::context::{Namespace, Pod};

const PROXY: &str = "istio-proxy";
const INJECT: &str = "sidecar.istio.io/inject";
const REVISION: &str = "istio.io/rev";
const INJECTION: &str = "istio-injection";
/// The container of istiod.
pub(super) const ISTIO: &str = "Istio";

/// A pod without a sidecar that could have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sidecar {
    /// It asks for one itself.
    Asked,
    /// It says nothing: its namespace does, or does not.
    LeftToTheNamespace,
}

impl Sidecar {
    /// Of a pod; none of one that has a sidecar, may not have one, or wants none.
    pub(super) fn of(pod: &Pod) -> Option<Self> {
        let has_it = pod.containers.iter().any(|container| container.name == PROXY);
        let said = pod.labels.get(INJECT).or_else(|| pod.annotations.get(INJECT)).map(String::as_str);
        let is_asked = said == Some("true") || pod.labels.contains_key(REVISION);
        match (has_it || pod.host.network || pod.is_static, said) {
            (true, _) | (_, Some("false")) => None,
            (false, _) if is_asked => Some(Sidecar::Asked),
            (false, _) => Some(Sidecar::LeftToTheNamespace),
        }
    }

    pub(super) fn said(self) -> &'static str {
        match self {
            Sidecar::Asked => ASKED,
            Sidecar::LeftToTheNamespace => "It has no sidecar, and its namespace asks for one.",
        }
    }
}

const ASKED: &str = "It has no sidecar, and asks for one by its labels.";

/// Whether a namespace asks for sidecars.
fn asks(namespace: &Namespace) -> bool {
    let label = |name: &str| namespace.labels.get(name).map(String::as_str);
    match label(INJECTION) {
        Some("enabled") => true,
        Some(_) => false,
        None => label(REVISION).is_some_and(|revision| !revision.is_empty()),
    }
}

pub(super) fn look(seen: &ClusterSeen, lines: &mut Lines) {
    let check = Check::NotInjected;
    let Some(namespaces) = lines.seen(check, &seen.namespaces) else { return };
    let Ok(pods) = &seen.pods else { return };
    let asking: Vec<&str> = namespaces
        .iter()
        .filter(|namespace| asks(namespace))
        .map(|namespace| namespace.name.as_str())
        .collect();
    let mut without = Items::default();
    for (namespace, items) in pods.without_sidecar() {
        let is_asked = asking.contains(&namespace.as_str());
        let theirs = |item: &&Item| is_asked || item.said == ASKED;
        items.listed.iter().filter(theirs).cloned().for_each(|item| without.push(item));
        without.more += if is_asked { items.more } else { 0 };
    }
    let has_istio = pods.add_ons().contains_key(ISTIO);
    match (without.is_empty(), asking.len()) {
        (false, _) => lines.items(super::What::Check(check), without),
        (true, 0) if !has_istio => lines.sentence(check, Colour::Unasked, "no namespace asks for one"),
        (true, 0) => lines.sentence(check, Colour::Green, "no namespace asks for one"),
        (true, count) => {
            lines.sentence(check, Colour::Green, format!("none in {count} namespaces that ask for sidecars"));
        }
    }
}
