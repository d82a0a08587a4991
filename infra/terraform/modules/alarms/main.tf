# Alarms about Watchfire that do not need Watchfire: CloudWatch looks, a topic tells. That Watchfire pages about them, too,
# is a bonus (rule `watchfire-alarm`). Each name is a heading of infra/README.md.

locals {
  runbooks = "Runbook: infra/README.md"
  depth = {
    urgent-dead-letters = { queue = var.queue_names.urgent_dead, what = "Urgent events were given up: each may be a P0 that nobody heard" }
    alerts-dead-letters = { queue = var.queue_names.alerts_dead, what = "Events were given up after many tries" }
    undelivered         = { queue = var.queue_names.undelivered, what = "EventBridge could not deliver events" }
  }
  read = { urgent = var.queue_names.urgent, alerts = var.queue_names.alerts }
}

resource "aws_cloudwatch_metric_alarm" "depth" {
  for_each = local.depth

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.what}. ${local.runbooks}#watchfire-${each.key}"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = each.value.queue }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "age" {
  for_each = local.read

  alarm_name          = "${var.name}-${each.key}-late"
  alarm_description   = "An event waits for longer than two minutes. ${local.runbooks}#watchfire-${each.key}-late"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = each.value }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 120
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
}

# The canary comes every five minutes: three of them that nobody deleted are no accident. Missing data is the failure itself.
resource "aws_cloudwatch_metric_alarm" "heartbeat" {
  for_each = local.read

  alarm_name          = "${var.name}-${each.key}-heartbeat"
  alarm_description   = "Nobody takes events from the queue: neither worker nor Lambda works. ${local.runbooks}#watchfire-${each.key}-heartbeat"
  namespace           = "AWS/SQS"
  metric_name         = "NumberOfMessagesDeleted"
  dimensions          = { QueueName = each.value }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 3
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "rule" {
  for_each = var.rule_names

  alarm_name          = "${each.key}-failed"
  alarm_description   = "EventBridge failed to hand over what the rule matched. ${local.runbooks}#watchfire-rule-failed"
  namespace           = "AWS/Events"
  metric_name         = "FailedInvocations"
  dimensions          = { RuleName = each.key }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "function" {
  for_each = var.function_name == null ? {} : {
    errors    = { metric = "Errors", what = "The Lambda fails: what it did not do comes again, later" }
    throttles = { metric = "Throttles", what = "The Lambda is not let run: the account's concurrency is used up" }
  }

  alarm_name          = "${var.name}-function-${each.key}"
  alarm_description   = "${each.value.what}. ${local.runbooks}#watchfire-function-${each.key}"
  namespace           = "AWS/Lambda"
  metric_name         = each.value.metric
  dimensions          = { FunctionName = var.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "table" {
  alarm_name          = "${var.name}-table-throttled"
  alarm_description   = "DynamoDB throttles the store: pages go out unrecorded, nothing is contained. ${local.runbooks}#watchfire-table-throttled"
  namespace           = "AWS/DynamoDB"
  metric_name         = "ThrottledRequests"
  dimensions          = { TableName = var.table_name, Operation = "TransactWriteItems" }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
}
