variable "name" {
  description = "What everything of this installation begins with."
  type        = string
}

variable "cluster_name" {
  description = "The EKS cluster."
  type        = string
}

variable "key_arn" {
  description = "The key that encrypts its log and its environment."
  type        = string
}

variable "package" {
  description = "The zip of `lambda/build`, with watchfire.yaml in it."
  type        = string
}

variable "architecture" {
  description = "What it was built for: x86_64 or arm64."
  type        = string
}

variable "memory_mib" {
  description = "Memory; processor comes with it."
  type        = number
}

variable "timeout_seconds" {
  description = "How long one invocation may take."
  type        = number
}

variable "maximum_concurrency" {
  description = "How many invocations each queue may have at once."
  type        = number
}

variable "queue_arns" {
  description = "The queues, `urgent` and `alerts`."
  type        = map(string)
}

variable "undelivered_arn" {
  description = "Where invocations go that were not by a queue and failed."
  type        = string
}

variable "on" {
  description = "What it works on, as permissions/ has it."
  type        = map(list(string))
}

variable "subnet_ids" {
  description = "Subnets from which it reaches the cluster's private endpoint; none: it is in no VPC."
  type        = list(string)
}

variable "security_group_ids" {
  description = "Its security groups there."
  type        = list(string)
}

variable "function_url" {
  description = "Whether operators reach it by a URL, behind IAM."
  type        = bool
}

variable "kubernetes_groups" {
  description = "The Kubernetes groups of its access entry; none: no access entry."
  type        = list(string)
}

variable "environment" {
  description = "More environment variables; no secrets."
  type        = map(string)
}

variable "fips_endpoints" {
  description = "Whether it calls AWS's FIPS endpoints."
  type        = bool
}

variable "log_days" {
  description = "How long its log is kept."
  type        = number
}

variable "permissions_boundary" {
  description = "A boundary for the role; null for none."
  type        = string
}
