environment   = "staging"
address_space = "10.20.0.0/20"

system_pool = { count = 2 }
user_pools = {
  superset = { min_count = 1, max_count = 3 }
}

tags = { owner = "analytics", cost_center = "staging" }
