variable "name" {
  description = "What everything of this installation begins with; the bus is named so."
  type        = string
}

variable "organization_id" {
  description = "The organisation whose accounts may put events."
  type        = string
}
