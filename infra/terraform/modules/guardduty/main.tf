# The detector: made here, or only told of.

resource "aws_guardduty_detector" "detector" {
  #checkov:skip=CKV2_AWS_3: an organisation's administrator decides that for all accounts, not one cluster's infrastructure
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
