# Places for secrets; their values are put in by hand, so that they are in no state file and no plan.

resource "aws_secretsmanager_secret" "secret" {
  for_each = var.secrets

  name                    = "${var.name}/${each.key}"
  description             = "Watchfire: ${each.key}"
  kms_key_id              = var.key_arn
  recovery_window_in_days = var.recovery_days
}
