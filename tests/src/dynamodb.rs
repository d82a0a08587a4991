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

/// What is decided at a test's own time has not expired in any year in which it is run.
const KEEP: SignedDuration = SignedDuration::from_hours(24 * 365 * 50);

/// A table that nobody else uses; it is made when it is first opened. Cheap to clone: every clone is the same table.
#[derive(Clone, Debug)]
pub struct DynamoDbTable {
    api: AwsApi,
    /// Its name.
    pub name: String,
    /// Whose certificates are read once.
    clients: Arc<Clients>,
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
        let clients = Clients::with_aws(aws(endpoint)).expect("there are certificates");
        Self { api: AwsApi::of(endpoint), name: new_name(), clients: Arc::new(clients), made: Arc::default() }
    }

    /// Another one there.
    pub fn beside(&self) -> Self {
        Self { name: new_name(), made: Arc::default(), ..self.clone() }
    }

    /// The store in it.
    pub async fn open(&self) -> Store {
        self.make().await;
        self.try_open().await.expect("the table is as it is defined")
    }

    /// The same of a table that may not be there, or be another's.
    pub async fn try_open(&self) -> Result<Store, Error> {
        Store::open_dynamodb(&self.clients, &self.config(), KEEP).await
    }

    /// The store in it, by that configuration.
    pub async fn open_as(&self, config: &DynamoDbConfig) -> Store {
        let opened = Store::open_dynamodb(&self.clients, config, KEEP).await;
        opened.expect("the table is as it is defined")
    }

    /// As `store.dynamodb` has it.
    pub fn config(&self) -> DynamoDbConfig {
        DynamoDbConfig { table: self.name.clone(), region: None, bucket: None, prefix: String::new() }
    }

    /// Makes it as it must be, if it is not there.
    pub async fn make(&self) {
        self.made.get_or_init(|| self.create()).await;
    }

    async fn create(&self) {
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

/// A server may outlive the test binary, and its tables with it.
fn new_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    format!("watchfire-{process}-{number}")
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
