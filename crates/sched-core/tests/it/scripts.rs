//! What the test kit prints, it reads again.

use sched_core::testkit::{history, named_histories, op, run::History, script};

/// A history in the text form, without its instants of decision.
fn text(history: &History) -> String {
    let mut text = op::cluster_text(&history.spec) + "policy any\n";
    let mut now = 0;
    for step in &history.ops {
        match step {
            op::Op::Wait(span) => {
                now += span.as_nanos();
                text += &format!("@{now}ns\n");
            }
            step => text += &format!("{}\n", step.text(&history.spec)),
        }
    }
    text
}

#[test]
fn histories_survive_being_written_down() {
    let random = (0..300).map(history::random);
    for history in named_histories().into_iter().map(|(_, history)| history).chain(random) {
        // A group that is declared nowhere has no name.
        let text = text(&history);
        if text.contains("on=?") {
            continue;
        }
        let cases = script::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let read = cases[0].history();
        assert_eq!(read.spec, history.spec, "{text}");
        let steps = |history: &History| {
            let meant = |op: &op::Op| !matches!(op, op::Op::Wait(_));
            history.ops.iter().copied().filter(meant).collect::<Vec<_>>()
        };
        assert_eq!(steps(&read), steps(&history), "{text}");
    }
}

#[test]
fn what_means_nothing_is_refused_with_its_line() {
    let start = "cluster a 1 cpu=1\npolicy fifo\n";
    for (line, what) in [
        ("submit x cpu=1", "`x` is not a call"),
        ("submit 0.0 cpus=1", "`cpus` is not known"),
        ("submit 0.0 cpu=1.2345", "too fine"),
        ("submit 0.0 on=b", "no group `b`"),
        ("submit 0.0 level=10", "levels are 0 to 9"),
        ("finish", "`` is not a call"),
        ("up 3", "`3` is not a node"),
        ("explode node-0", "`explode` is not a step"),
        ("@5", "is not a length of time"),
        ("@5s; @4s", "4s is before 5s"),
        ("drain node-0 now", "`now` is too much"),
    ] {
        let error = script::parse(&format!("{start}{line}")).expect_err(line);
        assert_eq!(error.line, 3, "{line}");
        assert!(error.what.contains(what), "{line}: {error}");
    }
    assert!(script::parse("@0s").is_err(), "a case begins with a policy");
    assert!(script::parse("policy fifo").is_err(), "a case needs a cluster");
}
