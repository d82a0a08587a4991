output "guardduty_detector_id" {
  description = "GuardDuty's detector; null where none is known."
  value       = module.guardduty.detector_id
}

output "guardduty_sns_topic_arn" {
  description = "The topic of pages about threats."
  value       = module.topics.arns.guardduty
}

output "security_hub_sns_topic_arn" {
  description = "The topic of pages about posture."
  value       = module.topics.arns.security_hub
}

output "alarms_sns_topic_arn" {
  description = "The topic of alarms about Watchfire itself."
  value       = module.topics.arns.alarms
}

output "urgent_queue_url" {
  description = "The queue of what is urgent: the first under `queues:`."
  value       = module.queues.urls.urgent
}

output "queue_url" {
  description = "The queue of everything: the second under `queues:`."
  value       = module.queues.urls.alerts
}

output "table_name" {
  description = "The store: `store.dynamodb.table`."
  value       = module.table.name
}

output "evidence_bucket" {
  description = "The bucket of evidence: `evidence.to.s3.bucket`; null where there is none."
  value       = one(module.evidence[*].bucket)
}

output "secret_arns" {
  description = "The secrets, by name: `{secret_arn: …}`."
  value       = module.secrets.arns
}

output "key_arn" {
  description = "The key: `evidence.to.s3.kms_key`."
  value       = local.key_arn
}

output "worker_role_name" {
  description = "The worker's role; null where there is none."
  value       = one(module.worker[*].role_name)
}

output "function_role_name" {
  description = "The Lambda's role; null where there is none."
  value       = one(module.function[*].role_name)
}

output "function_name" {
  description = "The Lambda; null where there is none."
  value       = one(module.function[*].name)
}

output "function_url" {
  description = "Where operators reach the Lambda; null where they do not."
  value       = one(module.function[*].url)
}

output "bus_arn" {
  description = "The bus that other accounts and regions forward to (modules/forwarding); null where there is none."
  value       = one(module.bus[*].arn)
}

output "configuration" {
  description = "watchfire.yaml, whole: P0 and P1 to PagerDuty, and by mail where that does not take them; P2 by mail; P3 recorded."
  value = yamlencode({
    queues = [
      { url = module.queues.urls.urgent, visibility_seconds = local.visibility_seconds, max_receives = var.max_receives },
      { url = module.queues.urls.alerts, visibility_seconds = local.visibility_seconds, max_receives = var.max_receives },
    ]
    store    = { dynamodb = merge({ table = module.table.name }, var.large_rows ? { bucket = module.rows[0].bucket } : {}) }
    evidence = var.evidence == null ? null : { to = { s3 = { bucket = module.evidence[0].bucket, kms_key = local.key_arn } } }
    cluster  = { name = var.cluster_name, arn = local.cluster_arn }
    http     = { for key, secret in local.tokens : key => { secret_arn = module.secrets.arns[secret] } if contains(var.secrets, secret) }
    channels = merge(
      local.has_pager ? { oncall = { pagerduty = { routing_key = { secret_arn = module.secrets.arns["pagerduty-routing-key"] } } } } : {},
      {
        guardduty    = { sns = { topic_arn = module.topics.arns.guardduty } }
        security-hub = { sns = { topic_arn = module.topics.arns.security_hub } }
      },
    )
    routes = {
      P0 = local.urgent_route
      P1 = local.urgent_route
      P2 = { to = ["security-hub"] }
      P3 = { to = [] }
    }
  })
}

output "operator_policy" {
  description = "What a human at the command line needs (`check --live`, `send-test`, `evidence verify`, commands with `--store`): put it on your own role."
  value       = module.operator.json
}

output "doctor_policy" {
  description = "What `watchfire doctor` looks at, and nothing else: put it on the role of whoever runs it. The worker's role has none of it that it does not need itself."
  value       = module.doctor.json
}
