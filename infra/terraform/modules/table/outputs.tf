output "name" {
  description = "The table's name: `store.dynamodb.table` of watchfire.yaml."
  value       = aws_dynamodb_table.store.name
}

output "arn" {
  description = "The table's ARN."
  value       = aws_dynamodb_table.store.arn
}
