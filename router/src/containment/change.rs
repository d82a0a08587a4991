//! One change of one object: read, judge, patch with tests, and again if someone was faster.

use serde_json::Value;
use watchfire_core::act::StepResult;
use watchfire_core::context::ObjectRef;

use super::api::{Api, Live};
use super::fault::Fault;
use super::object;
use super::patch::Operations;
use super::{How, Outcome, Settled};
use crate::failure::Failure;

/// How often an object that changes under our hands is read again.
const AGAIN: usize = 5;

/// What is to be done with an object as it is.
pub(super) enum Change<'a> {
    /// Nothing: it is as it should be.
    Already(String),
    /// Nothing: it is not ours to change.
    Left(String),
    /// These operations.
    Patch(Operations<'a>, String),
}

/// What it means that an object is gone or on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// There is nothing to contain where the plan says: it has failed.
    Fails,
    /// There is nothing to undo.
    IsFine,
    /// Gone there is nothing left to contain; on its way out it is contained all the same: how long that takes is its
    /// owner's to say, and until then it runs.
    RunsOn,
}

/// Changes the object as `judge` says of it.
pub(super) async fn change(
    api: &Api,
    object: &ObjectRef,
    gone: Gone,
    judge: impl for<'a> Fn(&'a Value) -> Change<'a>,
) -> Outcome {
    let mut unfit: Option<(String, String)> = None;
    for _ in 0..=AGAIN {
        let live = match here(api, object, gone).await? {
            Ok(live) => live,
            Err(settled) => return Ok(settled),
        };
        // Refused as it still is: it was not a test that failed, but what was sent.
        if let Some((_, reason)) = unfit.filter(|(version, _)| version == object::version(&live)) {
            return Err(Failure::permanent(reason));
        }
        let (operations, note) = match judge(&live) {
            Change::Already(note) => return Ok(Settled::new(StepResult::Already, note)),
            Change::Left(note) => return Ok(Settled::new(StepResult::Left, note)),
            Change::Patch(operations, note) => (operations, note),
        };
        unfit = match api.patch(object, "", operations.into_list()).await {
            Ok(_) => return Ok(Settled::done(api.how(), note)),
            Err(Fault::Conflict(_)) => None,
            Err(Fault::Unfit(reason)) => Some((object::version(&live).to_owned(), reason)),
            Err(Fault::Absent(_)) => None,
            Err(other @ (Fault::Passing { .. } | Fault::Forbidden { .. } | Fault::Refused(_))) => {
                return Err(other.into());
            }
        };
    }
    Err(too_busy(object))
}

/// The object as it is, or what its absence comes to.
pub(super) async fn here(
    api: &Api,
    object: &ObjectRef,
    gone: Gone,
) -> Result<Result<Box<Value>, Settled>, Failure> {
    let why = match api.live(object).await? {
        Live::Is(live) => return Ok(Ok(live)),
        Live::Leaving(live) if gone == Gone::RunsOn => return Ok(Ok(live)),
        Live::Leaving(_) => format!("{} is on its way out", object.named()),
        Live::Gone(why) => why,
    };
    match gone {
        Gone::Fails => Err(Failure::permanent(why)),
        Gone::IsFine | Gone::RunsOn => Ok(Err(Settled::new(StepResult::Left, why))),
    }
}

pub(super) fn too_busy(object: &ObjectRef) -> Failure {
    Failure::transient(format!("{} was changed by others {} times in between", object.named(), AGAIN + 1))
}

impl Settled {
    pub(super) fn new(result: StepResult, note: impl Into<String>) -> Self {
        Self { result, note: note.into() }
    }

    /// A write that the API server took.
    pub(super) fn done(how: How, note: impl Into<String>) -> Self {
        let result = match how {
            How::ForReal => StepResult::Done,
            How::Rehearse => StepResult::WouldDo,
        };
        Self::new(result, note)
    }
}
