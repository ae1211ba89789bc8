environment   = "production"
address_space = "10.30.0.0/18"
cluster_tier  = "Standard"

system_pool = { count = 3, zones = ["1", "2", "3"], max_surge = "33%" }
user_pools = {
  web     = { min_count = 3, max_count = 9, zones = ["1", "2", "3"], labels = { role = "web" } }
  workers = { vm_size = "Standard_D8s_v5", min_count = 2, max_count = 12, max_pods = 50, labels = { role = "workers" } }
}

redis = { sku_name = "Balanced_B3", high_availability = true }

postgres = {
  sku_name              = "GP_Standard_D4s_v3"
  storage_mb            = 131072
  high_availability     = "ZoneRedundant"
  backup_retention_days = 30
}

registry_sku = "Premium"

tags = { owner = "analytics", cost_center = "production" }
