# Two queues of events, what each gives up on, and what EventBridge could not deliver.

data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  # What is urgent has a queue of its own: SQS hands out what came first, and a P0 is not to wait behind a backlog.
  queues      = toset(["urgent", "alerts"])
  four_days   = 345600
  two_weeks   = 1209600
  undelivered = "${var.name}-undelivered"
  arn         = "arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}"
}

data "aws_iam_policy_document" "queue" {
  for_each = merge({ for queue in local.queues : queue => "${var.name}-${queue}" }, { undelivered = local.undelivered })

  statement {
    sid       = "RulesSend"
    actions   = ["sqs:SendMessage"]
    resources = ["${local.arn}:${each.value}"]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = each.key == "undelivered" ? distinct(flatten(values(var.rule_arns))) : var.rule_arns[each.key]
    }
  }

  statement {
    sid       = "NobodyInPlainText"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = ["${local.arn}:${each.value}"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

data "aws_iam_policy_document" "dead" {
  for_each = local.queues

  statement {
    sid       = "NobodyInPlainText"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = ["${local.arn}:${var.name}-${each.key}-dead"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue" "queue" {
  for_each = local.queues

  name                       = "${var.name}-${each.key}"
  visibility_timeout_seconds = var.visibility_seconds
  message_retention_seconds  = local.four_days
  receive_wait_time_seconds  = 20
  kms_master_key_id          = var.key_arn
  policy                     = data.aws_iam_policy_document.queue[each.key].json
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead[each.key].arn
    maxReceiveCount     = var.max_receives
  })
}

resource "aws_sqs_queue" "dead" {
  for_each = local.queues

  name                      = "${var.name}-${each.key}-dead"
  message_retention_seconds = local.two_weeks
  kms_master_key_id         = var.key_arn
  policy                    = data.aws_iam_policy_document.dead[each.key].json
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = ["${local.arn}:${var.name}-${each.key}"]
  })
}

resource "aws_sqs_queue" "undelivered" {
  name                      = local.undelivered
  message_retention_seconds = local.two_weeks
  kms_master_key_id         = var.key_arn
  policy                    = data.aws_iam_policy_document.queue["undelivered"].json
}
