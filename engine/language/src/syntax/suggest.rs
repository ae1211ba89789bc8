//! Suggestions for misspelt names.

/// From how many changes on two names are no longer taken for each other.
const DISTANCE_LIMIT: usize = 3;

/// Returns the first candidate that differs from `given` by at most two changed, added or missing
/// characters. Terraform suggests the same.
pub fn suggestion<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates.into_iter().find(|candidate| is_close(given, candidate))
}

/// Returns ` Did you mean "x"?`, or nothing where no candidate is close.
pub(super) fn did_you_mean<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    suggestion(given, candidates).map_or_else(String::new, |name| format!(" Did you mean \"{name}\"?"))
}

/// Tells whether the edit distance of two texts is below the limit, in time linear in their length.
fn is_close(left: &str, right: &str) -> bool {
    if left.len().abs_diff(right.len()) >= DISTANCE_LIMIT * 4 {
        return false;
    }
    let right: Vec<char> = right.chars().collect();
    let far = DISTANCE_LIMIT;
    // Row of the classic table; entries far from the diagonal are too large to matter.
    let mut row: Vec<usize> = (0..=right.len()).map(|distance| distance.min(far)).collect();
    let mut length = 0;
    for (index, left_char) in left.chars().enumerate() {
        length = index + 1;
        let first = length.saturating_sub(far).max(1);
        let last = (length + far).min(right.len());
        let mut diagonal = row.get(first - 1).copied().unwrap_or(far);
        if let Some(entry) = row.get_mut(first - 1) {
            *entry = if first == 1 { length.min(far) } else { far };
        }
        for column in first..=last {
            let change = diagonal + usize::from(left_char != right[column - 1]);
            diagonal = row[column];
            row[column] = change.min(diagonal + 1).min(row[column - 1] + 1).min(far);
        }
    }
    length.abs_diff(right.len()) < far && row.last().copied().unwrap_or(far) < far
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_names_are_suggested_in_order() {
        let candidates = ["count", "for_each", "provider", "depends_on"];
        for (given, expected) in [
            ("coun", Some("count")),
            ("cuont", Some("count")),
            ("foreach", Some("for_each")),
            ("for-each", Some("for_each")),
            ("providers", Some("provider")),
            ("dependson_", Some("depends_on")),
            ("dpndsn", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(suggestion(given, candidates), expected, "{given}");
        }
        assert_eq!(suggestion("", ["ab"]), Some("ab"));
    }

    #[test]
    fn distance_agrees_with_the_full_table() {
        let words = ["", "a", "ab", "abc", "abcd", "bcd", "acbd", "xabcd", "abcdef", "é", "éa", "aé", "dcba"];
        for left in words {
            for right in words {
                assert_eq!(is_close(left, right), full_distance(left, right) < 3, "{left} {right}");
            }
        }
    }

    fn full_distance(left: &str, right: &str) -> usize {
        let right: Vec<char> = right.chars().collect();
        let mut row: Vec<usize> = (0..=right.len()).collect();
        for (index, left_char) in left.chars().enumerate() {
            let mut next = vec![index + 1];
            for (column, &right_char) in right.iter().enumerate() {
                let change = row[column] + usize::from(left_char != right_char);
                next.push(change.min(row[column + 1] + 1).min(next[column] + 1));
            }
            row = next;
        }
        row[right.len()]
    }
}
