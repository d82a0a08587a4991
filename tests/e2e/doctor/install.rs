//! An installation in which everything is as it should be, of which a test breaks one thing.

use serde_json::{Value, json};
use tempfile::TempDir;
use watchfire::store::DynamoDb;
use watchfire_tests::cluster::Cluster;
use watchfire_tests::smtp::Smtp;
use watchfire_tests::{
    AwsApi, AwsProxy, Configuration, Ministack, Output, PagerDuty, Twist, between, repository,
    watchfire_calling,
};

/// As ministack has it, in the region of every test.
const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-gov-west-1";
/// How often a message is received before it is given up.
const RECEIVES: u32 = 5;
const DAY: u64 = 86_400;
/// A zip with nothing in it: the function is looked at, and never started.
const PACKAGE: &str = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";

/// All of it, each with a name of its own.
pub(super) struct Install {
    /// What every name begins with.
    pub(super) name: String,
    /// AWS, as a test speaks to it.
    pub(super) aws: AwsApi,
    /// AWS, as `doctor` sees it.
    pub(super) proxy: AwsProxy,
    pub(super) cluster: Cluster,
    pub(super) pagerduty: PagerDuty,
    pub(super) configuration: Configuration,
    /// What is set beside the usual.
    pub(super) variables: Vec<(&'static str, String)>,
    /// What `doctor` is given beside `--config`.
    pub(super) arguments: Vec<String>,
    pub(super) folder: TempDir,
    mailbox: u16,
}

impl Install {
    /// As infra/terraform, infra/kubernetes and infra/README.md have it.
    pub(super) async fn sound(number: usize, mail: &Smtp) -> Self {
        let aws = Ministack::alone();
        let proxy = AwsProxy::start(aws.endpoint()).await;
        let (cluster, folder) = (Cluster::fresh().await, tempfile::tempdir().unwrap());
        let pagerduty = PagerDuty::start().await;
        pagerduty.know_only(Configuration::ROUTING_KEY);
        let name = format!("wf{number}x");
        let queue = |queue: &str| json!({"url": format!("{}/{ACCOUNT}/{name}-{queue}", aws.endpoint()), "name": queue, "max_receives": RECEIVES});
        let kubeconfig = cluster.proxy().kubeconfig(folder.path());
        let topic = json!({"sns": {"topic_arn": format!("arn:aws:sns:{REGION}:{ACCOUNT}:{name}-alerts")}});
        let configuration = Configuration::new(&pagerduty.url())
            .set("queues", json!([queue("urgent"), queue("alerts")]))
            .set("store", json!({"dynamodb": {"table": format!("{name}-store")}}))
            .set("evidence", json!({"to": {"s3": {"bucket": format!("{name}-evidence")}}}))
            .set("cluster", json!({"name": "prod", "access": {"kubeconfig": {"path": kubeconfig}}}))
            .set("mitigation", json!({"mode": "enforce"}))
            .mail_as_fallback(mail)
            .set("channels.topic", topic)
            .set("channels.screen", json!({"console": {}}));
        let (variables, arguments) = Default::default();
        let (api, mailbox) = (AwsApi::of(aws.endpoint()), mail.port());
        let install = Self {
            name,
            aws: api,
            proxy,
            cluster,
            pagerduty,
            configuration,
            variables,
            arguments,
            folder,
            mailbox,
        };
        install.queues().await;
        install.rules().await;
        install.table().await;
        install.topic().await;
        install.bucket().await;
        install.function().await;
        install.kubernetes().await;
        install
    }

    pub(super) fn url(&self, queue: &str) -> String {
        format!("{}/{ACCOUNT}/{}-{queue}", self.aws.endpoint(), self.name)
    }

    pub(super) fn arn(&self, service: &str, name: &str) -> String {
        format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{name}")
    }

    pub(super) fn queue_arn(&self, queue: &str) -> String {
        self.arn("sqs", &format!("{}-{queue}", self.name))
    }

    pub(super) fn rule_arn(&self, rule: &str) -> String {
        self.arn("events", &format!("rule/{}-{rule}", self.name))
    }

    pub(super) async fn sqs(&self, operation: &str, body: Value) -> Value {
        self.aws.json("sqs", &format!("AmazonSQS.{operation}"), &body).await
    }

    pub(super) async fn events(&self, operation: &str, body: Value) -> Value {
        self.aws.json("events", &format!("AWSEvents.{operation}"), &body).await
    }

    pub(super) async fn dynamodb(&self, operation: &str, body: Value) -> Value {
        self.aws.json("dynamodb", &format!("DynamoDB_20120810.{operation}"), &body).await
    }

    pub(super) async fn sns(&self, fields: &[(&str, &str)]) -> String {
        self.aws.form("sns", fields).await
    }

    pub(super) async fn s3(&self, call: &str, body: &str) {
        let call = call.replace("BUCKET", &format!("{}-evidence", self.name));
        self.aws.s3(&call, &[], body).await;
    }

    /// Sets attributes of a queue.
    pub(super) async fn set(&self, queue: &str, attributes: Value) {
        self.sqs("SetQueueAttributes", json!({"QueueUrl": self.url(queue), "Attributes": attributes})).await;
    }

    /// Who may send to a queue.
    pub(super) fn policy(&self, queue: &str, rules: &[String]) -> Value {
        let arn = self.queue_arn(queue);
        json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "RulesSend", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn,
             "Principal": {"Service": "events.amazonaws.com"}, "Condition": {"ArnEquals": {"aws:SourceArn": rules}}},
            {"Sid": "NobodyInPlainText", "Effect": "Deny", "Action": "sqs:*", "Resource": arn, "Principal": "*",
             "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        ]})
    }

    /// The rules that send to a queue.
    pub(super) fn senders(&self, queue: &str) -> Vec<String> {
        let rules = patterns().into_iter().map(|(rule, _)| rule).filter(|rule| queue_of(rule) == queue);
        let rules = rules.chain([format!("canary-{queue}")]);
        rules.map(|rule| self.rule_arn(&rule)).collect()
    }

    async fn queues(&self) {
        let all: Vec<_> = ["urgent", "alerts"].iter().flat_map(|queue| self.senders(queue)).collect();
        for queue in ["urgent-dead", "alerts-dead", "undelivered"] {
            let attributes = json!({"MessageRetentionPeriod": (14 * DAY).to_string(), "KmsMasterKeyId": "alias/watchfire"});
            self.sqs(
                "CreateQueue",
                json!({"QueueName": format!("{}-{queue}", self.name), "Attributes": attributes}),
            )
            .await;
        }
        self.set("undelivered", json!({"Policy": self.policy("undelivered", &all).to_string()})).await;
        for queue in ["urgent", "alerts"] {
            let redrive = json!({"deadLetterTargetArn": self.queue_arn(&format!("{queue}-dead")), "maxReceiveCount": RECEIVES});
            let attributes = json!({"VisibilityTimeout": "180", "KmsMasterKeyId": "alias/watchfire",
                "RedrivePolicy": redrive.to_string(), "Policy": self.policy(queue, &self.senders(queue)).to_string()});
            self.sqs(
                "CreateQueue",
                json!({"QueueName": format!("{}-{queue}", self.name), "Attributes": attributes}),
            )
            .await;
        }
    }

    async fn rules(&self) {
        for (rule, pattern) in patterns() {
            let named = format!("{}-{rule}", self.name);
            self.events("PutRule", json!({"Name": named, "EventPattern": pattern, "State": "ENABLED"})).await;
            self.target(&rule, json!({})).await;
        }
        for queue in ["urgent", "alerts"] {
            let rule = format!("canary-{queue}");
            let named = format!("{}-{rule}", self.name);
            self.events(
                "PutRule",
                json!({"Name": named, "ScheduleExpression": "rate(5 minutes)", "State": "DISABLED"}),
            )
            .await;
            // A schedule that is enabled would be carried out.
            self.proxy_says_enabled(&named);
            let policy = json!({"MaximumEventAgeInSeconds": 300, "MaximumRetryAttempts": 3});
            let hint = json!({"InputTemplate": "{\"watchfire\":{\"wake\":1}}"});
            self.target(&rule, json!({"RetryPolicy": policy, "InputTransformer": hint})).await;
        }
    }

    fn proxy_says_enabled(&self, rule: &str) {
        let words = format!("AWSEvents.DescribeRule {rule}");
        self.proxy.twist(Twist::Say(words, "DISABLED".to_owned(), "ENABLED".to_owned()));
    }

    /// Has a rule send to its queue, with these members beside the usual.
    pub(super) async fn target(&self, rule: &str, more: Value) {
        let queue = queue_of(rule);
        let mut target = json!({"Id": queue, "Arn": self.queue_arn(queue),
            "RetryPolicy": {"MaximumEventAgeInSeconds": DAY, "MaximumRetryAttempts": 185},
            "DeadLetterConfig": {"Arn": self.queue_arn("undelivered")}});
        for (member, value) in more.as_object().unwrap() {
            match value {
                Value::Null => drop(target.as_object_mut().unwrap().remove(member)),
                value => target[member] = value.clone(),
            }
        }
        let named = format!("{}-{rule}", self.name);
        let answer = self.events("PutTargets", json!({"Rule": named, "Targets": [target]})).await;
        assert_eq!(answer["FailedEntryCount"], 0, "{answer}");
    }

    async fn table(&self) {
        let table = format!("{}-store", self.name);
        self.dynamodb("CreateTable", DynamoDb::definition(&table)).await;
        let expiry = json!({"AttributeName": "ttl", "Enabled": true});
        self.dynamodb("UpdateTimeToLive", json!({"TableName": table, "TimeToLiveSpecification": expiry}))
            .await;
        self.recovery(true).await;
    }

    /// Whether the table can be brought back.
    pub(super) async fn recovery(&self, on: bool) {
        let table = format!("{}-store", self.name);
        let recovery = json!({"PointInTimeRecoveryEnabled": on});
        let body = json!({"TableName": table, "PointInTimeRecoverySpecification": recovery});
        self.dynamodb("UpdateContinuousBackups", body).await;
    }

    pub(super) fn topic_arn(&self) -> String {
        self.arn("sns", &format!("{}-alerts", self.name))
    }

    async fn topic(&self) {
        let topic = self.topic_arn();
        self.sns(&[("Action", "CreateTopic"), ("Name", &format!("{}-alerts", self.name))]).await;
        let key = [("AttributeName", "KmsMasterKeyId"), ("AttributeValue", "alias/watchfire")];
        self.sns(&[&[("Action", "SetTopicAttributes"), ("TopicArn", &topic)], &key[..]].concat()).await;
        self.subscribe("oncall@example.com").await;
    }

    /// Has an address hear of what is published.
    pub(super) async fn subscribe(&self, address: &str) -> String {
        let topic = self.topic_arn();
        let subscribe =
            [("Action", "Subscribe"), ("TopicArn", &topic), ("Protocol", "email"), ("Endpoint", address)];
        between(&self.sns(&subscribe).await, "<SubscriptionArn>", "</SubscriptionArn>")
    }

    async fn bucket(&self) {
        let place = "<CreateBucketConfiguration><LocationConstraint>us-gov-west-1</LocationConstraint>\
                     </CreateBucketConfiguration>";
        let lock = [("x-amz-bucket-object-lock-enabled", "true")];
        self.aws.s3(&format!("PUT /{}-evidence", self.name), &lock, place).await;
        let retention = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>\
             <Mode>GOVERNANCE</Mode><Days>365</Days></DefaultRetention></Rule></ObjectLockConfiguration>";
        self.s3("PUT /BUCKET?object-lock", retention).await;
        let encryption = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>\
             <SSEAlgorithm>aws:kms</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>\
             </ServerSideEncryptionConfiguration>";
        self.s3("PUT /BUCKET?encryption", encryption).await;
        self.block_public_access("true").await;
    }

    /// Whether a policy may make the bucket public.
    pub(super) async fn block_public_access(&self, policy: &str) {
        let block = format!(
            "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>\
             <BlockPublicPolicy>{policy}</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets>\
             </PublicAccessBlockConfiguration>"
        );
        self.s3("PUT /BUCKET?publicAccessBlock", &block).await;
    }

    async fn function(&self) {
        let function = json!({"FunctionName": self.name, "Runtime": "provided.al2023", "Handler": "bootstrap",
            "Timeout": 30, "Role": "arn:aws:iam::000000000000:role/watchfire", "Code": {"ZipFile": PACKAGE}});
        self.aws.post("lambda", "/2015-03-31/functions", &function).await;
        self.mapping(json!({"FunctionResponseTypes": ["ReportBatchItemFailures"]})).await;
    }

    /// Has the function read the queue of alerts. Nothing is sent there, so nothing is ever read.
    pub(super) async fn mapping(&self, more: Value) -> Value {
        let mut mapping =
            json!({"EventSourceArn": self.queue_arn("alerts"), "FunctionName": self.name, "BatchSize": 10});
        for (member, value) in more.as_object().unwrap() {
            mapping[member] = value.clone();
        }
        self.aws.post("lambda", "/2015-03-31/event-source-mappings", &mapping).await
    }

    /// What `doctor` prints, with the names of every install and of everything that has another port each time.
    pub(super) fn examined(&self) -> Output {
        std::fs::write(self.folder.path().join("watchfire.yaml"), self.configuration.text()).unwrap();
        let mut variables = vec![("AWS_ACCESS_KEY_ID", "doctor")];
        variables.extend(self.variables.iter().map(|(name, value)| (*name, value.as_str())));
        let arguments: Vec<_> =
            ["doctor"].into_iter().chain(self.arguments.iter().map(String::as_str)).collect();
        let Output { code, stdout, stderr } = tokio::task::block_in_place(|| {
            watchfire_calling(self.folder.path(), &self.proxy.endpoint(), &variables, &arguments)
        });
        Output { code, stdout: self.plain(&stdout), stderr: self.plain(&stderr) }
    }

    fn plain(&self, said: &str) -> String {
        let folder = self.folder.path().display().to_string();
        let pagerduty = self.pagerduty.url();
        said.replace(self.aws.endpoint(), "https://sqs.us-gov-west-1.amazonaws.com")
            .replace(&self.name, "prod")
            .replace(&folder, "/folder")
            .replace(pagerduty.trim_end_matches("/v2/enqueue"), "https://events.pagerduty.com")
            .replace(&self.cluster.proxy().url(), "https://api-server")
            .replace(&format!("127.0.0.1:{}", self.mailbox), "smtp.example.com")
    }
}

/// The patterns of infra/terraform, by the names of their rules.
fn patterns() -> Vec<(String, String)> {
    let folder = repository().join("infra/terraform/modules/events/patterns");
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|path| {
            let pattern: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), pattern.to_string())
        })
        .collect();
    all.sort();
    all
}

fn queue_of(rule: &str) -> &'static str {
    if rule.ends_with("urgent") { "urgent" } else { "alerts" }
}
