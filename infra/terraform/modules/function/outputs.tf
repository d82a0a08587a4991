output "name" {
  description = "The function's name."
  value       = aws_lambda_function.function.function_name
}

output "arn" {
  description = "The function's ARN."
  value       = aws_lambda_function.function.arn
}

output "role_name" {
  description = "Its role's name."
  value       = aws_iam_role.function.name
}

output "role_arn" {
  description = "Its role's ARN."
  value       = aws_iam_role.function.arn
}

output "url" {
  description = "Where operators reach it; null where they do not."
  value       = one(aws_lambda_function_url.function[*].function_url)
}
