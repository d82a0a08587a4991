output "detector_id" {
  description = "The detector's id; null where none is known."
  value       = var.create ? aws_guardduty_detector.detector[0].id : var.detector_id
}
