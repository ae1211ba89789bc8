//! "Did you mean …?"

/// Returns the candidate that is most like a misspelt name, when one is like it at all.
pub fn nearest<'c>(given: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(given, candidate), candidate))
        .filter(|(distance, _)| *distance < 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Counts the letters to insert, remove or replace.
fn edit_distance(a: &str, b: &str) -> usize {
    // Names that differ in length by as much are not alike; this also bounds the work.
    if a.len().abs_diff(b.len()) > 8 || a.len() > 256 {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_names_find_their_neighbour() {
        assert_eq!(nearest("uper", ["lower", "upper", "tolist"]), Some("upper"));
        assert_eq!(nearest("azurerm_subnets", ["azurerm_subnet", "azurerm_lb"]), Some("azurerm_subnet"));
        assert_eq!(nearest("quite_different", ["upper"]), None);
    }
}
