# The detector: made here, or only told of.

resource "aws_guardduty_detector" "detector" {
  count = var.create ? 1 : 0

  enable                       = true
  finding_publishing_frequency = var.publishing_frequency
}

resource "aws_guardduty_detector_feature" "feature" {
  for_each = var.create ? toset(["EKS_AUDIT_LOGS", "RUNTIME_MONITORING"]) : toset([])

  detector_id = aws_guardduty_detector.detector[0].id
  name        = each.key
  status      = "ENABLED"

  dynamic "additional_configuration" {
    for_each = each.key == "RUNTIME_MONITORING" ? [true] : []
    content {
      name   = "EKS_ADDON_MANAGEMENT"
      status = "ENABLED"
    }
  }
}
