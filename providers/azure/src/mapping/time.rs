//! Moments and durations as Azure writes them.

/// Returns a moment in seconds since 1970 with its fraction of a nanosecond count; nothing when the text is
/// not RFC 3339. Services differ in digits and in `Z` against `+00:00`; the moment does not.
pub(crate) fn moment(text: &str) -> Option<(i64, u32)> {
    let bytes = text.as_bytes();
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let separator =
        |position: usize, allowed: &[u8]| bytes.get(position).is_some_and(|byte| allowed.contains(byte));
    if !(separator(4, b"-")
        && separator(7, b"-")
        && separator(10, b"Tt ")
        && separator(13, b":")
        && separator(16, b":"))
    {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = text.get(19..)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(digits) => {
            let end = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
            (digits.get(..end.min(9))?, digits.get(end..)?)
        }
        None => ("", rest),
    };
    let nanoseconds = format!("{fraction:0<9}").parse().ok()?;
    let offset = match zone {
        "Z" | "z" => 0,
        _ => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let (hours, minutes) = zone.strip_prefix(['+', '-'])?.split_once(':')?;
            sign * (hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60)
        }
    };
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Some((seconds, nanoseconds))
}

/// Writes seconds since 1970 in RFC 3339.
pub(crate) fn moment_text(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // The reverse of counting days: eras of 400 years that start in March.
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// Counts days by the civil calendar; the year is taken to start in March, so that leap days end it.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Returns the seconds of an ISO 8601 duration of days and smaller units; nothing for other texts. Weeks count
/// seven days; months and years have no fixed length and count as nothing here.
pub(crate) fn parse_iso_duration(text: &str) -> Option<f64> {
    let rest = text.strip_prefix('P')?;
    let (date, time) = rest.split_once('T').unwrap_or((rest, ""));
    if rest.is_empty() || rest.ends_with('T') {
        return None;
    }
    let days = parse_fields(date, &[('W', 604_800.0), ('D', 86_400.0)])?;
    let seconds = parse_fields(time, &[('H', 3600.0), ('M', 60.0), ('S', 1.0)])?;
    Some(days + seconds)
}

fn parse_fields(mut text: &str, units: &[(char, f64)]) -> Option<f64> {
    let mut total = 0.0;
    let mut units = units.iter();
    while !text.is_empty() {
        let end = text.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let number: f64 = text[..end].parse().ok()?;
        let letter = text[end..].chars().next()?;
        let (_, seconds) = units.find(|(unit, _)| *unit == letter)?;
        total += number * seconds;
        text = &text[end + letter.len_utf8()..];
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_the_same_however_it_is_written() {
        let moments = ["2026-10-01T00:00:00Z", "2026-10-01T00:00:00.0000000Z", "2026-10-01T02:00:00+02:00"];
        for text in moments {
            assert_eq!(moment(text), moment(moments[0]), "{text}");
        }
        assert_eq!(moment("1970-01-01T00:00:00Z"), Some((0, 0)));
        assert_eq!(moment("2000-03-01T00:00:01.5Z"), Some((951_868_801, 500_000_000)));
        for wrong in ["", "2026-10-01", "2026-13-01T00:00:00Z", "2026-10-01T00:00:00"] {
            assert_eq!(moment(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn durations_are_read_unit_by_unit() {
        assert_eq!(parse_iso_duration("P1DT2H"), Some(93_600.0));
        assert_eq!(parse_iso_duration("PT5M30S"), Some(330.0));
        for wrong in ["", "P", "PT", "5M", "PT5", "PT5M2H"] {
            assert_eq!(parse_iso_duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn moments_come_back_from_their_seconds() {
        for text in
            ["1970-01-01T00:00:00Z", "2000-02-29T12:34:56Z", "2026-12-31T23:59:59Z", "1969-12-31T23:59:59Z"]
        {
            let (seconds, _) = moment(text).expect("it is one");
            assert_eq!(moment_text(seconds), text);
        }
    }
}
