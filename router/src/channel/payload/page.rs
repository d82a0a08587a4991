//! A page as JSON, by the names that are documented: whole, or as little of it as anybody takes.

use serde_json::{Value, json};
use watchfire_core::decision::Effect;
use watchfire_core::notice::{Fault, Ids, WordedJson};

use super::Form;
use crate::channel::Dispatch;

/// All of it, as it is worded.
pub(in crate::channel) fn whole(dispatch: &Dispatch<'_>, form: &Form) -> Value {
    worded(dispatch, form).json
}

/// Which templates cannot be used for it.
pub(in crate::channel) fn faults(effect: &Effect, form: &Form) -> Vec<Fault> {
    if form.wording_of(effect).has_own() { worded(&Dispatch::alone(effect), form).faults } else { Vec::new() }
}

fn worded(dispatch: &Dispatch<'_>, form: &Form) -> WordedJson {
    let Effect { kind, dedup_key, notice, .. } = dispatch.effect;
    let notice = form.profile.told(notice, &form.leave_out);
    form.wording_of(dispatch.effect).json(&notice, *kind, Ids { id: &dispatch.id, dedup_key })
}

/// What it is about and how urgent it is, by the names that the whole page has.
pub(in crate::channel) fn bare(dispatch: &Dispatch<'_>, form: &Form) -> Value {
    let Effect { kind, dedup_key, notice, .. } = dispatch.effect;
    let notice = form.profile.told(notice, &form.leave_out);
    json!({
        "version": 1,
        "id": dispatch.id,
        "dedup_key": dedup_key,
        "effect": kind.as_str(),
        "priority": notice.priority.as_str(),
        "sample": notice.sample,
        "drill": notice.drill,
        "title": notice.subject(*kind),
        "incident": notice.incident,
        "link": notice.head.link.as_deref().unwrap_or_default(),
        "cut": true,
    })
}
