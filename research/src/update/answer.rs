//! The return types of functions that update the domain.

use research_core::UnitError;
use research_domain::Domain;
use research_exec::NewDomain;

/// The return type of a function that updates the domain: a [`Domain`] or a [`NewDomain`], an
/// option of one of these, where `None` keeps the domain, or a result of any of these.
pub trait IntoUpdate {
    /// Converts the value into an update.
    ///
    /// # Errors
    /// The error of the function.
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
