//! Azure's built-in roles, as far as platforms use them.

/// A role that every directory has.
pub(super) struct BuiltInRole {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) actions: &'static [&'static str],
    pub(super) not_actions: &'static [&'static str],
    pub(super) data_actions: &'static [&'static str],
}

const fn role(
    id: &'static str,
    name: &'static str,
    description: &'static str,
    actions: &'static [&'static str],
    data_actions: &'static [&'static str],
) -> BuiltInRole {
    BuiltInRole { id, name, description, actions, not_actions: &[], data_actions }
}

/// The roles, with the GUIDs that they have everywhere.
pub(super) const BUILT_IN_ROLES: &[BuiltInRole] = &[
    role(
        "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
        "Owner",
        "Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.",
        &["*"],
        &[],
    ),
    BuiltInRole {
        id: "b24988ac-6180-42a0-ab88-20f7382dd24c",
        name: "Contributor",
        description: "Grants full access to manage all resources, but does not allow you to assign roles in Azure RBAC.",
        actions: &["*"],
        not_actions: &[
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
        ],
        data_actions: &[],
    },
    role(
        "acdd72a7-3385-48ef-bd42-f606fba81ae7",
        "Reader",
        "View all resources, but does not allow you to make any changes.",
        &["*/read"],
        &[],
    ),
    role(
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        "User Access Administrator",
        "Lets you manage user access to Azure resources.",
        &["*/read", "Microsoft.Authorization/*"],
        &[],
    ),
    role(
        "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
        "Role Based Access Control Administrator",
        "Manage access to Azure resources by assigning roles using Azure RBAC.",
        &[
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/roleAssignments/delete",
            "*/read",
        ],
        &[],
    ),
    role(
        "4d97b98b-1d4f-4787-a291-c67834d212e7",
        "Network Contributor",
        "Lets you manage networks, but not access to them.",
        &["Microsoft.Authorization/*/read", "Microsoft.Network/*", "Microsoft.Resources/deployments/*"],
        &[],
    ),
    role(
        "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
        "Private DNS Zone Contributor",
        "Lets you manage private DNS zone resources, but not the virtual networks they are linked to.",
        &["Microsoft.Network/privateDnsZones/*", "Microsoft.Network/virtualNetworks/join/action"],
        &[],
    ),
    role(
        "befefa01-2a29-4197-83a8-272ff33ce314",
        "DNS Zone Contributor",
        "Lets you manage DNS zones and record sets in Azure DNS, but does not let you control who has access to them.",
        &["Microsoft.Network/dnsZones/*"],
        &[],
    ),
    role(
        "7f951dda-4ed3-4680-a7ca-43fe172d538d",
        "AcrPull",
        "acr pull",
        &["Microsoft.ContainerRegistry/registries/pull/read"],
        &[],
    ),
    role(
        "8311e382-0749-4cb8-b61a-304f252e45ec",
        "AcrPush",
        "acr push",
        &[
            "Microsoft.ContainerRegistry/registries/pull/read",
            "Microsoft.ContainerRegistry/registries/push/write",
        ],
        &[],
    ),
    role(
        "c2f4ef07-c644-48eb-af81-4b1b4947fb11",
        "AcrDelete",
        "acr delete",
        &["Microsoft.ContainerRegistry/registries/artifacts/delete"],
        &[],
    ),
    role(
        "6cef56e8-d556-48e5-a04f-b8e64114680f",
        "AcrImageSigner",
        "acr image signer",
        &["Microsoft.ContainerRegistry/registries/sign/write"],
        &[],
    ),
    role(
        "f1a07417-d97a-45cb-824c-7a7467783830",
        "Managed Identity Operator",
        "Read and Assign User Assigned Identity",
        &[
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
        ],
        &[],
    ),
    role(
        "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59",
        "Managed Identity Contributor",
        "Create, Read, Update, and Delete User Assigned Identity",
        &["Microsoft.ManagedIdentity/userAssignedIdentities/*"],
        &[],
    ),
    role(
        "ed7f3fbd-7b88-4dd4-9017-9adb7ce333f8",
        "Azure Kubernetes Service Contributor Role",
        "Grants access to read and write Azure Kubernetes Service clusters",
        &[
            "Microsoft.ContainerService/managedClusters/read",
            "Microsoft.ContainerService/managedClusters/write",
        ],
        &[],
    ),
    role(
        "0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8",
        "Azure Kubernetes Service Cluster Admin Role",
        "List cluster admin credential action.",
        &["Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action"],
        &[],
    ),
    role(
        "4abbcc35-e782-43d8-92c5-2d3f1bd2253f",
        "Azure Kubernetes Service Cluster User Role",
        "List cluster user credential action.",
        &["Microsoft.ContainerService/managedClusters/listClusterUserCredential/action"],
        &[],
    ),
    role(
        "3498e952-d568-435e-9b2c-8d77e338d7f7",
        "Azure Kubernetes Service RBAC Admin",
        "Lets you manage all resources under cluster/namespace, except update or delete resource quotas and namespaces.",
        &["Microsoft.ContainerService/managedClusters/listClusterUserCredential/action"],
        &["Microsoft.ContainerService/managedClusters/*"],
    ),
    role(
        "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
        "Azure Kubernetes Service RBAC Cluster Admin",
        "Lets you manage all resources in the cluster.",
        &["Microsoft.ContainerService/managedClusters/listClusterUserCredential/action"],
        &["Microsoft.ContainerService/managedClusters/*"],
    ),
    role(
        "7f6c6a51-bcf8-42ba-9220-52d62157d7db",
        "Azure Kubernetes Service RBAC Reader",
        "Allows read-only access to see most objects in a namespace.",
        &[],
        &["Microsoft.ContainerService/managedClusters/*/read"],
    ),
    role(
        "a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb",
        "Azure Kubernetes Service RBAC Writer",
        "Allows read/write access to most objects in a namespace.",
        &[],
        &["Microsoft.ContainerService/managedClusters/*"],
    ),
    role(
        "17d1049b-9a84-46fb-8f53-869881c3d3ab",
        "Storage Account Contributor",
        "Lets you manage storage accounts, including accessing storage account keys.",
        &["Microsoft.Storage/storageAccounts/*"],
        &[],
    ),
    role(
        "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
        "Storage Blob Data Owner",
        "Allows for full access to Azure Storage blob containers and data, including assigning POSIX access control.",
        &["Microsoft.Storage/storageAccounts/blobServices/containers/*"],
        &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*"],
    ),
    role(
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        "Storage Blob Data Contributor",
        "Allows for read, write and delete access to Azure Storage blob containers and data",
        &["Microsoft.Storage/storageAccounts/blobServices/containers/read"],
        &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"],
    ),
    role(
        "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        "Storage Blob Data Reader",
        "Allows for read access to Azure Storage blob containers and data",
        &["Microsoft.Storage/storageAccounts/blobServices/containers/read"],
        &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"],
    ),
    role(
        "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
        "Storage Queue Data Contributor",
        "Allows for read, write, and delete access to Azure Storage queues and queue messages",
        &["Microsoft.Storage/storageAccounts/queueServices/queues/*"],
        &["Microsoft.Storage/storageAccounts/queueServices/queues/messages/*"],
    ),
    role(
        "0c867c2a-1d8c-454a-a3db-ab2ea1bdc8bb",
        "Storage File Data SMB Share Contributor",
        "Allows for read, write, and delete access in Azure Storage file shares over SMB",
        &[],
        &["Microsoft.Storage/storageAccounts/fileServices/fileshares/files/*"],
    ),
    role(
        "00482a5a-887f-4fb3-b363-3b7fe8e74483",
        "Key Vault Administrator",
        "Perform all data plane operations on a key vault and all objects in it.",
        &["Microsoft.KeyVault/vaults/*/read"],
        &["Microsoft.KeyVault/vaults/*"],
    ),
    role(
        "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
        "Key Vault Secrets Officer",
        "Perform any action on the secrets of a key vault, except manage permissions.",
        &["Microsoft.KeyVault/vaults/*/read"],
        &["Microsoft.KeyVault/vaults/secrets/*"],
    ),
    role(
        "4633458b-17de-408a-b874-0445c86b69e6",
        "Key Vault Secrets User",
        "Read secret contents.",
        &[],
        &["Microsoft.KeyVault/vaults/secrets/getSecret/action"],
    ),
    role(
        "14b46e9e-c2b7-41b4-b07b-48a6ebf60603",
        "Key Vault Crypto Officer",
        "Perform any action on the keys of a key vault, except manage permissions.",
        &["Microsoft.KeyVault/vaults/*/read"],
        &["Microsoft.KeyVault/vaults/keys/*"],
    ),
    role(
        "a4417e6f-fecd-4de8-b567-7b0420556985",
        "Key Vault Certificates Officer",
        "Perform any action on the certificates of a key vault, except manage permissions.",
        &["Microsoft.KeyVault/vaults/*/read"],
        &["Microsoft.KeyVault/vaults/certificates/*"],
    ),
    role(
        "f25e0fa2-a7c8-4377-a976-54943a77a395",
        "Key Vault Contributor",
        "Lets you manage key vaults, but not access to them.",
        &["Microsoft.KeyVault/*"],
        &[],
    ),
    role(
        "e0f68234-74aa-48ed-b826-c38b57376e17",
        "Redis Cache Contributor",
        "Lets you manage Redis caches, but not access to them.",
        &["Microsoft.Cache/register/action", "Microsoft.Cache/redis/*"],
        &[],
    ),
    role(
        "92aaf0da-9dab-42b6-94a3-d43ce8d16293",
        "Log Analytics Contributor",
        "Log Analytics Contributor can read all monitoring data and edit monitoring settings.",
        &["*/read", "Microsoft.OperationalInsights/*"],
        &[],
    ),
    role(
        "73c42c96-874c-492b-b04d-ab87d138a893",
        "Log Analytics Reader",
        "Log Analytics Reader can view and search all monitoring data as well as and view monitoring settings.",
        &["*/read"],
        &[],
    ),
    role(
        "749f88d5-cbae-40b8-bcfc-e573ddc772fa",
        "Monitoring Contributor",
        "Can read all monitoring data and update monitoring settings.",
        &["*/read", "Microsoft.Insights/*"],
        &[],
    ),
    role(
        "43d0d8ad-25c7-4714-9337-8ba259a9fe05",
        "Monitoring Reader",
        "Can read all monitoring data.",
        &["*/read"],
        &[],
    ),
    role(
        "3913510d-42f4-4e42-8a64-420c390055eb",
        "Monitoring Metrics Publisher",
        "Enables publishing metrics against Azure resources",
        &[],
        &["Microsoft.Insights/Metrics/Write"],
    ),
    role(
        "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
        "Virtual Machine Contributor",
        "Lets you manage virtual machines, but not access to them.",
        &["Microsoft.Compute/virtualMachines/*"],
        &[],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_have_ids_and_names_of_their_own() {
        for (idx, role) in BUILT_IN_ROLES.iter().enumerate() {
            assert!(crate::guid::is_guid(role.id), "{}", role.name);
            let others = &BUILT_IN_ROLES[idx + 1..];
            assert!(
                others.iter().all(|other| other.id != role.id && other.name != role.name),
                "{}",
                role.name
            );
        }
    }
}
