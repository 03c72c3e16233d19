//! How many tasks were in the system, over time.
//!
//! A task is in it from its arrival to its end. The mean over a window of time is the sum, over tasks, of what they
//! have in common with the window, and that is a difference: what lies before the end of the task less what
//! lies before its arrival. So each window keeps one count and one sum of instants, to which an end adds and from
//! which an arrival takes away, a task touches two windows, and no list of tasks is kept. Windows are as wide as a
//! power of two of nanoseconds, all alike, and merge in pairs when time goes on.
//!
//! Of tasks beyond the first 16,384 one in 2, 4, 8... is taken and counts for as many: who is
//! taken depends on the index alone, a window still has more than a hundred of them, and the rest cost a comparison.

/// Windows at most. Those of the arrivals alone are judged, which may be over long before the run is.
const MOST: usize = 512;
/// log₂ of the tasks that all count.
const ALL: u32 = 14;

/// Tasks in the system, by window.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Population {
    /// log₂ of the nanoseconds of a window.
    shift: u32,
    windows: Vec<Window>,
    /// First and last arrival, ns; of several repetitions, when the last began and the first ended.
    arrivals: Option<(u64, u64)>,
}

/// Ends less arrivals in a window of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Window {
    count: i64,
    /// Of their instants, ns.
    sum: i128,
}

impl Population {
    /// Adds the task with this index, from its arrival to its end. Tasks may come in any order. O(1), amortised.
    #[inline]
    pub fn record(&mut self, index: u64, arrival: u64, finish: u64) {
        let every = index >> ALL;
        let octave = u64::BITS - every.leading_zeros();
        if index & ((1 << octave) - 1) != 0 {
            return;
        }
        let (first, last) = self.arrivals.unwrap_or((arrival, arrival));
        self.arrivals = Some((first.min(arrival), last.max(arrival)));
        if finish >> self.shift >= self.windows.len() as u64 {
            self.reach(finish);
        }
        let weight = 1_i64 << octave;
        self.windows[(finish >> self.shift) as usize].add(weight, finish);
        // A finish is at or after the arrival.
        if let Some(window) = self.windows.get_mut((arrival >> self.shift) as usize) {
            window.add(-weight, arrival);
        }
    }

    /// Adds the tasks of another repetition.
    pub fn merge(&mut self, other: &Population) {
        let mut other = other.clone();
        let shift = self.shift.max(other.shift);
        self.widen(shift);
        other.widen(shift);
        let longest = self.windows.len().max(other.windows.len());
        self.windows.resize(longest, Window::default());
        for (mine, theirs) in self.windows.iter_mut().zip(&other.windows) {
            *mine = mine.with(*theirs);
        }
        self.arrivals = match (self.arrivals, other.arrivals) {
            (Some(mine), Some(theirs)) => Some((mine.0.max(theirs.0), mine.1.min(theirs.1))),
            (one, other) => one.or(other),
        };
    }

    /// The mean number, summed over repetitions, in each window that is wholly between the first and the last
    /// arrival.
    pub(super) fn while_arriving(&self) -> Vec<f64> {
        let Some((first, last)) = self.arrivals else { return Vec::new() };
        let width = 1_i128 << self.shift;
        let mut beyond: i128 = 0; // ends less arrivals after the window
        let mut numbers = vec![0.0; self.windows.len()];
        for (at, window) in self.windows.iter().enumerate().rev() {
            let within = window.sum - (at as i128 * width) * i128::from(window.count);
            numbers[at] = (beyond * width + within) as f64 / width as f64;
            beyond += i128::from(window.count);
        }
        let whole = (first >> self.shift) as usize + 1..(last >> self.shift) as usize;
        numbers.get(whole).map_or_else(Vec::new, <[f64]>::to_vec)
    }

    #[cold]
    fn reach(&mut self, instant: u64) {
        let bits = u64::BITS - instant.leading_zeros();
        self.widen(self.shift.max(bits.saturating_sub(MOST.ilog2())));
        self.windows.resize((instant >> self.shift) as usize + 1, Window::default());
    }

    fn widen(&mut self, shift: u32) {
        if shift > self.shift {
            let together = 1_usize.checked_shl(shift - self.shift).unwrap_or(usize::MAX);
            let merged = |few: &[Window]| few.iter().fold(Window::default(), |a, b| a.with(*b));
            self.windows = self.windows.chunks(together).map(merged).collect();
            self.shift = shift;
        }
    }
}

impl Window {
    #[inline]
    fn add(&mut self, weight: i64, instant: u64) {
        self.count += weight;
        self.sum += i128::from(weight) * i128::from(instant);
    }

    fn with(self, other: Window) -> Window {
        Window { count: self.count + other.count, sum: self.sum + other.sum }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tasks of very different lengths, and what a scan over them says.
    #[test]
    fn a_window_has_what_a_scan_says() {
        let tasks: Vec<(u64, u64)> = (0..3_000_u64)
            .map(|i| (i * 700 + i % 13, i * 700 + i % 13 + (i * i * 37) % 90_000))
            .collect();
        let mut population = Population::default();
        // From both ends, so that windows are widened before and after they are filled.
        for at in (0..1_500).rev().chain(1_500..3_000) {
            population.record(at as u64, tasks[at].0, tasks[at].1);
        }
        let (width, whole) = (1_u64 << population.shift, population.while_arriving());
        let last = tasks.iter().map(|task| task.1).max().unwrap();
        assert!((256..=512).contains(&(last / width + 1)), "{width}");
        assert_eq!(whole.len() as u64, (2_999 * 700 + 2_999 % 13) / width - 1);
        for (at, found) in (1..).zip(&whole) {
            let (from, to) = (at * width, (at + 1) * width);
            let common = |task: &(u64, u64)| task.1.min(to).saturating_sub(task.0.max(from));
            let expected = tasks.iter().map(common).sum::<u64>() as f64 / width as f64;
            assert!((found - expected).abs() < 1e-9, "window {at}: {found}, not {expected}");
        }
    }

    /// 20 in the system all the time, of 300,000 tasks.
    #[test]
    fn a_sample_of_many_tasks_stands_for_all() {
        let mut population = Population::default();
        (0..300_000).for_each(|index| population.record(index, index * 50, index * 50 + 1_000));
        let numbers = population.while_arriving();
        assert!(numbers.len() > 200);
        assert!(numbers.iter().all(|number| (number - 20.0).abs() < 0.5), "{numbers:?}");
        let filled: i64 = population.windows.iter().map(|window| window.count).sum();
        assert_eq!(filled, 0, "whoever arrived has ended");
    }

    #[test]
    fn repetitions_add_up() {
        let mut both = Population::default();
        let (mut one, mut other) = (Population::default(), Population::default());
        for index in 0..1_000 {
            one.record(index, index * 10, index * 10 + 500);
            other.record(index, index * 1_000, index * 1_000 + 7);
            both.record(index, index * 10, index * 10 + 500);
            both.record(index, index * 1_000, index * 1_000 + 7);
        }
        let mut merged = other.clone();
        merged.merge(&one);
        one.merge(&other);
        assert_eq!(merged, one);
        assert_eq!((merged.shift, &merged.windows), (both.shift, &both.windows));
        assert_eq!(merged.arrivals, Some((0, 9_990)), "later one of them has ended");
    }
}
