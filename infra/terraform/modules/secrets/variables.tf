variable "name" {
  description = "What everything of this installation begins with."
  type        = string
}

variable "key_arn" {
  description = "The key that encrypts them."
  type        = string
}

variable "secrets" {
  description = "Their names, without what everything begins with."
  type        = set(string)
}

variable "recovery_days" {
  description = "For how long a deleted secret can be had back; 0: not at all."
  type        = number
}
