//! Starting the providers that this crate has for existing clusters.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use terrane_model::{Diagnostics, ProviderSource};
use terrane_provider::{Provider, ProviderFactory, ProviderSchemas};

use crate::helm::{helm_catalog, helm_catalog_of_version_2};
use crate::objects::any::kubectl::kubectl_catalog;
use crate::objects::kubernetes_catalog;
use crate::objects::provider::{Catalog, ObjectProvider};

/// What the providers have to be told about where they run.
#[derive(Debug, Clone, Default)]
pub struct KubernetesOptions {
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// What relative paths in configurations are relative to.
    pub working_folder: PathBuf,
    /// Where charts, indexes and schemas are kept between runs; nothing for nowhere.
    pub cache_folder: Option<PathBuf>,
    /// Which major version of `hashicorp/helm` configurations and states are written for.
    pub helm: HelmGeneration,
}

/// A major version of `hashicorp/helm`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HelmGeneration {
    /// 2.x: `metadata` of a release is a list of one object.
    Second,
    /// 3.x, and what may come after it: `metadata` is an object.
    #[default]
    Third,
}

/// Returns the providers `hashicorp/kubernetes`, `gavinbunney/kubectl` and `hashicorp/helm`.
pub fn kubernetes_factories(options: KubernetesOptions) -> Vec<(ProviderSource, Arc<dyn ProviderFactory>)> {
    static KUBERNETES: LazyLock<Shared> = LazyLock::new(|| Shared::new(kubernetes_catalog()));
    static HELM: LazyLock<Shared> = LazyLock::new(|| Shared::new(helm_catalog()));
    static HELM_2: LazyLock<Shared> = LazyLock::new(|| Shared::new(helm_catalog_of_version_2()));
    static KUBECTL: LazyLock<Shared> = LazyLock::new(|| Shared::new(kubectl_catalog()));
    let kubectl = ProviderSource::parse("gavinbunney/kubectl").expect("BUG: a source address");
    let helm: fn() -> &'static Shared = match options.helm {
        HelmGeneration::Second => || &HELM_2,
        HelmGeneration::Third => || &HELM,
    };
    let options = Arc::new(options);
    vec![
        (kubectl, factory(|| &KUBECTL, Arc::clone(&options))),
        (ProviderSource::implied("kubernetes"), factory(|| &KUBERNETES, Arc::clone(&options))),
        (ProviderSource::implied("helm"), factory(helm, options)),
    ]
}

/// A catalog and its schemas, made when the first provider starts.
struct Shared {
    catalog: Arc<Catalog>,
    schemas: Arc<ProviderSchemas>,
}

impl Shared {
    fn new(catalog: Catalog) -> Self {
        let schemas = Arc::new(catalog.schemas.clone());
        Self { catalog: Arc::new(catalog), schemas }
    }
}

fn factory(shared: fn() -> &'static Shared, options: Arc<KubernetesOptions>) -> Arc<dyn ProviderFactory> {
    Arc::new(move || -> Result<Arc<dyn Provider>, Diagnostics> {
        let shared = shared();
        let (catalog, schemas) = (Arc::clone(&shared.catalog), Arc::clone(&shared.schemas));
        Ok(Arc::new(ObjectProvider::start(catalog, schemas, Arc::clone(&options))))
    })
}
