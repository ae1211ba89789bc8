locals {
  # Kubernetes brings these cluster roles.
  subjects = { for role, subjects in { admin = var.admins, edit = var.editors, view = var.viewers } : role => subjects if length(subjects) > 0 }

  in_namespaces = merge([
    for namespace in coalesce(var.namespaces, []) : {
      for role, subjects in local.subjects : "${namespace}/${role}" => { namespace = namespace, role = role, subjects = subjects }
    }
  ]...)
}

resource "kubernetes_role_binding_v1" "this" {
  for_each = local.in_namespaces

  metadata {
    name      = "terrane-${each.value.role}"
    namespace = each.value.namespace
  }

  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "ClusterRole"
    name      = each.value.role
  }

  dynamic "subject" {
    for_each = each.value.subjects
    content {
      kind      = subject.value.kind
      name      = subject.value.name
      namespace = subject.value.namespace
      api_group = subject.value.kind == "ServiceAccount" ? "" : "rbac.authorization.k8s.io"
    }
  }
}

resource "kubernetes_cluster_role_binding_v1" "this" {
  for_each = var.namespaces == null ? local.subjects : {}

  metadata {
    name = "terrane-${each.key}"
  }

  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "ClusterRole"
    name      = each.key
  }

  dynamic "subject" {
    for_each = each.value
    content {
      kind      = subject.value.kind
      name      = subject.value.name
      namespace = subject.value.namespace
      api_group = subject.value.kind == "ServiceAccount" ? "" : "rbac.authorization.k8s.io"
    }
  }
}
