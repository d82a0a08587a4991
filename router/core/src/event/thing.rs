//! What kind of thing a finding says that it is about: only some of them can be a pod.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::read::at;
use crate::json::Json;

/// The kind of a finding's resource. Of several the greatest counts: what shows that no pod is meant goes
/// before what leaves it open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    /// An access key, an IAM role or user: at most, the pods that have it are known.
    Identity,
    /// An EC2 instance. It may be a node, and what happens on it may happen in a pod.
    Instance,
    /// A container, whatever runs it.
    Container,
    /// An EKS cluster, or something in one.
    Kubernetes,
    /// A kind that is not known, in the finding's word: it may be a pod, and nothing is sure about it.
    Unknown(String),
    /// Something that no pod is, in the finding's word: an ECS cluster, a function, a database, a bucket.
    Other(String),
}

impl Thing {
    /// By the word of GuardDuty (`EKSCluster`, in attack sequences `EKS_CLUSTER`), of ASFF (`AwsEksCluster`) or
    /// of CloudFormation (`AWS::EKS::Cluster`). None for a word that says nothing of where it happens.
    pub(super) fn of(word: &str) -> Option<Self> {
        let letters: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
        let letters = letters.to_ascii_lowercase();
        let of_aws = letters.strip_prefix("aws");
        let kind = of_aws.unwrap_or(&letters);
        let begins = |with: &[&str]| with.iter().any(|with| kind.starts_with(with));
        match kind {
            "" | "account" | "awsaccount" | "attacksequence" | "ecrcontainerimage" => None,
            "container" | "containercontainer" => Some(Thing::Container),
            "instance" | "ec2instance" => Some(Thing::Instance),
            "accesskey" => Some(Thing::Identity),
            _ if begins(&["eks", "kubernetes"]) => Some(Thing::Kubernetes),
            _ if begins(&["iam"]) => Some(Thing::Identity),
            _ if of_aws.is_some() || begins(&NO_PODS) => Some(Thing::Other(word.trim().to_owned())),
            _ => Some(Thing::Unknown(word.trim().to_owned())),
        }
    }

    /// Of GuardDuty's `resource`: its word, and the details that only things have that are no pods. Without a
    /// word, the details.
    pub(super) fn of_guardduty(resource: &Json<'_>, word: Option<&str>) -> Option<Self> {
        let has = |part: &str| at(resource, part).is_some_and(says_something);
        let no_pod = NO_POD_DETAILS.iter().find(|(part, _)| has(part));
        let no_pod = no_pod.map(|(_, word)| Thing::Other((*word).to_owned()));
        let by_details = || {
            let details = [
                (["eksClusterDetails", "kubernetesDetails"], Thing::Kubernetes),
                (["containerDetails", "containerDetails"], Thing::Container),
                (["instanceDetails", "instanceDetails"], Thing::Instance),
                (["accessKeyDetails", "accessKeyDetails"], Thing::Identity),
            ];
            let found = details.into_iter().find(|(parts, _)| parts.iter().any(|part| has(part)));
            found.map(|(_, thing)| thing)
        };
        match word {
            Some(word) => Thing::of(word).max(no_pod),
            None => no_pod.or_else(by_details),
        }
    }
}

/// How GuardDuty's words for things begin that no pod is.
const NO_PODS: [&str; 11] =
    ["ecs", "lambda", "rds", "s3", "ebs", "ec2", "dynamodb", "ecr", "bedrock", "sagemaker", "backup"];

/// Details that GuardDuty gives of things that no pod is.
const NO_POD_DETAILS: [(&str, &str); 3] = [
    ("ecsClusterDetails", "ECSCluster"),
    ("lambdaDetails", "Lambda"),
    ("rdsDbInstanceDetails", "RDSDBInstance"),
];

/// The SDKs print members that are not there as empty objects and lists.
fn says_something(json: &Json<'_>) -> bool {
    match json {
        Json::Null => false,
        Json::String(text) => !text.trim().is_empty(),
        Json::Bool(_) | Json::Number(_) => true,
        Json::Array(elements) => elements.iter().any(says_something),
        Json::Object(members) => members.iter().any(|(_, value)| says_something(value)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_feeds_word_for_a_thing_is_known_and_what_is_new_is_not_guessed() {
        let other = |word: &str| Some(Thing::Other(word.to_owned()));
        let cases = [
            ("EKSCluster", Some(Thing::Kubernetes)),
            ("EKS_CLUSTER", Some(Thing::Kubernetes)),
            ("KUBERNETES_WORKLOAD", Some(Thing::Kubernetes)),
            ("AwsEksCluster", Some(Thing::Kubernetes)),
            ("AWS::EKS::Cluster", Some(Thing::Kubernetes)),
            ("Container", Some(Thing::Container)),
            ("AWS::Container::Container", Some(Thing::Container)),
            ("Instance", Some(Thing::Instance)),
            ("AwsEc2Instance", Some(Thing::Instance)),
            ("EC2_INSTANCE", Some(Thing::Instance)),
            ("AccessKey", Some(Thing::Identity)),
            ("AwsIamAccessKey", Some(Thing::Identity)),
            ("AWS::IAM::Role", Some(Thing::Identity)),
            ("ECSCluster", other("ECSCluster")),
            ("AwsEcsTask", other("AwsEcsTask")),
            ("AWS::ECS::Cluster", other("AWS::ECS::Cluster")),
            ("Lambda", other("Lambda")),
            ("AwsLambdaFunction", other("AwsLambdaFunction")),
            ("RDSDBInstance", other("RDSDBInstance")),
            ("RDSLimitlessDB", other("RDSLimitlessDB")),
            ("S3Bucket", other("S3Bucket")),
            ("S3Object", other("S3Object")),
            ("EBSSnapshot", other("EBSSnapshot")),
            ("EC2Image", other("EC2Image")),
            ("EC2RecoveryPoint", other("EC2RecoveryPoint")),
            ("AwsEc2Volume", other("AwsEc2Volume")),
            ("EKS", Some(Thing::Kubernetes)),
            ("AwsAccount", None),
            ("AWS::AWS::Account", None),
            ("AttackSequence", None),
            ("AwsEcrContainerImage", None),
            ("", None),
            ("Spaceship", Some(Thing::Unknown("Spaceship".to_owned()))),
            ("null", Some(Thing::Unknown("null".to_owned()))),
        ];
        for (word, expected) in cases {
            assert_eq!(Thing::of(word), expected, "{word}");
        }
    }

    #[test]
    fn details_of_what_no_pod_is_count_whatever_the_word() {
        let of = |json: &str, word: Option<&str>| Thing::of_guardduty(&Json::parse(json).unwrap(), word);
        let other = |word: &str| Some(Thing::Other(word.to_owned()));
        let eks = r#"{"eksClusterDetails": {"name": "prod"}, "lambdaDetails": {}, "ecsClusterDetails": {"tags": []}}"#;
        assert_eq!(of(eks, Some("EKSCluster")), Some(Thing::Kubernetes));
        assert_eq!(of(eks, None), Some(Thing::Kubernetes));
        let ecs = r#"{"containerDetails": {"id": "c"}, "ecsClusterDetails": {"name": "prod"}}"#;
        assert_eq!(of(ecs, Some("Container")), other("ECSCluster"));
        assert_eq!(of(ecs, None), other("ECSCluster"));
        assert_eq!(of(r#"{"instanceDetails": {"instanceId": "i-1"}}"#, None), Some(Thing::Instance));
        assert_eq!(of("{}", None), None);
    }

    #[test]
    fn of_several_things_that_which_no_pod_is_counts() {
        let greatest = |words: &[&str]| words.iter().filter_map(|word| Thing::of(word)).max();
        let other = |word: &str| Some(Thing::Other(word.to_owned()));
        assert_eq!(greatest(&["AwsEc2Instance", "Container", "AwsEksCluster"]), Some(Thing::Kubernetes));
        assert_eq!(greatest(&["Container", "AwsEcsCluster"]), other("AwsEcsCluster"));
        assert_eq!(greatest(&["AwsEksCluster", "Other"]), Some(Thing::Unknown("Other".to_owned())));
        assert_eq!(greatest(&["AwsIamAccessKey", "AwsEc2Instance"]), Some(Thing::Instance));
    }
}
