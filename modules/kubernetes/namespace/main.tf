resource "kubernetes_namespace_v1" "this" {
  metadata {
    name   = var.name
    labels = var.labels
  }
}

resource "kubernetes_resource_quota_v1" "this" {
  count = length(var.quota) > 0 ? 1 : 0

  metadata {
    name      = "quota"
    namespace = kubernetes_namespace_v1.this.metadata[0].name
  }

  spec {
    hard = var.quota
  }
}

resource "kubernetes_limit_range_v1" "this" {
  count = var.container_limits == null ? 0 : 1

  metadata {
    name      = "containers"
    namespace = kubernetes_namespace_v1.this.metadata[0].name
  }

  spec {
    limit {
      type            = "Container"
      default         = var.container_limits.default
      default_request = var.container_limits.default_request
      max             = var.container_limits.max
    }
  }
}

resource "kubernetes_network_policy_v1" "default_deny" {
  count = var.default_deny ? 1 : 0

  metadata {
    name      = "default-deny"
    namespace = kubernetes_namespace_v1.this.metadata[0].name
  }

  spec {
    pod_selector {}
    policy_types = ["Ingress", "Egress"]

    # Nothing works without names.
    egress {
      to {
        namespace_selector {
          match_labels = { "kubernetes.io/metadata.name" = "kube-system" }
        }
        pod_selector {
          match_labels = { "k8s-app" = "kube-dns" }
        }
      }
      ports {
        port     = "53"
        protocol = "UDP"
      }
      ports {
        port     = "53"
        protocol = "TCP"
      }
    }
  }
}

resource "kubernetes_network_policy_v1" "allow" {
  for_each = var.allow

  metadata {
    name      = "allow-${each.key}"
    namespace = kubernetes_namespace_v1.this.metadata[0].name
  }

  spec {
    pod_selector {}
    policy_types = [title(each.value.direction)]

    dynamic "ingress" {
      for_each = each.value.direction == "ingress" ? [each.value] : []
      content {
        from {
          dynamic "namespace_selector" {
            for_each = ingress.value.namespace_labels == null ? [] : [ingress.value.namespace_labels]
            content {
              match_labels = namespace_selector.value
            }
          }
          dynamic "pod_selector" {
            for_each = ingress.value.pod_labels == null ? [] : [ingress.value.pod_labels]
            content {
              match_labels = pod_selector.value
            }
          }
          dynamic "ip_block" {
            for_each = ingress.value.cidr == null ? [] : [ingress.value.cidr]
            content {
              cidr = ip_block.value
            }
          }
        }
        dynamic "ports" {
          for_each = ingress.value.ports
          content {
            port     = tostring(ports.value)
            protocol = "TCP"
          }
        }
      }
    }

    dynamic "egress" {
      for_each = each.value.direction == "egress" ? [each.value] : []
      content {
        to {
          dynamic "namespace_selector" {
            for_each = egress.value.namespace_labels == null ? [] : [egress.value.namespace_labels]
            content {
              match_labels = namespace_selector.value
            }
          }
          dynamic "pod_selector" {
            for_each = egress.value.pod_labels == null ? [] : [egress.value.pod_labels]
            content {
              match_labels = pod_selector.value
            }
          }
          dynamic "ip_block" {
            for_each = egress.value.cidr == null ? [] : [egress.value.cidr]
            content {
              cidr = ip_block.value
            }
          }
        }
        dynamic "ports" {
          for_each = egress.value.ports
          content {
            port     = tostring(ports.value)
            protocol = "TCP"
          }
        }
      }
    }
  }
}
