variable "e" {
  ephemeral = true
  default   = "x"
}
resource "time_static" "t" {
  triggers = { a = "${timestamp()}" }
}
resource "null_resource" "n" {
  triggers = { at = time_static.t.rfc3339 }
  provisioner "local-exec" {
    command = "true"
    when    = destroy
  }
}
import {
  for_each = { a = "1" }
  to       = terraform_data.i[each.key]
  id       = each.value
}
resource "terraform_data" "i" {
  for_each = { a = 1 }
  input    = ephemeralasnull(var.e)
}
