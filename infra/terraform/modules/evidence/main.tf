# The bucket of evidence: what is in it stays as it is for as long as it was promised, whoever has the worker's role.

data "aws_partition" "current" {}

locals {
  arn = "arn:${data.aws_partition.current.partition}:s3:::${var.bucket}"
}

resource "aws_s3_bucket" "evidence" {
  #checkov:skip=CKV_AWS_18: who reads and writes objects is in CloudTrail's data events, which has the role's session as well
  #checkov:skip=CKV_AWS_144: evidence is not to leave its partition and region; replicate the bucket where your rules ask for it
  #checkov:skip=CKV2_AWS_62: nobody waits for new evidence; the page says where it is
  bucket              = var.bucket
  object_lock_enabled = true
  force_destroy       = false
}

resource "aws_s3_bucket_versioning" "evidence" {
  bucket = aws_s3_bucket.evidence.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_object_lock_configuration" "evidence" {
  bucket = aws_s3_bucket_versioning.evidence.bucket

  rule {
    default_retention {
      mode = upper(var.retention)
      days = var.retain_days
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "evidence" {
  bucket = aws_s3_bucket.evidence.id

  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.key_arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "evidence" {
  bucket = aws_s3_bucket.evidence.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "evidence" {
  bucket = aws_s3_bucket.evidence.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# Object Lock has the last word: what is still locked is not expired.
resource "aws_s3_bucket_lifecycle_configuration" "evidence" {
  bucket = aws_s3_bucket_versioning.evidence.bucket

  rule {
    id     = "after-its-time"
    status = "Enabled"

    filter {}

    transition {
      days          = 90
      storage_class = "GLACIER_IR"
    }

    expiration {
      days = var.expire_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

data "aws_iam_policy_document" "evidence" {
  statement {
    sid       = "NobodyInPlainText"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.arn, "${local.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  # In governance mode whoever may bypass it can delete: here nobody may, until this policy is changed, which is in CloudTrail.
  statement {
    sid       = "NobodyBypassesRetention"
    effect    = "Deny"
    actions   = ["s3:BypassGovernanceRetention", "s3:PutBucketObjectLockConfiguration"]
    resources = [local.arn, "${local.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    dynamic "condition" {
      for_each = length(var.administrators) == 0 ? [] : [var.administrators]
      content {
        test     = "ArnNotLike"
        variable = "aws:PrincipalArn"
        values   = condition.value
      }
    }
  }
}

resource "aws_s3_bucket_policy" "evidence" {
  bucket = aws_s3_bucket_public_access_block.evidence.bucket
  policy = data.aws_iam_policy_document.evidence.json

  # Once the policy holds, only administrators may lock.
  depends_on = [aws_s3_bucket_object_lock_configuration.evidence]
}
