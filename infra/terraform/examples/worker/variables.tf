variable "region" {
  description = "Where the cluster is."
  type        = string
}

variable "cluster_name" {
  description = "The EKS cluster; it has the add-on eks-pod-identity-agent, or Auto Mode."
  type        = string
}

variable "emails" {
  description = "Who is mailed; each has to confirm."
  type        = list(string)
}

variable "fips_endpoints" {
  description = "Whether AWS's FIPS endpoints are called."
  type        = bool
  default     = false
}

variable "deletion_protection" {
  description = "Whether table and secrets outlive a destroy."
  type        = bool
  default     = true
}
