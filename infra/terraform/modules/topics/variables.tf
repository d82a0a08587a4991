variable "name" {
  description = "What everything of this installation begins with."
  type        = string
}

variable "cluster_name" {
  description = "The EKS cluster: the topics of its alerts are named after it."
  type        = string
}

variable "key_arn" {
  description = "The key that encrypts the messages."
  type        = string
}

variable "emails" {
  description = "Who is mailed by each topic."
  type = object({
    guardduty    = list(string)
    security_hub = list(string)
    alarms       = list(string)
  })
}
