environment = "production"

task_nodes = { max_count = 20, spot = false }
postgres   = { sku_name = "GP_Standard_D2s_v3", high_availability = "ZoneRedundant" }
shares     = { dags = 20, logs = 500 }

tags = { owner = "data-engineering" }
