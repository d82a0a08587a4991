//! Quotas and volumes that are used up, or nearly.

use super::{About, Condition, Settings, Symptom, Thing, said_by_others};

/// A ResourceQuota.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quota {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// What it limits.
    pub used: Vec<Used>,
}

/// How much of one resource is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Used {
    /// The resource, such as `requests.cpu`.
    pub resource: String,
    /// How much is used.
    pub used: f64,
    /// How much may be.
    pub hard: f64,
}

/// A claim of a volume.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub claim: String,
    /// How much of it is used, 0 to 1.
    pub used: f64,
}

/// That a quota is used up, or nearly.
pub fn quota(quota: &Quota, settings: &Settings) -> Option<Symptom> {
    let Quota { namespace, name, uid, used } = quota;
    // Nothing may be made of what is limited to nothing: that is meant so.
    let limited = used.iter().filter(|one| one.hard > 0.0);
    let fullest = limited.max_by(|one, other| (one.used / one.hard).total_cmp(&(other.used / other.hard)))?;
    let part = fullest.used / fullest.hard;
    let condition = match part {
        part if part >= 1.0 => Condition::QuotaFull,
        part if part * 100.0 > f64::from(settings.thresholds.quota_percent) => Condition::QuotaAlmostFull,
        _ => return None,
    };
    let about = About::object(Thing::Quota, namespace, name, uid);
    let resource = said_by_others(&fullest.resource);
    let seen = format!("{:.0} % of {resource} are used.", percent(part));
    let is_looked_for = settings.looks_for(condition) && settings.looks_at(namespace);
    is_looked_for.then(|| Symptom::new(condition, about, None, seen))
}

/// That a volume is nearly full.
pub fn volume(volume: &Volume, settings: &Settings) -> Option<Symptom> {
    let Volume { namespace, claim, used } = volume;
    let is_full = *used * 100.0 > f64::from(settings.thresholds.volume_percent);
    let is_looked_for = settings.looks_for(Condition::VolumeFull) && settings.looks_at(namespace);
    if !is_full || !is_looked_for {
        return None;
    }
    let uid = format!("{namespace}/{claim}");
    let about = About::object(Thing::Claim, namespace, claim, &uid);
    let seen = format!("{:.0} % of it are used.", percent(*used));
    Some(Symptom::new(Condition::VolumeFull, about, None, seen))
}

/// Whole percent: what is nearly full is not said to be.
fn percent(part: f64) -> f64 {
    // A hundredth that binary numbers cannot say is one.
    (part * 100.0 + 1e-9).floor()
}
