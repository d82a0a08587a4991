# What a plan says, without AWS: every provider is a mock, in GovCloud.

mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws-us-gov" }
  }
  mock_data "aws_region" {
    defaults = { id = "us-gov-west-1", name = "us-gov-west-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws-us-gov:sns:us-gov-west-1:111122223333:topic" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws-us-gov:sqs:us-gov-west-1:111122223333:queue" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws-us-gov:iam::111122223333:role/role" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:watchfire-function" }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws-us-gov:events:us-gov-west-1:111122223333:rule/rule" }
  }
  mock_resource "aws_cloudwatch_event_bus" {
    defaults = { arn = "arn:aws-us-gov:events:us-gov-west-1:111122223333:event-bus/watchfire" }
  }
  mock_resource "aws_dynamodb_table" {
    defaults = { arn = "arn:aws-us-gov:dynamodb:us-gov-west-1:111122223333:table/watchfire" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws-us-gov:s3:::bucket" }
  }
}

variables {
  cluster_name = "prod"
  emails       = { alarms = ["ops@example.com"], guardduty = ["soc@example.com", "ops@example.com"] }
}

run "a_worker" {
  command = apply

  variables {
    worker                  = {}
    security_hub_write_back = true
    bedrock_model_arns      = ["arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/anthropic.claude-sonnet-4-20250514-v1:0"]
    bedrock_guardrail_arns  = ["arn:aws-us-gov:bedrock:us-gov-west-1:111122223333:guardrail/a1b2c3d4e5f6"]
    event_bus_arns          = ["arn:aws-us-gov:events:us-gov-west-1:111122223333:event-bus/security"]
    large_rows              = true
    image_repository_arns   = ["arn:aws-us-gov:ecr:us-gov-west-1:111122223333:repository/shop"]
    pod_role_arns           = ["arn:aws-us-gov:iam::111122223333:role/checkout"]
  }

  assert {
    condition     = output.worker_role_name == "watchfire-worker" && output.function_name == null && output.bus_arn == null
    error_message = "a worker's role, no Lambda, no bus"
  }
  assert {
    condition     = output.evidence_bucket == "watchfire-evidence-111122223333-us-gov-west-1"
    error_message = "the bucket's name has account and region: ${output.evidence_bucket}"
  }
  assert {
    condition     = module.queues.names == { urgent = "watchfire-urgent", alerts = "watchfire-alerts", urgent_dead = "watchfire-urgent-dead", alerts_dead = "watchfire-alerts-dead", undelivered = "watchfire-undelivered" }
    error_message = "queues by these names are what the rules know"
  }
  assert {
    condition     = local.visibility_seconds == 120 && local.late_after_seconds == 120
    error_message = "a worker extends what it works on"
  }
  assert {
    condition     = local.cluster_arn == "arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/prod"
    error_message = "the partition is in every ARN: ${local.cluster_arn}"
  }
  assert {
    condition     = local.fips
    error_message = "in GovCloud by FIPS endpoints"
  }
}

run "a_function" {
  command = apply

  variables {
    function = { package = "tests/package.zip", kubernetes_groups = ["watchfire"], function_url = true, subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
    evidence = null
  }

  assert {
    condition     = local.visibility_seconds == 181 && local.late_after_seconds == 301
    error_message = "six times the timeout and the batching window: ${local.visibility_seconds}"
  }
  assert {
    condition     = output.worker_role_name == null && output.function_role_name == "watchfire-function" && output.evidence_bucket == null
    error_message = "a Lambda's role, no worker, no bucket"
  }
  assert {
    condition     = contains(module.events.rule_names, "watchfire-tick")
    error_message = "a Lambda is told each minute to look"
  }
}

run "both_and_an_organisation" {
  command = apply

  variables {
    worker          = {}
    function        = { package = "tests/package.zip" }
    organization_id = "o-a1b2c3d4e5"
    guardduty       = { create = true }
  }

  assert {
    condition     = output.bus_arn != null && output.guardduty_detector_id != null
    error_message = "a bus, and a detector"
  }
}

run "a_detector_that_is_there_is_told_on" {
  command = apply

  variables {
    worker    = {}
    guardduty = { detector_id = "21aed3df2077b5d91ce46bf123446731" }
  }

  assert {
    condition     = output.guardduty_detector_id == "21aed3df2077b5d91ce46bf123446731"
    error_message = "as it was given"
  }
}

run "a_rule_that_is_not_wanted_is_not_there" {
  command = apply

  variables {
    worker        = {}
    without_rules = ["ecr", "api-calls"]
    patterns      = { alarms = jsonencode({ source = ["aws.cloudwatch"] }) }
  }

  assert {
    condition = toset(module.events.rule_names) == toset([
      "watchfire-alarms", "watchfire-canary-alerts", "watchfire-canary-urgent", "watchfire-guardduty", "watchfire-health",
      "watchfire-inspector", "watchfire-security-hub", "watchfire-security-hub-actions", "watchfire-security-hub-v2", "watchfire-urgent",
    ])
    error_message = "the others are: ${join(" ", module.events.rule_names)}"
  }
}

run "without_anybody_who_reads" {
  command         = plan
  expect_failures = [var.function]
}

run "without_anybody_who_hears_alarms" {
  command = plan
  variables {
    worker = {}
    emails = { alarms = [] }
  }
  expect_failures = [var.emails]
}

run "an_address_that_is_none" {
  command = plan
  variables {
    worker = {}
    emails = { alarms = ["ops at example.com"] }
  }
  expect_failures = [var.emails]
}

run "a_name_that_no_rule_knows" {
  command = plan
  variables {
    worker = {}
    name   = "alerts"
  }
  expect_failures = [var.name]
}

run "a_cluster_that_is_an_arn" {
  command = plan
  variables {
    worker       = {}
    cluster_name = "arn:aws:eks:us-east-1:111122223333:cluster/prod"
  }
  expect_failures = [var.cluster_name]
}

run "any_role_is_not_one" {
  command = plan
  variables {
    worker        = {}
    pod_role_arns = ["arn:aws:iam::111122223333:role/*"]
  }
  expect_failures = [var.pod_role_arns]
}

run "guardduty_is_wanted" {
  command = plan
  variables {
    worker        = {}
    without_rules = ["guardduty"]
  }
  expect_failures = [var.without_rules]
}

run "two_detectors" {
  command = plan
  variables {
    worker    = {}
    guardduty = { create = true, detector_id = "21aed3df2077b5d91ce46bf123446731" }
  }
  expect_failures = [var.guardduty]
}

run "an_organisation_that_is_none" {
  command = plan
  variables {
    worker          = {}
    organization_id = "111122223333"
  }
  expect_failures = [var.organization_id]
}

run "a_function_too_short" {
  command = plan
  variables {
    function = { package = "tests/package.zip", timeout_seconds = 10 }
  }
  expect_failures = [var.function]
}

run "a_pattern_that_is_no_json" {
  command = plan
  variables {
    worker   = {}
    patterns = { health = "source: aws.health" }
  }
  expect_failures = [var.patterns]
}
