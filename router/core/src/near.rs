//! Which known name somebody may have meant.

/// `did you mean …?` where one is near, else all that are known.
pub fn near<'n>(name: &str, known: impl Iterator<Item = &'n str> + Clone) -> String {
    match nearest(name, known.clone()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => {
            let known: Vec<_> = known.map(|name| format!("`{name}`")).collect();
            format!("expected one of {}", known.join(", "))
        }
    }
}

/// The known name with the fewest letters between, if they are few: a third of them at most.
pub(crate) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let plain = |name: &str| name.to_lowercase().replace(['-', '_', ' '], "");
    let wanted = plain(name);
    let most = wanted.chars().count() / 3;
    let distances = known.map(|known| (strsim::osa_distance(&wanted, &plain(known)), known));
    distances.filter(|(distance, _)| *distance <= most).min().map(|(_, known)| known)
}
