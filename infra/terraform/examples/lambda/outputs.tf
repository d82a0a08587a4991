output "watchfire" {
  description = "All that the module says."
  value       = module.watchfire
}

output "configuration" {
  description = "What of watchfire.yaml comes from here."
  value       = module.watchfire.configuration
}
