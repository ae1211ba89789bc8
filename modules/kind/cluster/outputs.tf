output "name" {
  description = "Name of the cluster; known when it is ready."
  value       = kind_cluster.this.name
}

output "kubeconfig" {
  description = "A kubeconfig file for the administrator."
  value       = kind_cluster.this.kubeconfig
  sensitive   = true
}

output "kube_config" {
  description = "How to reach the cluster: host, and the certificates in PEM, as the kubernetes and helm providers take them."
  sensitive   = true
  value = {
    host                   = kind_cluster.this.endpoint
    cluster_ca_certificate = kind_cluster.this.cluster_ca_certificate
    client_certificate     = kind_cluster.this.client_certificate
    client_key             = kind_cluster.this.client_key
  }
}

output "network" {
  description = "The Docker network: `name`, `ipv4_cidr`, and `load_balancer_range`, the last ten addresses, for MetalLB."
  value       = kind_cluster.this.network
}
