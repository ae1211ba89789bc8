# What runs in the namespaces. The charts stand in for those of the real components: they have the same parts, and images
# of something small.

resource "random_password" "component" {
  for_each = var.components

  length  = 24
  special = false
}

resource "helm_release" "component" {
  for_each = var.components

  name      = each.key
  chart     = "${path.module}/charts/component"
  namespace = module.namespace[each.key].name
  timeout   = 180

  values = [yamlencode({
    image = var.image
    peers = { for use, peer in each.value.talks_to : use => "${peer.component}.${peer.component}" }
  })]

  set_sensitive = [{
    name  = "password"
    value = random_password.component[each.key].result
  }]
}

# An operator with the kind of its objects, and objects of that kind, in one apply.
resource "helm_release" "object_store" {
  name             = "object-store"
  chart            = "${path.module}/charts/object-store"
  namespace        = "object-store"
  create_namespace = true
  timeout          = 180

  values = [yamlencode({ image = var.image })]
}

resource "kubernetes_manifest" "bucket" {
  for_each = var.buckets

  manifest = {
    apiVersion = "storage.data-platform.local/v1"
    kind       = "Bucket"
    metadata   = { name = each.key, namespace = helm_release.object_store.namespace }
    spec       = each.value
  }

  # What is edited by hand is set right again.
  field_manager {
    force_conflicts = true
  }
}
