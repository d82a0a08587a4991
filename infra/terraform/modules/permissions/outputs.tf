output "json" {
  description = "The policy."
  value       = data.aws_iam_policy_document.role.json
}
