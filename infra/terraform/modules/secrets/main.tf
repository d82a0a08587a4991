# Places for secrets; their values are put in by hand, so that they are in no state file and no plan.

resource "aws_secretsmanager_secret" "secret" {
  #checkov:skip=CKV2_AWS_57: nothing can rotate PagerDuty's key but PagerDuty; infra/README.md says how it is done by hand
  for_each = var.secrets

  name                    = "${var.name}/${each.key}"
  description             = "Watchfire: ${each.key}"
  kms_key_id              = var.key_arn
  recovery_window_in_days = var.recovery_days
}
