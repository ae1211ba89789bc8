# A cluster in Docker for a data platform: a node for the gateway, a namespace for each component, closed but for what the
# components need of each other.

module "cluster" {
  source = "../../modules/kind/cluster"

  name       = var.name
  node_image = var.node_image
  workers = {
    gateway = { labels = { net = "metallb-gateway" } }
    jobs    = {}
  }
}

locals {
  # What a component sends, its peer has to receive.
  received = {
    for name in keys(var.components) : name => merge([
      for sender, component in var.components : {
        for peer in component.talks_to : "from-${sender}" => peer.ports if peer.component == name
      }
    ]...)
  }
}

module "namespace" {
  source   = "../../modules/kubernetes/namespace"
  for_each = var.components

  name   = each.key
  labels = { component = each.key }
  quota  = each.value.quota

  allow = merge(
    {
      for use, peer in each.value.talks_to :
      "to-${use}" => { direction = "egress", namespace_labels = { component = peer.component }, ports = peer.ports }
    },
    {
      for sender, ports in local.received[each.key] :
      sender => { direction = "ingress", namespace_labels = { component = trimprefix(sender, "from-") }, ports = ports }
    },
  )
}

module "roles" {
  source = "../../modules/kubernetes/cluster-roles"

  viewers    = [for user in var.viewers : { kind = "User", name = user }]
  namespaces = keys(var.components)

  depends_on = [module.namespace]
}
