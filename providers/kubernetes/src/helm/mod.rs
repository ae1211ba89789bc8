//! Releases of charts: the provider `hashicorp/helm`.
//!
//! The real `helm` command renders and releases ([`program`], [`session`]); what it remembers of releases is read
//! without it ([`record`], [`storage`]), and so are the objects in the cluster ([`live`]). [`values`] merges what is
//! configured, [`chart`] knows where charts come from, [`manifest`] what they render to. [`release`] leads a release
//! through its life, [`template`] only renders.

mod catalog;
mod chart;
mod chart_kinds;
mod chart_lock;
mod failure;
mod git_chart;
mod homes;
mod live;
mod manifest;
mod post_renderer;
mod program;
mod record;
mod release;
mod render;
mod schema;
mod second_generation;
mod session;
mod set_syntax;
mod settings;
mod steady;
mod storage;
mod template;
mod values;

pub(crate) use catalog::{helm_catalog, helm_catalog_of_version_2};
pub(crate) use session::Session;
