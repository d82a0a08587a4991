variable "name" {
  description = "What everything of this installation begins with."
  type        = string
}
