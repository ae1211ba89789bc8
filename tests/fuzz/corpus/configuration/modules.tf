module "part" {
  source   = "./part"
  for_each = toset(["a", "b"])
  name     = each.key
  depends_on = [terraform_data.x]
}
resource "terraform_data" "x" {}
moved {
  from = terraform_data.old
  to   = terraform_data.x
}
removed {
  from = module.gone
  lifecycle {
    destroy = false
  }
}
output "names" {
  value = { for key, part in module.part : key => part.name }
}
#### part
terraform {
  required_version = ">= 1.0"
  required_providers {
    random = { source = "hashicorp/random", version = "~> 3.0" }
  }
}
variable "name" { type = string }
resource "random_pet" "p" { prefix = var.name }
data "terraform_remote_state" "s" {
  backend = "local"
  config  = { path = "x" }
}
output "name" { value = "${random_pet.p.id}-${try(data.terraform_remote_state.s.outputs.x, "none")}" }
