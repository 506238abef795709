//! Hashes of passwords by argon2id, in the form that other programs write them too (a PHC string).
//! Knows no users.

use argon2::password_hash::phc::{self, Output, PasswordHash as Phc};
use argon2::{Algorithm, Argon2, Params, Version};
use std::fmt;

/// The longest password that is hashed, in bytes: hashing takes time for each byte of it, too.
pub const MAX_PASSWORD_BYTES: usize = 1_024;

/// What a new hash takes: 19 MiB of memory twice over, the least that OWASP's "Password Storage
/// Cheat Sheet" advises for argon2id. About 20 milliseconds on a processor of 2024.
const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// What a hash in a file may ask for at most: it is computed for strangers, before they are known.
const MAX_MEMORY_KIB: u32 = 256 * 1_024;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 16;

/// The length of a new hash, in bytes.
const HASH_BYTES: usize = 32;

/// Random bytes, new for every hash, so that equal passwords have different ones.
#[derive(Clone, Copy, Debug)]
pub struct Salt(pub [u8; 16]);

/// What is kept of a password. `Debug` hides it. Two are compared in constant time.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    params: Cost,
    salt: phc::Salt,
    hash: Output,
}

/// What computing a hash takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl PasswordHash {
    /// What is accepted, as it follows the word "expected".
    pub fn expected() -> String {
        format!(
            "an argon2id hash as merkle-kv user writes it, $argon2id$v=19$m=…,t=…,p=…$salt$hash \
             with m to {MAX_MEMORY_KIB}, t to {MAX_PASSES} and p to {MAX_LANES}"
        )
    }

    /// The hash of a new password. Takes tens of milliseconds. Nothing if there is no memory for it.
    pub fn of(password: &[u8], salt: Salt) -> Option<PasswordHash> {
        let salt = phc::Salt::new(&salt.0).ok()?;
        let params = Cost { memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES };
        let hash = params.hash(password, &salt, HASH_BYTES)?;
        Some(PasswordHash { params, salt, hash })
    }

    /// Reads a PHC string of argon2id, version 19.
    pub fn parse(text: &str) -> Option<PasswordHash> {
        let phc = Phc::new(text).ok()?;
        let is_ours = phc.algorithm == Algorithm::Argon2id.ident()
            && phc.version == Some(u32::from(Version::V0x13));
        let params = Params::try_from(&phc).ok().filter(|_| is_ours)?;
        let is_plain = params.keyid().is_empty() && params.data().is_empty();
        let params =
            Cost { memory_kib: params.m_cost(), passes: params.t_cost(), lanes: params.p_cost() };
        let (salt, hash) = (phc.salt?, phc.hash?);
        (is_plain && params.is_bearable()).then_some(PasswordHash { params, salt, hash })
    }

    /// Whether this is the hash of `password`. Takes tens of milliseconds, and as long for a wrong
    /// one as for the right one.
    pub fn is_of(&self, password: &[u8]) -> bool {
        #[cfg(test)]
        COMPUTED.set(COMPUTED.get() + 1);
        // Compared in constant time, which is what the type of the hash is for.
        self.params.hash(password, &self.salt, self.hash.len()).is_some_and(|it| it == self.hash)
    }

    /// A hash that takes as long to compute as this one and that no password has.
    pub(super) fn of_nobody(&self) -> PasswordHash {
        let length = self.hash.len();
        let hash = Output::init_with(length, |bytes| {
            bytes.fill(0);
            Ok(())
        });
        PasswordHash { hash: hash.unwrap_or(self.hash), ..self.clone() }
    }

    /// The same cost as another one.
    #[cfg(test)]
    pub(super) fn costs_as(&self, other: &PasswordHash) -> bool {
        self.params == other.params && self.hash.len() == other.hash.len()
    }
}

/// The PHC string, which is what a users file has.
impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cost { memory_kib, passes, lanes } = self.params;
        let (salt, hash) = (&self.salt, &self.hash);
        write!(f, "$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}")
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(not shown)")
    }
}

impl Cost {
    fn is_bearable(&self) -> bool {
        self.memory_kib <= MAX_MEMORY_KIB && self.passes <= MAX_PASSES && self.lanes <= MAX_LANES
    }

    fn hash(&self, password: &[u8], salt: &phc::Salt, length: usize) -> Option<Output> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(length)).ok()?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut hash = [0; Output::MAX_LENGTH];
        let hash = hash.get_mut(..length)?;
        argon2.hash_password_into(password, salt, hash).ok()?;
        Output::new(hash).ok()
    }
}

#[cfg(test)]
thread_local! {
    /// How many hashes this thread has computed to compare them: what a test of equal cost counts
    /// instead of time.
    pub(super) static COMPUTED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}
