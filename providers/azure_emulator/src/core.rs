//! The emulated cloud behind the server: a synchronous function from request to answer.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::arm::{self, Context};
use crate::clock::{Clock, Timestamp};
use crate::error::ArmError;
use crate::front::{graph, metadata, registry, sign_in, token};
use crate::guid;
use crate::http::{Request, Response};
use crate::services;
use crate::settings::Settings;
use crate::throttle::{Throttle, remaining_headers};
use crate::world::{Failure, Journal, World};

/// Everything that outlives a request.
pub(crate) struct Core {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    cloud: Mutex<Cloud>,
    throttle: Option<Mutex<Throttle>>,
}

/// The world and where it is kept.
pub(crate) struct Cloud {
    pub(crate) world: World,
    /// `None` if nothing is kept.
    pub(crate) journal: Option<Journal>,
}

impl Core {
    /// Puts a cloud together.
    pub(crate) fn new(settings: Settings, cloud: Cloud, throttle: Option<Throttle>) -> Core {
        Core {
            settings,
            clock: Clock::default(),
            cloud: Mutex::new(cloud),
            throttle: throttle.map(Mutex::new),
        }
    }

    /// Returns the world, exclusively.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Cloud> {
        // A panic while the lock was held would be our own bug; the world itself is changed record by record.
        self.cloud.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request. `operation_failure` makes the operation fail that the request starts.
    pub(crate) fn answer(&self, request: &Request, operation_failure: Option<Failure>) -> Response {
        let now = self.clock.now();
        let lower = request.path.lower();
        let path: Vec<&str> = lower.iter().map(String::as_str).collect();
        let response = self.front(request, now, &path).unwrap_or_else(|| {
            let admitted = token::check_management(&self.settings, now, request)
                .and_then(|()| self.throttle(request, now).map_err(Response::from));
            match admitted {
                Ok(()) => self.manage(request, now, operation_failure),
                Err(refusal) => refusal,
            }
        });
        self.with_common_headers(request, now, &path, response)
    }

    /// Everything that is not the Resource Manager.
    fn front(&self, request: &Request, now: Timestamp, path: &[&str]) -> Option<Response> {
        if let Some(vault) = request.host.strip_suffix(".vault.azure.net") {
            return Some(self.in_world(|cloud| {
                services::answer_vault(&mut cloud.world, &self.settings, now, request, vault)
            }));
        }
        if let Some(name) = request.host.strip_suffix(".azurecr.io") {
            return Some(registry::answer(&self.settings, &self.lock().world, now, request, name, path));
        }
        if request.host.ends_with(".core.windows.net") && request.host != "management.core.windows.net" {
            return Some(
                self.in_world(|cloud| {
                    services::answer_storage(&mut cloud.world, &self.settings, now, request)
                }),
            );
        }
        match path {
            [] => Some(Response::json_text(200, "{\"service\":\"terrane azure emulator\"}".into())),
            ["metadata", "endpoints"] => Some(metadata::answer(&self.settings, request)),
            ["v1.0" | "beta", rest @ ..] => {
                let accepts = |audience: &str| {
                    audience.trim_end_matches('/') == self.settings.base_url || audience.contains("graph")
                };
                let checked = token::check(&self.settings, now, request, &accepts);
                Some(match checked {
                    Ok(()) => graph::answer(&self.settings, &self.lock().world, request, rest),
                    Err(error) => error.into(),
                })
            }
            _ => sign_in::answer(&self.settings, now, request, path),
        }
    }

    fn throttle(&self, request: &Request, now: Timestamp) -> Result<(), ArmError> {
        let Some(throttle) = &self.throttle else { return Ok(()) };
        let mut throttle = throttle.lock().unwrap_or_else(PoisonError::into_inner);
        throttle.admit(request, &self.settings.identity.subscription_id, now)
    }

    fn manage(&self, request: &Request, now: Timestamp, operation_failure: Option<Failure>) -> Response {
        self.in_world(|cloud| {
            let mut context = Context {
                world: &mut cloud.world,
                settings: &self.settings,
                now,
                request,
                operation_failure,
            };
            arm::answer(&mut context)
        })
    }

    /// Runs a change and writes it to the journal before its answer goes out.
    fn in_world(&self, change: impl FnOnce(&mut Cloud) -> Response) -> Response {
        let mut cloud = self.lock();
        let response = change(&mut cloud);
        let Cloud { world, journal } = &mut *cloud;
        let written = match journal {
            Some(journal) => journal.append(world),
            None => {
                world.take_changes();
                Ok(())
            }
        };
        match written {
            Ok(()) => response,
            Err(error) => {
                ArmError::new(500, "InternalServerError", format!("The world cannot be kept: {error}")).into()
            }
        }
    }

    fn with_common_headers(
        &self,
        request: &Request,
        now: Timestamp,
        path: &[&str],
        mut response: Response,
    ) -> Response {
        let id = guid::random();
        let correlation = request.header("x-ms-correlation-request-id").filter(|text| guid::is_guid(text));
        let is_management = matches!(path.first(), Some(&("subscriptions" | "providers" | "tenants")));
        let headers = &mut response.headers;
        headers.push(("x-ms-correlation-request-id", correlation.unwrap_or(&id).to_owned()));
        if is_management {
            headers.push(("x-ms-routing-request-id", format!("WESTEUROPE:{}:{id}", now.rfc3339())));
            let throttle = self.throttle.as_ref().map(|it| it.lock().unwrap_or_else(PoisonError::into_inner));
            headers.extend(remaining_headers(throttle.as_deref(), &request.method));
            if path.contains(&"microsoft.network") {
                headers.push(("x-ms-arm-service-request-id", guid::derived(&["service request", &id])));
            }
        }
        headers.push(("x-ms-request-id", id));
        headers.push(("cache-control", "no-cache".into()));
        headers.push(("pragma", "no-cache".into()));
        headers.push(("expires", "-1".into()));
        headers.push(("strict-transport-security", "max-age=31536000; includeSubDomains".into()));
        headers.push(("x-content-type-options", "nosniff".into()));
        if self.settings.is_instant() {
            headers.push(("x-go-azure-sdk-skip-polling-delay", "true".into()));
        }
        response
    }
}
