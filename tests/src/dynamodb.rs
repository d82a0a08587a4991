//! Tables of DynamoDB, each for one store under test.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use jiff::SignedDuration;
use serde_json::json;
use tokio::sync::OnceCell;
use watchfire::clients::Clients;
use watchfire::store::{DynamoDb, DynamoDbConfig, Error, Store};

use crate::aws_api::{AwsApi, REGION};
use crate::ministack::Ministack;

/// A table that nobody else uses; it is made when it is first opened. Cheap to clone: every clone is the same table.
#[derive(Clone, Debug)]
pub struct DynamoDbTable {
    api: AwsApi,
    /// Its name.
    pub name: String,
    made: Arc<OnceCell<()>>,
}

impl DynamoDbTable {
    /// One of the emulator of this test binary, or of the endpoint that `WATCHFIRE_TEST_DYNAMODB` names, which checks
    /// no signature.
    pub fn fresh() -> Self {
        match std::env::var("WATCHFIRE_TEST_DYNAMODB") {
            Ok(endpoint) => Self::at(&endpoint),
            Err(_) => Self::at(Ministack::shared().endpoint()),
        }
    }

    /// One of that endpoint's.
    pub fn at(endpoint: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // A server may outlive the test binary, and its tables with it.
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self {
            api: AwsApi::of(endpoint),
            name: format!("watchfire-{process}-{number}"),
            made: Arc::default(),
        }
    }

    /// The store in it.
    pub async fn open(&self) -> Store {
        self.made.get_or_init(|| self.make()).await;
        self.try_open().await.expect("the table is as it is defined")
    }

    /// The same of a table that may not be there, or be another's.
    pub async fn try_open(&self) -> Result<Store, Error> {
        let clients = Clients::with_aws(aws(self.api.endpoint())).expect("there are certificates");
        Store::open_dynamodb(&clients, &self.config(), SignedDuration::from_hours(24 * 90)).await
    }

    /// The store in it, by that configuration.
    pub async fn open_as(&self, config: &DynamoDbConfig) -> Store {
        let clients = Clients::with_aws(aws(self.api.endpoint())).expect("there are certificates");
        let opened = Store::open_dynamodb(&clients, config, SignedDuration::from_hours(24 * 90)).await;
        opened.expect("the table is as it is defined")
    }

    /// As `store.dynamodb` has it.
    pub fn config(&self) -> DynamoDbConfig {
        DynamoDbConfig { table: self.name.clone(), region: None, bucket: None, prefix: String::new() }
    }

    /// Makes it as it must be.
    pub async fn make(&self) {
        self.call("CreateTable", &DynamoDb::definition(&self.name)).await;
        let expiry = json!({"AttributeName": "ttl", "Enabled": true});
        let expiry = json!({"TableName": self.name, "TimeToLiveSpecification": expiry});
        self.call("UpdateTimeToLive", &expiry).await;
    }

    /// An operation of DynamoDB's API.
    pub async fn call(&self, operation: &str, body: &serde_json::Value) -> serde_json::Value {
        self.api.json("dynamodb", &format!("DynamoDB_20120810.{operation}"), body).await
    }
}

fn aws(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}
