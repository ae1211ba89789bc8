output "cluster_name" {
  description = "Name of the Kubernetes cluster."
  value       = module.cluster.name
}

output "kubeconfig" {
  description = "A kubeconfig file for the cluster."
  value       = module.cluster.kube_config_raw
  sensitive   = true
}

output "registry" {
  description = "Host name of the container registry."
  value       = module.registry.login_server
}

output "database_host" {
  description = "Host name of the database, resolved in the network."
  value       = module.postgres.fqdn
}

output "cache_host" {
  description = "Host name of the cache, resolved in the network."
  value       = module.redis.host
}

output "cache_private_ip" {
  description = "Address of the cache in the network."
  value       = module.redis.private_ip
}

output "ip_budget" {
  description = "Addresses that the nodes' subnet has, and those that its pools need at full size during an upgrade."
  value       = module.network.ip_budget["nodes"]
}

output "superset_values" {
  description = "Values for Superset's Helm chart: database and cache outside of the cluster, and the secret key."
  sensitive   = true
  value = yamlencode({
    postgresql = { enabled = false }
    redis      = { enabled = false }
    supersetNode = {
      connections = {
        db_host         = module.postgres.fqdn
        db_port         = tostring(module.postgres.port)
        db_user         = module.postgres.administrator_login
        db_pass         = module.postgres.administrator_password
        db_name         = "superset"
        redis_host      = module.redis.host
        redis_port      = tostring(module.redis.port)
        redis_password  = module.redis.key
        redis_cache_db  = "0"
        redis_celery_db = "0"
        redis_ssl       = { enabled = true, ssl_cert_reqs = "CERT_REQUIRED" }
      }
    }
    extraSecretEnv = { SUPERSET_SECRET_KEY = random_password.secret_key.result }
  })
}
