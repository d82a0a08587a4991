//! One thing broken, by its name. What is said of each stands in `broken.txt`.

use jiff::SignedDuration;
use serde_json::json;
use watchfire::containment::standing_namespaced;
use watchfire_tests::Twist;
use watchfire_tests::cluster::{Fault, Match, Rule};

use super::install::Install;
use super::kubernetes::{admission_policy, binding, looks_at_admission, rules};

pub(super) const BREAKS: [&str; 70] = [
    "a secret is not there",
    "FIPS is required of a build without it",
    "the credentials are not known",
    "the queue is another region's",
    "the queue may not be looked at",
    "there is no redrive policy",
    "max_receives is not the queue's",
    "a message is given up too soon",
    "the queue's visibility is short",
    "the queue is in plain text",
    "the queue is encrypted by AWS's own key",
    "dead letters are kept for four days",
    "dead letters lie there",
    "how old dead letters are may not be asked",
    "the dead-letter queue is gone",
    "the dead-letter queue takes nothing",
    "a rule may not send",
    "everybody may send",
    "who may send hangs on something else",
    "a function has no time",
    "a function cannot say what failed",
    "a mapping is switched off",
    "whether a function reads may not be asked",
    "how long a function has may not be asked",
    "a rule is switched off",
    "a rule leaves findings out",
    "a rule leaves passed findings out",
    "a rule is gone",
    "a rule has no dead-letter queue",
    "a rule gives up at once",
    "a rule changes events",
    "everything is urgent",
    "what is not delivered is not taken",
    "the rules of a queue may not be asked",
    "a rule may not be read",
    "buses may not be listed",
    "no rule sends to a queue",
    "there is no table",
    "the table is another's",
    "items do not expire",
    "the table cannot be brought back",
    "whether the table can be brought back may not be asked",
    "the table has provisioned capacity",
    "a subscription is not confirmed",
    "nobody has subscribed",
    "the topic is gone",
    "the topic is in plain text",
    "subscriptions may not be listed",
    "PagerDuty does not know the key",
    "PagerDuty is out of reach",
    "the mail server does not know the password",
    "the mail server is out of reach",
    "there is no bucket",
    "the bucket has no Object Lock",
    "the bucket is encrypted by S3's key",
    "the bucket may become public",
    "Object Lock is not answered",
    "the kubeconfig is gone",
    "Watchfire may not patch pods",
    "Watchfire may do what it must not",
    "network policies are ignored",
    "a namespace has no standing policy",
    "admission is not limited",
    "admission may not be looked at",
    "the chart is of another version",
    "the clock is behind",
    "the clock is a minute behind",
    "a person's kubeconfig is given",
    "the API server says to come again, and nothing is wrong",
    "the API server always says to come again",
];

pub(super) async fn break_it(name: &str, install: &mut Install) {
    match name {
        "a secret is not there" => {
            configure(install, "channels.oncall.pagerduty.routing_key", json!({"env": "NEVER_SET"}));
        }
        "FIPS is required of a build without it" => configure(install, "require_fips", json!(true)),
        "the credentials are not known" => {
            let code = "InvalidClientTokenId";
            install.proxy.twist(Twist::Fail(
                "GetCallerIdentity".into(),
                code,
                "The security token is invalid",
            ));
        }
        "the kubeconfig is gone" => {
            configure(install, "cluster.access", json!({"kubeconfig": {"path": "/no/such/kubeconfig"}}));
        }
        "the clock is behind" => install.proxy.ahead(SignedDuration::from_secs(620)),
        "the clock is a minute behind" => install.proxy.ahead(SignedDuration::from_secs(60)),
        "PagerDuty does not know the key" => install.variables.push(("PD_KEY", "x".repeat(32))),
        "PagerDuty is out of reach" => {
            configure(install, "channels.oncall.pagerduty.url", json!("http://127.0.0.1:9/v2/enqueue"));
        }
        "the mail server does not know the password" => {
            install.variables.push(("SMTP_PASSWORD", "wrong".into()))
        }
        "the mail server is out of reach" => configure(install, "channels.mail.email.port", json!(9)),
        _ => {}
    }
    a_queue(name, install).await;
    a_function(name, install).await;
    a_rule(name, install).await;
    a_store(name, install).await;
    a_topic(name, install).await;
    a_cluster(name, install).await;
}

fn configure(install: &mut Install, path: &str, value: serde_json::Value) {
    install.configuration = install.configuration.clone().set(path, value);
}

async fn a_queue(name: &str, install: &mut Install) {
    let of = |install: &Install, receives: u32| {
        json!([
            {"url": install.url("urgent"), "name": "urgent", "max_receives": 5},
            {"url": install.url("alerts"), "name": "alerts", "max_receives": receives},
        ])
    };
    match name {
        "the queue is another region's" => {
            let url = install.url("urgent").replace("urgent", "nowhere");
            let queues = json!([{"url": url, "name": "urgent", "max_receives": 5}, {"url": install.url("alerts"), "name": "alerts", "max_receives": 5}]);
            configure(install, "queues", queues);
        }
        "the queue may not be looked at" => {
            install.proxy.twist(Twist::Refuse(format!("GetQueueAttributes {}\"", install.url("urgent"))));
        }
        "there is no redrive policy" => install.set("alerts", json!({"RedrivePolicy": ""})).await,
        "max_receives is not the queue's" => configure(install, "queues", of(install, 20)),
        "a message is given up too soon" => {
            let redrive =
                json!({"deadLetterTargetArn": install.queue_arn("alerts-dead"), "maxReceiveCount": 2});
            install.set("alerts", json!({"RedrivePolicy": redrive.to_string()})).await;
            configure(install, "queues", of(install, 2));
        }
        "the queue's visibility is short" => install.set("urgent", json!({"VisibilityTimeout": "30"})).await,
        "the queue is in plain text" => install.set("alerts", json!({"KmsMasterKeyId": ""})).await,
        "the queue is encrypted by AWS's own key" => {
            install.set("alerts", json!({"KmsMasterKeyId": "alias/aws/sqs"})).await;
        }
        "dead letters are kept for four days" => {
            install.set("alerts-dead", json!({"MessageRetentionPeriod": "345600"})).await;
        }
        "dead letters lie there" => lie_there(install).await,
        "how old dead letters are may not be asked" => {
            lie_there(install).await;
            install.proxy.twist(Twist::Refuse("GetMetricStatistics".into()));
        }
        "the dead-letter queue is gone" => {
            drop(install.sqs("DeleteQueue", json!({"QueueUrl": install.url("alerts-dead")})).await);
        }
        "the dead-letter queue takes nothing" => {
            let nothing = json!({"redrivePermission": "denyAll"}).to_string();
            install.set("alerts-dead", json!({"RedriveAllowPolicy": nothing})).await;
        }
        "a rule may not send" => {
            let others: Vec<_> =
                install.senders("alerts").into_iter().filter(|arn| !arn.ends_with("guardduty")).collect();
            install.set("alerts", json!({"Policy": install.policy("alerts", &others).to_string()})).await;
        }
        "everybody may send" => {
            let mut policy = install.policy("urgent", &[]);
            policy["Statement"][0].as_object_mut().unwrap().remove("Condition");
            install.set("urgent", json!({"Policy": policy.to_string()})).await;
        }
        "who may send hangs on something else" => {
            let mut policy = install.policy("urgent", &[]);
            policy["Statement"][0]["Condition"] = json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}});
            install.set("urgent", json!({"Policy": policy.to_string()})).await;
        }
        _ => {}
    }
}

/// Two messages, for three hours.
async fn lie_there(install: &Install) {
    for body in ["one", "two"] {
        install
            .sqs("SendMessage", json!({"QueueUrl": install.url("alerts-dead"), "MessageBody": body}))
            .await;
    }
    let queue = format!("{}-alerts-dead", install.name);
    let fields = [
        ("Action", "PutMetricData"),
        ("Namespace", "AWS/SQS"),
        ("MetricData.member.1.MetricName", "ApproximateAgeOfOldestMessage"),
        ("MetricData.member.1.Value", "10800"),
        ("MetricData.member.1.Dimensions.member.1.Name", "QueueName"),
        ("MetricData.member.1.Dimensions.member.1.Value", &queue),
    ];
    install.aws.form("monitoring", &fields).await;
}

async fn a_function(name: &str, install: &mut Install) {
    match name {
        "a function has no time" => install.set("alerts", json!({"VisibilityTimeout": "120"})).await,
        "a function cannot say what failed" => {
            let says = "ReportBatchItemFailures".to_owned();
            install.proxy.twist(Twist::Say("event-source-mappings".into(), says, "Nothing".into()));
        }
        "a mapping is switched off" => {
            let words = "event-source-mappings".to_owned();
            install.proxy.twist(Twist::Say(words, "\"Enabled\"".into(), "\"Disabled\"".into()));
        }
        "whether a function reads may not be asked" => {
            install.proxy.twist(Twist::Refuse(format!("event-source-mappings {}-urgent", install.name)));
        }
        "how long a function has may not be asked" => {
            install.proxy.twist(Twist::Refuse("/functions/".into()))
        }
        _ => {}
    }
}

async fn a_rule(name: &str, install: &mut Install) {
    let named = |rule: &str| format!("{}-{rule}", install.name);
    match name {
        "a rule is switched off" => {
            drop(install.events("DisableRule", json!({"Name": named("guardduty")})).await)
        }
        "a rule leaves findings out" => {
            let pattern =
                json!({"source": ["aws.guardduty"], "detail": {"severity": [{"numeric": [">=", 7]}]}});
            install
                .events("PutRule", json!({"Name": named("guardduty"), "EventPattern": pattern.to_string()}))
                .await;
        }
        "a rule leaves passed findings out" => {
            let failed = json!({"findings": {"Compliance": {"Status": ["FAILED"]}}});
            let pattern = json!({"source": ["aws.securityhub"], "detail-type": ["Security Hub Findings - Imported"], "detail": failed});
            install
                .events(
                    "PutRule",
                    json!({"Name": named("security-hub"), "EventPattern": pattern.to_string()}),
                )
                .await;
        }
        "a rule is gone" => {
            install.events("RemoveTargets", json!({"Rule": named("health"), "Ids": ["alerts"]})).await;
        }
        "a rule has no dead-letter queue" => {
            install.target("guardduty", json!({"DeadLetterConfig": null})).await
        }
        "a rule gives up at once" => {
            let policy = json!({"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0});
            install.target("guardduty", json!({"RetryPolicy": policy})).await;
        }
        "a rule changes events" => install.target("guardduty", json!({"InputPath": "$.detail"})).await,
        "everything is urgent" => {
            let pattern = json!({"source": [{"prefix": "aws."}]});
            install
                .events("PutRule", json!({"Name": named("urgent"), "EventPattern": pattern.to_string()}))
                .await;
        }
        "what is not delivered is not taken" => {
            let urgent = install.senders("urgent");
            install
                .set("undelivered", json!({"Policy": install.policy("undelivered", &urgent).to_string()}))
                .await;
        }
        "the rules of a queue may not be asked" => {
            install
                .proxy
                .twist(Twist::Refuse(format!("ListRuleNamesByTarget {}\"", install.queue_arn("alerts"))));
        }
        "a rule may not be read" => {
            install.proxy.twist(Twist::Refuse(format!("DescribeRule {}\"", named("guardduty"))));
        }
        "buses may not be listed" => install.proxy.twist(Twist::Refuse("ListEventBuses".into())),
        "no rule sends to a queue" => {
            for rule in ["urgent", "canary-urgent"] {
                install.events("RemoveTargets", json!({"Rule": named(rule), "Ids": ["urgent"]})).await;
            }
        }
        _ => {}
    }
}

async fn a_store(name: &str, install: &mut Install) {
    let table = format!("{}-store", install.name);
    match name {
        "there is no table" => configure(install, "store.dynamodb.table", json!("nowhere")),
        "the table is another's" => {
            let keys = json!([{"AttributeName": "id", "KeyType": "HASH"}]);
            let attributes = json!([{"AttributeName": "id", "AttributeType": "S"}]);
            install.dynamodb("DeleteTable", json!({"TableName": table})).await;
            install.dynamodb("CreateTable", json!({"TableName": table, "BillingMode": "PAY_PER_REQUEST", "KeySchema": keys, "AttributeDefinitions": attributes})).await;
            let expiry = json!({"AttributeName": "ttl", "Enabled": true});
            install
                .dynamodb("UpdateTimeToLive", json!({"TableName": table, "TimeToLiveSpecification": expiry}))
                .await;
            install.recovery(true).await;
        }
        "items do not expire" => {
            let expiry = json!({"AttributeName": "ttl", "Enabled": false});
            install
                .dynamodb("UpdateTimeToLive", json!({"TableName": table, "TimeToLiveSpecification": expiry}))
                .await;
        }
        "the table cannot be brought back" => install.recovery(false).await,
        "whether the table can be brought back may not be asked" => {
            install.proxy.twist(Twist::Refuse("DescribeContinuousBackups".into()));
        }
        "the table has provisioned capacity" => {
            let (from, to) = ("PAY_PER_REQUEST".to_owned(), "PROVISIONED".to_owned());
            install.proxy.twist(Twist::Say("DescribeTable".into(), from, to));
        }
        "there is no bucket" => configure(install, "evidence.to.s3.bucket", json!("nowhere-at-all")),
        "the bucket has no Object Lock" => {
            let none = "ObjectLockConfigurationNotFoundError";
            install.proxy.twist(Twist::Fail("?object-lock".into(), none, "there is none"));
        }
        "the bucket is encrypted by S3's key" => install.s3("DELETE /BUCKET?encryption", "").await,
        "the bucket may become public" => install.block_public_access("false").await,
        "Object Lock is not answered" => install.proxy.twist(Twist::Silence("?object-lock".into())),
        _ => {}
    }
}

async fn a_topic(name: &str, install: &mut Install) {
    let topic = install.topic_arn();
    match name {
        "a subscription is not confirmed" => {
            let arn = install.subscribe("platform@example.com").await;
            install.proxy.twist(Twist::Say(
                "ListSubscriptionsByTopic".into(),
                arn,
                "PendingConfirmation".into(),
            ));
        }
        "nobody has subscribed" => {
            let arn = install.subscribe("oncall@example.com").await;
            install.sns(&[("Action", "Unsubscribe"), ("SubscriptionArn", &arn)]).await;
        }
        "the topic is gone" => drop(install.sns(&[("Action", "DeleteTopic"), ("TopicArn", &topic)]).await),
        "the topic is in plain text" => {
            let none = [("AttributeName", "KmsMasterKeyId"), ("AttributeValue", "")];
            install
                .sns(&[&[("Action", "SetTopicAttributes"), ("TopicArn", topic.as_str())], &none[..]].concat())
                .await;
        }
        "subscriptions may not be listed" => {
            install.proxy.twist(Twist::Refuse("ListSubscriptionsByTopic".into()));
        }
        _ => {}
    }
}

async fn a_cluster(name: &str, install: &mut Install) {
    let without = |rule: &Rule| rules().into_iter().filter(|one| one != rule).collect::<Vec<_>>();
    match name {
        "Watchfire may not patch pods" => install.act_as(without(&Rule::new("patch", "\"\"", "pods"))),
        "Watchfire may do what it must not" => {
            let much = [
                Rule::new("get", "\"\"", "secrets").only(&["db-password"]).within(&["default"]),
                Rule::new("get", "\"\"", "pods/exec pods/attach pods/portforward pods/proxy"),
                Rule::new("create", "apps", "deployments"),
                Rule::new("create", "rbac.authorization.k8s.io", "roles rolebindings").within(&["watchfire"]),
            ];
            install.act_as(rules().into_iter().chain(much).collect());
        }
        "network policies are ignored" => install.cluster.enforcement(false).await,
        "a namespace has no standing policy" => {
            install.delete("NetworkPolicy", &standing_namespaced("default")).await
        }
        "admission is not limited" => {
            install.apply("ValidatingAdmissionPolicyBinding", &binding("watchfire-stays-out", "Audit")).await;
            install.delete("ValidatingAdmissionPolicy", &admission_policy("watchfire-may-change")).await;
        }
        "admission may not be looked at" => install.act_as(without(&looks_at_admission())),
        "a person's kubeconfig is given" => {
            let kubeconfig = install.cluster.proxy().kubeconfig(install.folder.path());
            install.arguments = vec!["--kubeconfig".to_owned(), kubeconfig.display().to_string()];
        }
        "the API server says to come again, and nothing is wrong" => {
            install.cluster.proxy().fault(Match::any().path("/networkpolicies"), Fault::too_many(1)).times(1);
        }
        "the API server always says to come again" => {
            install.cluster.proxy().fault(Match::any().path("/clusternetworkpolicies"), Fault::too_many(0));
        }
        "the chart is of another version" => install.deployment("0.0.9").await,
        _ => {}
    }
}
