//! Which open incidents cover others: found by what they have in common, without looking through all of them.

use std::collections::BTreeSet;

use crate::attributes::Attributes;
use crate::decision::Because;
use crate::draft::Draft;
use crate::event::Finding;
use crate::hash::keyed;
use crate::ids::{FindingKey, IncidentKey, InhibitionKey};
use crate::incident::IncidentRecord;
use crate::noise::{InhibitionRecord, Noise};
use crate::state::{Key, Merge};

/// One place to look for a cover.
pub(crate) struct InhibitionPlace {
    pub(crate) key: InhibitionKey,
    pub(crate) inhibition: String,
    pub(crate) covers_p0: bool,
}

/// Where to look for what covers this.
pub(crate) fn covers_of(noise: &Noise, face: &Attributes, finding: Option<&Finding>) -> Vec<InhibitionPlace> {
    let json = face.json();
    let campaign = finding.and_then(|finding| {
        let key = campaign_key(face, &finding.key)?;
        Some(InhibitionPlace { key, inhibition: "attack-sequence".to_owned(), covers_p0: true })
    });
    let configured = noise.inhibitions.iter().filter(|inhibition| inhibition.target.matches(&json));
    let configured = configured.filter_map(|inhibition| {
        let key = key_of(&inhibition.name, &face.equals(&inhibition.equal)?);
        Some(InhibitionPlace { key, inhibition: inhibition.name.clone(), covers_p0: inhibition.covers_p0 })
    });
    campaign.into_iter().chain(configured).collect()
}

/// Where it has to be remembered that this incident covers others.
pub(crate) fn covering(
    noise: &Noise,
    face: &Attributes,
    finding: Option<&Finding>,
) -> BTreeSet<InhibitionKey> {
    let json = face.json();
    let members = finding.into_iter().flat_map(|finding| finding.members.iter());
    let members = members.filter_map(|member| campaign_key(face, member));
    let configured = noise.inhibitions.iter().filter(|inhibition| inhibition.source.matches(&json));
    let configured =
        configured.filter_map(|inhibition| Some(key_of(&inhibition.name, &face.equals(&inhibition.equal)?)));
    members.chain(configured).collect()
}

/// The incident begins to cover.
pub(crate) fn adopting(
    draft: &mut Draft<'_>,
    incident: &IncidentKey,
    record: &mut IncidentRecord,
    covers: BTreeSet<InhibitionKey>,
) {
    for key in covers {
        if record.covers.contains(&key) {
            continue;
        }
        if draft.cover(&key).is_none_or(|cover| cover.by.len() < InhibitionRecord::MOST) {
            let covers = Merge::Cover(incident.clone());
            draft.merge(Key::Inhibition(key.clone()), covers, Because::Covers);
            record.covers.insert(key);
        }
    }
}

/// The incident ceases to cover.
pub(crate) fn uncovering(draft: &mut Draft<'_>, incident: &IncidentKey, record: &mut IncidentRecord) {
    for key in std::mem::take(&mut record.covers) {
        let uncovers = Merge::Uncover(incident.clone());
        draft.merge(Key::Inhibition(key), uncovers, Because::CoversNoLonger);
    }
}

fn key_of(inhibition: &str, values: &[String]) -> InhibitionKey {
    let parts: Vec<_> = [inhibition].into_iter().chain(values.iter().map(String::as_str)).collect();
    InhibitionKey::new(keyed("cover", &parts))
}

/// Of a finding of the same account: nobody else's sequence covers it, whatever that claims for its members.
fn campaign_key(face: &Attributes, member: &FindingKey) -> Option<InhibitionKey> {
    let account = face.subject.account.as_deref()?;
    Some(InhibitionKey::new(keyed("campaign", &[account, member.as_str()])))
}
