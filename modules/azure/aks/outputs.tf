output "id" {
  description = "Id of the cluster."
  value       = azurerm_kubernetes_cluster.this.id
}

output "name" {
  description = "Name of the cluster."
  value       = azurerm_kubernetes_cluster.this.name
}

output "fqdn" {
  description = "Host name of the API server."
  value       = azurerm_kubernetes_cluster.this.fqdn
}

output "node_resource_group" {
  description = "Resource group in which Azure keeps the nodes."
  value       = azurerm_kubernetes_cluster.this.node_resource_group
}

output "identity_principal_id" {
  description = "Object id of the cluster's identity, for further role assignments."
  value       = azurerm_user_assigned_identity.this.principal_id
}

output "kubelet_object_id" {
  description = "Object id of the nodes' identity."
  value       = one(azurerm_kubernetes_cluster.this.kubelet_identity[*].object_id)
}

output "oidc_issuer_url" {
  description = "Issuer of the tokens of the cluster's service accounts, for federated credentials."
  value       = azurerm_kubernetes_cluster.this.oidc_issuer_url
}

output "kube_config_raw" {
  description = "A kubeconfig file for the cluster."
  value       = azurerm_kubernetes_cluster.this.kube_config_raw
  sensitive   = true
}

output "kube_config" {
  description = "How to reach the cluster: host, and the certificates in PEM, as the kubernetes and helm providers take them."
  sensitive   = true
  value = {
    host                   = azurerm_kubernetes_cluster.this.kube_config[0].host
    cluster_ca_certificate = base64decode(azurerm_kubernetes_cluster.this.kube_config[0].cluster_ca_certificate)
    client_certificate     = base64decode(azurerm_kubernetes_cluster.this.kube_config[0].client_certificate)
    client_key             = base64decode(azurerm_kubernetes_cluster.this.kube_config[0].client_key)
  }
}
