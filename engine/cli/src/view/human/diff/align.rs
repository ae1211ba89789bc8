//! Which elements of two sequences belong together.

use std::hash::Hash;

use rustc_hash::FxHashMap;

/// Cells of the table of lengths that are filled in for one pair of sequences, at most: 16 MB.
const CELLS_MAX: usize = 4_000_000;

/// Elements that are compared with each other where sequences are too long to compare all with all.
const CHUNK: usize = 1024;

/// How often a part of a long sequence is split at elements that occur once in that part.
const LEVELS_MAX: usize = 8;

/// One step of going through two sequences side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// An element of both: the same, or one that changes in place.
    Both(usize, usize),
    /// An element that is only in the first sequence.
    Before(usize),
    /// An element that is only in the second sequence.
    After(usize),
}

/// Lines two sequences up along a longest common subsequence. Between its elements, what `pairs_up` accepts at
/// the same place on both sides counts as one element that changes.
pub(super) fn align<K: Eq + Hash>(
    before: &[K],
    after: &[K],
    pairs_up: impl Fn(usize, usize) -> bool,
) -> Vec<Step> {
    let (before, after) = intern(before, after);
    let common = longest_common(&before, &after);
    let mut steps = Vec::with_capacity(before.len().max(after.len()));
    let (mut left, mut right) = (0, 0);
    for next in common.into_iter().map(Some).chain([None]) {
        let is_next = |element: Option<&u32>| element.copied() == next;
        while left < before.len() && !is_next(before.get(left)) {
            if right < after.len() && !is_next(after.get(right)) && pairs_up(left, right) {
                steps.push(Step::Both(left, right));
                right += 1;
            } else {
                steps.push(Step::Before(left));
            }
            left += 1;
        }
        while right < after.len() && !is_next(after.get(right)) {
            steps.push(Step::After(right));
            right += 1;
        }
        if next.is_some() {
            steps.push(Step::Both(left, right));
            left += 1;
            right += 1;
        }
    }
    steps
}

/// Gives equal elements equal numbers.
fn intern<K: Eq + Hash>(before: &[K], after: &[K]) -> (Vec<u32>, Vec<u32>) {
    let mut numbers: FxHashMap<&K, u32> = FxHashMap::default();
    let mut number = |element| {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        *numbers.entry(element).or_insert(next)
    };
    (before.iter().map(&mut number).collect(), after.iter().map(&mut number).collect())
}

/// Returns a common subsequence: a longest one, unless the sequences are too long to find it.
fn longest_common(before: &[u32], after: &[u32]) -> Vec<u32> {
    let mut common = Vec::with_capacity(before.len().min(after.len()));
    let mut cells_left = CELLS_MAX;
    append_common(before, after, &mut cells_left, LEVELS_MAX, &mut common);
    common
}

fn append_common(
    before: &[u32],
    after: &[u32],
    cells_left: &mut usize,
    levels_left: usize,
    common: &mut Vec<u32>,
) {
    let same = |(a, b): &(&u32, &u32)| a == b;
    let prefix = before.iter().zip(after).take_while(same).count();
    common.extend(&before[..prefix]);
    let (before, after) = (&before[prefix..], &after[prefix..]);
    let suffix = before.iter().rev().zip(after.iter().rev()).take_while(same).count();
    let (before, end) = before.split_at(before.len() - suffix);
    let after = &after[..after.len() - suffix];
    let cells = before.len().saturating_mul(after.len());
    if cells <= *cells_left {
        *cells_left -= cells;
        append_from_table(before, after, common);
    } else {
        append_between_anchors(before, after, cells_left, levels_left, common);
    }
    common.extend(end);
}

/// Of several longest subsequences, the one that Terraform shows is taken.
fn append_from_table(before: &[u32], after: &[u32], common: &mut Vec<u32>) {
    let width = before.len() + 1;
    let mut lengths = vec![0u32; width * (after.len() + 1)];
    for (row, after_element) in after.iter().enumerate() {
        for (column, before_element) in before.iter().enumerate() {
            let here = (row + 1) * width + column + 1;
            lengths[here] = if before_element == after_element {
                lengths[here - width - 1] + 1
            } else {
                lengths[here - 1].max(lengths[here - width])
            };
        }
    }
    let start = common.len();
    let (mut row, mut column) = (after.len(), before.len());
    while row > 0 && column > 0 {
        let here = row * width + column;
        if before[column - 1] == after[row - 1] {
            common.push(before[column - 1]);
            row -= 1;
            column -= 1;
        } else if lengths[here - 1] > lengths[here - width] {
            column -= 1;
        } else {
            row -= 1;
        }
    }
    common[start..].reverse();
}

/// Splits long sequences at elements that occur once on either side and keep their order; without any, at
/// fixed places.
fn append_between_anchors(
    before: &[u32],
    after: &[u32],
    cells_left: &mut usize,
    levels_left: usize,
    common: &mut Vec<u32>,
) {
    let Some(levels_left) = levels_left.checked_sub(1) else { return };
    let anchors = anchors(before, after);
    if anchors.is_empty() {
        for (before, after) in before.chunks(CHUNK).zip(after.chunks(CHUNK)) {
            append_common(before, after, cells_left, levels_left, common);
        }
        return;
    }
    let (mut left, mut right) = (0, 0);
    for (before_at, after_at) in anchors {
        append_common(&before[left..before_at], &after[right..after_at], cells_left, levels_left, common);
        common.push(before[before_at]);
        (left, right) = (before_at + 1, after_at + 1);
    }
    append_common(&before[left..], &after[right..], cells_left, levels_left, common);
}

/// Returns the positions of elements that occur once on either side, as many as stay in order.
fn anchors(before: &[u32], after: &[u32]) -> Vec<(usize, usize)> {
    // Per element: occurrences and last position, on either side.
    let mut seen: FxHashMap<u32, [(usize, usize); 2]> = FxHashMap::default();
    for (side, elements) in [before, after].into_iter().enumerate() {
        for (position, element) in elements.iter().enumerate() {
            let entry = &mut seen.entry(*element).or_default()[side];
            *entry = (entry.0 + 1, position);
        }
    }
    let unique = before.iter().filter_map(|element| match seen[element] {
        [(1, left), (1, right)] => Some((left, right)),
        _ => None,
    });
    longest_increasing(&unique.collect::<Vec<_>>())
}

/// Returns a longest part in which the second positions increase as the first ones do.
fn longest_increasing(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // `ends[n]` is the pair that ends the best chain of n + 1 pairs; `previous` leads back along the chains.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (index, (_, right)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|&end| pairs[end].1 < *right);
        previous.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        if length == ends.len() {
            ends.push(index);
        } else {
            ends[length] = index;
        }
    }
    let mut chain = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(index) = next {
        chain.push(pairs[index]);
        next = previous[index];
    }
    chain.reverse();
    chain
}
