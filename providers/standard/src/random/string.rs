//! `random_string`: random characters, shown.

use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::async_trait;

use super::characters;
use super::keepers::keepers;
use crate::object::{Attributes, with_attributes};
use crate::toolkit::{Call, Draft, Property, Resource, Table};

pub(super) struct RandomString;

#[async_trait]
impl Resource for RandomString {
    fn table(&self) -> Table {
        let mut properties = characters::resource_properties();
        properties.push(keepers());
        properties.push(Property::computed("result", Type::String, "The text.").keeps());
        properties.push(Property::computed("id", Type::String, "The text.").keeps());
        Table::new(
            "random_string",
            "A text of random characters. For secrets take random_password.",
            properties,
        )
        .version(2)
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        characters::validate(config)
    }

    fn modify_plan(&self, draft: &mut Draft<'_>) {
        characters::check_numbers(draft);
    }

    async fn create(
        &self,
        planned: &Value,
        _config: &Value,
        _call: Call<'_>,
    ) -> Result<Attributes, Diagnostics> {
        let text = Value::from(characters::draw(planned)?);
        Ok(vec![("result", text.clone()), ("id", text)])
    }

    /// Takes the text.
    async fn import(&self, id: &str) -> Result<Attributes, Diagnostics> {
        let mut attributes = characters::imported(id);
        attributes.push(("id", id.into()));
        Ok(attributes)
    }

    fn upgrade(&self, _version: i64, state: Value) -> Result<Value, Diagnostics> {
        Ok(with_attributes(&state, &characters::completed(&state)))
    }
}
