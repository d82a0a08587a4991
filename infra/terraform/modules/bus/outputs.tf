output "name" {
  description = "The bus's name."
  value       = aws_cloudwatch_event_bus.bus.name
}

output "arn" {
  description = "The bus's ARN: `bus_arn` of forwarding/."
  value       = aws_cloudwatch_event_bus.bus.arn
}
