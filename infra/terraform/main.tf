# Everything that Watchfire stands on in one account and region. README.md says what each module is and was decided.

data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  partition   = data.aws_partition.current.partition
  region      = data.aws_region.current.id
  account     = data.aws_caller_identity.current.account_id
  fips        = coalesce(var.fips_endpoints, local.partition == "aws-us-gov")
  key_arn     = var.key_arn == null ? module.key[0].arn : var.key_arn
  cluster_arn = "arn:${local.partition}:eks:${local.region}:${local.account}:cluster/${var.cluster_name}"
  has_bus     = var.organization_id != null
  bucket      = var.evidence == null ? null : coalesce(var.evidence.bucket, "${var.name}-evidence-${local.account}-${local.region}")

  batching_window = 1
  # As Lambda asks of a queue behind a mapping; a worker extends it while it works.
  visibility_seconds = var.function == null ? 120 : max(120, 6 * var.function.timeout_seconds + local.batching_window)

  # A Lambda leaves a record that is not done on its queue until its visibility is over: that is no reason to wake anybody.
  late_after_seconds = var.function == null ? 120 : local.visibility_seconds + 120

  tokens       = { token = "ingest-token", operator_token = "operator-token" }
  has_pager    = contains(var.secrets, "pagerduty-routing-key")
  urgent_route = merge({ to = [local.has_pager ? "oncall" : "guardduty"] }, local.has_pager ? { fallback = "guardduty" } : {})

  # What the roles work on; what is not here, they may not.
  on = merge(
    {
      queues  = values(module.queues.arns)
      tables  = [module.table.arn]
      indexes = ["${module.table.arn}/index/*"]
      topics  = [module.topics.arns.guardduty, module.topics.arns.security_hub]
      # With and without the six characters that AWS adds: a configuration may be written before there are any.
      secrets = flatten([for arn in values(module.secrets.arns) : [arn, replace(arn, "/-[0-9A-Za-z]{6}$/", "")]])
      keys    = [local.key_arn]
      # What only `doctor` looks at. Lists, and figures of CloudWatch, are everybody's or nobody's.
      dead_letters = [for queue in ["urgent_dead", "alerts_dead", "undelivered"] : "arn:${local.partition}:sqs:${local.region}:${local.account}:${module.queues.names[queue]}"]
      rules        = ["arn:${local.partition}:events:${local.region}:${local.account}:rule/*"]
      buses        = ["*"]
      figures      = ["*"]
      mappings     = ["*"]
    },
    var.function == null ? {} : { functions = ["arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.name}-*"] },
    var.evidence == null ? {} : {
      evidence_objects = ["${module.evidence[0].arn}/*"]
      evidence_buckets = [module.evidence[0].arn]
    },
    var.large_rows ? { row_objects = ["${module.rows[0].arn}/*"] } : {},
    length(var.image_repository_arns) == 0 ? {} : { repositories = var.image_repository_arns, inspector = ["*"] },
    length(var.pod_role_arns) == 0 ? {} : { pod_roles = var.pod_role_arns },
    length(var.event_bus_arns) == 0 ? {} : { event_buses = var.event_bus_arns },
    length(var.bedrock_model_arns) == 0 ? {} : { models = var.bedrock_model_arns },
    length(var.bedrock_guardrail_arns) == 0 ? {} : { guardrails = var.bedrock_guardrail_arns },
    var.security_hub_write_back ? { security_hubs = ["*"] } : {},
  )
}

module "key" {
  source = "./modules/key"
  count  = var.key_arn == null ? 1 : 0

  name = var.name
}

module "queues" {
  source = "./modules/queues"

  name               = var.name
  key_arn            = local.key_arn
  visibility_seconds = local.visibility_seconds
  max_receives       = var.max_receives
  rule_arns = {
    urgent = concat(module.events.rule_arns.urgent, local.has_bus ? module.bus_events[0].rule_arns.urgent : [])
    alerts = concat(module.events.rule_arns.alerts, local.has_bus ? module.bus_events[0].rule_arns.alerts : [])
    ticks  = module.events.rule_arns.ticks
  }
}

module "events" {
  source = "./modules/events"

  name            = var.name
  bus_name        = "default"
  queue_arns      = module.queues.arns
  undelivered_arn = module.queues.undelivered_arn
  patterns        = var.patterns
  without         = var.without_rules
  schedules       = true
  ticks           = var.function != null
  function_arn    = var.function == null ? null : module.function[0].arn
}

module "bus" {
  source = "./modules/bus"
  count  = local.has_bus ? 1 : 0

  name            = var.name
  organization_id = var.organization_id
}

module "bus_events" {
  source = "./modules/events"
  count  = local.has_bus ? 1 : 0

  name            = var.name
  bus_name        = module.bus[0].name
  queue_arns      = module.queues.arns
  undelivered_arn = module.queues.undelivered_arn
  patterns        = var.patterns
  without         = var.without_rules
  schedules       = false
  ticks           = false
  function_arn    = null
}

module "table" {
  source = "./modules/table"

  name                = var.name
  key_arn             = local.key_arn
  deletion_protection = var.deletion_protection
}

module "rows" {
  source = "./modules/rows"
  count  = var.large_rows ? 1 : 0

  bucket  = "${var.name}-rows-${local.account}-${local.region}"
  key_arn = local.key_arn
}

module "topics" {
  source = "./modules/topics"

  name         = var.name
  cluster_name = var.cluster_name
  key_arn      = local.key_arn
  emails       = var.emails
}

module "secrets" {
  source = "./modules/secrets"

  name          = var.name
  key_arn       = local.key_arn
  secrets       = var.secrets
  recovery_days = var.deletion_protection ? 30 : 0
}

module "evidence" {
  source = "./modules/evidence"
  count  = var.evidence == null ? 0 : 1

  bucket         = local.bucket
  key_arn        = local.key_arn
  retention      = var.evidence.retention
  retain_days    = var.evidence.retain_days
  expire_days    = var.evidence.expire_days
  administrators = var.evidence.administrators
}

module "guardduty" {
  source = "./modules/guardduty"

  create               = var.guardduty.create
  detector_id          = var.guardduty.detector_id
  publishing_frequency = var.guardduty.publishing_frequency
}

module "worker" {
  source = "./modules/worker"
  count  = var.worker == null ? 0 : 1

  name                 = var.name
  cluster_name         = var.cluster_name
  cluster_arn          = local.cluster_arn
  namespace            = var.worker.namespace
  service_account      = var.worker.service_account
  on                   = local.on
  permissions_boundary = var.permissions_boundary
}

module "function" {
  source = "./modules/function"
  count  = var.function == null ? 0 : 1

  name                 = var.name
  cluster_name         = var.cluster_name
  key_arn              = local.key_arn
  package              = var.function.package
  architecture         = var.function.architecture
  memory_mib           = var.function.memory_mib
  timeout_seconds      = var.function.timeout_seconds
  maximum_concurrency  = var.function.maximum_concurrency
  subnet_ids           = var.function.subnet_ids
  security_group_ids   = var.function.security_group_ids
  function_url         = var.function.function_url
  kubernetes_groups    = var.function.kubernetes_groups
  environment          = var.function.environment
  log_days             = var.function.log_days
  queue_arns           = module.queues.arns
  undelivered_arn      = module.queues.undelivered_arn
  on                   = local.on
  fips_endpoints       = local.fips
  permissions_boundary = var.permissions_boundary
}

module "alarms" {
  source = "./modules/alarms"

  name          = var.name
  topic_arn     = module.topics.arns.alarms
  queue_names   = module.queues.names
  rule_names    = toset(module.events.rule_names)
  function_name = one(module.function[*].name)
  table_name    = module.table.name
  late_after    = local.late_after_seconds
}

module "operator" {
  source = "./modules/permissions"

  role = "operator"
  on   = local.on
}

module "doctor" {
  source = "./modules/permissions"

  role = "doctor"
  on   = local.on
}
