# A bucket for decisions that are larger than a row: named by their sums, deleted with their decision.

data "aws_partition" "current" {}

locals {
  arn = "arn:${data.aws_partition.current.partition}:s3:::${var.bucket}"
}

resource "aws_s3_bucket" "rows" {
  #checkov:skip=CKV_AWS_18: who reads and writes objects is in CloudTrail's data events, which has the role's session as well
  #checkov:skip=CKV_AWS_144: rows are not to leave their region; the table that they belong to is there, too
  #checkov:skip=CKV2_AWS_62: nobody waits for new rows
  bucket        = var.bucket
  force_destroy = false
}

# As long as the table can be had back as it was.
resource "aws_s3_bucket_versioning" "rows" {
  bucket = aws_s3_bucket.rows.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "rows" {
  bucket = aws_s3_bucket.rows.id

  # What it says of other versions is nothing before there are any.
  depends_on = [aws_s3_bucket_versioning.rows]

  rule {
    id     = "deleted-with-its-decision"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 35
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "rows" {
  bucket = aws_s3_bucket.rows.id

  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.key_arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "rows" {
  bucket = aws_s3_bucket.rows.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

data "aws_iam_policy_document" "rows" {
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
}

resource "aws_s3_bucket_policy" "rows" {
  bucket = aws_s3_bucket_public_access_block.rows.bucket
  policy = data.aws_iam_policy_document.rows.json
}
