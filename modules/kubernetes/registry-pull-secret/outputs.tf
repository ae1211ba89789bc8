output "name" {
  description = "Name of the secret, for `imagePullSecrets`."
  value       = var.name
  depends_on  = [kubernetes_secret_v1.this]
}
