//! `Scale`: how many pods a workload has, by its `scale` subresource, remembered where a human finds it.

use serde_json::Value;
use watchfire_core::act::{REPLICAS_ANNOTATION, StepResult};
use watchfire_core::context::ObjectRef;

use super::api::Api;
use super::change::{Gone, here, too_busy};
use super::fault::Fault;
use super::patch::Operations;
use super::{How, Outcome, Settled, object};
use crate::failure::Failure;

const AGAIN: usize = 5;

/// What is to be done with a workload as it is.
enum Scaling {
    /// Nothing, for that reason; whether our annotation is to go.
    Nothing(StepResult, String, Mark),
    /// The annotation says how many there are, then there are `to`.
    Down { remember: u64, to: u32 },
    /// There are `to`, then the annotation goes.
    Up { to: u32 },
}

enum Mark {
    Stays,
    Goes,
}

/// From `from` to `to` replicas, as far as that is what is left to do.
pub(super) async fn scale(api: &Api, workload: &ObjectRef, from: u32, to: u32) -> Outcome {
    if !["Deployment", "StatefulSet", "ReplicaSet"].contains(&workload.kind.as_str()) {
        return Err(Failure::permanent(format!("{} cannot be scaled", workload.named())));
    }
    let gone = if to < from { Gone::Fails } else { Gone::IsFine };
    let mut scaled: Option<String> = None;
    for _ in 0..=AGAIN {
        let live = match here(api, workload, gone).await? {
            Ok(live) => live,
            Err(settled) => return Ok(settled),
        };
        let tried = match (judge(&live, from, to), &scaled) {
            (Scaling::Down { remember, to }, _) => down(api, workload, &live, remember, to).await,
            (Scaling::Up { to }, None) => match (up(api, workload, &live, to).await, api.how()) {
                (Ok(note), How::Rehearse) => return Ok(Settled::done(How::Rehearse, note)),
                // The next round takes the annotation away.
                (Ok(note), How::ForReal) => {
                    scaled = Some(note);
                    continue;
                }
                (Err(fault), _) => Err(fault),
            },
            (Scaling::Up { .. } | Scaling::Nothing(..), Some(note)) => {
                let forgotten = forget(api, workload, &live, Mark::Goes).await;
                forgotten.map(|()| Settled::done(api.how(), note))
            }
            (Scaling::Nothing(result, note, mark), None) => {
                forget(api, workload, &live, mark).await.map(|()| Settled::new(result, note))
            }
        };
        match tried {
            Ok(settled) => return Ok(settled),
            Err(Fault::Conflict(_) | Fault::Unfit(_) | Fault::Absent(_)) => {}
            Err(other @ (Fault::Passing { .. } | Fault::Forbidden { .. } | Fault::Refused(_))) => {
                return Err(other.into());
            }
        }
    }
    Err(too_busy(workload))
}

fn judge(live: &Value, from: u32, to: u32) -> Scaling {
    let now = live["spec"]["replicas"].as_u64().unwrap_or(1);
    let ours = object::annotation(live, REPLICAS_ANNOTATION).is_some();
    let (wanted, planned) = (u64::from(to), u64::from(from));
    if to < from {
        return match now {
            less if less <= wanted => {
                let note =
                    if ours { String::new() } else { format!("it has {less} by someone else's doing") };
                Scaling::Nothing(StepResult::Already, note, Mark::Stays)
            }
            more => Scaling::Down { remember: more, to },
        };
    }
    match (now == wanted, now == planned, ours) {
        (true, _, _) => Scaling::Nothing(StepResult::Already, String::new(), Mark::Goes),
        (false, true, true) => Scaling::Up { to },
        (false, true, false) => {
            let note = "nothing says that it was scaled down by Watchfire".to_owned();
            Scaling::Nothing(StepResult::Left, note, Mark::Stays)
        }
        (false, false, _) => {
            let note = format!("someone has set it to {now} meanwhile");
            Scaling::Nothing(StepResult::Left, note, Mark::Stays)
        }
    }
}

async fn down(
    api: &Api,
    workload: &ObjectRef,
    live: &Value,
    remember: u64,
    to: u32,
) -> Result<Settled, Fault> {
    let number = remember.to_string();
    let mut marked = live.clone();
    if object::annotation(live, REPLICAS_ANNOTATION) != Some(&number) {
        let mut operations = Operations::on(live);
        operations.set(&["metadata", "annotations", REPLICAS_ANNOTATION], number);
        let after = api.patch(workload, "", operations.into_list()).await?;
        match api.how() {
            How::ForReal => marked = after,
            // Nothing was written, so that the next write meets the object as it was.
            How::Rehearse => {}
        }
    }
    set(api, workload, &marked, to).await?;
    Ok(Settled::done(api.how(), format!("from {remember} to {to}")))
}

async fn up(api: &Api, workload: &ObjectRef, live: &Value, to: u32) -> Result<String, Fault> {
    set(api, workload, live, to).await?;
    Ok(match object::annotation(live, REPLICAS_ANNOTATION) {
        Some(number) if number != to.to_string() => {
            format!("to {to}; it had {number} when it was scaled down")
        }
        Some(_) | None => format!("to {to}"),
    })
}

async fn set(api: &Api, workload: &ObjectRef, live: &Value, to: u32) -> Result<Value, Fault> {
    let mut operations = Operations::on(live);
    // The scale of a workload without replicas has no `replicas` at all, and always a `spec`.
    operations.set(&["spec", "replicas"], to);
    api.patch(workload, "scale", operations.into_list()).await
}

async fn forget(api: &Api, workload: &ObjectRef, live: &Value, mark: Mark) -> Result<(), Fault> {
    let mut operations = Operations::on(live);
    match mark {
        Mark::Stays => return Ok(()),
        Mark::Goes => operations.remove(&["metadata", "annotations", REPLICAS_ANNOTATION]),
    }
    match operations.is_empty() {
        true => Ok(()),
        false => api.patch(workload, "", operations.into_list()).await.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(scaling: Scaling) -> String {
        match scaling {
            Scaling::Nothing(result, note, Mark::Stays) => format!("{result:?} {note}"),
            Scaling::Nothing(result, note, Mark::Goes) => format!("{result:?} {note}, mark goes"),
            Scaling::Down { remember, to } => format!("{remember} down to {to}"),
            Scaling::Up { to } => format!("up to {to}"),
        }
    }

    #[test]
    fn what_others_have_scaled_meanwhile_is_respected() {
        let marked = |replicas: u32| json!({"metadata": {"annotations": {REPLICAS_ANNOTATION: "3"}}, "spec": {"replicas": replicas}});
        let plain = |replicas: u32| json!({"metadata": {}, "spec": {"replicas": replicas}});
        let cases = [
            (plain(3), 3, 0, "3 down to 0"),
            (plain(5), 3, 0, "5 down to 0"),
            (marked(3), 3, 0, "3 down to 0"),
            (marked(0), 3, 0, "Already "),
            (plain(0), 3, 0, "Already it has 0 by someone else's doing"),
            (plain(1), 3, 2, "Already it has 1 by someone else's doing"),
            (marked(0), 0, 3, "up to 3"),
            (marked(3), 0, 3, "Already , mark goes"),
            (plain(3), 0, 3, "Already , mark goes"),
            (marked(2), 0, 3, "Left someone has set it to 2 meanwhile"),
            (plain(0), 0, 3, "Left nothing says that it was scaled down by Watchfire"),
            (json!({}), 1, 0, "1 down to 0"),
        ];
        for (live, from, to, expected) in cases {
            assert_eq!(told(judge(&live, from, to)), expected, "{live} {from} {to}");
        }
    }
}
