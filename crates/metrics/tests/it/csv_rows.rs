//! The rows of the latencies file: their exact text, and what a reader can rely on.

use crate::support::{Draws, call, task};
use metrics::{CallRecord, LatencyCsv, MetricsError, Nanos, Parts, TaskRecord};
use std::io::{Error, ErrorKind, Result, Write};

#[test]
fn rows_have_the_documented_columns() {
    let calls = [
        call(3, [1, 0, 25_000_000, 0]),
        call(0, [0, 2_000_000, 1_500_000, 10]),
        call(2, [0, 0, 999_999, 0]),
    ];
    let good = TaskRecord { index: 17, ..task(1_500_000_000, 9, &calls) };
    let parts = Parts { scheduling: Nanos::new(5), ..Parts::default() };
    let rejected = [CallRecord { node: None, parts }];
    let mut csv = LatencyCsv::new(Vec::new()).unwrap();
    csv.task(0, &good, true).unwrap();
    csv.task(4, &task(0, 5, &rejected), false).unwrap();
    assert_eq!(csv.rows(), 2);
    assert_eq!(
        String::from_utf8(csv.finish().unwrap()).unwrap(),
        "repetition,task_index,intended_arrival_ms,total_latency_ms,scheduling_latency_ms,\
         queue_latency_ms,execution_latency_ms,transfer_latency_ms,nodes,priority,success\n\
         0,17,1500.000000,29.500010,0.000001,2.000000,27.499999,0.000010,3;0;2,9,true\n\
         4,0,0.000000,0.000005,0.000005,0.000000,0.000000,0.000000,-,5,false\n"
    );
}

#[test]
fn the_total_of_a_row_is_the_sum_of_its_parts_to_the_nanosecond() {
    let mut draws = Draws(7);
    let mut csv = LatencyCsv::new(Vec::new()).unwrap();
    for _ in 0..500 {
        let mut calls = Vec::new();
        for _ in 0..3 {
            let parts = [(); 4].map(|()| draws.duration(45));
            calls.push(call(draws.below(30) as u32, parts));
        }
        csv.task(0, &task(draws.duration(45), 5, &calls), true).unwrap();
    }
    let bytes = csv.finish().unwrap();
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let mut rows = 0;
    for row in reader.records() {
        let row = row.unwrap();
        // Without the point, ms with six decimals are whole ns. The parts follow the total.
        let ns = |column: usize| row[column].replace('.', "").parse::<u64>().unwrap();
        assert_eq!(ns(3), (4..=7).map(ns).sum::<u64>(), "{row:?}");
        rows += 1;
    }
    assert_eq!(rows, 500);
}

/// Takes so many bytes, then is full.
struct Disk(usize);

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(Error::from(ErrorKind::StorageFull))?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_an_error_and_no_row() {
    let mut csv = LatencyCsv::new(Disk(240)).unwrap();
    let row = task(0, 5, &[]);
    csv.task(0, &row, true).unwrap();
    let error = csv.task(0, &row, true).unwrap_err();
    assert!(matches!(error, MetricsError::Write(_)), "{error}");
    assert_eq!(csv.rows(), 1);
}
