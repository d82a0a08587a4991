variable "name" {
  description = "What everything of this installation begins with."
  type        = string
}

variable "key_arn" {
  description = "The key that encrypts the messages; its policy lets EventBridge use it."
  type        = string
}

variable "rule_arns" {
  description = "The rules of EventBridge that may send to each queue, and nobody else; `ticks` only to what is undelivered."
  type = object({
    urgent = list(string)
    alerts = list(string)
    ticks  = list(string)
  })
}

variable "visibility_seconds" {
  description = "How long a message stays with who received it; behind a Lambda at least six times its timeout."
  type        = number

  validation {
    condition     = var.visibility_seconds >= 120 && var.visibility_seconds <= 43200
    error_message = "Expected 120 to 43200 seconds: a worker extends it while it works, and dies at most that long before a page comes again."
  }
}

variable "max_receives" {
  description = "How often a message is received before it is a dead letter."
  type        = number

  validation {
    condition     = var.max_receives >= 20 && var.max_receives <= 1000
    error_message = "Expected 20 to 1000: while PagerDuty is down the queue is what holds the page, and each try is one receive."
  }
}
