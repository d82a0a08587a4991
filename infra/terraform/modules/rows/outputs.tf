output "bucket" {
  description = "The bucket's name: `store.dynamodb.bucket` of watchfire.yaml."
  value       = aws_s3_bucket.rows.bucket
}

output "arn" {
  description = "The bucket's ARN."
  value       = aws_s3_bucket.rows.arn
}
