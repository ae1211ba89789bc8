//! Maintenance windows.

use crate::behaviour::{Behaviour, Draft};
use crate::error::ArmError;

pub(in crate::services) struct MaintenanceConfiguration;

/// The windows that there are: for weekly releases, and for upgrades of clusters and node images.
const NAMES: &[&str] = &["default", "aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule"];

impl Behaviour for MaintenanceConfiguration {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        if NAMES.contains(&draft.name()) {
            return Ok(());
        }
        Err(ArmError::bad_request(
            "InvalidParameter",
            format!(
                "The value of parameter maintenanceConfiguration.name is invalid. Error details: '{}' is not one of {}.",
                draft.name(),
                NAMES.join(", ")
            ),
        ))
    }
}
