output "role_name" {
  description = "The role's name."
  value       = aws_iam_role.worker.name
}

output "role_arn" {
  description = "The role's ARN."
  value       = aws_iam_role.worker.arn
}
