//! `hashicorp/time`: points in time that stay where they are, and waiting.

mod duration;
mod functions;
mod import_id;
mod offset;
mod parts;
mod rotating;
mod sleep;
mod r#static;

use crate::toolkit::Catalog;

pub(crate) fn catalog() -> Catalog {
    Catalog::default()
        .resource(offset::TimeOffset)
        .resource(rotating::TimeRotating)
        .resource(sleep::TimeSleep)
        .resource(r#static::TimeStatic)
        .functions(functions::all())
}
