# Worker and Lambda on the same queues and store, and the events of a second account of the organisation: when the cluster
# is down, the Lambda still pages.

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

provider "aws" {
  alias             = "member"
  region            = var.region
  use_fips_endpoint = var.fips_endpoints

  assume_role {
    role_arn = var.member_role_arn
  }

  default_tags {
    tags = { application = "watchfire" }
  }
}

module "watchfire" {
  source = "../.."

  cluster_name    = var.cluster_name
  emails          = { alarms = var.emails, guardduty = var.emails, security_hub = var.emails }
  organization_id = var.organization_id
  worker          = {}
  function = {
    package           = var.package
    kubernetes_groups = ["watchfire"]
  }
  deletion_protection = var.deletion_protection
}

module "member" {
  source    = "../../modules/forwarding"
  providers = { aws = aws.member }

  bus_arn = module.watchfire.bus_arn
}
