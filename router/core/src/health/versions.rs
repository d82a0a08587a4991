//! The API server, its version, and whether nodes and add-ons fit it.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use super::line::Lines;
use super::pods::KUBE_PROXY;
use super::support::Supported;
use super::{Check, ClusterSeen, Colour, Item, Support, Version};
use crate::survey::Probe;

/// A kubelet and a kube-proxy may be so many minor versions behind.
const MOST_BEHIND: i64 = 3;
/// So long before support ends it is said.
const DAYS_BEFORE: i64 = 60;

pub(super) fn look(seen: &ClusterSeen, at: Timestamp, lines: &mut Lines) {
    let day = at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let table = Support::table();
    if let Some(text) = lines.seen(Check::Kubernetes, &seen.version) {
        let answers = match &seen.probe {
            Probe::Ready(after) => format!("; it answers in {} ms", after.as_millis()),
            Probe::NotReady(_) => String::new(),
        };
        match Version::of(text) {
            Some(version) => {
                let (colour, said) = supported(table, version, day);
                lines.sentence(Check::Kubernetes, colour, format!("{text}, {said}{answers}"));
            }
            None => {
                lines.sentence(Check::Kubernetes, Colour::Yellow, format!("a version that is none: {text}"))
            }
        }
    }
    if day > table.good_until {
        let (as_of, until) = (table.as_of, table.good_until);
        let said = format!("the table is of {as_of}, was good until {until}, and knows of no newer version");
        lines.sentence(Check::SupportTable, Colour::Yellow, said);
    }
    if let Some(version) = seen.version.as_ref().ok().and_then(|text| Version::of(text)) {
        skew(seen, version, lines);
    }
    add_ons(seen, lines);
}

fn supported(table: &Support, version: Version, day: Date) -> (Colour, String) {
    let as_of = table.as_of;
    match table.of(version, day) {
        Supported::Standard(until) => {
            let ends_soon = day.checked_add(DAYS_BEFORE.days()).is_ok_and(|then| then > until);
            let colour = if ends_soon { Colour::Yellow } else { Colour::Green };
            (colour, format!("supported by EKS until {until} (table of {as_of})"))
        }
        Supported::Extended(until) => (
            Colour::Yellow,
            format!("in extended support until {until}, which costs more (table of {as_of})"),
        ),
        Supported::No(since) => (
            Colour::Red,
            format!("out of support since {since}: AWS updates it whenever that suits (table of {as_of})"),
        ),
        Supported::Newer => (Colour::Green, format!("newer than the table of support dates of {as_of}")),
        Supported::Older => (Colour::Red, format!("out of support: older than all in the table of {as_of}")),
    }
}

/// How a version that is to follow the control plane's fits it; none where it does.
fn misfit(version: Version, control_plane: Version) -> Option<(Colour, &'static str)> {
    match version.behind(control_plane) {
        Some(behind) if behind < 0 => Some((Colour::Red, "newer than the control plane, which must not be")),
        Some(behind) if behind > MOST_BEHIND => Some((Colour::Red, "more than three minor versions behind")),
        Some(MOST_BEHIND) => Some((Colour::Yellow, "three behind: the control plane cannot be updated")),
        Some(_) => None,
        None => Some((Colour::Red, "of another major version")),
    }
}

fn skew(seen: &ClusterSeen, control_plane: Version, lines: &mut Lines) {
    let kubelets = seen.nodes.iter().flatten().filter_map(|node| {
        let text = node.kubelet.as_deref()?;
        let (colour, why) = misfit(Version::of(text)?, control_plane)?;
        Some(Item::new(None, &node.name, format!("{text}: {why}."), colour))
    });
    lines.found(Check::KubeletSkew, kubelets);
    let versions = seen.pods.as_ref().ok().and_then(|pods| pods.add_ons().get(KUBE_PROXY));
    let proxies = versions.into_iter().flatten().filter_map(|text| {
        let (colour, why) = misfit(Version::of(text)?, control_plane)?;
        Some(Item::new(Some("kube-system"), KUBE_PROXY, format!("{text}: {why}."), colour))
    });
    lines.found(Check::ProxySkew, proxies);
}

fn add_ons(seen: &ClusterSeen, lines: &mut Lines) {
    let Ok(pods) = &seen.pods else { return };
    let said: Vec<_> = pods
        .add_ons()
        .iter()
        .map(|(called, versions)| {
            let versions: Vec<_> = versions.iter().map(String::as_str).collect();
            format!(
                "{called} {}",
                if versions.is_empty() { "of no version".to_owned() } else { versions.join(" and ") }
            )
        })
        .collect();
    if !said.is_empty() {
        lines.sentence(Check::AddOns, Colour::Green, said.join(", "));
    }
}
