output "bucket" {
  description = "The bucket's name: `evidence.to.s3.bucket` of watchfire.yaml."
  value       = aws_s3_bucket.evidence.bucket
}

output "arn" {
  description = "The bucket's ARN."
  value       = aws_s3_bucket.evidence.arn
}
