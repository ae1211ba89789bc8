//! `random_password`: random characters that are a secret, as a resource and ephemeral.

use bcrypt::{BcryptError, Version};
use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::async_trait;

use super::characters;
use super::keepers::keepers;
use crate::blocking::off_the_executor;
use crate::object::{Attributes, Fields, with_attributes};
use crate::toolkit::{Call, Draft, EphemeralResource, Property, Resource, Table, failure};

/// The work factor that verifiers expect, and that Go's library takes by default.
const BCRYPT_COST: u32 = 10;
/// As much of a password as bcrypt looks at.
const BCRYPT_MAX_BYTES: usize = 72;

pub(super) struct RandomPassword;

fn computed_properties() -> [Property; 2] {
    let secret = |name, description| Property::computed(name, Type::String, description).sensitive().keeps();
    [
        secret("result", "The password."),
        secret("bcrypt_hash", "The bcrypt hash of the password, of its first 72 bytes if it is longer."),
    ]
}

async fn draw(arguments: &Value) -> Result<Attributes, Diagnostics> {
    let password = characters::draw(arguments)?;
    Ok(vec![("bcrypt_hash", hash(password.clone()).await?.into()), ("result", password.into())])
}

/// Hashes a password with a new salt.
async fn hash(password: String) -> Result<String, Diagnostics> {
    off_the_executor(move || hash_now(&password)).await
}

fn hash_now(password: &str) -> Result<String, Diagnostics> {
    let bytes = &password.as_bytes()[..password.len().min(BCRYPT_MAX_BYTES)];
    let hashed = bcrypt::hash_with_result(bytes, BCRYPT_COST).map_err(|error| hash_error(&error))?;
    Ok(hashed.format_for_version(Version::TwoA))
}

fn hash_error(error: &BcryptError) -> Diagnostics {
    failure("Hash Generation Error", format!("No hash of the password can be made: {error}."))
}

#[async_trait]
impl Resource for RandomPassword {
    fn table(&self) -> Table {
        let mut properties = characters::resource_properties();
        properties.push(keepers());
        properties.extend(computed_properties());
        properties.push(Property::computed("id", Type::String, "Always `none`.").keeps());
        let description = "A random password. Plan and state keep it; where an argument is write-only, take the \
                           ephemeral resource of the same name.";
        Table::new("random_password", description, properties).version(3)
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
        let mut attributes = draw(planned).await?;
        attributes.push(("id", "none".into()));
        Ok(attributes)
    }

    /// Takes the password.
    async fn import(&self, id: &str) -> Result<Attributes, Diagnostics> {
        let mut attributes = characters::imported(id);
        attributes.push(("bcrypt_hash", hash(id.to_owned()).await?.into()));
        attributes.push(("id", "none".into()));
        Ok(attributes)
    }

    /// Version 1 brought the hash; before version 3 it may be that of another password.
    fn upgrade(&self, version: i64, state: Value) -> Result<Value, Diagnostics> {
        let mut attributes = characters::completed(&state);
        let password = state.text("result").unwrap_or("");
        let is_right = |hash: &str| bcrypt::verify(password, hash);
        let keep = match state.text("bcrypt_hash") {
            None => false,
            Some(hash) => version != 2 || is_right(hash).map_err(|error| hash_error(&error))?,
        };
        if !keep {
            attributes.push(("bcrypt_hash", hash_now(password)?.into()));
        }
        Ok(with_attributes(&state, &attributes))
    }
}

#[async_trait]
impl EphemeralResource for RandomPassword {
    fn table(&self) -> Table {
        let properties = characters::properties().into_iter().chain(computed_properties());
        Table::new("random_password", "A random password that no plan and no state keeps.", properties)
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        characters::validate(config)
    }

    async fn open(&self, config: &Value, _call: Call<'_>) -> Result<Attributes, Diagnostics> {
        let arguments = with_attributes(config, &characters::decided(config));
        let mut attributes = draw(&arguments).await?;
        attributes.extend(characters::decided(config));
        Ok(attributes)
    }
}
