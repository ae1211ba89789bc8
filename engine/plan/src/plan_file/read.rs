//! Reading plan files. Nothing in them is trusted: files come from disks, pipelines and people.

use std::io::Read;

use flate2::read::ZlibDecoder;
use sha2::{Digest, Sha256};
use terrane_language::evaluate::{GivenValue, ValueOrigin};
use terrane_model::{ActionInstanceAddress, ProviderConfigAddress, ResourceInstanceAddress, Str, Target};
use terrane_provider::ImportTarget;
use terrane_state::{StateSnapshot, read_state};

use super::actions::read_invocation;
use super::document::{
    ChangeDocument, ImportDocument, PlanDocument, PlanModeDocument, ResourceChangeDocument,
};
use super::values::{damaged, read_bytes, read_path, read_value};
use super::{CHECKSUM_BYTES, DOCUMENT_BYTES_MAX, MAGIC, MAGIC_PREFIX, PlanFile, PlanFileError};
use crate::added_order::AddedOrder;
use crate::change::{Action, ActionReason, Change, Importing, OutputChange, ResourceChange};
use crate::plan::{Plan, PlanMode};

/// Reads a plan file.
///
/// # Errors
/// When it is something else, of another version, or damaged.
pub fn read_plan_file(bytes: &[u8]) -> Result<PlanFile, PlanFileError> {
    let Some(rest) = bytes.strip_prefix(MAGIC) else { return Err(explain_magic(bytes)) };
    if rest.len() < CHECKSUM_BYTES {
        return Err(damaged("it ends too early"));
    }
    let (checksum, compressed) = rest.split_at(CHECKSUM_BYTES);
    if checksum != Sha256::digest(compressed).as_slice() {
        return Err(damaged("its checksum is wrong"));
    }
    let mut json = Vec::new();
    ZlibDecoder::new(compressed).take(DOCUMENT_BYTES_MAX).read_to_end(&mut json).map_err(damaged)?;
    let document: PlanDocument = serde_json::from_slice(&json).map_err(damaged)?;
    read_document(document)
}

fn explain_magic(bytes: &[u8]) -> PlanFileError {
    match bytes.strip_prefix(MAGIC_PREFIX) {
        Some(rest) => {
            let version = rest.iter().take(10).take_while(|byte| byte.is_ascii_digit());
            PlanFileError::OtherFormat(version.map(|byte| char::from(*byte)).collect())
        }
        None if MAGIC.starts_with(bytes) && !bytes.is_empty() => damaged("it ends too early"),
        None => PlanFileError::NotAPlan,
    }
}

fn read_document(document: PlanDocument) -> Result<PlanFile, PlanFileError> {
    let given = document.given.iter().map(|(name, value)| {
        let value = read_value(value)?;
        Ok((Str::from(name.as_str()), GivenValue { value, origin: ValueOrigin::Plan }))
    });
    let given = given.collect::<Result<_, PlanFileError>>()?;
    let modules = document.modules.iter().map(|(path, (directory, version))| {
        (path.clone(), (directory.clone(), version.as_deref().map(Str::from)))
    });
    Ok(PlanFile {
        given,
        modules: modules.collect(),
        workspace: document.workspace.clone(),
        plan: read_plan(&document)?,
        files: document.files,
    })
}

fn read_plan(document: &PlanDocument) -> Result<Plan, PlanFileError> {
    let variables =
        document.variables.iter().map(|(name, value)| Ok((Str::from(name.as_str()), read_value(value)?)));
    let outputs = document.output_changes.iter().map(|(name, output)| {
        let name = Str::from(name.as_str());
        let change = read_change(&output.change)?;
        Ok((name.clone(), OutputChange { name, change, sensitive: output.sensitive }))
    });
    let relevant = document
        .relevant_attributes
        .iter()
        .map(|(address, path)| Ok((read_address(address)?, read_path(path)?)));
    Ok(Plan {
        mode: match document.mode {
            PlanModeDocument::Normal => PlanMode::Normal,
            PlanModeDocument::Destroy => PlanMode::Destroy,
            PlanModeDocument::RefreshOnly => PlanMode::RefreshOnly,
        },
        resource_changes: document
            .resource_changes
            .iter()
            .map(read_resource_change)
            .collect::<Result<_, _>>()?,
        resource_drift: document.resource_drift.iter().map(read_resource_change).collect::<Result<_, _>>()?,
        output_changes: outputs.collect::<Result<_, PlanFileError>>()?,
        variables: variables.collect::<Result<_, PlanFileError>>()?,
        ephemeral_variables: document.ephemeral_variables.iter().map(|name| name.as_str().into()).collect(),
        targets: read_targets(&document.targets)?,
        excludes: read_targets(&document.excludes)?,
        force_replace: document
            .force_replace
            .iter()
            .map(|text| read_address(text))
            .collect::<Result<_, _>>()?,
        previous_state: read_snapshot(&document.previous_state)?,
        prior_state: read_snapshot(&document.prior_state)?,
        checks: read_snapshot(&document.checks)?.check_results.unwrap_or_default(),
        relevant_attributes: relevant.collect::<Result<_, PlanFileError>>()?,
        falling: read_pairs(&document.falling, document)?.into_iter().collect(),
        added_order: AddedOrder {
            applied_after: read_pairs(&document.applied_after, document)?,
            destroyed_after: read_pairs(&document.destroyed_after, document)?,
        },
        action_invocations: document
            .action_invocations
            .iter()
            .map(read_invocation)
            .collect::<Result<_, _>>()?,
        invoke: document
            .invoke
            .as_deref()
            .map(|text| ActionInstanceAddress::parse(text).map_err(damaged))
            .transpose()?,
        timestamp: document.timestamp.clone(),
        errored: document.errored,
    })
}

/// Reads pairs of positions of changes.
fn read_pairs(
    pairs: &[(usize, usize)],
    document: &PlanDocument,
) -> Result<Vec<(usize, usize)>, PlanFileError> {
    let count = document.resource_changes.len();
    let is_good = pairs.iter().all(|(object, other)| *object < count && *other < count);
    is_good.then(|| pairs.to_vec()).ok_or_else(|| damaged("there is no such change"))
}

fn read_snapshot(text: &str) -> Result<StateSnapshot, PlanFileError> {
    read_state(text.as_bytes()).map_err(damaged)
}

fn read_address(text: &str) -> Result<ResourceInstanceAddress, PlanFileError> {
    ResourceInstanceAddress::parse(text).map_err(damaged)
}

fn read_targets(texts: &[String]) -> Result<Vec<Target>, PlanFileError> {
    texts.iter().map(|text| Target::parse(text).map_err(damaged)).collect()
}

fn read_change(document: &ChangeDocument) -> Result<Change, PlanFileError> {
    let action = Action::parse(&document.action)
        .ok_or_else(|| damaged(format!("there is no action {:?}", document.action)))?;
    Ok(Change { action, before: read_value(&document.before)?, after: read_value(&document.after)? })
}

fn read_resource_change(document: &ResourceChangeDocument) -> Result<ResourceChange, PlanFileError> {
    let address = read_address(&document.address)?;
    let previous = document.previous_address.as_deref().map(read_address).transpose()?;
    let reason = document
        .reason
        .as_deref()
        .map(|name| ActionReason::parse(name).ok_or_else(|| damaged(format!("there is no reason {name:?}"))));
    let importing = document.importing.as_ref().map(|importing| match importing {
        ImportDocument::Id(id) => Ok(ImportTarget::Id(id.as_str().into())),
        ImportDocument::Identity(identity) => read_value(identity).map(ImportTarget::Identity),
    });
    Ok(ResourceChange {
        previous_address: previous.unwrap_or_else(|| address.clone()),
        address,
        deposed: document.deposed.as_deref().map(Str::from),
        provider_config: ProviderConfigAddress::parse(&document.provider_config).map_err(damaged)?,
        change: read_change(&document.change)?,
        reason: reason.transpose()?,
        required_replace: document
            .required_replace
            .iter()
            .map(|path| read_path(path))
            .collect::<Result<_, _>>()?,
        private: read_bytes(&document.private)?,
        schema_version: document.schema_version,
        create_before_destroy: document.create_before_destroy,
        importing: importing.transpose()?.map(|target| Importing { target }),
        generated_config: document.generated_config.clone(),
        identity: document.identity.as_ref().map(read_value).transpose()?,
    })
}
