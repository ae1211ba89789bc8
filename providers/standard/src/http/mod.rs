//! `hashicorp/http`: what a web server answers.

mod data_source;
mod request;
mod retry;

use std::sync::Arc;

use crate::Environment;
use crate::toolkit::Catalog;

pub(crate) fn catalog(environment: Arc<Environment>) -> Catalog {
    Catalog::default().data_source(data_source::Http { environment })
}
