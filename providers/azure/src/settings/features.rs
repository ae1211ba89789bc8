//! The `features` block: what happens at the edges of an object's life.

use terrane_azure_identity::SettingSources;

/// The features that change what this provider does. Others are accepted and have nothing to act on here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Features {
    /// A resource group that holds anything the state does not know is not deleted.
    pub(crate) keep_filled_resource_groups: bool,
    /// What exists already is overwritten without asking.
    pub(crate) overwrites_existing: bool,
    /// Deleted vaults are purged, so that their names are free again.
    pub(crate) purge_key_vaults: bool,
    /// A vault that was deleted is recovered in place of making a new one.
    pub(crate) recover_key_vaults: bool,
    /// As for vaults.
    pub(crate) purge_secrets: bool,
    /// As for vaults.
    pub(crate) recover_secrets: bool,
    /// As for vaults.
    pub(crate) purge_keys: bool,
    /// As for vaults.
    pub(crate) recover_keys: bool,
    /// A workspace is deleted for good.
    pub(crate) purge_workspaces: bool,
    /// A server is restarted when a changed configuration value needs it.
    pub(crate) restart_postgres: bool,
    /// The alert rule that Application Insights makes by itself is switched off.
    pub(crate) disable_insights_rule: bool,
}

impl Features {
    /// Reads the block.
    pub(crate) fn read(sources: &SettingSources<'_>) -> Self {
        let flag = |block: &str, argument: &str, default: bool| {
            sources.nested(&["features", block, argument]).as_bool().unwrap_or(default)
        };
        let overwrites = "skip_import_check_on_create_and_allow_overwriting_existing_resources";
        Self {
            keep_filled_resource_groups: flag(
                "resource_group",
                "prevent_deletion_if_contains_resources",
                true,
            ),
            overwrites_existing: sources.nested(&["features", overwrites]).as_bool().unwrap_or(false),
            purge_key_vaults: flag("key_vault", "purge_soft_delete_on_destroy", true),
            recover_key_vaults: flag("key_vault", "recover_soft_deleted_key_vaults", true),
            purge_secrets: flag("key_vault", "purge_soft_deleted_secrets_on_destroy", true),
            recover_secrets: flag("key_vault", "recover_soft_deleted_secrets", true),
            purge_keys: flag("key_vault", "purge_soft_deleted_keys_on_destroy", true),
            recover_keys: flag("key_vault", "recover_soft_deleted_keys", true),
            purge_workspaces: flag("log_analytics_workspace", "permanently_delete_on_destroy", false),
            restart_postgres: flag(
                "postgresql_flexible_server",
                "restart_server_on_configuration_value_change",
                true,
            ),
            disable_insights_rule: flag("application_insights", "disable_generated_rule", false),
        }
    }
}
