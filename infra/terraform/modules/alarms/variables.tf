variable "name" {
  description = "What everything of this installation begins with."
  type        = string
}

variable "topic_arn" {
  description = "Who is told."
  type        = string
}

variable "queue_names" {
  description = "The queues, by what they are."
  type = object({
    urgent      = string
    alerts      = string
    urgent_dead = string
    alerts_dead = string
    undelivered = string
  })
}

variable "rule_names" {
  description = "The rules of EventBridge on the default bus."
  type        = set(string)
}

variable "function_name" {
  description = "The Lambda; null where there is none."
  type        = string
}

variable "table_name" {
  description = "The table of the store."
  type        = string
}
