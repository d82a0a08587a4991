# The worker in the cluster.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.80"
    }
  }
}

provider "aws" {
  region            = var.region
  use_fips_endpoint = var.fips_endpoints

  default_tags {
    tags = { application = "watchfire" }
  }
}

module "watchfire" {
  source = "../.."

  cluster_name        = var.cluster_name
  emails              = { alarms = var.emails, guardduty = var.emails, security_hub = var.emails }
  worker              = {}
  deletion_protection = var.deletion_protection
}
