//! Where a service is called: the endpoint that the environment names, or the service's own in the region.

mod bucket;

use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;

use crate::clients::Partition;

/// The services that are called without an SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// Models.
    BedrockRuntime,
    /// How old what lies on a queue is.
    CloudWatch,
    /// The store of many workers.
    DynamoDb,
    /// Image scans.
    Ecr,
    /// Rules that bring events to queues.
    EventBridge,
    /// Findings by severity.
    GuardDuty,
    /// Policies on roles.
    Iam,
    /// What else reads a queue.
    Lambda,
    /// Evidence.
    S3,
    /// Secrets of the configuration.
    SecretsManager,
    /// Notes on findings; findings by severity.
    SecurityHub,
    /// Who hears of what is published.
    Sns,
    /// How a queue is set up.
    Sqs,
    /// Who calls.
    Sts,
}

/// Where a service is called, and for which region it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    service: Service,
    region: String,
    /// Without a path's last slash.
    endpoint: String,
}

/// Which of a service's own endpoints.
#[derive(Clone, Copy, Debug, Default)]
struct Variant {
    fips: bool,
    dual_stack: bool,
}

impl Service {
    /// As `AWS_ENDPOINT_URL_…` and `services` in a profile name it.
    fn id(self) -> &'static str {
        match self {
            Service::BedrockRuntime => "Bedrock Runtime",
            Service::CloudWatch => "CloudWatch",
            Service::DynamoDb => "DynamoDB",
            Service::Ecr => "ECR",
            Service::EventBridge => "EventBridge",
            Service::GuardDuty => "GuardDuty",
            Service::Iam => "IAM",
            Service::Lambda => "Lambda",
            Service::S3 => "S3",
            Service::SecretsManager => "Secrets Manager",
            Service::SecurityHub => "SecurityHub",
            Service::Sns => "SNS",
            Service::Sqs => "SQS",
            Service::Sts => "STS",
        }
    }

    /// As signatures name it.
    pub(super) fn signing_name(self) -> &'static str {
        match self {
            Service::BedrockRuntime => "bedrock",
            Service::CloudWatch => "monitoring",
            Service::DynamoDb => "dynamodb",
            Service::Ecr => "ecr",
            Service::EventBridge => "events",
            Service::GuardDuty => "guardduty",
            Service::Iam => "iam",
            Service::Lambda => "lambda",
            Service::S3 => "s3",
            Service::SecretsManager => "secretsmanager",
            Service::SecurityHub => "securityhub",
            Service::Sns => "sns",
            Service::Sqs => "sqs",
            Service::Sts => "sts",
        }
    }

    /// What is read of a refusal, in bytes.
    pub(super) fn most_said(self) -> usize {
        match self {
            // With the item that a condition did not hold for.
            Service::DynamoDb => 1024 * 1024,
            Service::BedrockRuntime
            | Service::CloudWatch
            | Service::Ecr
            | Service::EventBridge
            | Service::GuardDuty
            | Service::Iam
            | Service::Lambda
            | Service::S3
            | Service::SecretsManager
            | Service::SecurityHub
            | Service::Sns
            | Service::Sqs
            | Service::Sts => 64 * 1024,
        }
    }

    /// What is read of an answer, in bytes.
    pub(super) fn most_read(self) -> usize {
        match self {
            // Whatever evidence has in one file: 16 MiB of a log, 500 objects of a cluster.
            Service::S3 => 256 * 1024 * 1024,
            // 1,000 findings, each with its description, links and packages; 16 MB of items, a third more in base64; 100
            // findings of 240 KB.
            Service::Ecr | Service::DynamoDb | Service::SecurityHub => 32 * 1024 * 1024,
            // An answer of some hundred tokens; what a guardrail found, with it.
            Service::BedrockRuntime => 256 * 1024,
            // A policy of 10,240 characters, three of ours for each; a secret of 65,536 bytes, six for each; 100 counts.
            Service::GuardDuty | Service::Iam | Service::SecretsManager | Service::Sts => 512 * 1024,
            // A page of 100 names of rules, of 100 subscriptions, of 100 mappings; the attributes of a queue, its policy of
            // 65,536 bytes in them.
            Service::CloudWatch | Service::EventBridge | Service::Lambda | Service::Sns | Service::Sqs => {
                1024 * 1024
            }
        }
    }
}

impl Place {
    /// Where the service's SDK calls it. As there, a configured endpoint does not go with the choice of FIPS or dual
    /// stack, since nobody could tell whether it is one.
    pub(in crate::aws) fn of(service: Service, aws: &SdkConfig, region: &str) -> Result<Self, String> {
        let fips = aws.use_fips().unwrap_or_default();
        let dual_stack = aws.use_dual_stack().unwrap_or_default();
        match configured(service, aws) {
            Some(_) if fips => {
                Err("a configured endpoint and AWS_USE_FIPS_ENDPOINT exclude each other".to_owned())
            }
            Some(_) if dual_stack => {
                Err("a configured endpoint and AWS_USE_DUALSTACK_ENDPOINT exclude each other".to_owned())
            }
            Some(endpoint) => match endpoint.parse::<reqwest::Url>() {
                Ok(url) => Ok(Self::at(service, region, &url)),
                Err(error) => Err(format!("configured endpoint `{}`: {error}", endpoint.escape_debug())),
            },
            None => Self::own(service, region, Variant { fips, dual_stack }),
        }
    }

    /// At an endpoint that is known.
    pub(crate) fn at(service: Service, region: &str, endpoint: &reqwest::Url) -> Self {
        let endpoint = endpoint.as_str().trim_end_matches('/').to_owned();
        Self { service, region: region.to_owned(), endpoint }
    }

    /// At the service's own endpoint in the region.
    ///
    /// # Errors
    /// It is no region.
    pub(crate) fn regional(service: Service, region: &str) -> Result<Self, String> {
        Self::own(service, region, Variant::default())
    }

    /// The same, the one for FIPS.
    ///
    /// # Errors
    /// It is no region.
    pub(crate) fn regional_fips(service: Service, region: &str) -> Result<Self, String> {
        Self::own(service, region, Variant { fips: true, dual_stack: false })
    }

    /// In a bucket of S3.
    pub(super) fn in_bucket(self, bucket: &str) -> Self {
        Self { endpoint: bucket::endpoint(&self.endpoint, bucket), ..self }
    }

    fn own(service: Service, region: &str, variant: Variant) -> Result<Self, String> {
        // It becomes part of a host's name, and may come from an event.
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if region.is_empty() || !region.bytes().all(plain) {
            return Err(format!("`{}`: no region", region.escape_debug()));
        }
        let partition = Partition::of(region);
        if service == Service::S3 && variant.fips && partition == Partition::China {
            return Err("S3 has no endpoint for FIPS in China".to_owned());
        }
        let signed_for = match service {
            Service::Iam => home(partition),
            Service::BedrockRuntime
            | Service::CloudWatch
            | Service::DynamoDb
            | Service::Ecr
            | Service::EventBridge
            | Service::GuardDuty
            | Service::Lambda
            | Service::S3
            | Service::SecretsManager
            | Service::SecurityHub
            | Service::Sns
            | Service::Sqs
            | Service::Sts => region,
        };
        let endpoint = format!("https://{}", host(service, region, variant));
        Ok(Self { service, region: signed_for.to_owned(), endpoint })
    }

    pub(super) fn service(&self) -> Service {
        self.service
    }

    pub(super) fn region(&self) -> &str {
        &self.region
    }

    pub(in crate::aws) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.endpoint)
    }
}

/// The endpoint that environment or profile name, for this service or for all.
pub(crate) fn configured(service: Service, aws: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id(service.id())
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .expect("every part of it is set");
    let own = aws.service_config().and_then(|config| config.load_config(key));
    own.or_else(|| aws.endpoint_url().map(str::to_owned))
}

/// As AWS's rules for endpoints have it, which its SDKs carry.
fn host(service: Service, region: &str, variant: Variant) -> String {
    let Variant { fips, dual_stack } = variant;
    let partition = Partition::of(region);
    let fips_name = if fips { "-fips" } else { "" };
    let suffix = if dual_stack { partition.dual_stack_suffix() } else { partition.suffix() };
    match service {
        // GovCloud's own is the one for FIPS.
        Service::DynamoDb | Service::Sns | Service::Sqs
            if fips && partition == Partition::Gov && !dual_stack =>
        {
            format!("{}.{region}.{suffix}", service.signing_name())
        }
        Service::CloudWatch | Service::EventBridge if partition == Partition::Gov => {
            format!("{}.{region}.{suffix}", service.signing_name())
        }
        Service::GuardDuty if fips && partition == Partition::Gov && !dual_stack => {
            format!("guardduty.{region}.{suffix}")
        }
        Service::CloudWatch
        | Service::DynamoDb
        | Service::EventBridge
        | Service::GuardDuty
        | Service::Lambda
        | Service::Sns
        | Service::Sqs => format!("{}{fips_name}.{region}.{suffix}", service.signing_name()),
        Service::BedrockRuntime => format!("bedrock-runtime{fips_name}.{region}.{suffix}"),
        Service::Ecr if dual_stack => format!("ecr{fips_name}.{region}.{suffix}"),
        Service::Ecr => format!("api.ecr{fips_name}.{region}.{suffix}"),
        Service::Iam => iam_host(partition, variant),
        Service::S3 => {
            let both = if dual_stack { ".dualstack" } else { "" };
            format!("s3{fips_name}{both}.{region}.{}", partition.suffix())
        }
        Service::SecretsManager => {
            let both_by_one_name = match partition {
                Partition::Aws | Partition::Gov => true,
                Partition::China => !fips,
                Partition::Europe | Partition::Iso | Partition::IsoB | Partition::IsoE | Partition::IsoF => {
                    false
                }
            };
            let suffix = if both_by_one_name { partition.suffix() } else { suffix };
            format!("secretsmanager{fips_name}.{region}.{suffix}")
        }
        Service::SecurityHub => format!("securityhub{fips_name}.{region}.{}", partition.suffix()),
        // GovCloud's own is the one for FIPS.
        Service::Sts if fips && partition == Partition::Gov => format!("sts.{region}.{}", partition.suffix()),
        Service::Sts => format!("sts{fips_name}.{region}.{suffix}"),
    }
}

/// One for a whole partition.
fn iam_host(partition: Partition, variant: Variant) -> String {
    let Variant { fips, dual_stack } = variant;
    let home = format!("{}.", home(partition));
    let place = match partition {
        Partition::Gov => "us-gov.",
        Partition::Aws if dual_stack => "global.",
        Partition::Aws => "",
        Partition::China | Partition::Europe if fips => "",
        Partition::China | Partition::Europe if dual_stack => "global.",
        Partition::China | Partition::Europe => &home,
        Partition::Iso | Partition::IsoB if dual_stack => "",
        Partition::Iso | Partition::IsoB => &home,
        Partition::IsoE | Partition::IsoF if fips || dual_stack => "",
        Partition::IsoE | Partition::IsoF => &home,
    };
    // GovCloud's is the one for FIPS.
    let name = if fips && partition != Partition::Gov { "iam-fips" } else { "iam" };
    let suffix = if dual_stack { partition.dual_stack_suffix() } else { partition.suffix() };
    format!("{name}.{place}{suffix}")
}

/// The region that IAM of a whole partition is in.
fn home(partition: Partition) -> &'static str {
    match partition {
        Partition::Aws => "us-east-1",
        Partition::Gov => "us-gov-west-1",
        Partition::China => "cn-north-1",
        Partition::Europe => "eusc-de-east-1",
        Partition::Iso => "us-iso-east-1",
        Partition::IsoB => "us-isob-east-1",
        Partition::IsoE => "eu-isoe-west-1",
        Partition::IsoF => "us-isof-south-1",
    }
}

#[cfg(test)]
mod tests;
