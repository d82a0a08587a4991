variable "name" {
  description = "What everything of this installation begins with."
  type        = string
}

variable "cluster_name" {
  description = "The EKS cluster that the worker runs in."
  type        = string
}

variable "cluster_arn" {
  description = "Its ARN."
  type        = string
}

variable "namespace" {
  description = "The worker's namespace."
  type        = string
}

variable "service_account" {
  description = "The worker's service account."
  type        = string
}

variable "on" {
  description = "What it works on, as permissions/ has it."
  type        = map(list(string))
}

variable "permissions_boundary" {
  description = "A boundary for the role; null for none."
  type        = string
}
