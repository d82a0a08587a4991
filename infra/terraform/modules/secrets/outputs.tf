output "arns" {
  description = "The secrets' ARNs, by name: `{secret_arn: …}` in watchfire.yaml."
  value       = { for secret, created in aws_secretsmanager_secret.secret : secret => created.arn }
}
