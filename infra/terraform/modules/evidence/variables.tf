variable "bucket" {
  description = "The bucket's name, which nobody else in the partition may have."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "Expected 3 to 63 lower-case letters, digits and hyphens, such as watchfire-evidence-111122223333."
  }
}

variable "key_arn" {
  description = "The key that encrypts what is in it."
  type        = string
}

variable "retention" {
  description = "governance: an administrator may shorten it; compliance: nobody, the account's root included."
  type        = string

  validation {
    condition     = contains(["governance", "compliance"], var.retention)
    error_message = "Expected governance or compliance."
  }
}

variable "retain_days" {
  description = "For how long nothing can be deleted."
  type        = number

  validation {
    condition     = var.retain_days >= 1 && var.retain_days <= 36500
    error_message = "Expected 1 to 36500 days."
  }
}

variable "expire_days" {
  description = "When it is deleted."
  type        = number

  validation {
    condition     = var.expire_days > var.retain_days
    error_message = "Expected more than retain_days: what is locked is not deleted."
  }
}

variable "administrators" {
  description = "Roles that may shorten retention in governance mode, as ARNs, `*` allowed."
  type        = list(string)
}
