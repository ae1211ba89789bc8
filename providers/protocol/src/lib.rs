//! The one trait between the engine and every provider, and its requests.
//!
//! The trait mirrors what Terraform's plugin protocol (version 6) can do, and adds, each with a default, what
//! providers in the same process can do better: reading many objects in one call, knowing an object's id
//! before it is created, telling how it goes.

pub mod progress;
pub mod provider;
pub mod provisioner;
pub mod registry;
pub mod request;
pub mod schemas;
pub mod ties;

pub use async_trait::async_trait;
pub use progress::{NoProgress, Progress, ProgressUpdate};
pub use provider::{ActionKind, Effects, PlannedResource, Provider};
pub use provisioner::{ProvisionOutput, ProvisionRequest, Provisioner};
pub use registry::{ProviderFactory, ProviderRegistry};
pub use request::{
    ActionRequest, ApplyRequest, ApplyResponse, ConfigureRequest, DataRequest, DataResponse, DeferredReason,
    Discovered, Discovery, ImportRequest, ImportResponse, ImportTarget, ImportedObject, MoveRequest,
    MoveResponse, OpenResponse, PlanRequest, PlanResponse, Private, ProviderFunctionError, ReadRequest,
    ReadResponse, RenewResponse, UpgradeRequest, UpgradeResponse, ValidateRequest,
};
pub use schemas::{
    Capabilities, FunctionParameter, FunctionSignature, IdentityAttribute, IdentitySchema, ProviderSchemas,
    ResourceSchema,
};
pub use ties::{Holds, Reach, Ties};
