//! Claims of volumes, and what Velero keeps, as the API writes them.

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::Deserialize;
use serde::de::IgnoredAny;
use watchfire_core::health::{Backup, BackupPlace, Claim, Schedule};
use watchfire_core::text::clean;

use super::{Kind, Object};

/// Which schedule made a backup.
const SCHEDULE: &str = "velero.io/schedule-name";

/// What says in a word how far it is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::cluster) struct Phased {
    phase: Option<String>,
    message: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::cluster) struct ScheduleSpec {
    paused: Option<bool>,
}

macro_rules! phased {
    ($($(#[$doc:meta])* $marker:ident $group:literal $kind:literal $plural:literal $spec:ty)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub(in crate::cluster) struct $marker;

        impl Kind for $marker {
            const GROUP: &'static str = $group;
            const VERSION: &'static str = "v1";
            const KIND: &'static str = $kind;
            const PLURAL: &'static str = $plural;
            type Scope = NamespaceResourceScope;
            type Spec = $spec;
            type Status = Phased;
        }
    )*};
}

phased! {
    /// A claim of a volume.
    Claims "" "PersistentVolumeClaim" "persistentvolumeclaims" IgnoredAny
    /// A backup.
    Backups "velero.io" "Backup" "backups" IgnoredAny
    /// A schedule of backups.
    Schedules "velero.io" "Schedule" "schedules" ScheduleSpec
    /// A place for backups.
    BackupPlaces "velero.io" "BackupStorageLocation" "backupstoragelocations" IgnoredAny
}

impl Object<Claims> {
    /// An object without a name or namespace is none.
    pub(in crate::cluster) fn into_claim(self) -> Option<Claim> {
        let Object { metadata, spec: _, status } = self;
        Some(Claim {
            namespace: metadata.namespace?,
            name: metadata.name?,
            phase: status.phase.unwrap_or_default(),
            created_at: metadata.creation_timestamp.map(|Time(at)| at),
        })
    }
}

impl Object<Backups> {
    /// An object without a name or namespace is none.
    pub(in crate::cluster) fn into_backup(self) -> Option<Backup> {
        let Object { metadata, spec: _, status } = self;
        Some(Backup {
            namespace: metadata.namespace?,
            name: metadata.name?,
            schedule: metadata.labels.and_then(|mut labels| labels.remove(SCHEDULE)),
            phase: status.phase.unwrap_or_default(),
            created_at: metadata.creation_timestamp.map(|Time(at)| at),
        })
    }
}

impl Object<Schedules> {
    /// An object without a name or namespace is none.
    pub(in crate::cluster) fn into_schedule(self) -> Option<Schedule> {
        let Object { metadata, spec, status: _ } = self;
        let is_paused = spec.paused == Some(true);
        Some(Schedule { namespace: metadata.namespace?, name: metadata.name?, is_paused })
    }
}

impl Object<BackupPlaces> {
    /// An object without a name or namespace is none.
    pub(in crate::cluster) fn into_place(self) -> Option<BackupPlace> {
        let Object { metadata, spec: _, status } = self;
        Some(BackupPlace {
            namespace: metadata.namespace?,
            name: metadata.name?,
            phase: status.phase.unwrap_or_default(),
            message: clean(status.message.unwrap_or_default().trim_end_matches('.'), 200),
        })
    }
}
