variable "role" {
  description = "Whose permissions: worker, function or operator, a human at the command line."
  type        = string

  validation {
    condition     = contains(["worker", "function", "operator"], var.role)
    error_message = "Expected worker, function or operator."
  }
}

variable "on" {
  description = "What it may do that on, by the word that permissions.json has under `on`: ARNs. What is not named is not permitted."
  type        = map(list(string))

  validation {
    condition     = alltrue([for kind in keys(var.on) : contains(local.kinds, kind)])
    error_message = "Expected only words that permissions.json has under `on`."
  }
}
