//! Points in time as RFC 3339 writes them, read with the strictness and the messages of Terraform.

use super::quote::quote;

/// A point in time and the offset that it is written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timestamp {
    /// Since 1970-01-01T00:00:00Z.
    seconds: i64,
    nanoseconds: u32,
    /// East of Greenwich.
    offset_seconds: i32,
}

/// A point in time as clocks and calendars show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: i64,
    /// From 1.
    pub(super) month: u8,
    /// From 1.
    pub(super) day: u8,
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: u8,
    /// Days since Sunday.
    pub(super) weekday: u8,
}

const SECONDS_PER_DAY: i64 = 86_400;
const NANOSECONDS_PER_SECOND: i128 = 1_000_000_000;

/// Days between 0000-03-01, where counting by months is simplest, and 1970-01-01.
const DAYS_TO_EPOCH: i64 = 719_468;
const DAYS_PER_ERA: i64 = 146_097;

/// Whether hours of one digit and commas before fractions are let through, as `timecmp` does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    Strict,
    Lenient,
}

impl Timestamp {
    /// Reads a timestamp.
    ///
    /// # Errors
    /// With a sentence about the first thing that is wrong.
    pub(super) fn parse(text: &str, strictness: Strictness) -> Result<Self, String> {
        let mut reader = Reader { rest: text, strictness };
        reader.timestamp().map_err(|problem| format!("not a valid RFC3339 timestamp: {problem}"))
    }

    /// Reads a timestamp as YAML allows it: a date alone, with a time behind a space, or with time and
    /// offset behind `T` or `t`; months, days and the parts of the time may have one digit.
    pub(super) fn parse_loosely(text: &str) -> Option<Self> {
        let (year, rest) = text.split_at_checked(4)?;
        let year: i64 =
            if year.bytes().all(|byte| byte.is_ascii_digit()) { year.parse().ok()? } else { return None };
        let mut rest = Loose { rest };
        let month = rest.part("-", 1..=12)?;
        let day = rest.part("-", 1..=31).filter(|day| *day <= days_in_month(year, month))?;
        if rest.rest.is_empty() {
            let seconds = day_of_date(year, month, day) * SECONDS_PER_DAY;
            return Some(Self { seconds, nanoseconds: 0, offset_seconds: 0 });
        }
        let has_offset = !rest.rest.starts_with(' ');
        let introducer = ["T", "t", " "].into_iter().find(|introducer| rest.rest.starts_with(introducer))?;
        let hour = rest.part(introducer, 0..=23)?;
        let (minute, second) = (rest.part(":", 0..=59)?, rest.part(":", 0..=59)?);
        let mut tail = Reader { rest: rest.rest, strictness: Strictness::Lenient };
        let nanoseconds = tail.fraction().ok()?;
        let offset_seconds = if has_offset { tail.offset().ok()? } else { 0 };
        let local = day_of_date(year, month, day) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
        let seconds = local - i64::from(offset_seconds);
        tail.rest.is_empty().then_some(Self { seconds, nanoseconds, offset_seconds })
    }

    /// Returns what clocks at the timestamp's own offset show.
    pub(super) fn civil(&self) -> Civil {
        let local = self.seconds + i64::from(self.offset_seconds);
        let (days, second_of_day) = (local.div_euclid(SECONDS_PER_DAY), local.rem_euclid(SECONDS_PER_DAY));
        let (year, month, day) = date_of_day(days);
        let small = |number: i64| u8::try_from(number).unwrap_or_default();
        Civil {
            year,
            month,
            day,
            hour: small(second_of_day / 3600),
            minute: small(second_of_day / 60 % 60),
            second: small(second_of_day % 60),
            weekday: small((days + 4).rem_euclid(7)),
        }
    }

    /// Returns the offset as `+hh:mm`, or with another text between hours and minutes.
    pub(super) fn offset(&self, separator: &str) -> String {
        let sign = if self.offset_seconds < 0 { '-' } else { '+' };
        let minutes = self.offset_seconds.abs() / 60;
        format!("{sign}{:02}{separator}{:02}", minutes / 60, minutes % 60)
    }

    /// Tells whether the offset is zero.
    pub(super) fn is_utc(&self) -> bool {
        self.offset_seconds == 0
    }

    /// Returns the point in time so many nanoseconds later.
    pub(super) fn plus_nanoseconds(&self, nanoseconds: i64) -> Self {
        let total = self.instant() + i128::from(nanoseconds);
        let seconds = total.div_euclid(NANOSECONDS_PER_SECOND);
        let nanoseconds = total.rem_euclid(NANOSECONDS_PER_SECOND);
        Self {
            seconds: i64::try_from(seconds).unwrap_or(self.seconds),
            nanoseconds: u32::try_from(nanoseconds).unwrap_or_default(),
            offset_seconds: self.offset_seconds,
        }
    }

    /// Returns the nanoseconds since 1970, for comparing.
    pub(super) fn instant(&self) -> i128 {
        i128::from(self.seconds) * NANOSECONDS_PER_SECOND + i128::from(self.nanoseconds)
    }

    /// Writes the timestamp in RFC 3339, without fractions.
    pub(super) fn to_rfc3339(self) -> String {
        let Civil { year, month, day, hour, minute, second, .. } = self.civil();
        let sign = if year < 0 { "-" } else { "" };
        let year = year.unsigned_abs();
        let offset = if self.is_utc() { "Z".to_owned() } else { self.offset(":") };
        format!("{sign}{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{offset}")
    }
}

/// Returns the date of a day counted from 1970-01-01.
fn date_of_day(days: i64) -> (i64, u8, u8) {
    let days = days + DAYS_TO_EPOCH;
    let (era, day_of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, u8::try_from(month).unwrap_or(1), u8::try_from(day).unwrap_or(1))
}

/// Returns the days from 1970-01-01 to a date.
fn day_of_date(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_PER_ERA + day_of_era - DAYS_TO_EPOCH
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let next = if month == 12 { day_of_date(year + 1, 1, 1) } else { day_of_date(year, month + 1, 1) };
    next - day_of_date(year, month, 1)
}

/// Reads parts of one or two digits.
struct Loose<'a> {
    rest: &'a str,
}

impl Loose<'_> {
    fn part(&mut self, introducer: &str, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let after = self.rest.strip_prefix(introducer)?;
        let length = after.bytes().take(2).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = after.split_at(length);
        self.rest = rest;
        digits.parse().ok().filter(|number| range.contains(number))
    }
}

struct Reader<'a> {
    rest: &'a str,
    strictness: Strictness,
}

impl<'a> Reader<'a> {
    fn timestamp(&mut self) -> Result<Timestamp, String> {
        let year = self.year()?;
        self.separator("-")?;
        let month = self.two_digits("month", 1..=12)?;
        self.separator("-")?;
        let day = self.two_digits("day of month", 0..=99)?;
        if !self.take("T") {
            return Err("missing required time introducer 'T'".to_owned());
        }
        let hour = self.hour()?;
        self.separator(":")?;
        let minute = self.two_digits("minute", 0..=59)?;
        self.separator(":")?;
        let second = self.two_digits("second", 0..=59)?;
        let nanoseconds = self.fraction()?;
        let offset_seconds = self.offset()?;
        // The day is judged only once all else is known to be right.
        if day < 1 || day > days_in_month(year, month) {
            return Err("day out of range".to_owned());
        }
        if !self.rest.is_empty() {
            return Err(format!("cannot use {} as timestamp segment", quote(self.rest)));
        }
        let time_of_day = hour * 3600 + minute * 60 + second;
        let seconds =
            day_of_date(year, month, day) * SECONDS_PER_DAY + time_of_day - i64::from(offset_seconds);
        Ok(Timestamp { seconds, nanoseconds, offset_seconds })
    }

    fn take(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn separator(&mut self, separator: &str) -> Result<(), String> {
        if self.take(separator) {
            return Ok(());
        }
        let (found, expected) = (quote(self.rest), quote(separator));
        Err(if self.rest.is_empty() {
            format!("end of string where {expected} is expected")
        } else {
            format!("found {found} where {expected} is expected")
        })
    }

    /// Says that what stands from here on is no such part.
    fn unusable(&self, shown: &str, part: &str) -> String {
        if shown.is_empty() {
            return format!("end of string before {part}");
        }
        let is_strict = self.strictness == Strictness::Strict;
        match part {
            "hour" if is_strict && shown.contains(':') => {
                "hour must be between 0 and 23 inclusive".to_owned()
            }
            "hour" | "minute" if is_strict && shown.len() != 2 => {
                format!("{part} must have exactly two digits")
            }
            part => format!("cannot use {} as {part}", quote(shown)),
        }
    }

    fn leading_digits(&self) -> usize {
        self.rest.bytes().take_while(u8::is_ascii_digit).count()
    }

    fn year(&mut self) -> Result<i64, String> {
        if self.rest.len() < 4 || self.leading_digits() < 4 {
            return Err(self.unusable(self.rest, "year"));
        }
        Ok(self.digits(4))
    }

    /// Takes so many digits, which are known to be there.
    fn digits(&mut self, count: usize) -> i64 {
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        digits.parse().unwrap_or_default()
    }

    fn two_digits(&mut self, part: &str, range: std::ops::RangeInclusive<i64>) -> Result<i64, String> {
        if self.leading_digits() < 2 {
            return Err(self.unusable(self.rest, part));
        }
        let number = self.digits(2);
        // A number out of range is blamed by what follows it, as in Terraform.
        if range.contains(&number) { Ok(number) } else { Err(self.unusable(self.rest, part)) }
    }

    fn hour(&mut self) -> Result<i64, String> {
        let start = self.rest;
        let digits = self.leading_digits().min(2);
        if digits == 0 {
            return Err(self.unusable(start, "hour"));
        }
        let hour = self.digits(digits);
        if hour > 23 {
            return Err(self.unusable(self.rest, "hour"));
        }
        if digits == 1 && self.strictness == Strictness::Strict {
            // The rest must be right before the missing digit is noticed.
            let mut rest = Reader { rest: self.rest, strictness: Strictness::Lenient };
            rest.after_hour()?;
            return Err(self.unusable(&start[..1], "hour"));
        }
        Ok(hour)
    }

    fn after_hour(&mut self) -> Result<(), String> {
        self.separator(":")?;
        self.two_digits("minute", 0..=59)?;
        self.separator(":")?;
        self.two_digits("second", 0..=59)?;
        self.fraction()?;
        self.offset()?;
        Ok(())
    }

    fn fraction(&mut self) -> Result<u32, String> {
        let mut chars = self.rest.chars();
        let (Some(point @ ('.' | ',')), Some('0'..='9')) = (chars.next(), chars.next()) else { return Ok(0) };
        if point == ',' && self.strictness == Strictness::Strict {
            return Err(format!("cannot use {} as timestamp segment", quote(",")));
        }
        self.rest = &self.rest[1..];
        let count = self.leading_digits();
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        Ok(format!("{digits:0<9}")[..9].parse().unwrap_or_default())
    }

    fn offset(&mut self) -> Result<i32, String> {
        if self.take("Z") {
            return Ok(0);
        }
        let start = self.rest;
        let parts = match start.as_bytes() {
            [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2, ..]
                if [h1, h2, m1, m2].iter().all(|byte| byte.is_ascii_digit()) =>
            {
                let number = |tens: u8, ones: u8| i32::from(tens - b'0') * 10 + i32::from(ones - b'0');
                Some((if *sign == b'-' { -1 } else { 1 }, number(*h1, *h2), number(*m1, *m2)))
            }
            _ => None,
        };
        // Go's own reader, which `timecmp` uses, lets the first number out of range through.
        let surplus = i32::from(self.strictness == Strictness::Lenient);
        match parts {
            Some((sign, hours, minutes)) if hours < 24 + surplus && minutes < 60 + surplus => {
                self.rest = &start[6..];
                Ok(sign * (hours * 3600 + minutes * 60))
            }
            _ => Err(self.unusable(start, "UTC offset")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Timestamp {
        Timestamp::parse(text, Strictness::Strict).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn timestamps_read_and_write() {
        for (text, expected) in [
            ("2018-01-02T23:12:01Z", "2018-01-02T23:12:01Z"),
            ("2018-01-02T03:04:05.678+05:30", "2018-01-02T03:04:05+05:30"),
            ("2020-02-29T00:00:00-00:00", "2020-02-29T00:00:00Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(parse(text).to_rfc3339(), expected, "{text}");
        }
        assert_eq!(parse("2018-01-02T23:12:01Z").civil().weekday, 2);
    }

    #[test]
    fn errors_name_the_part() {
        for (text, problem) in [
            ("", "end of string before year"),
            ("x", "cannot use \"x\" as year"),
            ("2018-13-02T03:04:05Z", "cannot use \"-02T03:04:05Z\" as month"),
            ("2018-02-30T03:04:05Z", "day out of range"),
            ("2018-01-02T25:04:05Z", "hour must be between 0 and 23 inclusive"),
            ("2018-01-02 03:04:05Z", "missing required time introducer 'T'"),
            ("2018-01-02T03:04:05", "end of string before UTC offset"),
            ("2018/01-02T03:04:05Z", "found \"/01-02T03:04:05Z\" where \"-\" is expected"),
            ("2018-01-02T3:04:05Z", "hour must have exactly two digits"),
        ] {
            let expected = format!("not a valid RFC3339 timestamp: {problem}");
            assert_eq!(Timestamp::parse(text, Strictness::Strict), Err(expected), "{text}");
        }
        assert!(Timestamp::parse("2018-01-02T3:04:05Z", Strictness::Lenient).is_ok());
    }

    proptest! {
        #[test]
        fn days_and_dates_agree(days in -1_000_000i64..3_000_000) {
            let (year, month, day) = date_of_day(days);
            prop_assert_eq!(day_of_date(year, month.into(), day.into()), days);
            let next = date_of_day(days + 1);
            let is_next_day = next == (year, month, day + 1);
            prop_assert!(is_next_day || next.2 == 1 && i64::from(day) == days_in_month(year, month.into()));
        }
    }
}
