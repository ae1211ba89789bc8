//! Time as the emulated cloud sees it: the system's clock, which tests may move forward.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp(pub(crate) u64);

impl Timestamp {
    /// Returns the moment `duration` later.
    pub(crate) fn after(self, duration: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Returns whole seconds since 1970.
    pub(crate) fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// Writes the moment as Azure does: `2026-11-21T10:35:00.1230000Z`.
    pub(crate) fn rfc3339(self) -> String {
        let (year, month, day) = civil_from_days(self.0 / 86_400_000);
        let (hour, minute, second) = (self.0 / 3_600_000 % 24, self.0 / 60_000 % 60, self.0 / 1000 % 60);
        let millis = self.0 % 1000;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}0000Z")
    }

    /// Writes the moment as HTTP headers do: `Sat, 21 Nov 2026 10:35:00 GMT`.
    pub(crate) fn http_date(self) -> String {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let days = self.0 / 86_400_000;
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (self.0 / 3_600_000 % 24, self.0 / 60_000 % 60, self.0 / 1000 % 60);
        // 1970 began on a Thursday.
        let name = usize::try_from(days % 7).map_or("", |index| DAYS[index]);
        let month = usize::try_from(month - 1).map_or("", |index| MONTHS[index]);
        format!("{name}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
    }
}

/// Proleptic Gregorian date of a day count since 1970 (Howard Hinnant's algorithm for days at or after 1970).
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

/// The emulator's clock: real time plus what [`Clock::advance`] added.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    ahead_milliseconds: AtomicU64,
}

impl Clock {
    /// Returns the current moment.
    pub(crate) fn now(&self) -> Timestamp {
        let real = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(self.ahead_milliseconds.load(Ordering::Relaxed)).after(real)
    }

    /// Moves the clock forward, so that tests of slow operations need not sleep.
    pub(crate) fn advance(&self, duration: Duration) {
        let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.ahead_milliseconds.fetch_add(milliseconds, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_dates() {
        assert_eq!(Timestamp(0).rfc3339(), "1970-01-01T00:00:00.0000000Z");
        assert_eq!(Timestamp(951_782_400_000).rfc3339(), "2000-02-29T00:00:00.0000000Z");
        assert_eq!(Timestamp(1_795_257_300_123).rfc3339(), "2026-11-21T10:35:00.1230000Z");
        assert_eq!(Timestamp(1_795_257_300_123).http_date(), "Sat, 21 Nov 2026 10:35:00 GMT");
        assert_eq!(Timestamp(0).http_date(), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn an_advanced_clock_runs_ahead() {
        let clock = Clock::default();
        let before = clock.now();
        clock.advance(Duration::from_secs(3600));
        assert!(clock.now() >= before.after(Duration::from_secs(3600)));
    }
}
