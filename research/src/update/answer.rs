//! What functions that update the domain may give.

use research_core::UnitError;
use research_domain::Domain;
use research_exec::NewDomain;

/// What a function gives that updates the domain: a [`Domain`] or a [`NewDomain`], an option of
/// one of these, where `None` leaves the domain as it is, or a result of any of these.
pub trait IntoUpdate {
    /// It as what the run is told.
    ///
    /// # Errors
    /// The function's own.
    fn into_update(self) -> Result<Option<NewDomain>, UnitError>;
}

impl IntoUpdate for NewDomain {
    fn into_update(self) -> Result<Option<NewDomain>, UnitError> {
        Ok(Some(self))
    }
}

impl IntoUpdate for Domain {
    fn into_update(self) -> Result<Option<NewDomain>, UnitError> {
        Ok(Some(self.into()))
    }
}

impl<T: IntoUpdate> IntoUpdate for Option<T> {
    fn into_update(self) -> Result<Option<NewDomain>, UnitError> {
        self.map_or(Ok(None), IntoUpdate::into_update)
    }
}

impl<T: IntoUpdate, E: Into<UnitError>> IntoUpdate for Result<T, E> {
    fn into_update(self) -> Result<Option<NewDomain>, UnitError> {
        self.map_err(Into::into)?.into_update()
    }
}
