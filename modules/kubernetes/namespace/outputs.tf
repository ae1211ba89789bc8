output "name" {
  description = "Name of the namespace; known when its quota and limits are in place."
  value       = kubernetes_namespace_v1.this.metadata[0].name
  depends_on  = [kubernetes_resource_quota_v1.this, kubernetes_limit_range_v1.this, kubernetes_network_policy_v1.default_deny]
}
