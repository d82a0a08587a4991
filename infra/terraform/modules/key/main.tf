# The one key of what Watchfire keeps: queues, topics, table, secrets, evidence, logs. Who may use it by way of which service.

data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  root    = "arn:${data.aws_partition.current.partition}:iam::${local.account}:root"
  logs    = "logs.${data.aws_region.current.id}.amazonaws.com"
}

data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109: it is the key's own policy, and a key that its account may not manage is lost
  #checkov:skip=CKV_AWS_111: the services are kept to this account; in a key's policy the resource is the key itself
  #checkov:skip=CKV_AWS_356: in a key's own policy the resource is the key itself, and can be named by nothing but *
  # Without it nobody could ever change the key again; what a role may do with it stands in the role's own policy.
  statement {
    sid       = "AccountGivesByItsOwnPolicies"
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = [local.root]
    }
  }

  # AWS's own key of SQS and SNS cannot be opened to these services: without this every event would be dropped.
  statement {
    sid       = "ServicesSendThroughIt"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com", "cloudwatch.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "LogsOfOurGroups"
    actions   = ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]
    principals {
      type        = "Service"
      identifiers = [local.logs]
    }
    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:${data.aws_partition.current.partition}:logs:${data.aws_region.current.id}:${local.account}:log-group:/aws/lambda/${var.name}*"]
    }
  }
}

resource "aws_kms_key" "key" {
  description             = "What ${var.name} keeps: queues, topics, table, secrets, evidence"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "key" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.key.key_id
}
