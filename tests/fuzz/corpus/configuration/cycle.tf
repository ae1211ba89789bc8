locals {
  a = local.b
  b = [local.c, terraform_data.d.output]
  c = local.a
}
resource "terraform_data" "d" {
  input = local.a
}
