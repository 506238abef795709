//! What a row of the table is made of. Knows no key by name.

#[cfg(test)]
use super::kinds::Refusal;
use super::kinds::{Form, Kind};
use super::raw::Written;
use super::resolved::Config;

/// What every name in the environment that is meant for us begins with.
pub(super) const ENVIRONMENT_PREFIX: &str = "MERKLE_KV_";

/// A part of the file.
pub(super) struct Section {
    /// As it stands between brackets; empty for the top level.
    pub(super) name: &'static str,
    /// A sentence for the reference.
    pub(super) meaning: &'static str,
}

/// What a row says whatever its kind is.
pub(super) struct About {
    /// The section, empty for the top level.
    pub(super) section: &'static str,
    /// The name within the section.
    pub(super) name: &'static str,
    /// What holds if nobody writes the key.
    pub(super) absent: Absent,
    /// One sentence.
    pub(super) meaning: &'static str,
    /// Whether the value may never be shown.
    pub(super) secret: bool,
}

/// What holds if nobody writes a key.
pub(super) enum Absent {
    /// This value.
    Default(Written),
    /// No value. The example is for the reference.
    Unset(Written),
    /// A problem. The example says what to write.
    Required(Written),
}

impl About {
    /// The name in messages: `network.bind_port`.
    pub(super) fn path(&self) -> String {
        if self.section.is_empty() {
            self.name.to_owned()
        } else {
            format!("{}.{}", self.section, self.name)
        }
    }

    /// The name in the environment: `MERKLE_KV_NETWORK_BIND_PORT`.
    pub(super) fn variable(&self) -> String {
        format!("{ENVIRONMENT_PREFIX}{}", self.path().replace('.', "_").to_uppercase())
    }

    /// Whether a key may be without a value.
    pub(super) fn optional(&self) -> bool {
        match self.absent {
            Absent::Unset(_) => true,
            Absent::Default(_) | Absent::Required(_) => false,
        }
    }
}

/// A row with the type that its value resolves to.
pub(super) struct Key<K: Kind> {
    /// What the row says whatever its kind is.
    pub(super) about: About,
    /// What it accepts.
    pub(super) kind: K,
    /// Where its value ended up; `None` if it has none or its section is switched off.
    pub(super) resolved: fn(&Config) -> Option<K::Value>,
}

/// A row without its type, as those need it who treat all rows alike.
pub(super) trait Row: Sync {
    /// What the row says whatever its kind is.
    fn about(&self) -> &About;
    /// See [`Kind::FORM`].
    fn form(&self) -> Form;
    /// See [`Kind::expected`].
    fn expected(&self) -> String;
    /// Whether the row accepts a value.
    #[cfg(test)]
    fn check(&self, written: &Written) -> Result<(), Refusal>;
    /// What a resolved configuration holds, as it would be written, a secret masked.
    fn resolved(&self, config: &Config) -> Option<Written>;
    /// Whether two resolved configurations hold different values, secrets included.
    fn differs(&self, one: &Config, other: &Config) -> bool;
}

impl<K: Kind> Row for Key<K> {
    fn about(&self) -> &About {
        &self.about
    }

    fn form(&self) -> Form {
        K::FORM
    }

    fn expected(&self) -> String {
        self.kind.expected()
    }

    #[cfg(test)]
    fn check(&self, written: &Written) -> Result<(), Refusal> {
        self.kind.read(written).map(drop)
    }

    fn resolved(&self, config: &Config) -> Option<Written> {
        (self.resolved)(config).map(|value| self.kind.write(&value))
    }

    fn differs(&self, one: &Config, other: &Config) -> bool {
        (self.resolved)(one) != (self.resolved)(other)
    }
}
