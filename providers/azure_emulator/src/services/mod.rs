//! What is irregular about each Azure service. Each file holds the behaviours of one service's types.

use std::sync::LazyLock;

use crate::arm::Context;
use crate::behaviour::{Behaviour, Plain};
use crate::error::ArmError;
use crate::http::Response;
use crate::resource_id::ProviderPart;
use crate::table::{CATALOG, TypeIndex};

/// Returns the behaviour of a type.
pub(crate) fn behaviour_of(kind: TypeIndex) -> &'static dyn Behaviour {
    static BEHAVIOURS: LazyLock<Vec<&'static dyn Behaviour>> = LazyLock::new(|| {
        CATALOG.indexes().map(|index| find_behaviour(&CATALOG.get(index).name)).collect()
    });
    BEHAVIOURS[kind.position()]
}

fn find_behaviour(_type_name: &str) -> &'static dyn Behaviour {
    &Plain
}

/// Answers a question to a service that is about no resource, such as `checkNameAvailability`. `None` if there is no
/// such question.
pub(crate) fn answer_endpoint(
    _context: &mut Context<'_>,
    _part: ProviderPart<'_>,
) -> Option<Result<Response, ArmError>> {
    None
}

/// Returns the vault that a host name means, if it is one of a vault.
pub(crate) fn vault_of_host(host: &str) -> Option<&str> {
    host.strip_suffix(".vault.localhost")
}

/// Answers a request to a key vault's data plane.
pub(crate) fn answer_vault(
    _world: &mut crate::world::World,
    _settings: &crate::settings::Settings,
    _now: crate::clock::Timestamp,
    _request: &crate::http::Request,
    _vault: &str,
) -> Response {
    Response::empty(404)
}
