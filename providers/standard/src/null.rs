//! `hashicorp/null`: a resource and a data source without effect.

use rand::RngExt;
use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::async_trait;

use crate::keepers::keepers;
use crate::object::{Attributes, Fields};
use crate::toolkit::{Call, Catalog, DataSource, Property, Resource, Table};

pub(crate) fn catalog() -> Catalog {
    Catalog::default().resource(NullResource).data_source(NullDataSource)
}

struct NullResource;

#[async_trait]
impl Resource for NullResource {
    fn table(&self) -> Table {
        Table::new(
            "null_resource",
            "A resource without effect, for its provisioners and dependencies. terraform_data does the same.",
            [
                keepers("triggers", "Any values. When one of them changes, the resource is replaced."),
                Property::computed("id", Type::String, "A random number.").keeps(),
            ],
        )
    }

    async fn create(
        &self,
        _planned: &Value,
        _config: &Value,
        _call: Call<'_>,
    ) -> Result<Attributes, Diagnostics> {
        Ok(vec![("id", random_number())])
    }
}

struct NullDataSource;

#[async_trait]
impl DataSource for NullDataSource {
    fn table(&self) -> Table {
        let inputs = || Type::map(Type::String);
        Table::new(
            "null_data_source",
            "Returns what is put in. Locals do the same.",
            [
                Property::optional("inputs", inputs(), "Any values."),
                Property::computed("outputs", inputs(), "The inputs."),
                Property::optional_computed(
                    "has_computed_default",
                    Type::String,
                    "`default` when not written.",
                ),
                Property::computed("random", Type::String, "A random number, a new one with every read."),
                Property::computed("id", Type::String, "Always `static`.").deprecated("Means nothing."),
            ],
        )
        .deprecated()
    }

    async fn read(
        &self,
        config: &Value,
        _call: Call<'_>,
        _warnings: &mut Diagnostics,
    ) -> Result<Attributes, Diagnostics> {
        Ok(vec![
            ("outputs", config.attribute("inputs")),
            ("has_computed_default", config.text("has_computed_default").unwrap_or("default").into()),
            ("random", random_number()),
            ("id", "static".into()),
        ])
    }
}

/// A number of 63 bits, as a text.
fn random_number() -> Value {
    Value::from(rand::rng().random_range(0..=i64::MAX).to_string())
}
