# Where people are told besides PagerDuty: pages about threats, pages about posture, and the alarms about Watchfire itself.

data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  place = "${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}"
  topics = {
    guardduty    = "${var.cluster_name}-guardduty-alerts"
    security_hub = "${var.cluster_name}-security-hub-findings"
    alarms       = "${var.name}-alarms"
  }
  subscriptions = merge([
    for topic, addresses in var.emails : { for address in addresses : "${topic}/${address}" => { topic = topic, address = address } }
  ]...)
}

data "aws_iam_policy_document" "topic" {
  for_each = local.topics

  # By our own account's policies on its roles; a topic policy that says nothing of the account would lock it out.
  statement {
    sid       = "AccountGivesByItsOwnPolicies"
    actions   = ["sns:Publish", "sns:GetTopicAttributes", "sns:Subscribe"]
    resources = ["arn:${data.aws_partition.current.partition}:sns:${local.place}:${each.value}"]
    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"]
    }
  }

  dynamic "statement" {
    for_each = each.key == "alarms" ? [true] : []
    content {
      sid       = "OurAlarmsTell"
      actions   = ["sns:Publish"]
      resources = ["arn:${data.aws_partition.current.partition}:sns:${local.place}:${each.value}"]
      principals {
        type        = "Service"
        identifiers = ["cloudwatch.amazonaws.com"]
      }
      condition {
        test     = "ArnLike"
        variable = "aws:SourceArn"
        values   = ["arn:${data.aws_partition.current.partition}:cloudwatch:${local.place}:alarm:${var.name}-*"]
      }
    }
  }

  statement {
    sid       = "NobodyInPlainText"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = ["arn:${data.aws_partition.current.partition}:sns:${local.place}:${each.value}"]
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

resource "aws_sns_topic" "topic" {
  for_each = local.topics

  name              = each.value
  kms_master_key_id = var.key_arn
  policy            = data.aws_iam_policy_document.topic[each.key].json
}

# Each address gets a mail with a link to confirm; until then it hears nothing.
resource "aws_sns_topic_subscription" "email" {
  for_each = local.subscriptions

  topic_arn = aws_sns_topic.topic[each.value.topic].arn
  protocol  = "email"
  endpoint  = each.value.address
}
