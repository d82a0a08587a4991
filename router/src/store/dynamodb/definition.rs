//! What the table must be, and whether it is so.

use serde_json::{Value, json};

use super::table::{Table, failed};
use super::{DUE, OPEN, TIMELINE};
use crate::aws::call::CallError;
use crate::store::Error;

/// The attribute at whose second an item expires.
const TTL: &str = "ttl";
const INDEXES: [&str; 3] = [DUE, TIMELINE, OPEN];

/// What `CreateTable` is to be asked for: on demand, two text keys, three indexes of keys.
pub(super) fn definition(table: &str) -> Value {
    let text = |name: String| json!({"AttributeName": name, "AttributeType": "S"});
    let indexed = INDEXES.iter().flat_map(|index| [format!("{index}_pk"), format!("{index}_sk")]);
    let attributes: Vec<_> = ["pk", "sk"].map(str::to_owned).into_iter().chain(indexed).map(text).collect();
    let indexes: Vec<_> = INDEXES
        .iter()
        .map(|index| {
            json!({"IndexName": index, "KeySchema": keys(&format!("{index}_pk"), &format!("{index}_sk")),
                "Projection": {"ProjectionType": "KEYS_ONLY"}})
        })
        .collect();
    json!({"TableName": table, "BillingMode": "PAY_PER_REQUEST", "KeySchema": keys("pk", "sk"),
        "AttributeDefinitions": attributes, "GlobalSecondaryIndexes": indexes})
}

fn keys(partition: &str, sort: &str) -> Value {
    json!([{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}])
}

/// Looks whether the table is there and as it must be.
///
/// # Errors
/// All that is wrong with it, or that it does not answer.
pub(super) async fn look_at(table: &Table) -> Result<(), Error> {
    let named = json!({"TableName": table.name});
    let wrong = match told(table.call("DescribeTable", &named).await)? {
        Ok(described) => {
            let expiry = told(table.call("DescribeTimeToLive", &named).await)?;
            let mut wrong = differences(&described["Table"]);
            wrong.extend(no_expiry(expiry));
            wrong
        }
        Err(error) => vec![not_looked_at(&error, table.region())],
    };
    if wrong.is_empty() { Ok(()) } else { Err(Error::Table { table: table.name.clone(), wrong }) }
}

/// What was answered, or that it cannot be told yet.
fn told(called: Result<Value, CallError>) -> Result<Result<Value, CallError>, Error> {
    match called {
        Err(error) if error.passes() => Err(failed(error)),
        answered => Ok(answered),
    }
}

/// Why a table cannot be looked at, and what to do about it.
pub(super) fn not_looked_at(error: &CallError, region: &str) -> String {
    match error.code() {
        "ResourceNotFoundException" => format!(
            "there is no such table in {region}: is it in another region (AWS_REGION or `store.dynamodb.region`), or of \
             another account than these credentials?"
        ),
        "AccessDeniedException" => {
            format!("these credentials may not look at it, which takes dynamodb:DescribeTable: {error}")
        }
        "ExpiredTokenException" | "ExpiredToken" => {
            format!("the credentials have expired, get new ones: {error}")
        }
        "UnrecognizedClientException" => {
            format!(
                "the credentials are not known in {region}: is it the right partition and region? {error}"
            )
        }
        _ => format!("it cannot be looked at: {error}"),
    }
}

/// What a table is not that it must be.
pub(super) fn differences(described: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let expected = definition("");
    let status = described["TableStatus"].as_str().unwrap_or_default();
    if !matches!(status, "ACTIVE" | "UPDATING") {
        wrong.push(format!("it is {status}"));
    }
    let types = |table: &Value| {
        let all = table["AttributeDefinitions"].as_array().cloned().unwrap_or_default();
        move |name: &str| all.iter().find(|one| one["AttributeName"] == name).cloned()
    };
    let (are, must) = (types(described), types(&expected));
    let compare = |wrong: &mut Vec<String>, what: &str, found: &Value, wanted: &Value| {
        let names = wanted.as_array().into_iter().flatten().filter_map(|key| key["AttributeName"].as_str());
        let names: Vec<_> = names.collect();
        if found != wanted || names.iter().any(|name| are(name) != must(name)) {
            wrong.push(format!("{what} has not the keys {} of type S", names.join(" and ")));
        }
    };
    compare(&mut wrong, "it", &described["KeySchema"], &expected["KeySchema"]);
    for wanted in expected["GlobalSecondaryIndexes"].as_array().into_iter().flatten() {
        let name = wanted["IndexName"].as_str().unwrap_or_default();
        let all = described["GlobalSecondaryIndexes"].as_array();
        match all.into_iter().flatten().find(|index| index["IndexName"] == name) {
            Some(index) => {
                compare(
                    &mut wrong,
                    &format!("its index `{name}`"),
                    &index["KeySchema"],
                    &wanted["KeySchema"],
                );
                if index["IndexStatus"] == "CREATING" {
                    wrong.push(format!("its index `{name}` is still being made"));
                }
            }
            None => wrong.push(format!("it has no index `{name}`")),
        }
    }
    wrong
}

pub(super) fn no_expiry(described: Result<Value, CallError>) -> Option<String> {
    match described {
        Ok(told) => {
            let told = &told["TimeToLiveDescription"];
            let is_on = matches!(told["TimeToLiveStatus"].as_str(), Some("ENABLED" | "ENABLING"));
            let is_ours = told["AttributeName"] == TTL;
            (!is_on || !is_ours).then(|| format!("its items do not expire by the attribute `{TTL}`"))
        }
        Err(error) => Some(format!("it cannot be looked up how its items expire: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::call::Refusal;

    fn described() -> Value {
        let mut table = definition("t");
        table["TableStatus"] = json!("ACTIVE");
        table
    }

    #[test]
    fn why_a_table_cannot_be_looked_at_says_what_to_do() {
        let told = |code: &str| {
            let refusal = Refusal { status: 400, code: code.to_owned(), ..Refusal::default() };
            not_looked_at(&CallError::Refused(refusal), "us-gov-west-1")
        };
        let table = [
            (
                "ResourceNotFoundException",
                "there is no such table in us-gov-west-1: is it in another region (AWS_REGION or `store.dynamodb.region`), \
                 or of another account than these credentials?",
            ),
            (
                "AccessDeniedException",
                "these credentials may not look at it, which takes dynamodb:DescribeTable: 400 AccessDeniedException",
            ),
            (
                "ExpiredTokenException",
                "the credentials have expired, get new ones: 400 ExpiredTokenException",
            ),
            (
                "UnrecognizedClientException",
                "the credentials are not known in us-gov-west-1: is it the right partition and region? 400 \
                 UnrecognizedClientException",
            ),
            ("InternalServerError", "it cannot be looked at: 400 InternalServerError"),
        ];
        for (code, expected) in table {
            assert_eq!(told(code), expected);
        }
    }

    #[test]
    fn a_table_as_it_is_defined_is_taken() {
        assert_eq!(differences(&described()), Vec::<String>::new());
    }

    /// `infra/terraform` makes the table of that file. `WRITE_GOLDENS=1` writes it anew.
    #[test]
    fn the_table_that_terraform_makes_is_the_one_that_is_defined() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/terraform/modules/table/definition.json");
        let mut defined = definition("");
        let members = defined.as_object_mut().expect("it has members");
        members.remove("TableName");
        members.insert("TimeToLive".to_owned(), json!({"AttributeName": TTL}));
        if std::env::var_os("WRITE_GOLDENS").is_some() {
            std::fs::write(path, format!("{defined:#}\n")).expect("the file can be written");
        }
        let written = std::fs::read_to_string(path).expect("the file is there");
        assert_eq!(serde_json::from_str::<Value>(&written).expect("it is JSON"), defined);
    }

    #[test]
    fn whatever_a_table_is_not_is_said() {
        let mut table = described();
        table["TableStatus"] = json!("DELETING");
        table["KeySchema"] = json!([{"AttributeName": "pk", "KeyType": "HASH"}]);
        table["GlobalSecondaryIndexes"][0]["IndexName"] = json!("other");
        table["GlobalSecondaryIndexes"][2]["IndexStatus"] = json!("CREATING");
        let all = table["AttributeDefinitions"].as_array_mut().expect("they are a list");
        all.iter_mut().filter(|one| one["AttributeName"] == "timeline_sk").for_each(|one| {
            one["AttributeType"] = json!("N");
        });
        let expected = [
            "it is DELETING",
            "it has not the keys pk and sk of type S",
            "it has no index `due`",
            "its index `timeline` has not the keys timeline_pk and timeline_sk of type S",
            "its index `open` is still being made",
        ];
        assert_eq!(differences(&table), expected);
    }

    #[test]
    fn items_must_expire_by_our_attribute() {
        let told = |status: &str, name: &str| {
            let told = json!({"TimeToLiveDescription": {"TimeToLiveStatus": status, "AttributeName": name}});
            no_expiry(Ok(told)).is_some()
        };
        let table = [("ENABLED", "ttl", false), ("ENABLING", "ttl", false), ("DISABLED", "ttl", true)];
        for (status, name, expected) in table.into_iter().chain([("ENABLED", "expires", true)]) {
            assert_eq!(told(status, name), expected, "{status} {name}");
        }
    }
}
