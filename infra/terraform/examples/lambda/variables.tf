variable "region" {
  description = "Where the cluster is."
  type        = string
}

variable "cluster_name" {
  description = "The EKS cluster."
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

variable "package" {
  description = "The zip of `lambda/build`, with watchfire.yaml in it."
  type        = string
}
