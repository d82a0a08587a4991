variable "name" {
  description = "What everything of this installation begins with. Rules know Watchfire's own alarms by it."
  type        = string
  default     = "watchfire"

  validation {
    condition     = can(regex("^watchfire(-[a-z0-9]+)*$", var.name)) && length(var.name) <= 24
    error_message = "Expected watchfire, or watchfire- and lower-case letters, digits and hyphens, at most 24 in all."
  }
}

variable "cluster_name" {
  description = "The EKS cluster that is watched, in this account and region."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$", var.cluster_name))
    error_message = "Expected the name of an EKS cluster: letters, digits, hyphens and underscores, at most 100."
  }
}

variable "emails" {
  description = "Who is mailed by each topic; each has to confirm. alarms: who looks after Watchfire itself."
  type = object({
    guardduty    = optional(list(string), [])
    security_hub = optional(list(string), [])
    alarms       = list(string)
  })

  validation {
    condition     = alltrue([for address in flatten(values(var.emails)) : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "Expected e-mail addresses such as oncall@example.com."
  }

  validation {
    condition     = length(var.emails.alarms) > 0
    error_message = "Expected at least one address for alarms: when Watchfire does not work, nobody else hears of it."
  }
}

variable "worker" {
  description = "The worker in the cluster, by EKS Pod Identity; null for none. Namespace and service account as in infra/kubernetes."
  type = object({
    namespace       = optional(string, "watchfire")
    service_account = optional(string, "watchfire")
  })
  default = null
}

variable "function" {
  description = "The Lambda; null for none. package: the zip of lambda/build with watchfire.yaml in it. kubernetes_groups: its access entry to the cluster. subnet_ids, security_group_ids: where the cluster's endpoint is private; they need a way to AWS's endpoints and to PagerDuty."
  type = object({
    package             = string
    architecture        = optional(string, "x86_64")
    memory_mib          = optional(number, 512)
    timeout_seconds     = optional(number, 30)
    maximum_concurrency = optional(number, 10)
    subnet_ids          = optional(list(string), [])
    security_group_ids  = optional(list(string), [])
    function_url        = optional(bool, false)
    kubernetes_groups   = optional(list(string), [])
    environment         = optional(map(string), {})
    log_days            = optional(number, 365)
  })
  default = null

  validation {
    condition     = var.function == null || contains(["x86_64", "arm64"], try(var.function.architecture, ""))
    error_message = "Expected function.architecture to be x86_64 or arm64, as `lambda/build` was asked for."
  }

  validation {
    condition     = var.function == null || try(var.function.timeout_seconds >= 30 && var.function.timeout_seconds <= 900, false)
    error_message = "Expected function.timeout_seconds from 30 to 900: no record is begun in the last 10 of them."
  }

  validation {
    condition     = var.function == null || try(var.function.maximum_concurrency >= 2 && var.function.maximum_concurrency <= 1000, false)
    error_message = "Expected function.maximum_concurrency from 2 to 1000."
  }

  validation {
    condition     = var.function == null || try((length(var.function.subnet_ids) == 0) == (length(var.function.security_group_ids) == 0), false)
    error_message = "Expected function.subnet_ids and function.security_group_ids both, or neither."
  }

  validation {
    condition     = var.function != null || var.worker != null
    error_message = "Expected worker or function or both: without either nobody reads the queues."
  }
}

variable "organization_id" {
  description = "The AWS organisation whose other accounts and regions forward their events here (modules/forwarding); null for none."
  type        = string
  default     = null

  validation {
    condition     = var.organization_id == null || can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "Expected an organisation's id such as o-a1b2c3d4e5."
  }
}

variable "evidence" {
  description = "The bucket of evidence; null for none, and then nothing is contained. administrators: roles that may shorten retention in governance mode and change it here, `*` allowed; none: nobody may, and retention is as it was first made."
  type = object({
    bucket         = optional(string)
    retention      = optional(string, "governance")
    retain_days    = optional(number, 400)
    expire_days    = optional(number, 915)
    administrators = optional(list(string), [])
  })
  default = {}
}

variable "large_rows" {
  description = "Whether decisions about events that are larger than a row of the table get a bucket: none that come by EventBridge are."
  type        = bool
  default     = false
}

variable "secrets" {
  description = "Secrets that are to have a place; their values are put in afterwards, by hand."
  type        = set(string)
  default     = ["pagerduty-routing-key", "operator-token", "ingest-token"]

  validation {
    condition     = alltrue([for secret in var.secrets : can(regex("^[a-z][a-z0-9-]{0,40}$", secret))])
    error_message = "Expected names of lower-case letters, digits and hyphens."
  }
}

variable "guardduty" {
  description = "The detector. create: make it, with EKS audit logs and runtime monitoring; detector_id: there is one already. publishing_frequency of a detector that is made here: how soon one hears that a finding goes on."
  type = object({
    create               = optional(bool, false)
    detector_id          = optional(string)
    publishing_frequency = optional(string, "FIFTEEN_MINUTES")
  })
  default = {}

  validation {
    condition     = !(var.guardduty.create && var.guardduty.detector_id != null)
    error_message = "Expected guardduty.create or guardduty.detector_id, not both: an account has one detector in a region."
  }

  validation {
    condition     = var.guardduty.detector_id == null || can(regex("^[0-9a-f]{32}$", var.guardduty.detector_id))
    error_message = "Expected guardduty.detector_id as `aws guardduty list-detectors` prints it: 32 hexadecimal digits."
  }
}

variable "patterns" {
  description = "Event patterns, as JSON, instead of those that ship, by the name of their file in modules/events/patterns."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for pattern in values(var.patterns) : can(jsondecode(pattern))])
    error_message = "Expected event patterns as JSON."
  }
}

variable "without_rules" {
  description = "Rules that are not wanted, by the name of their file in modules/events/patterns."
  type        = set(string)
  default     = []

  validation {
    condition     = !contains(var.without_rules, "guardduty")
    error_message = "Expected the rule guardduty to be wanted: without it Watchfire is not."
  }
}

variable "image_repository_arns" {
  description = "ECR repositories whose images are scanned after a finding; none: no scans."
  type        = list(string)
  default     = []
}

variable "pod_role_arns" {
  description = "Roles of pods that Watchfire may take credentials from; none: it may not."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for role in var.pod_role_arns : can(regex("^arn:aws(-us-gov|-cn)?:iam::[0-9]{12}:role/[^*]+$", role))])
    error_message = "Expected ARNs of single roles: whoever may put a policy on any role may become anybody."
  }
}

variable "event_bus_arns" {
  description = "Buses that channels `eventbridge` put pages on."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for bus in var.event_bus_arns : can(regex("^arn:aws(-us-gov|-cn)?:events:[a-z0-9-]+:[0-9]{12}:event-bus/[0-9A-Za-z._-]+$", bus))])
    error_message = "Expected ARNs of event buses, such as arn:aws:events:us-east-1:111122223333:event-bus/security."
  }
}

variable "bedrock_model_arns" {
  description = "Models of Bedrock that may be asked about a page (`triage`); none: no model. Of an inference profile: its own ARN, and that of the model in each region that it leads to."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for model in var.bedrock_model_arns : can(regex("^arn:aws(-us-gov|-cn)?:bedrock:[a-z0-9-]+:([0-9]{12})?:(foundation-model|inference-profile|application-inference-profile|provisioned-model|custom-model|custom-model-deployment|imported-model)/[^*]+$", model))])
    error_message = "Expected ARNs of single models or inference profiles, such as arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/anthropic.claude-sonnet-4-20250514-v1:0."
  }
}

variable "bedrock_guardrail_arns" {
  description = "Guardrails of Bedrock that `triage` names; none: no guardrail."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for guardrail in var.bedrock_guardrail_arns : can(regex("^arn:aws(-us-gov|-cn)?:bedrock:[a-z0-9-]+:[0-9]{12}:guardrail/[a-z0-9]+$", guardrail))])
    error_message = "Expected ARNs of guardrails, such as arn:aws-us-gov:bedrock:us-gov-west-1:111122223333:guardrail/a1b2c3d4e5f6."
  }
}

variable "security_hub_write_back" {
  description = "Whether findings are marked NOTIFIED in Security Hub."
  type        = bool
  default     = false
}

variable "key_arn" {
  description = "A KMS key instead of one that is made; its policy must let EventBridge, CloudWatch and the log group use it, as modules/key has it."
  type        = string
  default     = null
}

variable "max_receives" {
  description = "How often a message is received before it is a dead letter: `max_receives` of watchfire.yaml."
  type        = number
  default     = 20
}

variable "fips_endpoints" {
  description = "Whether the Lambda calls AWS's FIPS endpoints; null: in GovCloud. The provider's own is its use_fips_endpoint."
  type        = bool
  default     = null
}

variable "deletion_protection" {
  description = "Whether table and secrets outlive a destroy."
  type        = bool
  default     = true
}

variable "permissions_boundary" {
  description = "A permissions boundary for the roles; null for none."
  type        = string
  default     = null
}
