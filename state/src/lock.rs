//! Locks on states: who holds one, how long to try, and what to tell the user.

use std::fmt::Write;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use terrane_model::Diagnostic;

/// Time between the first two tries to get a lock; it doubles with every further one.
const FIRST_DELAY: Duration = Duration::from_secs(1);

/// Longest time between two tries.
const DELAY_MAX: Duration = Duration::from_secs(16);

/// Who wants a lock, and what for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LockRequest {
    /// The command, such as `OperationTypeApply`.
    pub operation: String,
    /// What else others should know.
    pub info: String,
    /// The user and the machine, such as [`current_user`] returns.
    pub who: String,
    /// The program's version.
    pub version: String,
}

/// A lock, as others see it. The fields and their order are Terraform's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LockInfo {
    /// Identifies the lock.
    #[serde(rename = "ID")]
    pub id: String,
    /// The command.
    pub operation: String,
    /// What else others should know.
    pub info: String,
    /// The user and the machine.
    pub who: String,
    /// The version of the program that holds it.
    pub version: String,
    /// Since when, in RFC 3339.
    pub created: String,
    /// What is locked.
    pub path: String,
}

impl LockInfo {
    /// Makes a lock with an id of its own, from now on.
    pub fn new(request: &LockRequest, path: String) -> Self {
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            operation: request.operation.clone(),
            info: request.info.clone(),
            who: request.who.clone(),
            version: request.version.clone(),
            created: rfc3339(SystemTime::now()),
            path,
        }
    }

    /// Returns the form in which others read it: JSON in one line.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("text has a form in JSON")
    }

    /// Returns the lines that messages show.
    pub fn to_text(&self) -> String {
        // Go shows times with a blank and the zone's offset and name.
        let created = match self.created.strip_suffix('Z').and_then(|time| time.split_once('T')) {
            Some((date, time)) => format!("{date} {time} +0000 UTC"),
            None => self.created.clone(),
        };
        let mut text = String::from("Lock Info:\n");
        for (name, value) in [
            ("ID", &self.id),
            ("Path", &self.path),
            ("Operation", &self.operation),
            ("Who", &self.who),
            ("Version", &self.version),
            ("Created", &created),
            ("Info", &self.info),
        ] {
            let _ = writeln!(text, "  {:<10} {value}", format!("{name}:"));
        }
        text
    }
}

/// Why a lock could not be had or given back.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Someone else holds it.
    #[error("{cause}\n{}", holder.as_ref().map(|holder| holder.to_text()).unwrap_or_default())]
    Held {
        /// What the lock itself says.
        cause: String,
        /// Who holds it, where that is known.
        holder: Option<Box<LockInfo>>,
    },
    /// The lock to give back or to break is another one.
    #[error("lock ID {given:?} does not match existing lock ID {existing:?}")]
    WrongId {
        /// The id that was given.
        given: String,
        /// The id of the lock that is there.
        existing: String,
    },
    /// There is nothing to give back or to break.
    #[error("the state is not locked")]
    NotLocked,
    /// The lock belongs to a process that is alive.
    #[error("a local state cannot be unlocked by another process while the process that locked it runs")]
    Alive,
    /// The lock cannot be reached.
    #[error("cannot lock {}: {source}", path.display())]
    Io {
        /// The state's file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A backend's own reason.
    #[error("{0}")]
    Backend(String),
}

impl LockError {
    /// Tells whether trying again later may help.
    pub fn is_held(&self) -> bool {
        matches!(self, Self::Held { .. })
    }

    /// Returns the message for a lock that could not be had.
    pub fn to_diagnostic(&self) -> Diagnostic {
        Diagnostic::error(
            "Error acquiring the state lock",
            format!(
                "Error message: {self}\n\nTerrane acquires a state lock to protect the state from being \
                 written\nby multiple users at the same time. Please resolve the issue above and try\nagain. \
                 For most commands, you can disable locking with the \"-lock=false\"\nflag, but this is not \
                 recommended."
            ),
        )
    }
}

/// The times to wait between tries to get a lock, until a time limit is reached.
#[derive(Debug)]
pub struct RetryDelays {
    end: Instant,
    next: Duration,
}

impl RetryDelays {
    /// Starts now. A limit of zero gives no further try.
    pub fn new(limit: Duration) -> Self {
        Self { end: Instant::now() + limit, next: FIRST_DELAY }
    }
}

impl Iterator for RetryDelays {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let left = self.end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        let delay = self.next.min(left);
        self.next = (self.next * 2).min(DELAY_MAX);
        Some(delay)
    }
}

/// Returns the user of this process and the machine: `name@host`.
pub fn current_user() -> String {
    let user = nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten();
    let user = user.map_or_else(|| nix::unistd::getuid().to_string(), |user| user.name);
    let host = nix::unistd::gethostname().ok().and_then(|host| host.into_string().ok());
    format!("{user}@{}", host.unwrap_or_default())
}

/// Returns a time in RFC 3339 in UTC, with as many digits of the second as it has.
fn rfc3339(time: SystemTime) -> String {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = since_epoch.as_secs();
    let (days, second_of_day) = (seconds / 86_400, seconds % 86_400);
    // Days are counted from 1 March of a year zero, so that leap days come last.
    let day = days + 719_468;
    let (era, day_of_era) = (day / 146_097, day % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second_of_day / 3_600, second_of_day / 60 % 60, second_of_day % 60);
    let mut text = format!("{year:04}-{month:02}-{day_of_month:02}T{hour:02}:{minute:02}:{second:02}");
    if since_epoch.subsec_nanos() > 0 {
        let fraction = format!(".{:09}", since_epoch.subsec_nanos());
        text.push_str(fraction.trim_end_matches('0'));
    }
    text.push('Z');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_go_does() {
        for (seconds, nanos, text) in [
            (0, 0, "1970-01-01T00:00:00Z"),
            (951_782_399, 0, "2000-02-28T23:59:59Z"),
            (951_782_400, 500_000_000, "2000-02-29T00:00:00.5Z"),
            (1_795_260_116, 1, "2026-11-21T11:21:56.000000001Z"),
            (4_107_542_399, 0, "2100-02-28T23:59:59Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::new(seconds, nanos)), text);
        }
    }

    #[test]
    fn locks_look_like_terraforms() {
        let info = LockInfo {
            id: "67f0b787-9f2f-4199-0792-75dfb43695cb".into(),
            operation: "OperationTypeApply".into(),
            info: String::new(),
            who: "user@host".into(),
            version: "1.11.4".into(),
            created: "2026-11-21T11:18:31.558710042Z".into(),
            path: "terraform.tfstate".into(),
        };
        assert_eq!(
            info.to_json(),
            r#"{"ID":"67f0b787-9f2f-4199-0792-75dfb43695cb","Operation":"OperationTypeApply","Info":"","Who":"user@host","Version":"1.11.4","Created":"2026-11-21T11:18:31.558710042Z","Path":"terraform.tfstate"}"#
        );
        let held = LockError::Held {
            cause: "resource temporarily unavailable".to_owned(),
            holder: Some(Box::new(info)),
        };
        let diagnostic = held.to_diagnostic();
        insta::assert_snapshot!(format!("{}\n\n{}", diagnostic.summary, diagnostic.detail));
    }

    #[test]
    fn waiting_ends_at_the_limit() {
        assert_eq!(RetryDelays::new(Duration::ZERO).next(), None);
        let mut delays = RetryDelays::new(Duration::from_secs(1000));
        let seconds: Vec<u64> = delays.by_ref().take(7).map(|delay| delay.as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 16, 16]);
        assert!(RetryDelays::new(Duration::from_millis(500)).next().is_some_and(|d| d.as_millis() <= 500));
    }
}
