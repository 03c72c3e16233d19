//! How busy each node was, and how many calls waited, over the time of one repetition.
//!
//! A fixed number of bins covers the time from 0 on; when a call ends beyond the last one,
//! neighbours are merged and all bins are twice as wide. So memory is bounded however long a run
//! is, nobody has to know its length before, and what stands in a bin is exact: whole nanoseconds
//! of overlap, not samples. Of large clusters neighbouring nodes share a row. Hosts feed it in one
//! repetition only.

use crate::{CallSpan, Nanos, Shape};

/// Bins at most; when in use, more than half of them.
const BINS: usize = 128;
/// Rows at most.
const ROWS: usize = 64;
/// Width of a bin at first, ns.
const FINEST: u64 = 1 << 10;
/// Thousandths of a slot in a slot.
const MILLI: u128 = 1_000;

/// The recorder.
#[derive(Clone, Debug)]
pub struct Timeline {
    nodes_per_row: usize,
    rows: Vec<LoadRow>,
    width: u64,
    end: u64,
    /// By row: ns × thousandths of a slot in each bin.
    busy: Vec<[u128; BINS]>,
    /// Calls × ns in each bin.
    scheduling: [u128; BINS],
    queue: [u128; BINS],
}

/// What was recorded, as shares and means.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct LoadSeries {
    /// Width of a bin; the last one may be cut short by `end`.
    pub width: Nanos,
    /// The last instant that was seen.
    pub end: Nanos,
    /// The rows, in node order.
    pub rows: Vec<LoadRow>,
    /// By row and bin, the share of its slots that were busy: 0 to 1, or above where calls hold
    /// more than whole slots.
    pub busy: Vec<Vec<f64>>,
    /// By bin, the mean number of calls that waited in the scheduler.
    pub scheduling: Vec<f64>,
    /// By bin, the mean number of calls that waited at the nodes.
    pub queue: Vec<f64>,
}

/// One node, or neighbouring ones.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoadRow {
    /// Name of the node; of several, of the first.
    pub first: String,
    /// Name of the last.
    pub last: String,
    /// Their slots.
    pub slots: u64,
}

impl Timeline {
    /// Nothing seen yet.
    pub fn new(shape: &Shape) -> Timeline {
        let nodes_per_row = shape.nodes().len().div_ceil(ROWS).max(1);
        let rows: Vec<LoadRow> = shape
            .nodes()
            .chunks(nodes_per_row)
            .map(|nodes| LoadRow {
                first: nodes[0].name.clone(),
                last: nodes[nodes.len() - 1].name.clone(),
                // A node without a whole slot counts as one, as wherever things are per slot.
                slots: nodes.iter().map(|node| u64::from(node.slots.max(1))).sum(),
            })
            .collect();
        Timeline {
            nodes_per_row,
            busy: vec![[0; BINS]; rows.len()],
            rows,
            width: FINEST,
            end: 0,
            scheduling: [0; BINS],
            queue: [0; BINS],
        }
    }

    /// A call has ended on a node. Of a node that the shape does not have, only the waiting counts.
    /// O(bins that it touches), which are at most 128.
    pub fn call(&mut self, call: &CallSpan) {
        self.end = self.end.max(call.ended.get());
        while self.end > self.width.saturating_mul(BINS as u64) {
            self.widen();
        }
        let width = self.width;
        add(&mut self.scheduling, width, (call.submit, call.assign), 1);
        add(&mut self.queue, width, (call.arrived, call.started), 1);
        if let Some(row) = self.busy.get_mut(call.node as usize / self.nodes_per_row) {
            add(row, width, (call.started, call.ended), u128::from(call.milli_slots));
        }
    }

    /// What was recorded. Without a call there is no bin.
    pub fn series(&self) -> LoadSeries {
        let bins = usize::try_from(self.end.div_ceil(self.width)).unwrap_or(BINS).min(BINS);
        let length = |bin: usize| {
            let start = self.width.saturating_mul(bin as u64);
            self.end.saturating_sub(start).min(self.width) as f64
        };
        let means = |sums: &[u128; BINS], per: f64| -> Vec<f64> {
            (0..bins).map(|bin| sums[bin] as f64 / (length(bin) * per)).collect()
        };
        let rows = self.rows.iter().zip(&self.busy);
        LoadSeries {
            width: Nanos::new(self.width),
            end: Nanos::new(self.end),
            busy: rows
                .map(|(row, sums)| means(sums, (u128::from(row.slots) * MILLI) as f64))
                .collect(),
            rows: self.rows.clone(),
            scheduling: means(&self.scheduling, 1.0),
            queue: means(&self.queue, 1.0),
        }
    }

    fn widen(&mut self) {
        self.width = self.width.saturating_mul(2);
        for sums in self.busy.iter_mut().chain([&mut self.scheduling, &mut self.queue]) {
            for bin in 0..BINS {
                let pair = sums.get(2 * bin..2 * bin + 2).unwrap_or_default();
                sums[bin] = pair.iter().sum();
            }
        }
    }
}

/// Adds `weight` × the overlap of a span with each bin.
fn add(sums: &mut [u128; BINS], width: u64, (from, to): (Nanos, Nanos), weight: u128) {
    let (from, to) = (from.get(), to.get());
    if from >= to {
        return;
    }
    let first = (from / width) as usize;
    for (bin, sum) in sums.iter_mut().enumerate().skip(first) {
        let start = width.saturating_mul(bin as u64);
        if start >= to {
            break;
        }
        let overlap = to.min(start.saturating_add(width)) - from.max(start);
        *sum += u128::from(overlap) * weight;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Node;

    fn shape(nodes: usize, slots: u32) -> Shape {
        let node = |i| Node { name: format!("node-{i}"), slots };
        Shape::new(vec!["work".into()], (0..nodes).map(node).collect()).unwrap()
    }

    /// On its way for no time.
    fn call(node: u32, submit: u64, assign: u64, started: u64, ended: u64) -> CallSpan {
        let [submit, assign, started, ended] = [submit, assign, started, ended].map(Nanos::new);
        let (task, stage, milli_slots) = (0, 0, 1_000);
        let (arrived, finish) = (assign, ended);
        CallSpan { task, stage, node, milli_slots, submit, assign, arrived, started, ended, finish }
    }

    #[test]
    fn a_bin_has_what_overlaps_it() {
        let mut timeline = Timeline::new(&shape(2, 2));
        // Waits 512 ns in the scheduler and 1,024 at the node, then runs for 1,536.
        timeline.call(&call(0, 0, 512, 1_536, 3_072));
        timeline.call(&call(1, 0, 0, 0, 2_560));
        let series = timeline.series();
        assert_eq!((series.width.get(), series.end.get()), (1_024, 3_072));
        assert_eq!(series.scheduling, [0.5, 0.0, 0.0]);
        assert_eq!(series.queue, [0.5, 0.5, 0.0]);
        assert_eq!(series.busy, [[0.0, 0.25, 0.5], [0.5, 0.5, 0.25]]);
    }

    #[test]
    fn a_last_bin_that_is_cut_short_is_no_lull() {
        let mut timeline = Timeline::new(&shape(1, 1));
        timeline.call(&call(0, 0, 0, 0, 1_024 + 256));
        assert_eq!(timeline.series().busy, [[1.0, 1.0]]);
        assert_eq!(Timeline::new(&shape(1, 1)).series().busy, [[0.0; 0]]);
    }

    #[test]
    fn however_long_it_takes_nothing_is_lost() {
        // Ends from 1 µs to 4 hours: bins double some 34 times.
        let mut timeline = Timeline::new(&shape(3, 1));
        let (mut busy, mut waited) = ([0_u128; 3], 0_u128);
        for i in 0..2_000_u64 {
            let node = (i % 3) as u32;
            let submit = i * i * i;
            let started = submit + i * 77;
            let ended = started + 1 + i * i;
            timeline.call(&call(node, submit, submit, started, ended));
            busy[node as usize] += u128::from(ended - started);
            waited += u128::from(started - submit);
        }
        let sums = timeline.busy.iter().map(|sums| sums.iter().sum::<u128>() / MILLI);
        assert_eq!(sums.collect::<Vec<_>>(), busy);
        assert_eq!(timeline.queue.iter().sum::<u128>(), waited);
        let bins = timeline.series().queue.len();
        assert!(bins > BINS / 2 && bins <= BINS, "{bins}");
    }

    #[test]
    fn of_many_nodes_neighbours_share_a_row() {
        let mut timeline = Timeline::new(&shape(1_000, 4));
        timeline.call(&call(16, 0, 0, 0, 1_024));
        let series = timeline.series();
        assert_eq!(series.rows.len(), 63);
        let row = &series.rows[1];
        assert_eq!((&*row.first, &*row.last, row.slots), ("node-16", "node-31", 64));
        assert_eq!((series.busy[0][0], series.busy[1][0]), (0.0, 1.0 / 64.0));
        assert_eq!(series.rows[62].last, "node-999");
    }

    #[test]
    fn the_end_of_time_is_no_overflow() {
        let mut timeline = Timeline::new(&shape(1, 1));
        timeline.call(&call(0, 0, 1, 2, u64::MAX));
        let series = timeline.series();
        assert!(series.busy[0].iter().all(|share| (share - 1.0).abs() < 1e-9), "{series:?}");
    }
}
