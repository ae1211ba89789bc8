//! Which major version of azurerm a configuration was written for.

use crate::table::Generation;

/// A version: major, minor, patch.
type Version = (u64, u64, u64);

/// Versions from the first on and before the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    from: Version,
    before: Version,
}

const ALL: Range = Range { from: (0, 0, 0), before: (u64::MAX, 0, 0) };

/// Returns the newest generation that the constraints allow; without constraints, or where they allow neither,
/// the nearest.
pub(crate) fn choose_generation(constraints: &str) -> Generation {
    let allowed = constraints.split(',').filter_map(read_range).fold(ALL, |all, range| Range {
        from: all.from.max(range.from),
        before: all.before.min(range.before),
    });
    let is_allowed = |major: u64| allowed.from.max((major, 0, 0)) < allowed.before.min((major + 1, 0, 0));
    if is_allowed(5) || allowed.from >= (5, 0, 0) {
        Generation::V5
    } else if is_allowed(4) || allowed.before <= (5, 0, 0) {
        Generation::V4
    } else {
        Generation::V5
    }
}

/// Reads one constraint; nothing for `!=` and for what is none.
fn read_range(text: &str) -> Option<Range> {
    let text = text.trim();
    let start = text.find(|character: char| character.is_ascii_digit() || character == 'v')?;
    let (operator, version) = text.split_at(start);
    let (version, given) = read_version(version)?;
    let (major, minor, patch) = version;
    let range = match operator.trim() {
        "" | "=" => Range { from: version, before: (major, minor, patch + 1) },
        ">" => Range { from: (major, minor, patch + 1), ..ALL },
        ">=" => Range { from: version, ..ALL },
        "<" => Range { before: version, ..ALL },
        "<=" => Range { before: (major, minor, patch + 1), ..ALL },
        "~>" if given == 3 => Range { from: version, before: (major, minor + 1, 0) },
        "~>" => Range { from: version, before: (major + 1, 0, 0) },
        _ => return None,
    };
    Some(range)
}

/// Returns the version and how many of its parts were given.
fn read_version(text: &str) -> Option<(Version, usize)> {
    let core = text.trim().trim_start_matches('v').split(['-', '+']).next()?;
    let parts: Vec<u64> = core.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    let part = |index: usize| parts.get(index).copied().unwrap_or(0);
    (!parts.is_empty() && parts.len() <= 3).then(|| ((part(0), part(1), part(2)), parts.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_allowed_generation_is_taken() {
        for (constraints, expected) in [
            ("", Generation::V5),
            (">= 4.0", Generation::V5),
            ("~> 5.0", Generation::V5),
            ("5.1.0", Generation::V5),
            (">= 6.0", Generation::V5),
            ("~> 4.0", Generation::V4),
            ("~> 4.81.0", Generation::V4),
            ("= 4.10.0", Generation::V4),
            ("4.10", Generation::V4),
            (">= 4.1, < 5.0", Generation::V4),
            (">= 3.0, < 5.0.0, != 4.2.0", Generation::V4),
            ("~> 3.0", Generation::V4),
            ("nonsense", Generation::V5),
        ] {
            assert_eq!(choose_generation(constraints), expected, "{constraints}");
        }
    }
}
