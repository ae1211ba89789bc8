output "cluster_name" {
  description = "Name of the Kubernetes cluster."
  value       = module.cluster.name
}

output "url" {
  description = "Where Airflow is reached once an ingress controller has the address."
  value       = "https://${module.address.fqdn}"
}

output "kubeconfig" {
  description = "A kubeconfig file for the cluster."
  value       = module.cluster.kube_config_raw
  sensitive   = true
}

output "image_pull_secret" {
  description = "Content of the pull secret for the registry."
  value       = module.registry.dockerconfigjson
  sensitive   = true
}

output "fernet_key" {
  description = "Key that Airflow encrypts its connections with: 32 bytes in URL-safe base64."
  value       = replace(replace(random_bytes.fernet_key.base64, "+", "-"), "/", "_")
  sensitive   = true
}

output "airflow_values" {
  description = "Values for Airflow's Helm chart: database, shares, address and keys."
  sensitive   = true
  value = yamlencode({
    executor  = "KubernetesExecutor"
    fernetKey = replace(replace(random_bytes.fernet_key.base64, "+", "-"), "/", "_")
    data      = { metadataConnection = { protocol = "postgresql+psycopg2", uri = module.postgres.urls["airflow"] } }
    registry  = { server = module.registry.login_server }
    shares    = { account = module.shares.account_name, key = module.shares.key, names = module.shares.share_names }
    ingress   = { service = { loadBalancerIP = module.address.ip, annotations = module.address.service_annotations } }
  })
}
