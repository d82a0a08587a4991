variable "role" {
  description = "Whose permissions: worker or function."
  type        = string

  validation {
    condition     = contains(["worker", "function"], var.role)
    error_message = "Expected worker or function."
  }
}

variable "on" {
  description = "What it may do that on, by the word that permissions.json has under `on`: ARNs. What is not named is not permitted."
  type        = map(list(string))

  validation {
    condition = alltrue([for kind in keys(var.on) : contains([
      "queues", "undelivered", "tables", "indexes", "topics", "secrets", "evidence_objects", "evidence_buckets", "repositories", "pod_roles",
      "security_hubs", "log_groups", "networks", "keys",
    ], kind)])
    error_message = "Expected only words that permissions.json has under `on`."
  }
}
