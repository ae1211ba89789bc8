//! Writing plan files.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use sha2::{Digest, Sha256};
use terrane_model::Str;
use terrane_provider::ImportTarget;
use terrane_state::{StateSnapshot, write_state};

use super::actions::write_invocation;
use super::document::{
    ChangeDocument, ImportDocument, OutputChangeDocument, PlanDocument, PlanModeDocument,
    ResourceChangeDocument, ValueDocument,
};
use super::values::{damaged, write_bytes, write_path, write_value};
use super::{MAGIC, PlanFile, PlanFileError};
use crate::change::{Change, ResourceChange};
use crate::plan::PlanMode;

/// Writes a plan file.
///
/// # Errors
/// When the plan holds a value that has no form outside of the process.
pub fn write_plan_file(file: &PlanFile) -> Result<Vec<u8>, PlanFileError> {
    let document = document(file)?;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    serde_json::to_writer(&mut encoder, &document).map_err(damaged)?;
    encoder.flush().map_err(damaged)?;
    let compressed = encoder.finish().map_err(damaged)?;
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&Sha256::digest(&compressed));
    bytes.extend_from_slice(&compressed);
    Ok(bytes)
}

fn document(file: &PlanFile) -> Result<PlanDocument, PlanFileError> {
    let plan = &file.plan;
    let given = file.given.iter().map(|(name, given)| Ok((name.to_string(), write_value(&given.value)?)));
    let variables = plan.variables.iter().map(|(name, value)| Ok((name.to_string(), write_value(value)?)));
    let outputs = plan.output_changes.iter().map(|(name, output)| {
        let change = write_change(&output.change)?;
        Ok((name.to_string(), OutputChangeDocument { change, sensitive: output.sensitive }))
    });
    let relevant =
        plan.relevant_attributes.iter().map(|(address, path)| Ok((address.to_string(), write_path(path)?)));
    let checks = StateSnapshot { check_results: Some(plan.checks.clone()), ..StateSnapshot::default() };
    Ok(PlanDocument {
        terrane_version: env!("CARGO_PKG_VERSION").to_owned(),
        workspace: file.workspace.clone(),
        mode: match plan.mode {
            PlanMode::Normal => PlanModeDocument::Normal,
            PlanMode::Destroy => PlanModeDocument::Destroy,
            PlanMode::RefreshOnly => PlanModeDocument::RefreshOnly,
        },
        timestamp: plan.timestamp.clone(),
        errored: plan.errored,
        files: file.files.clone(),
        modules: file
            .modules
            .iter()
            .map(|(path, (directory, version))| {
                (path.clone(), (directory.clone(), version.as_ref().map(Str::to_string)))
            })
            .collect(),
        given: given.collect::<Result<_, PlanFileError>>()?,
        variables: variables.collect::<Result<_, PlanFileError>>()?,
        ephemeral_variables: plan.ephemeral_variables.iter().map(Str::to_string).collect(),
        targets: plan.targets.iter().map(ToString::to_string).collect(),
        excludes: plan.excludes.iter().map(ToString::to_string).collect(),
        force_replace: plan.force_replace.iter().map(ToString::to_string).collect(),
        previous_state: write_state(&plan.previous_state).map_err(damaged)?,
        prior_state: write_state(&plan.prior_state).map_err(damaged)?,
        resource_changes: plan
            .resource_changes
            .iter()
            .map(write_resource_change)
            .collect::<Result<_, _>>()?,
        resource_drift: plan.resource_drift.iter().map(write_resource_change).collect::<Result<_, _>>()?,
        output_changes: outputs.collect::<Result<_, PlanFileError>>()?,
        checks: write_state(&checks).map_err(damaged)?,
        relevant_attributes: relevant.collect::<Result<_, PlanFileError>>()?,
        action_invocations: plan
            .action_invocations
            .iter()
            .map(write_invocation)
            .collect::<Result<_, PlanFileError>>()?,
        invoke: plan.invoke.as_ref().map(ToString::to_string),
        falling: plan.falling.iter().map(|(object, with)| (*object, *with)).collect(),
        applied_after: plan.added_order.applied_after.clone(),
        destroyed_after: plan.added_order.destroyed_after.clone(),
    })
}

fn write_change(change: &Change) -> Result<ChangeDocument, PlanFileError> {
    Ok(ChangeDocument {
        action: change.action.name().to_owned(),
        before: write_value(&change.before)?,
        after: write_value(&change.after)?,
    })
}

fn write_resource_change(change: &ResourceChange) -> Result<ResourceChangeDocument, PlanFileError> {
    let importing = change.importing.as_ref().map(|importing| match &importing.target {
        ImportTarget::Id(id) => Ok(ImportDocument::Id(id.to_string())),
        ImportTarget::Identity(identity) => write_value(identity).map(ImportDocument::Identity),
    });
    let identity: Option<Result<ValueDocument, _>> = change.identity.as_ref().map(write_value);
    Ok(ResourceChangeDocument {
        address: change.address.to_string(),
        previous_address: change.is_moved().then(|| change.previous_address.to_string()),
        deposed: change.deposed.as_ref().map(Str::to_string),
        provider_config: change.provider_config.to_string(),
        change: write_change(&change.change)?,
        reason: change.reason.map(|reason| reason.name().to_owned()),
        required_replace: change.required_replace.iter().map(write_path).collect::<Result<_, _>>()?,
        private: write_bytes(&change.private),
        schema_version: change.schema_version,
        create_before_destroy: change.create_before_destroy,
        importing: importing.transpose()?,
        generated_config: change.generated_config.clone(),
        identity: identity.transpose()?,
    })
}
