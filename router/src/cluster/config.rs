//! The part `cluster` of `watchfire.yaml`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::context;
use watchfire_core::yaml::{Mistake, expected};

use super::keep::default_annotations;

/// Our cluster: how it is called, how it is reached, what of it is shown.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Cluster")]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a mapping of name, alias, arn, vpc_id, access, look_up, annotations, deadline_ms, urgent_deadline_ms"
)]
pub struct Config {
    /// Its name; without one it is the name in the ARN. One of the two is required.
    pub name: Option<String>,
    /// What people call it, such as `prod`, for the titles of pages; without one its name. 1 to 32 characters.
    #[schemars(length(min = 1, max = 32))]
    pub alias: Option<String>,
    /// Its ARN. With it, events of another account or region are never matched; without it nothing but a UID is
    /// certain.
    pub arn: Option<String>,
    /// The VPC that its pods have their addresses in, `vpc-…`: with it, an address that a finding says to be in
    /// that VPC is certain, and one in another VPC is nobody's.
    pub vpc_id: Option<String>,
    /// How its API server is reached.
    pub access: Access,
    /// Whether it is watched, or asked for each event.
    pub look_up: LookUp,
    /// The annotations that are kept and shown; a trailing `*` means all that begin so.
    pub annotations: Vec<String>,
    /// How long an event waits for its context at most, in milliseconds, 1 to 30,000.
    #[schemars(range(min = 1, max = 30_000))]
    pub deadline_ms: u32,
    /// How long a P0 waits for it at most, in milliseconds, 1 to 30,000.
    #[schemars(range(min = 1, max = 30_000))]
    pub urgent_deadline_ms: u32,
}

/// How the API server is reached.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Access {
    /// From a pod of the cluster, by its service account.
    InCluster(InCluster),
    /// As a kubeconfig file says.
    Kubeconfig(KubeconfigAccess),
    /// From outside, by an IAM role with an EKS access entry: the Lambda.
    Eks(EksAccess),
}

/// Nothing to say: a pod has it all.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InCluster {}

/// A kubeconfig file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Kubeconfig")]
#[serde(deny_unknown_fields)]
pub struct KubeconfigAccess {
    /// The file.
    pub path: PathBuf,
    /// Its context; without one the current one.
    pub context: Option<String>,
}

/// The API server of an EKS cluster.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Eks")]
#[serde(deny_unknown_fields)]
pub struct EksAccess {
    /// `https://….eks.amazonaws.com`, as `aws eks describe-cluster` says.
    #[schemars(regex(pattern = "^https://"))]
    pub endpoint: String,
    /// `certificateAuthority.data` of the same answer: PEM in base64.
    pub certificate_authority: String,
}

/// Where answers come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LookUp {
    /// The cluster is watched, and what is needed is there when an event comes.
    #[default]
    Watch,
    /// Each event asks for what it needs: the Lambda, which does not live between events.
    Each,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: None,
            alias: None,
            arn: None,
            vpc_id: None,
            access: Access::InCluster(InCluster {}),
            look_up: LookUp::Watch,
            annotations: default_annotations(),
            deadline_ms: 2_000,
            urgent_deadline_ms: 250,
        }
    }
}

impl Config {
    /// Which cluster it is.
    ///
    /// # Errors
    /// What was expected: neither a name nor an ARN, not the ARN of a cluster, two names, or not a VPC's id.
    pub fn identity(&self) -> Result<context::Cluster, Mistake> {
        let named = match &self.arn {
            None => None,
            Some(arn) => Some(name_in(arn).ok_or_else(|| {
                expected("an ARN such as arn:aws:eks:us-east-1:123456789012:cluster/prod")
                    .found(format!("`{arn}`"))
            })?),
        };
        let name = match (self.name.as_deref(), named) {
            (Some(name), Some(named)) if name != named => {
                return Err(
                    expected(format!("the ARN of the cluster `{name}`")).found(format!("that of `{named}`"))
                );
            }
            (Some(""), _) | (None, None) => return Err(expected("a name or an ARN").found("neither")),
            (Some(name), _) | (None, Some(name)) => name.to_owned(),
        };
        if let Some(vpc) = self.vpc_id.as_deref().filter(|vpc| !is_vpc(vpc)) {
            return Err(expected("a VPC's id such as vpc-0123456789abcdef0").found(format!("`{vpc}`")));
        }
        Ok(context::Cluster { name, arn: self.arn.clone(), vpc: self.vpc_id.clone() })
    }
}

fn is_vpc(text: &str) -> bool {
    let id = text.strip_prefix("vpc-");
    id.is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// The cluster's name in its ARN.
pub(super) fn name_in(arn: &str) -> Option<&str> {
    let (_, _, resource) = parts(arn)?;
    resource.strip_prefix("cluster/").filter(|name| !name.is_empty() && !name.contains('/'))
}

/// Region, account and resource of an ARN of EKS.
pub(crate) fn parts(arn: &str) -> Option<(&str, &str, &str)> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", partition, "eks", region, account, resource] if partition.starts_with("aws") => {
            Some((region, account, resource))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const ARN: &str = "arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/prod";

    fn identity(name: Option<&str>, arn: Option<&str>) -> Result<context::Cluster, Mistake> {
        let text = |text: &str| text.to_owned();
        Config { name: name.map(text), arn: arn.map(text), ..Config::default() }.identity()
    }

    #[test]
    fn a_cluster_is_known_by_its_name_or_arn_and_not_by_two_names() {
        let prod =
            |arn: Option<&str>| context::Cluster { name: "prod".into(), arn: arn.map(Into::into), vpc: None };
        assert_eq!(identity(Some("prod"), None), Ok(prod(None)));
        assert_eq!(identity(None, Some(ARN)), Ok(prod(Some(ARN))));
        assert_eq!(identity(Some("prod"), Some(ARN)), Ok(prod(Some(ARN))));
        assert!(identity(Some("test"), Some(ARN)).unwrap_err().to_string().contains("found that of `prod`"));
        assert!(identity(None, None).unwrap_err().to_string().contains("a name or an ARN"));
        for wrong in ["", "prod", "arn:aws:sns:us-east-1:111122223333:cluster/prod", "arn:aws:eks:a:b:pod/x"]
        {
            assert!(
                identity(None, Some(wrong)).unwrap_err().to_string().contains("an ARN such as"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_vpc_is_known_by_its_id() {
        let of = |vpc: &str| {
            let config = Config { vpc_id: Some(vpc.to_owned()), arn: Some(ARN.into()), ..Config::default() };
            config.identity().map(|cluster| cluster.vpc)
        };
        assert_eq!(of("vpc-0123456789abcdef0"), Ok(Some("vpc-0123456789abcdef0".to_owned())));
        for wrong in ["", "vpc-", "subnet-1", "10.0.0.0/16", "vpc-1/2"] {
            assert!(of(wrong).unwrap_err().to_string().contains("a VPC's id such as"), "{wrong}");
        }
    }

    #[test]
    fn every_access_is_read_and_the_default_is_a_pod_that_watches() {
        let read = |yaml: &str| serde_saphyr::from_str::<Config>(yaml).unwrap();
        let config = read("name: prod");
        assert!(matches!(config.access, Access::InCluster(_)) && config.look_up == LookUp::Watch);
        assert_eq!((config.deadline_ms, config.urgent_deadline_ms), (2_000, 250));
        let eks = "{name: prod, look_up: each, access: {eks: {endpoint: 'https://x', certificate_authority: eA==}}}";
        assert!(matches!(read(eks).access, Access::Eks(_)));
        assert!(matches!(read("access: {kubeconfig: {path: k}}").access, Access::Kubeconfig(_)));
        assert!(serde_saphyr::from_str::<Config>("access: {vpn: {}}").is_err());
    }
}
