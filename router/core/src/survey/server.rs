//! Whether the API server answers, and how fast.

use std::time::Duration;

use super::{About, Condition, Settings, Symptom, Thing};
use crate::text::clean;

/// What came of asking it whether it is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It is, and said so after that time.
    Ready(Duration),
    /// It says that it is not, or said nothing: why.
    NotReady(String),
}

/// That it does not answer, or is slow.
pub fn server(probe: &Probe, settings: &Settings) -> Option<Symptom> {
    let about = About::of_cluster(Thing::ApiServer, "apiserver", "apiserver");
    let (condition, seen) = match probe {
        Probe::NotReady(why) => {
            (Condition::ApiDown, format!("Asked whether it is ready (/readyz): {}.", clean(why, 200)))
        }
        Probe::Ready(after) if after.as_millis() > u128::from(settings.thresholds.api_millis) => {
            (Condition::ApiSlow, format!("It took {:.1} s to say that it is ready.", after.as_secs_f64()))
        }
        Probe::Ready(_) => return None,
    };
    settings.looks_for(condition).then(|| Symptom::new(condition, about, None, seen))
}
