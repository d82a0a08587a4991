# In another account or region: everything of its default bus that concerns Watchfire, to Watchfire's bus.

data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  # What the rules of events/ would take there, once: the bus there sorts it.
  directory = "${path.module}/../events/patterns"
  patterns = {
    for file in fileset(local.directory, "*.json") : trimsuffix(file, ".json") => jsonencode(jsondecode(file("${local.directory}/${file}")))
    if file != "urgent.json" && !contains(var.without, trimsuffix(file, ".json"))
  }
  two_weeks   = 1209600
  undelivered = "${var.name}-undelivered"
  queue_arn   = "arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:${local.undelivered}"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

data "aws_iam_policy_document" "forward" {
  statement {
    actions   = ["events:PutEvents"]
    resources = [var.bus_arn]
  }
}

resource "aws_iam_role" "forward" {
  name               = "${var.name}-forward-${data.aws_region.current.id}"
  description        = "EventBridge puts what concerns Watchfire on its bus"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "forward" {
  name   = "forward"
  role   = aws_iam_role.forward.id
  policy = data.aws_iam_policy_document.forward.json
}

resource "aws_cloudwatch_event_rule" "forward" {
  for_each = local.patterns

  name          = "${var.name}-forward-${each.key}"
  description   = "Watchfire: ${each.key}, to ${var.bus_arn}"
  event_pattern = each.value
}

resource "aws_cloudwatch_event_target" "forward" {
  for_each = local.patterns

  rule      = aws_cloudwatch_event_rule.forward[each.key].name
  target_id = "bus"
  arn       = var.bus_arn
  role_arn  = aws_iam_role.forward.arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }
}

data "aws_iam_policy_document" "undelivered" {
  statement {
    sid       = "RulesSend"
    actions   = ["sqs:SendMessage"]
    resources = [local.queue_arn]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [for rule in aws_cloudwatch_event_rule.forward : rule.arn]
    }
  }

  statement {
    sid       = "NobodyInPlainText"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [local.queue_arn]
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

# By SQS's own key: there is no other of Watchfire's in this account, and EventBridge may use it.
resource "aws_sqs_queue" "undelivered" {
  name                      = local.undelivered
  message_retention_seconds = local.two_weeks
  sqs_managed_sse_enabled   = true
  policy                    = data.aws_iam_policy_document.undelivered.json
}

# It reaches Watchfire by the rule above, unless it is that which fails: then nobody but the topic hears it.
resource "aws_cloudwatch_metric_alarm" "undelivered" {
  alarm_name          = "${var.name}-forward-undelivered"
  alarm_description   = "EventBridge could not deliver events to Watchfire's bus. Runbook: infra/README.md#watchfire-forward-undelivered"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.undelivered.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}
