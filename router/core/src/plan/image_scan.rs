//! Image scan: what ECR finds in the image that runs, by its digest.
//!
//! - Role: capture. Nothing in the cluster is changed.
//! - Idempotency: a scan that is under way is waited for, not started again.

use super::input::{NoPlan, PlanInput, Planned};
use super::recipe::{Recipe, Repertoire};
use crate::act::Target;
use crate::context::PodContainer;

pub(super) const RECIPE: Recipe = Recipe {
    target: |input| Ok(Target::Image(image(input)?)),
    plan,
    repertoire: |_| Repertoire { steps: &[], instead: &[] },
};

fn plan(input: &PlanInput<'_>) -> Result<Planned, NoPlan> {
    if !input.mitigation.scans_images {
        return Err(NoPlan::because("scanning images is not configured"));
    }
    let image = image(input)?;
    let running = input.context.details.as_ref().map(|details| details.same_image.as_slice());
    let notes = match running {
        Some([_, ..]) => vec![format!("the same image runs in: {}", running.unwrap_or_default().join(", "))],
        Some([]) | None => Vec::new(),
    };
    Ok(Planned { notes, ..Planned::of(Target::Image(image), Vec::new()) })
}

/// The image by digest: of the container that the event names, of the only one, or as the event has it.
fn image(input: &PlanInput<'_>) -> Result<String, NoPlan> {
    let named = input.subject.container.as_ref().and_then(|container| container.name.as_ref());
    let containers = input.context.pod().map_or(&[][..], |pod| &pod.containers);
    let meant = containers.iter().find(|container| Some(&container.name) == named);
    let meant = meant.or(match containers {
        [only] => Some(only),
        [] | [_, ..] => None,
    });
    let by_digest = |container: &PodContainer| {
        let digest = container.digest.as_ref()?;
        // A registry with a port has a colon before its slash, a tag has one after it.
        let reference = container.image.split('@').next().unwrap_or_default();
        let (folder, last) =
            reference.rsplit_once('/').map_or(("", reference), |(folder, last)| (folder, last));
        let repository = last.split(':').next().unwrap_or_default();
        let slash = if folder.is_empty() { "" } else { "/" };
        Some(format!("{folder}{slash}{repository}@{digest}"))
    };
    let from_event = || input.subject.image.clone().filter(|image| image.contains("@sha256:"));
    meant
        .and_then(by_digest)
        .or_else(from_event)
        .ok_or_else(|| NoPlan::because("the digest of the image is not known"))
}
