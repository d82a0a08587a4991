variable "role" {
  description = "Whose permissions: worker, function, operator, a human at the command line, or doctor, who only looks at how all is set up."
  type        = string

  validation {
    condition     = contains(["worker", "function", "operator", "doctor"], var.role)
    error_message = "Expected worker, function, operator or doctor."
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
