//! What an OCSF resource tells about the subject, in each of the four layouts that were seen.
//!
//! A: `data` in snake case; B: a `device`, perhaps with a container in it; C: `data.awsEc2InstanceDetails`
//! and its like; D: `data` is a JSON text of ASFF's details.

use super::asff_resource::{Kind, part};
use super::read::{at, first_text, list, text};
use super::{Container, Subject, Thing, names};
use crate::json::Json;

/// Fills in what one of `resources` tells and an earlier one has not.
pub(super) fn fill(resource: &Json<'_>, subject: &mut Subject) {
    let within;
    let data = match at(resource, "data") {
        Some(Json::String(text)) => {
            within = Json::read(text).0;
            Some(&within)
        }
        data => data,
    };
    let word = text(resource, "type").unwrap_or_default();
    let kind = Kind::of(&word);
    let uid = first_text(resource, &["uid", "name"]);
    if let Some(device) = at(resource, "device") {
        fill_device(device, subject);
    }
    let instance = data.and_then(|data| text(data, "instance_id")).or_else(|| uid.clone());
    let kind = match kind {
        Kind::Other if instance.as_deref().is_some_and(|id| id.starts_with("i-")) => Kind::Instance,
        kind => kind,
    };
    let thing = match kind {
        Kind::Instance => Some(Thing::Instance),
        _ => Thing::of(&word),
    };
    subject.thing = subject.thing.take().max(thing);
    let id = if kind == Kind::Instance { instance } else { uid };
    part(kind, id.as_deref(), data, subject);
    let interface = |name: &str| data.and_then(|data| text(data, &format!("network_interfaces.0.{name}")));
    if subject.ip.is_none() {
        let first = || interface("private_ip_addresses.0.private_ip_address");
        subject.ip = interface("private_ip_address").or_else(first).map(|ip| names::address(&ip));
    }
    subject.vpc = subject.vpc.take().or_else(|| interface("vpc_id"));
    if subject.cluster.is_none() {
        let tags = at(resource, "tags");
        subject.cluster = names::cluster_in_tags(tags)
            .or_else(|| names::cluster_in_tags(data.and_then(|data| at(data, "tags"))));
    }
}

fn fill_device(device: &Json<'_>, subject: &mut Subject) {
    let instance = text(device, "uid").filter(|uid| uid.contains("i-"));
    subject.instance = subject.instance.take().or(instance.and_then(|uid| names::instance_id(&uid)));
    let addresses = list(device, "network_interfaces").iter().filter_map(|it| at(it, "ip")?.as_str());
    subject.ip = subject.ip.take().or_else(|| names::only_private_ip(addresses));
    let Some(container) = at(device, "container") else { return };
    let image = names::image(text(container, "image.name"), text(container, "image.uid"));
    subject.image = subject.image.take().or(image);
    let id = text(container, "uid").and_then(|id| names::container_id(&id));
    let found = Container { name: text(container, "name"), id };
    if subject.container.is_none() && found != Container::default() {
        subject.container = Some(found);
    }
}
