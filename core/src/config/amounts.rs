//! The kinds of numbers with a unit: times, and amounts of memory. Knows no key by name.

use std::time::Duration;

use super::kinds::{Form, Integer, Kind, Refusal};
use super::raw::Written;

/// What hours are counted in once they are resolved.
pub(super) const SECONDS_PER_HOUR: u64 = 3_600;

/// What megabytes are counted in once they are resolved.
const BYTES_PER_MB: u64 = 1 << 20;

/// A number of seconds from 1.
pub(super) struct Seconds {
    pub(super) to: u32,
}

impl Kind for Seconds {
    type Value = Duration;
    const FORM: Form = Form::Integer;

    fn expected(&self) -> String {
        format!("an integer from 1 to {} (seconds)", self.to)
    }

    fn read(&self, written: &Written) -> Result<Duration, Refusal> {
        let seconds = Integer { from: 1, to: self.to }.read(written)?;
        Ok(Duration::from_secs(u64::from(seconds)))
    }

    fn write(&self, value: &Duration) -> Written {
        Written::Integer(i128::from(value.as_secs()))
    }
}

/// A number of hours from 1.
pub(super) struct Hours {
    pub(super) to: u32,
}

impl Kind for Hours {
    type Value = Duration;
    const FORM: Form = Form::Integer;

    fn expected(&self) -> String {
        format!("an integer from 1 to {} (hours)", self.to)
    }

    fn read(&self, written: &Written) -> Result<Duration, Refusal> {
        let hours = Integer { from: 1, to: self.to }.read(written)?;
        Ok(Duration::from_secs(u64::from(hours) * SECONDS_PER_HOUR))
    }

    fn write(&self, value: &Duration) -> Written {
        Written::Integer(i128::from(value.as_secs() / SECONDS_PER_HOUR))
    }
}

/// A number of seconds, or 0 for never.
pub(super) struct SecondsOrNever {
    pub(super) to: u32,
}

impl Kind for SecondsOrNever {
    type Value = Option<Duration>;
    const FORM: Form = Form::Integer;

    fn expected(&self) -> String {
        format!("an integer from 0 to {} (seconds)", self.to)
    }

    fn read(&self, written: &Written) -> Result<Option<Duration>, Refusal> {
        let seconds = Integer { from: 0, to: self.to }.read(written)?;
        Ok((seconds != 0).then(|| Duration::from_secs(u64::from(seconds))))
    }

    fn write(&self, value: &Option<Duration>) -> Written {
        Written::Integer(i128::from(value.unwrap_or(Duration::ZERO).as_secs()))
    }
}

/// A number of hours, or 0 for never.
pub(super) struct HoursOrNever {
    pub(super) to: u32,
}

impl Kind for HoursOrNever {
    type Value = Option<Duration>;
    const FORM: Form = Form::Integer;

    fn expected(&self) -> String {
        format!("an integer from 0 to {} (hours)", self.to)
    }

    fn read(&self, written: &Written) -> Result<Option<Duration>, Refusal> {
        let hours = Integer { from: 0, to: self.to }.read(written)?;
        Ok((hours != 0).then(|| Duration::from_secs(u64::from(hours) * SECONDS_PER_HOUR)))
    }

    fn write(&self, value: &Option<Duration>) -> Written {
        let seconds = value.unwrap_or(Duration::ZERO).as_secs();
        Written::Integer(i128::from(seconds / SECONDS_PER_HOUR))
    }
}

/// A number of milliseconds from 1.
pub(super) struct Milliseconds {
    pub(super) to: u32,
}

impl Kind for Milliseconds {
    type Value = Duration;
    const FORM: Form = Form::Integer;

    fn expected(&self) -> String {
        format!("an integer from 1 to {} (milliseconds)", self.to)
    }

    fn read(&self, written: &Written) -> Result<Duration, Refusal> {
        let milliseconds = Integer { from: 1, to: self.to }.read(written)?;
        Ok(Duration::from_millis(u64::from(milliseconds)))
    }

    fn write(&self, value: &Duration) -> Written {
        Written::Integer(i128::try_from(value.as_millis()).unwrap_or(i128::MAX))
    }
}

/// A number of megabytes, or 0 for as many as there are; in bytes once it is resolved.
pub(super) struct MegabytesOrUnlimited {
    pub(super) to: u32,
}

impl Kind for MegabytesOrUnlimited {
    type Value = Option<u64>;
    const FORM: Form = Form::Integer;

    fn expected(&self) -> String {
        format!("an integer from 0 to {} (megabytes)", self.to)
    }

    fn read(&self, written: &Written) -> Result<Option<u64>, Refusal> {
        let megabytes = Integer { from: 0, to: self.to }.read(written)?;
        Ok((megabytes != 0).then(|| u64::from(megabytes) * BYTES_PER_MB))
    }

    fn write(&self, value: &Option<u64>) -> Written {
        Written::Integer(i128::from(value.unwrap_or(0) / BYTES_PER_MB))
    }
}
