variable "bucket" {
  description = "The bucket's name, which nobody else in the partition may have."
  type        = string
}

variable "key_arn" {
  description = "The key that encrypts what is in it."
  type        = string
}
