output "kubeconfig" {
  description = "A kubeconfig file for the administrator."
  value       = module.cluster.kubeconfig
  sensitive   = true
}

output "load_balancer_range" {
  description = "Addresses of the Docker network that are kept for load balancers."
  value       = module.cluster.network.load_balancer_range
}

output "hosts_entries" {
  description = "Line for /etc/hosts, once a gateway has the range's first address."
  value = join(" ", concat(
    [split("-", module.cluster.network.load_balancer_range)[0]],
    [for name in keys(var.components) : "${name}.${var.domain}"],
  ))
}

output "namespaces" {
  description = "Namespaces of the components."
  value       = [for namespace in module.namespace : namespace.name]
}

output "releases" {
  description = "Charts that run, with their revisions."
  value       = { for name, release in helm_release.component : name => "${release.metadata.chart} ${release.version}, revision ${release.metadata.revision}" }
}
