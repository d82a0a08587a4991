# The store of many workers and of the Lambda: what `DynamoDb::definition` (router/src/store/dynamodb) asks `CreateTable` for,
# written down as definition.json by a test, which fails where the two differ.

locals {
  definition = jsondecode(file("${path.module}/definition.json"))
  keys       = { for key in local.definition.KeySchema : key.KeyType => key.AttributeName }
  indexes = {
    for index in local.definition.GlobalSecondaryIndexes : index.IndexName => {
      keys       = { for key in index.KeySchema : key.KeyType => key.AttributeName }
      projection = index.Projection.ProjectionType
    }
  }
}

resource "aws_dynamodb_table" "store" {
  name                        = var.name
  billing_mode                = local.definition.BillingMode
  hash_key                    = local.keys.HASH
  range_key                   = local.keys.RANGE
  deletion_protection_enabled = var.deletion_protection

  dynamic "attribute" {
    for_each = local.definition.AttributeDefinitions
    content {
      name = attribute.value.AttributeName
      type = attribute.value.AttributeType
    }
  }

  dynamic "global_secondary_index" {
    for_each = local.indexes
    content {
      name            = global_secondary_index.key
      hash_key        = global_secondary_index.value.keys.HASH
      range_key       = global_secondary_index.value.keys.RANGE
      projection_type = global_secondary_index.value.projection
    }
  }

  ttl {
    attribute_name = local.definition.TimeToLive.AttributeName
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.key_arn
  }
}
