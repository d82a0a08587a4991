output "rule_arns" {
  description = "The rules that send to each queue, and those that only tell the function."
  value = {
    urgent = concat(local.arns["urgent"], [for rule in aws_cloudwatch_event_rule.canary : rule.arn if rule.name == "${var.name}-canary-urgent"])
    alerts = concat(local.arns["alerts"], [for rule in aws_cloudwatch_event_rule.canary : rule.arn if rule.name == "${var.name}-canary-alerts"])
    ticks  = aws_cloudwatch_event_rule.tick[*].arn
  }
}

output "rule_names" {
  description = "Every rule's name: for alarms."
  value       = concat([for rule in aws_cloudwatch_event_rule.rule : rule.name], [for rule in aws_cloudwatch_event_rule.canary : rule.name], aws_cloudwatch_event_rule.tick[*].name)
}
