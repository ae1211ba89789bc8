resource "kubernetes_secret_v1" "this" {
  for_each = var.namespaces

  metadata {
    name      = var.name
    namespace = each.key
  }

  type = "kubernetes.io/dockerconfigjson"
  data = { ".dockerconfigjson" = var.dockerconfigjson }
}
