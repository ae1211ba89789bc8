//! One piece of work on one object.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value as Json;
use terrane_model::{Diagnostic, Diagnostics, Value};

use crate::client::arm_client::Finished;
use crate::client::{ArmClient, ArmError, ArmRequest, Call};
use crate::connection::Connection;
use crate::lifecycle::Address;
use crate::lifecycle::recent::Memory;
use crate::resources::Behaviour;
use crate::table::ResourceTable;

/// What a piece of work needs.
pub(crate) struct Work<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) table: &'a ResourceTable,
    pub(crate) behaviour: &'static dyn Behaviour,
    pub(crate) call: Call<'a>,
    /// What the run does with answers.
    pub(crate) memory: Memory,
    /// Whether Azure may have an object that it did not have before.
    may_exist: AtomicBool,
}

/// A change of an object.
pub(crate) struct Change<'a> {
    /// The object as it is; nothing when it is to be created.
    pub(crate) prior: Option<&'a Value>,
    /// The object as planned, with what is sent and never stored.
    pub(crate) planned: &'a Value,
    /// The configuration.
    pub(crate) config: &'a Value,
    /// Where the object is.
    pub(crate) address: &'a Address,
}

/// Why work ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something between us and Azure.
    Arm(ArmError),
    /// Messages that say it all.
    Told(Diagnostics),
}

impl From<ArmError> for Failure {
    fn from(error: ArmError) -> Self {
        Self::Arm(error)
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Told(diagnostic.into())
    }
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Told(diagnostics)
    }
}

impl Failure {
    /// Makes the messages for the user; `doing` is what was under way.
    pub(crate) fn into_diagnostics(self, doing: &str) -> Diagnostics {
        match self {
            Self::Arm(error) => error.to_diagnostic(doing).into(),
            Self::Told(diagnostics) => diagnostics,
        }
    }
}

impl<'a> Work<'a> {
    /// Begins work on an object of a type.
    pub(crate) fn begin(
        connection: &'a Connection,
        table: &'a ResourceTable,
        behaviour: &'static dyn Behaviour,
        call: Call<'a>,
    ) -> Self {
        let memory = Memory::None;
        Self { connection, table, behaviour, call, memory, may_exist: AtomicBool::new(false) }
    }

    /// Chooses what is done with answers.
    #[must_use]
    pub(crate) fn with_memory(self, memory: Memory) -> Self {
        Self { memory, ..self }
    }

    /// Sends a request that changes nothing, unless its answer is remembered.
    ///
    /// # Errors
    /// When the exchange fails.
    pub(crate) async fn read(&self, request: &ArmRequest) -> Result<Json, ArmError> {
        let recent = &self.connection.recent;
        if self.memory == Memory::Use
            && let Some(body) = recent.get(request)
        {
            return Ok(body);
        }
        let response = self.client().send(request, &self.call).await?;
        if self.memory == Memory::Keep {
            recent.keep(request, &response.body);
        }
        Ok(response.body)
    }

    /// Returns the client.
    pub(crate) fn client(&self) -> &'a ArmClient {
        &self.connection.client
    }

    /// Tells whether Azure may have an object now that it did not have before this work.
    pub(crate) fn may_exist(&self) -> bool {
        self.may_exist.load(Ordering::Relaxed)
    }

    /// Takes note that Azure may have the object now.
    pub(crate) fn note_existence(&self) {
        self.may_exist.store(true, Ordering::Relaxed);
    }

    /// Sends a request that makes the object, and follows its operation. Where the outcome is not a clear no,
    /// the object may exist from then on.
    ///
    /// # Errors
    /// When the request or the operation fails.
    pub(crate) async fn run_creating(&self, request: &ArmRequest) -> Result<Finished, Failure> {
        let result = self.client().run(request, &self.call).await;
        let is_clear_no = match &result {
            Ok(_) => false,
            Err(ArmError::Refused(refusal)) => (400..500).contains(&refusal.status) && refusal.status != 408,
            Err(ArmError::Credential(_) | ArmError::Settings(_)) => true,
            Err(_) => false,
        };
        if !is_clear_no {
            self.note_existence();
        }
        Ok(result?)
    }

    /// Sends any other request and follows its operation.
    ///
    /// # Errors
    /// When the request or the operation fails.
    pub(crate) async fn run(&self, request: &ArmRequest) -> Result<Finished, Failure> {
        Ok(self.client().run(request, &self.call).await?)
    }

    /// Reads something; nothing when it does not exist.
    ///
    /// # Errors
    /// When the exchange fails.
    pub(crate) async fn get(
        &self,
        path: &str,
        api_version: &str,
    ) -> Result<Option<serde_json::Value>, Failure> {
        Ok(self.client().get(path, api_version, &self.call).await?)
    }
}
