output "role_name" {
  description = "The role by which EventBridge forwards."
  value       = aws_iam_role.forward.name
}

output "rule_names" {
  description = "The rules that forward."
  value       = [for rule in aws_cloudwatch_event_rule.forward : rule.name]
}
