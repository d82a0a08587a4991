output "watchfire" {
  description = "All that the module says."
  value       = module.watchfire
}

output "configuration" {
  description = "watchfire.yaml, whole."
  value       = module.watchfire.configuration
}
