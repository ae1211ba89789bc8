//! `hashicorp/random`: values that are drawn once and then stay.
//!
//! Everything is drawn at create from the operating system's randomness, or reproducibly from a seed where the
//! type takes one, and kept until an argument or a keeper changes.

mod bytes;
mod characters;
mod entropy;
mod id;
mod integer;
mod keepers;
mod password;
mod pet;
mod pet_words;
mod seeded;
mod shuffle;
mod string;
mod uuid;

use crate::toolkit::Catalog;

pub(crate) fn catalog() -> Catalog {
    Catalog::default()
        .resource(bytes::RandomBytes)
        .resource(id::RandomId)
        .resource(integer::RandomInteger)
        .resource(password::RandomPassword)
        .resource(pet::RandomPet)
        .resource(shuffle::RandomShuffle)
        .resource(string::RandomString)
        .resource(uuid::RandomUuid::ANY)
        .resource(uuid::RandomUuid::V4)
        .resource(uuid::RandomUuid::V7)
        .ephemeral_resource(bytes::RandomBytes)
        .ephemeral_resource(password::RandomPassword)
}
