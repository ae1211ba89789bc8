//! Points in time with the offset from UTC that they were written with.
//!
//! Months and years are added as Go's `AddDate` does: a day that the month does not have runs over into the
//! next, so that a month after January 31 is March 3 or 2.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

const SECONDS_PER_DAY: i64 = 86_400;

/// A point in time, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    unix_seconds: i64,
    offset_seconds: i64,
}

/// A moment's date and time of day at its own offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) year: i64,
    /// From 1.
    pub(crate) month: i64,
    /// From 1.
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
}

impl Moment {
    /// The present, in UTC.
    pub(crate) fn now() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::from_unix(i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX))
    }

    /// A number of seconds after 1970, in UTC.
    pub(crate) fn from_unix(unix_seconds: i64) -> Self {
        Self { unix_seconds, offset_seconds: 0 }
    }

    /// Reads RFC 3339: `2020-02-12T06:36:13Z`, with fractions of seconds that are dropped.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (date, rest) = text.split_once('T')?;
        let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
        let zone_at = rest.find(['Z', '+', '-'])?;
        let (time, zone) = rest.split_at(zone_at);
        let (time, fraction) = time.split_once('.').map_or((time, None), |(time, rest)| (time, Some(rest)));
        let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
        let digits = fraction.is_none_or(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()));
        let offset_seconds = parse_offset(zone)?;
        let in_range = (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        if !digits || !in_range {
            return None;
        }
        let local = days_from_civil(year, month, day) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
        Some(Self { unix_seconds: local - offset_seconds, offset_seconds })
    }

    /// Returns the seconds since 1970.
    pub(crate) fn unix(self) -> i64 {
        self.unix_seconds
    }

    /// Returns the moment that many seconds later, unless that cannot be counted.
    pub(crate) fn plus_seconds(self, seconds: i64) -> Option<Self> {
        let unix_seconds = self.unix_seconds.checked_add(seconds)?;
        Some(Self { unix_seconds, ..self }).filter(|moment| moment.is_representable())
    }

    /// Returns the same time of day so many years, months and days later, unless that cannot be counted.
    pub(crate) fn plus_date(self, years: i64, months: i64, days: i64) -> Option<Self> {
        let parts = self.parts();
        let months = parts.month.checked_sub(1)?.checked_add(months)?;
        let year = parts.year.checked_add(years)?.checked_add(months.div_euclid(12))?;
        if !(-1_000_000..=1_000_000).contains(&year) {
            return None;
        }
        let first = days_from_civil(year, months.rem_euclid(12) + 1, 1);
        let days = first.checked_add(parts.day - 1)?.checked_add(days)?;
        let local = days.checked_mul(SECONDS_PER_DAY)?.checked_add(self.seconds_of_day())?;
        let unix_seconds = local.checked_sub(self.offset_seconds)?;
        Some(Self { unix_seconds, ..self }).filter(|moment| moment.is_representable())
    }

    /// Returns date and time of day.
    pub(crate) fn parts(self) -> Parts {
        let (year, month, day) = civil_from_days(self.local_days());
        let seconds = self.seconds_of_day();
        Parts { year, month, day, hour: seconds / 3600, minute: seconds / 60 % 60, second: seconds % 60 }
    }

    /// Returns the day of the week, Sunday being 0.
    pub(crate) fn weekday(self) -> i64 {
        // 1970 began on a Thursday.
        (self.local_days() + 4).rem_euclid(7)
    }

    /// Returns the day of the year, from 1.
    pub(crate) fn year_day(self) -> i64 {
        self.local_days() - days_from_civil(self.parts().year, 1, 1) + 1
    }

    /// Returns year and number of the week as ISO 8601 counts: a week belongs to the year of its Thursday.
    pub(crate) fn iso_week(self) -> (i64, i64) {
        let days_since_monday = (self.weekday() + 6) % 7;
        let thursday = self.local_days() - days_since_monday + 3;
        let (year, _, _) = civil_from_days(thursday);
        (year, (thursday - days_from_civil(year, 1, 1)) / 7 + 1)
    }

    /// RFC 3339 has four digits for the year.
    fn is_representable(self) -> bool {
        let first = days_from_civil(0, 1, 2) * SECONDS_PER_DAY;
        let last = days_from_civil(9999, 12, 31) * SECONDS_PER_DAY;
        (first..last).contains(&self.unix_seconds)
    }

    fn local_days(self) -> i64 {
        (self.unix_seconds + self.offset_seconds).div_euclid(SECONDS_PER_DAY)
    }

    fn seconds_of_day(self) -> i64 {
        (self.unix_seconds + self.offset_seconds).rem_euclid(SECONDS_PER_DAY)
    }
}

impl fmt::Display for Moment {
    /// Writes RFC 3339 without fractions.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { year, month, day, hour, minute, second } = self.parts();
        write!(formatter, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if self.offset_seconds == 0 {
            return formatter.write_str("Z");
        }
        let sign = if self.offset_seconds < 0 { '-' } else { '+' };
        let minutes = self.offset_seconds.abs() / 60;
        write!(formatter, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

fn numbers<const N: usize>(text: &str, separator: char, lengths: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for (number, length) in numbers.iter_mut().zip(lengths) {
        let part =
            parts.next().filter(|part| part.len() == length && part.bytes().all(|b| b.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

fn parse_offset(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let [hours, minutes] = numbers(zone.get(1..)?, ':', [2, 2])?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. Years begin in March, so that the day that comes and
/// goes is the last; a cycle of the calendar has 400 years of 146,097 days.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (cycle, year_of_cycle) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_cycle = year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;
    cycle * 146_097 + day_of_cycle - 719_468
}

/// The other way round.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (cycle, day_of_cycle) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let leap_days = day_of_cycle / 1460 - day_of_cycle / 36_524 + day_of_cycle / 146_096;
    let year_of_cycle = (day_of_cycle - leap_days) / 365;
    let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = cycle * 400 + year_of_cycle + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Moment {
        Moment::parse(text).unwrap()
    }

    #[test]
    fn texts_read_back_as_written() {
        for text in ["2020-02-29T23:59:59Z", "0001-01-01T00:00:00Z", "2021-12-31T01:02:03+05:30"] {
            assert_eq!(moment(text).to_string(), text);
        }
        assert_eq!(moment("2020-01-01T00:00:00.123-00:00").to_string(), "2020-01-01T00:00:00Z");
        assert_eq!(moment("1970-01-01T00:00:00-01:00").unix(), 3600);
        for text in ["2021-02-29T00:00:00Z", "2020-01-01", "2020-01-01T24:00:00Z", "2020-1-1T00:00:00Z", ""] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }

    #[test]
    fn days_that_do_not_exist_run_over() {
        let plus = |text, months, days| moment(text).plus_date(0, months, days).unwrap().to_string();
        assert_eq!(plus("2020-01-31T00:00:00Z", 1, 0), "2020-03-02T00:00:00Z");
        assert_eq!(plus("2021-01-31T00:00:00Z", 13, 0), "2022-03-03T00:00:00Z");
        assert_eq!(plus("2021-01-31T00:00:00Z", -2, -30), "2020-11-01T00:00:00Z");
        assert_eq!(moment("2021-01-31T00:00:00Z").plus_date(9000, 0, 0), None);
        assert_eq!(moment("2021-01-31T00:00:00Z").plus_date(i64::MAX, i64::MAX, i64::MAX), None);
    }

    #[test]
    fn every_day_of_a_cycle_has_one_date() {
        let mut expected = (1999, 12, 31);
        for days in days_from_civil(2000, 1, 1)..days_from_civil(2400, 1, 1) {
            let (year, month, day) = expected;
            expected = if day < days_in_month(year, month) {
                (year, month, day + 1)
            } else if month < 12 {
                (year, month + 1, 1)
            } else {
                (year + 1, 1, 1)
            };
            assert_eq!(civil_from_days(days), expected);
            assert_eq!(days_from_civil(expected.0, expected.1, expected.2), days);
        }
    }
}
