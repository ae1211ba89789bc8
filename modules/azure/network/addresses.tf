# The arithmetic of addresses: where each subnet lies, whether ranges meet, and how many addresses its nodes need.

locals {
  # Azure keeps the first four addresses of a subnet and the last one.
  reserved_addresses = 5

  cidrs = {
    for name, subnet in var.subnets :
    name => subnet.cidr != null ? subnet.cidr : cidrsubnet(var.address_space[0], subnet.newbits, subnet.netnum)
  }

  # Every range as numbers: the first address, and the first one behind it.
  ranges = {
    for cidr in distinct(concat(var.address_space, values(local.cidrs), var.service_cidr == null ? [] : [var.service_cidr])) :
    cidr => {
      first = sum([for place, part in split(".", cidrhost(cidr, 0)) : tonumber(part) * pow(256, 3 - place)])
      count = pow(2, 32 - tonumber(split("/", cidr)[1]))
    }
  }

  outside = [
    for name, cidr in local.cidrs : "${name} (${cidr})"
    if !anytrue([
      for space in var.address_space :
      local.ranges[space].first <= local.ranges[cidr].first
      && local.ranges[cidr].first + local.ranges[cidr].count <= local.ranges[space].first + local.ranges[space].count
    ])
  ]

  overlapping = flatten([
    for name, cidr in local.cidrs : [
      for other, other_cidr in local.cidrs : "${name} (${cidr}) and ${other} (${other_cidr})"
      if index(keys(local.cidrs), name) < index(keys(local.cidrs), other)
      && local.ranges[cidr].first < local.ranges[other_cidr].first + local.ranges[other_cidr].count
      && local.ranges[other_cidr].first < local.ranges[cidr].first + local.ranges[cidr].count
    ]
  ])

  service_meets = var.service_cidr == null ? [] : [
    for space in var.address_space : space
    if local.ranges[space].first < local.ranges[var.service_cidr].first + local.ranges[var.service_cidr].count
    && local.ranges[var.service_cidr].first < local.ranges[space].first + local.ranges[space].count
  ]

  # During an upgrade the surge nodes and their pods stand beside the others.
  pools = {
    for name, subnet in var.subnets : name => {
      for pool_name, pool in subnet.nodes : pool_name => {
        nodes = pool.max_count
        surge = endswith(pool.max_surge, "%") ? ceil(pool.max_count * tonumber(trimsuffix(pool.max_surge, "%")) / 100) : tonumber(pool.max_surge)
        each  = subnet.pods_from_subnet ? 1 + pool.max_pods : 1
      }
    }
  }

  ip_budget = {
    for name, cidr in local.cidrs : name => {
      cidr      = cidr
      available = local.ranges[cidr].count - local.reserved_addresses
      needed    = sum(concat([0], [for pool in local.pools[name] : (pool.nodes + pool.surge) * pool.each]))
      sum = join(" + ", [
        for pool_name, pool in local.pools[name] :
        "${pool_name}: (${pool.nodes} nodes + ${pool.surge} surge) x ${pool.each} = ${(pool.nodes + pool.surge) * pool.each}"
      ])
    }
  }

  # The longest prefix whose addresses suffice.
  sufficient_prefix = {
    for name, budget in local.ip_budget :
    name => 32 - min([for bits in range(3, 25) : bits if pow(2, bits) - local.reserved_addresses >= budget.needed]...)
  }
}
