"""Configurations of Azure resources, made to size."""

HEADER = """terraform {
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 5.0"
    }
  }
}

provider "azurerm" {
  features {}
}

locals {
  group    = azurerm_resource_group.this.name
  location = azurerm_resource_group.this.location
}

resource "azurerm_resource_group" "this" {
  name     = "rg-thousand"
  location = "westeurope"
}
"""

# Type, name, how many of a thousand, and what is set; names and groups are added.
COMMON = """  resource_group_name = local.group
  location            = local.location
"""
RESOURCES = (
    ("azurerm_virtual_network", "v", 20, COMMON + '  name = "v${count.index}"\n  address_space = ["10.${count.index}.0.0/16"]\n'),
    (
        "azurerm_subnet",
        "s",
        100,
        """  name                 = "s${count.index % 5}"
  resource_group_name  = local.group
  virtual_network_name = azurerm_virtual_network.v[floor(count.index / 5)].name
  address_prefixes     = ["10.${floor(count.index / 5)}.${count.index % 5}.0/24"]
""",
    ),
    ("azurerm_network_security_group", "g", 50, COMMON + '  name = "g${count.index}"\n'),
    (
        "azurerm_network_security_rule",
        "r",
        150,
        """  name                        = "r${count.index % 3}"
  resource_group_name         = local.group
  network_security_group_name = azurerm_network_security_group.g[floor(count.index / 3)].name
  priority                    = 100 + count.index % 3
  direction                   = "Inbound"
  access                      = "Allow"
  protocol                    = "Tcp"
  source_port_range           = "*"
  destination_port_range      = "443"
  source_address_prefix       = "10.0.0.0/8"
  destination_address_prefix  = "*"
""",
    ),
    (
        "azurerm_subnet_network_security_group_association",
        "a",
        100,
        """  subnet_id                 = azurerm_subnet.s[count.index].id
  network_security_group_id = azurerm_network_security_group.g[count.index % 50].id
""",
    ),
    ("azurerm_route_table", "t", 50, COMMON + '  name = "t${count.index}"\n'),
    (
        "azurerm_route",
        "r",
        100,
        """  name                = "r${count.index % 2}"
  resource_group_name = local.group
  route_table_name    = azurerm_route_table.t[floor(count.index / 2)].name
  address_prefix      = "192.168.${count.index % 2}.0/24"
  next_hop_type       = "None"
""",
    ),
    (
        "azurerm_subnet_route_table_association",
        "a",
        50,
        """  subnet_id      = azurerm_subnet.s[count.index].id
  route_table_id = azurerm_route_table.t[count.index].id
""",
    ),
    (
        "azurerm_public_ip",
        "p",
        50,
        COMMON + '  name = "p${count.index}"\n  allocation_method = "Static"\n  sku = "Standard"\n',
    ),
    ("azurerm_nat_gateway", "n", 20, COMMON + '  name = "n${count.index}"\n  sku_name = "Standard"\n'),
    (
        "azurerm_nat_gateway_public_ip_association",
        "a",
        20,
        """  nat_gateway_id       = azurerm_nat_gateway.n[count.index].id
  public_ip_address_id = azurerm_public_ip.p[count.index].id
""",
    ),
    ("azurerm_user_assigned_identity", "i", 50, COMMON + '  name = "identity${count.index}"\n'),
    (
        "azurerm_federated_identity_credential",
        "c",
        40,
        """  name                      = "github${count.index % 20}"
  user_assigned_identity_id = azurerm_user_assigned_identity.i[floor(count.index / 20)].id
  audience                  = ["api://AzureADTokenExchange"]
  issuer                    = "https://token.actions.githubusercontent.com"
  subject                   = "repo:o/r:environment:e${count.index}"
""",
    ),
    (
        "azurerm_role_assignment",
        "r",
        50,
        """  scope                = azurerm_network_security_group.g[count.index].id
  role_definition_name = "Reader"
  principal_id         = azurerm_user_assigned_identity.i[count.index].principal_id
""",
    ),
    (
        "azurerm_private_dns_zone",
        "z",
        8,
        '  name = "z${count.index}.example"\n  resource_group_name = local.group\n',
    ),
    (
        "azurerm_private_dns_a_record",
        "r",
        80,
        """  name                = "r${count.index % 10}"
  private_dns_zone_id = azurerm_private_dns_zone.z[floor(count.index / 10)].id
  ttl                 = 300
  records             = ["10.0.0.4"]
""",
    ),
    (
        "azurerm_storage_account",
        "s",
        11,
        COMMON
        + """  name                     = "terranethousand${count.index}"
  account_tier             = "Standard"
  account_replication_type = "LRS"
""",
    ),
    (
        "azurerm_storage_container",
        "c",
        33,
        """  name               = "logs${count.index % 3}"
  storage_account_id = azurerm_storage_account.s[floor(count.index / 3)].id
""",
    ),
    (
        "azurerm_container_registry",
        "r",
        8,
        COMMON + '  name = "terranethousand${count.index}"\n  sku = "Basic"\n',
    ),
    (
        "azurerm_log_analytics_workspace",
        "w",
        9,
        COMMON + '  name = "workspace${count.index}"\n',
    ),
)


def thousand(path):
    """1,000 resources over 20 types and a resource group."""
    assert sum(count for _, _, count, _ in RESOURCES) == 999 and len(RESOURCES) == 20
    with open(f"{path}/main.tf", "w", encoding="utf-8") as file:
        file.write(HEADER)
        for kind, name, count, body in RESOURCES:
            file.write(f'\nresource "{kind}" "{name}" {{\n  count = {count}\n{body}}}\n')
