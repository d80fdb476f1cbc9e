//! The id of an experiment.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The id of one experiment, safe as the name of a folder.
///
/// An optional prefix, then eight hexadecimal digits of the config's alias string (the same for all
/// repetitions of a config), then eight decimal digits of everything else that identifies the
/// experiment. The first hexadecimal digit is a letter, so programs do not read an id as a number;
/// ids by [`Rules::V1`](crate::Rules::V1) may begin with any digit.
///
/// ```
/// use research_domain::ExperimentId;
///
/// assert!("af3a9c1e00000042".parse::<ExperimentId>().is_ok());
/// assert!("../secrets".parse::<ExperimentId>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(try_from = "String")]
pub struct ExperimentId(Arc<str>);

/// The reason why a string is not an [`ExperimentId`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid experiment id `{text}`: {reason}")]
pub struct ParseIdError {
    text: String,
    reason: &'static str,
}

impl ExperimentId {
    /// The maximum length of an id in bytes: that of file names, minus room for an extension.
    pub const MAX_LEN: usize = 200;

    /// Parses an id, and refuses one that is not safe as the name of a folder.
    ///
    /// # Errors
    /// A string that is empty, too long, starts with `.` or `-`, or has characters other than ASCII
    /// letters, digits, `_`, `-`, and `.`.
    pub fn parse(text: &str) -> Result<ExperimentId, ParseIdError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let reason = if text.is_empty() {
            "it is empty"
        } else if text.len() > ExperimentId::MAX_LEN {
            "it is longer than 200 bytes"
        } else if !text.bytes().all(allowed) {
            "only ASCII letters, digits, `_`, `-` and `.` are allowed"
        } else if text.starts_with(['.', '-']) {
            "it must not start with `.` or `-`"
        } else {
            return Ok(ExperimentId(text.into()));
        };
        Err(ParseIdError {
            text: text.chars().take(80).collect(),
            reason,
        })
    }

    pub(crate) fn from_valid(text: String) -> ExperimentId {
        ExperimentId(text.into())
    }

    /// Returns the id as a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ExperimentId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<ExperimentId, ParseIdError> {
        ExperimentId::parse(text)
    }
}

impl AsRef<str> for ExperimentId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Display for ExperimentId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for ExperimentId {
    type Error = ParseIdError;

    fn try_from(text: String) -> Result<ExperimentId, ParseIdError> {
        text.parse()
    }
}
