//! `keepers`: values whose change asks for a new result.

use crate::keepers;
use crate::toolkit::Property;

pub(super) fn keepers() -> Property {
    keepers::keepers("keepers", "Any values. When one of them changes, a new result is drawn.")
}
