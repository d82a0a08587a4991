//! What a Security Hub resource tells about the subject; older OCSF findings carry the same objects.

use super::read::{at, first_text, list, text};
use super::{Container, Subject, Thing, names};
use crate::json::Json;

/// The kinds of resource that are a part of the subject with a name of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Cluster,
    Instance,
    Container,
    Image,
    AccessKey,
    /// An IAM role or user.
    Identity,
    Account,
    Other,
}

impl Kind {
    /// By the word in ASFF (`AwsEksCluster`) or CloudFormation (`AWS::EKS::Cluster`).
    pub(super) fn of(word: &str) -> Self {
        let word: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
        match word.to_ascii_lowercase().as_str() {
            "awsekscluster" => Kind::Cluster,
            "awsec2instance" => Kind::Instance,
            "container" | "awscontainercontainer" => Kind::Container,
            "awsecrcontainerimage" => Kind::Image,
            "awsiamaccesskey" => Kind::AccessKey,
            "awsiamrole" | "awsiamuser" => Kind::Identity,
            "awsaccount" | "awsawsaccount" => Kind::Account,
            _ => Kind::Other,
        }
    }

    /// Its details' name; the details are sometimes there without it, sometimes with `Details` behind it.
    fn wrapper(self) -> Option<&'static str> {
        match self {
            Kind::Cluster => Some("AwsEksCluster"),
            Kind::Instance => Some("AwsEc2Instance"),
            Kind::Container => Some("Container"),
            Kind::Image => Some("AwsEcrContainerImage"),
            Kind::AccessKey => Some("AwsIamAccessKey"),
            Kind::Identity | Kind::Account | Kind::Other => None,
        }
    }
}

/// Fills in what one of `Resources` tells and an earlier one has not.
pub(super) fn fill(resource: &Json<'_>, subject: &mut Subject) {
    let word = text(resource, "Type").unwrap_or_default();
    let kind = Kind::of(&word);
    subject.thing = subject.thing.take().max(Thing::of(&word));
    let id = text(resource, "Id");
    part(kind, id.as_deref(), at(resource, "Details"), subject);
    if subject.cluster.is_none() {
        subject.cluster = names::cluster_in_tags(at(resource, "Tags"));
    }
}

/// Fills in one resource by its kind, its id and its details.
pub(super) fn part(kind: Kind, id: Option<&str>, details: Option<&Json<'_>>, subject: &mut Subject) {
    let nothing = Json::Null;
    let details = details.map_or(&nothing, |details| unwrapped(kind, details));
    let mut or = |part: fn(&mut Subject) -> &mut Option<String>, value: Option<String>| {
        let part = part(subject);
        *part = part.take().or(value);
    };
    match kind {
        Kind::Cluster => {
            let arn = id.map(str::to_owned).filter(|id| names::is_arn(id)).or_else(|| text(details, "Arn"));
            let name = text(details, "Name").or_else(|| id.and_then(names::last_segment));
            or(|it| &mut it.cluster, name);
            or(|it| &mut it.cluster_arn, arn.filter(|arn| names::is_arn(arn)));
        }
        Kind::Instance => {
            let addresses = ["IpV4Addresses", "IpV6Addresses"].map(|name| list(details, name));
            let addresses = addresses.into_iter().flatten().filter_map(Json::as_str);
            or(|it| &mut it.ip, names::only_private_ip(addresses));
            or(|it| &mut it.vpc, text(details, "VpcId"));
            or(|it| &mut it.instance, id.and_then(names::instance_id));
            // A machine that is none of EC2's, `mi-…`, or one more, is what it is about all the same.
            let is_first = |id: &&str| names::instance_id(id).is_some_and(|id| subject.instance == Some(id));
            let other = id.filter(|id| !is_first(id));
            other.into_iter().for_each(|id| subject.is_about(id.to_owned()));
        }
        Kind::Container => {
            or(|it| &mut it.image, names::image(text(details, "ImageName"), text(details, "ImageId")));
            let id = id.and_then(names::container_id).filter(|id| names::is_container_id(id));
            let found = Container { name: text(details, "Name"), id };
            if subject.container.is_none() && found != Container::default() {
                subject.container = Some(found);
            }
        }
        Kind::Image => match image(id, details) {
            Some(image) => or(|it| &mut it.image, Some(image)),
            None => id.into_iter().for_each(|id| subject.is_about(id.to_owned())),
        },
        Kind::AccessKey => {
            let named = ["UserName", "PrincipalName", "user_name", "PrincipalId", "AccessKeyId"];
            // The hub fills a key that it does not know into its id, as a word.
            let known = id.filter(|id| *id != "AWS::IAM::AccessKey:null");
            let of_id = || known?.rsplit(':').next().and_then(super::read::present).map(str::to_owned);
            or(|it| &mut it.principal, first_text(details, &named).or_else(of_id));
        }
        Kind::Identity => or(|it| &mut it.principal, id.and_then(names::last_segment)),
        Kind::Account => {}
        Kind::Other => id.into_iter().for_each(|id| subject.is_about(id.to_owned())),
    }
}

fn unwrapped<'v, 'a>(kind: Kind, details: &'v Json<'a>) -> &'v Json<'a> {
    let Some(wrapper) = kind.wrapper() else { return details };
    at(details, wrapper).or_else(|| at(details, &format!("{wrapper}Details"))).unwrap_or(details)
}

/// `repository@sha256:…`, from the details or from the ARN `…:repository/NAME/sha256:DIGEST`.
fn image(id: Option<&str>, details: &Json<'_>) -> Option<String> {
    let known = text(details, "RepositoryName").zip(text(details, "ImageDigest"));
    let known = known.map(|(repository, digest)| format!("{repository}@{digest}"));
    known.or_else(|| {
        let (_, path) = id?.split_once(":repository/")?;
        let (repository, digest) = path.rsplit_once('/')?;
        digest.starts_with("sha256:").then(|| format!("{repository}@{digest}"))
    })
}
