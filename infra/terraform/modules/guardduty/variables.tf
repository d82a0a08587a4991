variable "create" {
  description = "Whether the detector is made; an account has one in a region."
  type        = bool
}

variable "detector_id" {
  description = "The one that there is already; null where none is known."
  type        = string
}

variable "publishing_frequency" {
  description = "How often a finding that goes on is sent again."
  type        = string

  validation {
    condition     = contains(["FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS"], var.publishing_frequency)
    error_message = "Expected FIFTEEN_MINUTES, ONE_HOUR or SIX_HOURS."
  }
}
