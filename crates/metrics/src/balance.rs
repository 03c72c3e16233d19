//! How evenly the calls were spread over the nodes.
//!
//! `1 − CV` of the calls per slot over all live nodes, idle ones included, floored at 0,
//! and Jain's index `(Σx)² ÷ (n Σx²) = 1 ÷ (1 + CV²)` of the same numbers (Jain, Chiu, Hawe:
//! A Quantitative Measure of Fairness and Discrimination, DEC-TR-301, 1984). The CV is that
//! of the population (÷ n): the nodes are the whole cluster, not a sample of it. All calls on one
//! of n nodes give CV = √(n − 1) ≥ 1, so that is the worst score at every n ≥ 2, 0.

/// How even a spread is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Balance {
    /// 1 − CV, floored at 0.
    pub score: f64,
    /// Jain's index, 1/n to 1.
    pub jain: f64,
}

/// The balance of calls over nodes, given as (calls, slots). A node of 0 slots counts as one
/// slot. `None` if there are no nodes or no calls: nothing was spread.
pub fn balance(nodes: &[(u64, u32)]) -> Option<Balance> {
    let per_slot = || nodes.iter().map(|&(calls, slots)| calls as f64 / f64::from(slots.max(1)));
    let n = nodes.len() as f64;
    let mean = per_slot().sum::<f64>() / n;
    if mean.is_nan() || mean <= 0.0 {
        return None;
    }
    let variance = per_slot().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
    let cv = variance.sqrt() / mean;
    Some(Balance { score: (1.0 - cv).max(0.0), jain: 1.0 / (1.0 + cv * cv) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(nodes: &[(u64, u32)], score: f64, jain: f64) {
        let got = balance(nodes).unwrap();
        assert!((got.score - score).abs() < 1e-12, "{got:?}, not score {score}");
        assert!((got.jain - jain).abs() < 1e-12, "{got:?}, not Jain {jain}");
    }

    #[test]
    fn everything_on_one_node_is_the_worst_case() {
        check(&[(100, 4), (0, 4), (0, 4), (0, 4)], 0.0, 0.25);
        check(&[(100, 4), (0, 4)], 0.0, 0.5);
    }

    #[test]
    fn an_even_spread_is_one_whatever_the_size_of_the_nodes() {
        check(&[(25, 4); 4], 1.0, 1.0);
        check(&[(40, 4), (20, 2), (80, 8)], 1.0, 1.0);
        check(&[(7, 1)], 1.0, 1.0);
    }

    #[test]
    fn in_between_follows_the_formula() {
        // 1, 2, 3 per slot: mean 2, variance 2/3, CV = √(2/3)/2; Jain = 36 ÷ (3 × 14).
        check(&[(4, 4), (8, 4), (12, 4)], 1.0 - (2.0_f64 / 3.0).sqrt() / 2.0, 36.0 / 42.0);
    }

    #[test]
    fn three_of_four_nodes_beat_one_of_four_and_lose_to_all_four() {
        let score = |nodes: &[(u64, u32)]| balance(nodes).unwrap().score;
        let three = score(&[(20, 1), (20, 1), (20, 1), (0, 1)]);
        assert!(0.0 < three && three < score(&[(15, 1), (15, 1), (15, 1), (15, 1)]));
    }

    #[test]
    fn no_call_is_no_balance() {
        assert_eq!(balance(&[(0, 4), (0, 4)]), None);
        assert_eq!(balance(&[]), None);
    }
}
