output "bindings" {
  description = "Names of the bindings, with their namespaces where they have one."
  value = concat(
    [for binding in kubernetes_role_binding_v1.this : "${binding.metadata[0].namespace}/${binding.metadata[0].name}"],
    [for binding in kubernetes_cluster_role_binding_v1.this : binding.metadata[0].name],
  )
}
