output "arns" {
  description = "The topics: `guardduty`, `security_hub`, `alarms`."
  value       = { for topic, created in aws_sns_topic.topic : topic => created.arn }
}
