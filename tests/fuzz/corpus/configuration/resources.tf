variable "a" {
  type    = list(object({ name = string, size = optional(number, 3) }))
  default = [{ name = "x" }]
  validation {
    condition     = length(var.a) > 0
    error_message = "Give ${length(var.a)} more."
  }
}
locals {
  by_name = { for one in var.a : one.name => one }
}
resource "terraform_data" "a" {
  for_each         = local.by_name
  input            = merge(each.value, { key = each.key })
  triggers_replace = [terraform_data.b[*].output, path.module]
  lifecycle {
    create_before_destroy = true
    ignore_changes        = [input]
    replace_triggered_by  = [terraform_data.b]
    precondition {
      condition     = each.key != ""
      error_message = "No name."
    }
  }
  depends_on = [random_id.r]
}
resource "terraform_data" "b" {
  count = 2
  input = { index = count.index, id = random_id.r.hex }
}
resource "random_id" "r" {
  byte_length = 4
}
output "a" {
  value     = terraform_data.a["x"].output
  sensitive = true
}
check "c" {
  assert {
    condition     = length(terraform_data.a) == 1
    error_message = "One."
  }
}
