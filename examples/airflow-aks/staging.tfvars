environment        = "staging"
public_database    = true
operator_addresses = ["203.0.113.10", "203.0.113.11"]

tags = { owner = "data-engineering" }
