variable "name" {
  description = "The table's name."
  type        = string
}

variable "key_arn" {
  description = "The key that encrypts it."
  type        = string
}

variable "deletion_protection" {
  description = "Whether the table outlives a destroy."
  type        = bool
}
