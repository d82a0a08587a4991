//! What is the matter with a pod.

use jiff::{SignedDuration, Timestamp};

use super::{About, Condition, Settings, Symptom, Thing, said_by_others};
use crate::act::QUARANTINE_LABEL;
use crate::context::{Pod, PodContainer, Stumble, Trouble};

/// What happened to a pod at one moment is told of for so long.
const RECENT: SignedDuration = SignedDuration::from_mins(15);
/// Reasons to wait that are about an image.
const IMAGE: [&str; 5] =
    ["ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"];
/// Reasons to wait that are about how the container is written down.
const CONFIGURATION: [&str; 4] =
    ["CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError"];

/// Whether a pod is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subdued {
    /// It is.
    No,
    /// It is on its way out, has done its work, or is cut off by us.
    Yes,
}

impl Subdued {
    /// Of that pod.
    pub fn of(pod: &Pod) -> Self {
        let is_leaving =
            pod.gone_at.is_some() || pod.trouble.as_ref().is_some_and(|trouble| trouble.is_leaving);
        let is_quarantined = pod.labels.contains_key(QUARANTINE_LABEL);
        match is_leaving || is_quarantined || pod.phase == "Succeeded" {
            true => Subdued::Yes,
            false => Subdued::No,
        }
    }
}

/// Says each symptom of a pod that was started again so often in ten minutes.
pub fn pod(pod: &Pod, restarted: u32, settings: &Settings, at: Timestamp, say: &mut dyn FnMut(Symptom)) {
    if Subdued::of(pod) == Subdued::Yes || !settings.looks_at(&pod.namespace) {
        return;
    }
    let mut say = |symptom: Symptom| {
        if settings.looks_for(symptom.condition) {
            say(symptom);
        }
    };
    if let Some(trouble) = &pod.trouble {
        put_out(pod, trouble, at, &mut say);
    }
    // What has ended does nothing any more: of a Job its own end tells.
    if pod.phase == "Failed" {
        return;
    }
    let stumbles = || pod.containers.iter().filter_map(|one| Some((one, one.stumble.as_deref()?)));
    let waiting = |reasons: &[&str]| {
        stumbles().find(|(_, stumble)| stumble.waits.as_deref().is_some_and(|waits| reasons.contains(&waits)))
    };
    if let Some((container, stumble)) = waiting(&["CrashLoopBackOff"]) {
        let seen =
            format!("Container {} has ended {}{}", container.name, times(container.restarts), end(stumble));
        say(of(Condition::CrashLoop, pod, container, None, seen));
    }
    if let Some((container, stumble)) = waiting(&IMAGE) {
        let waits = stumble.waits.as_deref().unwrap_or_default();
        let seen =
            format!("Container {} waits for {} ({waits}).", container.name, said_by_others(&container.image));
        say(of(Condition::ImagePull, pod, container, None, seen));
    }
    if restarted > settings.thresholds.restarts {
        let seen = format!("Its containers were started again {} in ten minutes.", times(restarted));
        say(Symptom::new(Condition::Restarting, about(pod), None, seen));
    }
    let killed = stumbles().find(|(_, stumble)| {
        let is_recent = stumble.ended_at.is_some_and(|ended| at.duration_since(ended) < RECENT);
        stumble.ended.as_deref() == Some("OOMKilled") && is_recent
    });
    if let Some((container, stumble)) = killed {
        let seen = format!("Container {} was killed because it had too much memory.", container.name);
        say(of(Condition::OomKilled, pod, container, stumble.ended_at, seen));
    }
    if pod.phase == "Pending" && waiting(&IMAGE).is_none() && waiting(&["CrashLoopBackOff"]).is_none() {
        say(pending(pod, waiting(&CONFIGURATION)));
    }
}

fn put_out(pod: &Pod, trouble: &Trouble, at: Timestamp, say: &mut dyn FnMut(Symptom)) {
    let Trouble { reason, message, unplaced_since: _, evicted_at, is_leaving: _ } = trouble;
    let when = evicted_at.or(pod.ended_at);
    let is_recent = when.is_some_and(|when| at.duration_since(when) < RECENT);
    if pod.phase == "Failed" && reason.as_deref() == Some("Evicted") && is_recent {
        let why = message.as_deref().map(said_by_others).unwrap_or_else(|| "its node put it out".to_owned());
        say(Symptom::new(Condition::Evicted, about(pod), when, format!("{why}.")));
    }
}

fn pending(pod: &Pod, misfit: Option<(&PodContainer, &Stumble)>) -> Symptom {
    let trouble = pod.trouble.as_deref();
    let unplaced = trouble.and_then(|trouble| trouble.unplaced_since);
    let seen = match (unplaced, misfit) {
        (Some(_), _) => {
            let why = trouble.and_then(|trouble| trouble.message.as_deref()).map(said_by_others);
            format!("No node takes it: {}.", why.unwrap_or_else(|| "the scheduler says no more".to_owned()))
        }
        (None, Some((container, stumble))) => {
            let waits = stumble.waits.as_deref().unwrap_or_default();
            format!("Container {} cannot be made ({waits}).", container.name)
        }
        (None, None) => match &pod.node {
            Some(node) => format!("Node {node} has it and does not start it."),
            None => "No node has it.".to_owned(),
        },
    };
    Symptom::new(Condition::Pending, about(pod), unplaced.or(pod.created_at), seen)
}

fn about(pod: &Pod) -> About {
    let mut about = About::object(Thing::Pod, &pod.namespace, &pod.name, &pod.uid);
    about.node.clone_from(&pod.node);
    about.owner = pod.owner.as_ref().map(|owner| owner.uid.clone());
    about
}

fn of(
    condition: Condition,
    pod: &Pod,
    container: &PodContainer,
    since: Option<Timestamp>,
    seen: String,
) -> Symptom {
    let about = About { container: Some(container.name.clone()), ..about(pod) };
    Symptom::new(condition, about, since, seen)
}

fn end(stumble: &Stumble) -> String {
    match &stumble.ended {
        Some(reason) => format!(", the last time with code {} ({}).", stumble.code, said_by_others(reason)),
        None => ".".to_owned(),
    }
}

fn times(number: u32) -> String {
    match number {
        1 => "once".to_owned(),
        number => format!("{number} times"),
    }
}
