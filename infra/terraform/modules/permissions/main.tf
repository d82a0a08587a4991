# What a role may do: of permissions.json what that role calls, on what it was given, and nothing that it was not given.
# A test holds the file to the calls that the end-to-end tests make.

data "aws_region" "current" {}

locals {
  features = jsondecode(file("${path.module}/permissions.json"))
  kinds    = [for about in values(local.features) : about.on]
  # Whoever acts for the role: its own code; of a function also Lambda, which reads its queue; services that use its key.
  callers = var.role == "function" ? ["function", "by_lambda", "by_services"] : [var.role, "by_services"]
  actions = {
    for feature, about in local.features :
    feature => sort(distinct(flatten([for caller in local.callers : lookup(about, caller, [])])))
  }
  statements = {
    for feature, about in local.features : feature => { actions = local.actions[feature], on = lookup(var.on, about.on, []) }
    if length(local.actions[feature]) > 0 && length(lookup(var.on, about.on, [])) > 0
  }
  # Nobody needs the key for itself.
  services = [for service in ["dynamodb", "lambda", "s3", "secretsmanager", "sns", "sqs"] : "${service}.${data.aws_region.current.id}.amazonaws.com"]
}

data "aws_iam_policy_document" "role" {
  dynamic "statement" {
    for_each = local.statements
    content {
      sid       = replace(title(replace(statement.key, "_", " ")), " ", "")
      actions   = statement.value.actions
      resources = statement.value.on

      dynamic "condition" {
        for_each = statement.key == "key" ? [true] : []
        content {
          test     = "StringEquals"
          variable = "kms:ViaService"
          values   = local.services
        }
      }
    }
  }

  # A note and NOTIFIED is all that is written back; AWS has this call restricted by what it may not set.
  dynamic "statement" {
    for_each = contains(keys(local.statements), "write_back") ? [local.statements["write_back"]] : []
    content {
      sid       = "WriteBackOnlyNotified"
      effect    = "Deny"
      actions   = statement.value.actions
      resources = statement.value.on
      condition {
        test     = "StringEquals"
        variable = "securityhub:ASFFSyntaxPath/Workflow.Status"
        values   = ["NEW", "RESOLVED", "SUPPRESSED"]
      }
    }
  }
}
