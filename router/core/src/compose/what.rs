//! The first line of a page in its parts: what happened, to what, where.

use crate::context::{Context, Place};
use crate::event::seen::Seen;
use crate::event::{Event, FindingSource, FindingState, Subject};
use crate::policy::Policy;
use crate::rules::Rule;
use crate::text::clean;

/// Longer texts are cut: the first line has less room than that.
const LONGEST: usize = 90;

/// Families of what has no other: the finder's own words say more.
const SAYS_NOTHING: [&str; 2] = ["other-guardduty", "unclassified"];

/// What happened, in a few words. GuardDuty's titles are sentences that name the resource, too; its types say it in two
/// words, and the rule's family in words that everyone knows: `Crypto mining (bitcoin tool)`.
pub(super) fn happened(event: &Event<'_>, seen: &Seen, rule: &Rule) -> String {
    let title = super::title(event);
    let told = match &event.finding {
        None if event.is_unreadable() => "Message that cannot be read".to_owned(),
        None => match &seen.headline {
            // That a call was made by way of CloudTrail says nothing, which call it was says all.
            Some(call) if title.ends_with("via CloudTrail") => call.clone(),
            Some(headline) => format!("{title} ({headline})"),
            None => title.to_owned(),
        },
        Some(finding) => match (finding.source, finding.kind.strip_prefix("Control:")) {
            (FindingSource::GuardDuty, _) => name_in(&finding.kind)
                .map_or_else(|| title.to_owned(), |name| with_family(&rule.family, name)),
            (FindingSource::CloudWatch, _) => format!("Alarm {title}"),
            (FindingSource::Prometheus, _) => format!("Alert {title}"),
            (FindingSource::CustomAction, _) => match finding.kind.strip_prefix("CustomAction:") {
                Some(button) if !button.is_empty() => format!("{button} pressed: {title}"),
                Some(_) | None => title.to_owned(),
            },
            (_, Some(control)) if finding.state == FindingState::Open => format!("{control} failed: {title}"),
            (_, _) => title.to_owned(),
        },
    };
    clean(&capital(&told), LONGEST)
}

/// `crypto mining (bitcoin tool)`; what the family says in other words, or says nothing of, is left to the type.
fn with_family(family: &str, name: String) -> String {
    let words = family.split('-').map(word).collect::<Vec<_>>().join(" ");
    let is_same = words.is_empty() || name.contains(&words) || words.contains(&name);
    match is_same || SAYS_NOTHING.contains(&family) {
        true => name,
        false => format!("{words} ({name})"),
    }
}

/// The name in a type of GuardDuty, `Purpose:Resource/Name.Variant!Artifact`, in words; none where it is no such type.
fn name_in(kind: &str) -> Option<String> {
    let (purpose, rest) = kind.split_once(':')?;
    let (resource, name) = rest.split_once('/')?;
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric());
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || ".!&".contains(c));
    if !plain(purpose) || !plain(resource) || !is_name {
        return None;
    }
    let parts = name.split(['.', '!']).enumerate();
    // A letter tells one method of finding it from another, which is nothing to act on.
    let parts = parts.filter(|(place, part)| *place == 0 || part.len() > 1);
    let parts: Vec<_> = parts.map(|(_, part)| in_words(part)).filter(|part| !part.is_empty()).collect();
    Some(parts.join(", ")).filter(|name| !name.is_empty())
}

/// `InstanceCredentialExfiltration` is `instance credential exfiltration`; `SSHBruteForce` keeps its SSH.
fn in_words(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (place, letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).map(|place| letters[place]);
        let is_next_lower = letters.get(place + 1).is_some_and(char::is_ascii_lowercase);
        let begins = letter.is_ascii_uppercase()
            && before.is_some_and(|before| before.is_ascii_lowercase() || is_next_lower)
            // One letter by itself is no word: `CGroups`.
            && words.last().is_some_and(|word| word.len() > 1);
        match words.last_mut() {
            Some(word) if !begins || word.is_empty() => word.push(*letter),
            Some(_) | None => words.push(letter.to_string()),
        }
    }
    let lower = |word: String| match word.chars().any(|c| c.is_ascii_lowercase()) || word.len() == 1 {
        true => word.to_ascii_lowercase(),
        false => word,
    };
    words.into_iter().map(lower).collect::<Vec<_>>().join(" ")
}

/// Abbreviations are written as such.
fn word(word: &str) -> String {
    match ["aws", "iam", "rbac"].contains(&word) {
        true => word.to_ascii_uppercase(),
        false => word.to_owned(),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `namespace/pod`, or whatever else the event is about; empty where it names nothing but cluster and account.
pub(super) fn to_whom(event: &Event<'_>, seen: &Seen, context: &Context) -> String {
    let subject = &event.subject;
    if event.is_unreadable() {
        // Of whom it is, without that it cannot be read.
        let sender = subject.resource.as_deref().and_then(|about| about.split_once(": "));
        return clean(sender.map_or("", |(_, sender)| sender), 160);
    }
    let pod = context.pod().map(|pod| pod.full_name());
    let within = |name: &String| match &subject.namespace {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name.clone(),
    };
    let workload = subject.workload.as_ref().map(|workload| &workload.name);
    let named = pod
        .or_else(|| subject.pod.as_ref().or(workload).map(within))
        .or_else(|| subject.instance.clone())
        .or_else(|| subject.node.clone())
        .or_else(|| subject.service_account.clone())
        .or_else(|| subject.principal.as_deref().map(in_arn))
        .or_else(|| subject.image.as_deref().map(image))
        .or_else(|| subject.resource.as_deref().map(in_arn))
        .unwrap_or_default();
    // An alarm's title is its name already.
    let is_said = named.rsplit([':', '/']).next().is_some_and(|last| super::title(event).contains(last));
    let is_pod = subject.pod.is_some() || subject.workload.is_some() || context.pod().is_some();
    if is_said && !is_pod && event.finding.as_ref().is_none_or(|finding| name_in(&finding.kind).is_none()) {
        return String::new();
    }
    let several = seen.resources.saturating_sub(1);
    let named = match (several, named.is_empty(), is_pod) {
        (0, _, _) | (_, _, true) => named,
        (_, true, false) => format!("{} resources", seen.resources),
        (more, false, false) => format!("{named} and {more} more"),
    };
    clean(&named, 160)
}

/// Without its registry and its digest.
fn image(reference: &str) -> String {
    let name = reference
        .split_once('/')
        .map_or(reference, |(registry, name)| if registry.contains(['.', ':']) { name } else { reference });
    name.split_once('@').map_or(name, |(name, _)| name).to_owned()
}

/// What an ARN says besides partition, service, region and account.
fn in_arn(resource: &str) -> String {
    match resource.strip_prefix("arn:") {
        Some(arn) => arn.splitn(5, ':').nth(4).unwrap_or(arn).to_owned(),
        None => resource.to_owned(),
    }
}

/// What its readers call the cluster, else the account; empty where neither is named.
pub(super) fn place(event: &Event<'_>, context: &Context, policy: &Policy) -> String {
    let subject = &event.subject;
    let ours = policy.mitigation.cluster.as_ref();
    let alias = alias(event, context, policy);
    let found = || ours.filter(|_| matches!(context.place, Place::Ours(_))).map(|ours| ours.name.clone());
    let account = || subject.account.as_ref().map(|account| format!("account {account}"));
    let place = alias.or_else(|| subject.cluster.clone()).or_else(found).or_else(account);
    clean(&place.unwrap_or_default(), 60)
}

/// What the configuration calls our cluster, where it happens there.
pub(super) fn alias(event: &Event<'_>, context: &Context, policy: &Policy) -> Option<String> {
    policy.pages.alias.clone().filter(|_| is_ours(&event.subject, context, policy))
}

/// Whether it happens in the cluster that the alias is of: it is named so, in its account as far as that is known, or was
/// found there.
fn is_ours(subject: &Subject, context: &Context, policy: &Policy) -> bool {
    let Some(ours) = &policy.mitigation.cluster else { return false };
    let is_account =
        |arn: &String| subject.account.as_ref().is_none_or(|account| arn.contains(account.as_str()));
    let is_named = subject.cluster.as_ref() == Some(&ours.name) && ours.arn.as_ref().is_none_or(is_account);
    match &context.place {
        Place::Ours(_) => true,
        Place::Foreign(_) => false,
        Place::None | Place::Unsaid => is_named,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_said_in_words() {
        let cases = [
            ("CryptoCurrency:Runtime/BitcoinTool.B", Some("bitcoin tool")),
            ("Backdoor:Runtime/C&CActivity.B!DNS", Some("C&C activity, DNS")),
            (
                "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
                Some("instance credential exfiltration, outside AWS"),
            ),
            ("UnauthorizedAccess:EC2/SSHBruteForce", Some("SSH brute force")),
            ("Discovery:Kubernetes/TorIPCaller", Some("tor IP caller")),
            ("AttackSequence:EKS/CompromisedCluster", Some("compromised cluster")),
            (
                "PrivilegeEscalation:Runtime/CGroupsReleaseAgentModified",
                Some("cgroups release agent modified"),
            ),
            ("Control:EKS.1", None),
            ("TTPs/Discovery/Recon:IAMUser-UserPermissions", None),
            ("a:b/<script>", None),
            ("a:b/", None),
        ];
        for (kind, expected) in cases {
            assert_eq!(name_in(kind).as_deref(), expected, "{kind}");
        }
    }

    #[test]
    fn names_are_told_without_what_is_the_same_everywhere() {
        let digest =
            format!("111122223333.dkr.ecr.us-east-1.amazonaws.com/pay/api@sha256:{}", "a".repeat(64));
        assert_eq!(image(&digest), "pay/api");
        assert_eq!(image("nginx:1.27"), "nginx:1.27");
        assert_eq!(image("library/nginx"), "library/nginx");
        assert_eq!(in_arn("arn:aws:s3:::bucket-1"), "bucket-1");
        assert_eq!(in_arn("arn:aws:cloudwatch:us-east-1:111122223333:alarm:x"), "alarm:x");
        assert_eq!(in_arn("bucket-1"), "bucket-1");
    }
}
