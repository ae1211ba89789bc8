//! Objects by table: a resource type is a list of arguments, each with its place in the object, and everything
//! that is done with it follows from the list.
//!
//! [`field`] has the words of the tables and [`shape`] makes them ready for use; [`encode`] writes objects,
//! [`decode`] reads them, [`plan`] says what will be, [`validate`] what may be written, [`locate`] finds the
//! argument for a place in an object.

mod codec;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod field;
pub(crate) mod locate;
pub(crate) mod plan;
pub(crate) mod quantity;
pub(crate) mod shape;
pub(crate) mod validate;
