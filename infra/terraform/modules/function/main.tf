# The Lambda: its role, the queues that it takes from, who may ask it, and how it reaches the cluster.

data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  name      = "${var.name}-function"
  log_group = "/aws/lambda/${local.name}"
  log_arn   = "arn:${data.aws_partition.current.partition}:logs:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:log-group:${local.log_group}"
  network   = length(var.subnet_ids) > 0
  # Lambda's own rule for a mapping; a record that is at work must not come again.
  environment = merge(
    { WATCHFIRE_CONFIG = "watchfire.yaml" },
    var.fips_endpoints ? { AWS_USE_FIPS_ENDPOINT = "true" } : {},
    var.function_url ? { WATCHFIRE_OPERATORS = "iam" } : {},
    var.environment,
  )
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "function" {
  name                 = local.name
  description          = "Watchfire's Lambda"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary
}

module "permissions" {
  source = "../permissions"

  role = "function"
  on = merge(var.on, {
    undelivered = [var.undelivered_arn]
    log_groups  = ["${local.log_arn}:*"]
    # Lambda makes interfaces of its own; none of these calls can be kept to one subnet.
    networks = local.network ? ["*"] : []
  })
}

resource "aws_iam_role_policy" "function" {
  name   = "function"
  role   = aws_iam_role.function.id
  policy = module.permissions.json
}

resource "aws_cloudwatch_log_group" "function" {
  name              = local.log_group
  retention_in_days = var.log_days
  kms_key_id        = var.key_arn
}

resource "aws_lambda_function" "function" {
  #checkov:skip=CKV_AWS_115: the mappings have a maximum; a reserved one throttles receives, and each of those counts as a try
  #checkov:skip=CKV_AWS_272: signing wants a profile of the account that deploys; the zip's hash is in the plan
  function_name    = local.name
  description      = "Watchfire: security alerts of ${var.cluster_name}"
  role             = aws_iam_role.function.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  memory_size      = var.memory_mib
  timeout          = var.timeout_seconds
  kms_key_arn      = var.key_arn

  environment {
    variables = local.environment
  }

  # What was invoked without a queue, and failed three times: a tick, or a topic's event.
  dead_letter_config {
    target_arn = var.undelivered_arn
  }

  dynamic "vpc_config" {
    for_each = local.network ? [true] : []
    content {
      subnet_ids         = var.subnet_ids
      security_group_ids = var.security_group_ids
    }
  }

  tracing_config {
    mode = "PassThrough"
  }

  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy.function]
}

# No filter: what a filter refuses is deleted from the queue without a word.
resource "aws_lambda_event_source_mapping" "queue" {
  for_each = var.queue_arns

  event_source_arn                   = each.value
  function_name                      = aws_lambda_function.function.arn
  batch_size                         = each.key == "urgent" ? 10 : 100
  maximum_batching_window_in_seconds = each.key == "urgent" ? 0 : 1
  function_response_types            = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = var.maximum_concurrency
  }
}

resource "aws_lambda_function_url" "function" {
  count = var.function_url ? 1 : 0

  function_name      = aws_lambda_function.function.function_name
  authorization_type = "AWS_IAM"
}

# Kubernetes permissions are bound to these groups by what `watchfire rbac` prints; IAM permissions it needs none.
resource "aws_eks_access_entry" "function" {
  count = length(var.kubernetes_groups) > 0 ? 1 : 0

  cluster_name      = var.cluster_name
  principal_arn     = aws_iam_role.function.arn
  kubernetes_groups = var.kubernetes_groups
  type              = "STANDARD"
}
