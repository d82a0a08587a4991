//! A table looked at with more than a start needs: how it is paid, kept and brought back.

use serde_json::{Value, json};

use super::Config;
use super::definition::{differences, no_expiry, not_looked_at};
use super::table::Table;
use crate::aws::call::{Caller, Service};
use crate::clients::Clients;
use crate::finding::Finding;

const TERRAFORM: &str = "infra/terraform/modules/table has it";

/// Looks at the table. Changes nothing.
pub(crate) async fn checkup(clients: &Clients, config: &Config) -> Vec<Finding> {
    let caller = match Caller::new(clients, Service::DynamoDb, config.region.as_deref()).await {
        Ok(caller) => caller,
        Err(error) => return vec![Finding::untold("the table", "dynamodb:DescribeTable", &error)],
    };
    let table = Table::new(caller, config.table.clone());
    let named = json!({"TableName": table.name});
    let described = match table.call("DescribeTable", &named).await {
        Ok(mut described) => described["Table"].take(),
        Err(error) if error.is_about_permissions() => {
            return vec![Finding::untold("the table", "dynamodb:DescribeTable", &error)];
        }
        Err(error) => {
            let remedy = format!("set store.dynamodb.table to one that is there, or make it: {TERRAFORM}");
            return vec![Finding::fail(not_looked_at(&error, table.region()), remedy)];
        }
    };
    let mut findings = vec![keys(&described), billing(&described)];
    findings.push(expiry(&table, &named).await);
    findings.push(recovery(&table, &named).await);
    findings
}

fn keys(described: &Value) -> Finding {
    match differences(described).join("; ") {
        wrong if wrong.is_empty() => Finding::ok("it is there, with its keys and indexes"),
        wrong => Finding::fail(wrong, format!("make it as it must be: {TERRAFORM}")),
    }
}

/// A storm is a hundred times the usual.
fn billing(described: &Value) -> Finding {
    match described["BillingModeSummary"]["BillingMode"].as_str() {
        Some("PAY_PER_REQUEST") => Finding::ok("it is paid by request"),
        Some(_) | None => Finding::warn(
            "it has provisioned capacity: a storm is throttled",
            format!(
                "aws dynamodb update-table --table-name {} --billing-mode PAY_PER_REQUEST",
                described["TableName"].as_str().unwrap_or_default()
            ),
        ),
    }
}

async fn expiry(table: &Table, named: &Value) -> Finding {
    let told = table.call("DescribeTimeToLive", named).await;
    if let Err(error) = &told
        && error.is_about_permissions()
    {
        return Finding::untold("how its items expire", "dynamodb:DescribeTimeToLive", error);
    }
    match no_expiry(told) {
        None => Finding::ok("its items expire"),
        Some(wrong) => Finding::fail(
            wrong,
            format!(
                "aws dynamodb update-time-to-live --table-name {} --time-to-live-specification Enabled=true,AttributeName=ttl",
                table.name
            ),
        ),
    }
}

async fn recovery(table: &Table, named: &Value) -> Finding {
    let told = table.call("DescribeContinuousBackups", named).await;
    match told {
        Ok(told)
            if told["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
                == "ENABLED" =>
        {
            Finding::ok("it can be brought back to any time of the last weeks")
        }
        Ok(_) => Finding::warn(
            "it cannot be brought back to an earlier time",
            format!(
                "aws dynamodb update-continuous-backups --table-name {} --point-in-time-recovery-specification \
                 PointInTimeRecoveryEnabled=true",
                table.name
            ),
        ),
        Err(error) => {
            Finding::untold("whether it can be brought back", "dynamodb:DescribeContinuousBackups", &error)
        }
    }
}
