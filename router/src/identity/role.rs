//! Roles, each of which may what those before it may, and where somebody has one.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};
use watchfire_core::text::clean;

/// What somebody may do; each may what those before it may.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Role {
    /// Looks.
    Viewer,
    /// Has incidents, ends them, keeps them quiet.
    Responder,
    /// Has something done to the cluster, or undone.
    Approver,
    /// Whatever can be asked.
    Admin,
}

impl Role {
    /// The word in the configuration and in answers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// A role, and where it is had.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping of role, namespaces, clusters")]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// Only in these namespaces; anywhere, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<BTreeSet<String>>,
    /// Only in these clusters, by their names; in any, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clusters: Option<BTreeSet<String>>,
}

impl Grant {
    /// A role anywhere.
    pub fn anywhere(role: Role) -> Self {
        Self { role, namespaces: None, clusters: None }
    }

    /// Whether it is a role that is at least that one, there.
    pub fn covers(&self, least: Role, place: &Place) -> bool {
        let Self { role, namespaces, clusters } = self;
        let has = |only: &Option<BTreeSet<String>>, found: &BTreeSet<String>| {
            only.as_ref().is_none_or(|only| !found.is_empty() && found.is_subset(only))
        };
        *role >= least && has(namespaces, &place.namespaces) && has(clusters, &place.clusters)
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { role, namespaces, clusters } = self;
        write!(out, "{role}")?;
        let only = [("namespace", namespaces), ("cluster", clusters)];
        listed(out, only.into_iter().filter_map(|(kind, names)| Some((kind, names.as_ref()?))))
    }
}

/// What something is to be done to: all namespaces and clusters that it touches. Where one of the two is not known, or
/// it is about everything, there is none in it, and only a role that is had anywhere will do.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The namespaces.
    pub namespaces: BTreeSet<String>,
    /// The clusters, by their names.
    pub clusters: BTreeSet<String>,
}

impl Place {
    /// All there is, or nothing that is known.
    pub fn everywhere() -> Self {
        Self::default()
    }

    /// Both: what is not known of one is not known of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let both = |one: BTreeSet<String>, other: BTreeSet<String>| match one.is_empty() || other.is_empty() {
            true => BTreeSet::new(),
            false => one.into_iter().chain(other).collect(),
        };
        Self {
            namespaces: both(self.namespaces, other.namespaces),
            clusters: both(self.clusters, other.clusters),
        }
    }

    /// A namespace of a cluster, as far as they are known.
    pub fn of(namespace: Option<&str>, cluster: Option<&str>) -> Self {
        let some = |name: Option<&str>| name.map(str::to_owned).into_iter().collect();
        Self { namespaces: some(namespace), clusters: some(cluster) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { namespaces, clusters } = self;
        let named = [("namespace", namespaces), ("cluster", clusters)];
        listed(out, named.into_iter().filter(|(_, names)| !names.is_empty()))
    }
}

fn listed<'n>(
    out: &mut fmt::Formatter<'_>,
    kinds: impl Iterator<Item = (&'n str, &'n BTreeSet<String>)>,
) -> fmt::Result {
    for (kind, names) in kinds {
        let names: Vec<_> = names.iter().map(|name| clean(name, 100)).collect();
        let several = if names.len() == 1 { "" } else { "s" };
        write!(out, " in {kind}{several} {}", names.join(", "))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: &[&str]) -> BTreeSet<String> {
        all.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn each_role_may_what_those_before_it_may() {
        for (at, role) in Role::VARIANTS.iter().enumerate() {
            for (other, least) in Role::VARIANTS.iter().enumerate() {
                let covers = Grant::anywhere(*role).covers(*least, &Place::everywhere());
                assert_eq!(covers, at >= other, "{role} {least}");
            }
        }
    }

    #[test]
    fn a_role_of_some_namespaces_counts_where_all_that_is_touched_is_in_them() {
        let grant = Grant {
            role: Role::Approver,
            namespaces: Some(names(&["shop", "pay"])),
            clusters: Some(names(&["prod"])),
        };
        let place = |namespaces: &[&str], clusters: &[&str]| Place {
            namespaces: names(namespaces),
            clusters: names(clusters),
        };
        for (within, namespaces, clusters) in [
            (true, &["shop"][..], &["prod"][..]),
            (true, &["pay", "shop"], &["prod"]),
            (false, &["shop", "kube-system"], &["prod"]),
            (false, &["shop"], &["prod", "stage"]),
            (false, &["shop"], &[]),
            (false, &[], &["prod"]),
            (false, &[], &[]),
        ] {
            let place = place(namespaces, clusters);
            assert_eq!(grant.covers(Role::Responder, &place), within, "{place:?}");
        }
        assert!(!grant.covers(Role::Admin, &place(&["shop"], &["prod"])));
        assert_eq!(grant.to_string(), "approver in namespaces pay, shop in cluster prod");
    }
}
