//! The page of every set of runs of the gallery: well formed, bounded, and without a number that is
//! none.
//!
//! How it looks and behaves is tested in a browser, by the crate of the command.

use crate::{reports, sets};
use metrics::report::RunReport;
use metrics::{CurvePoint, LoadRow, LoadSeries, Nanos};
use viz::html::{
    Block, Chapter, More, Page, PageRun, Plane, PlanePoint, PlaneSeries, Theory, Verdict, page,
};

const HOSTILE: &str = "</script><b>\"'&";

fn curve() -> Vec<CurvePoint> {
    let point =
        |rank: u64| CurvePoint { share: rank as f64 / 50.0, latency: Nanos::from_millis(rank) };
    (1..=50).map(point).collect()
}

/// Load that differs from bin to bin and row to row, so that nothing can be merged.
fn load(rows: usize, bins: usize) -> LoadSeries {
    let row =
        |i: usize| LoadRow { first: format!("node-{i}"), last: format!("node-{i}"), slots: 4 };
    let share = |row: usize, bin: usize| ((row * 7 + bin * 3) % 11) as f64 / 10.0;
    LoadSeries {
        width: Nanos::from_millis(100),
        end: Nanos::from_millis(100 * bins as u64 - 40),
        rows: (0..rows).map(row).collect(),
        busy: (0..rows).map(|row| (0..bins).map(|bin| share(row, bin)).collect()).collect(),
        scheduling: (0..bins).map(|bin| bin as f64).collect(),
        queue: vec![0.0; bins],
    }
}

fn verdict() -> Verdict {
    let hostile = || HOSTILE.to_owned();
    Verdict {
        headlines: vec![(hostile(), hostile())],
        parts: vec![(hostile(), vec![hostile()])],
        claims: vec![(hostile(), "holds".into(), hostile())],
        cautions: vec![hostile()],
        more: vec![More::Sentence(hostile()), More::Command(hostile())],
        legend: hostile(),
    }
}

fn chapter() -> (Vec<Block>, Plane) {
    let hostile = || HOSTILE.to_owned();
    let row = |name: &str| vec![name.to_owned(), "12.5! ±0.3".to_owned(), hostile()];
    let table = Block::Table { head: vec![hostile(); 3], rows: vec![row("first"), row("")] };
    let blocks = vec![
        Block::Heading(hostile()),
        table,
        Block::Sentence(hostile()),
        Block::Legend(hostile()),
    ];
    let point =
        PlanePoint { at: (2.0, 8.0), ci95: Some([7.0, 9.0]), tip: hostile(), label: hostile() };
    let series = PlaneSeries { name: hostile(), line: vec![(0.0, 0.0)], points: vec![point] };
    let [title, x, y, caption] = [(); 4].map(|()| hostile());
    (blocks, Plane { title, x, y, series: vec![series], caption })
}

fn page_of(reports: &[RunReport], load: Option<&LoadSeries>) -> String {
    let curve = curve();
    let run = |report| PageRun { report, ideal: Some((210.0, true)), curve: &curve, load };
    let runs: Vec<PageRun<'_>> = reports.iter().map(run).collect();
    let theory = Theory {
        run: HOSTILE.into(),
        system: "M/M/4".into(),
        measure: "mean wait, ms".into(),
        predicted: 0.0, // a share of it is no number
        measured: (1.0, None),
        source: HOSTILE.into(),
    };
    let verdict = verdict();
    let (incomplete, repeat) = (Some(HOSTILE), "sage run spec.yaml");
    let theory = [theory];
    let (blocks, plane) = chapter();
    let chapter = Chapter { name: HOSTILE, blocks: &blocks, plane: Some(&plane) };
    page(&Page {
        title: HOSTILE,
        incomplete,
        verdict: &verdict,
        runs: &runs,
        chapters: &[chapter],
        theory: &theory,
        spec: HOSTILE,
        made: HOSTILE,
        repeat,
    })
}

/// The elements that are open at the end, or the first end that ends nothing. Text has no `<` of
/// its own.
fn unbalanced(page: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let tag = &rest[..rest.find('>').unwrap()];
        rest = &rest[tag.len() + 1..];
        let name = |tag: &str| tag.split([' ', '\n']).next().unwrap().to_owned();
        if let Some(ended) = tag.strip_prefix('/') {
            match open.pop() {
                Some(last) if last == ended => {}
                other => return vec![format!("</{ended}> ends {other:?}")],
            }
        } else if !tag.starts_with('!') && !tag.ends_with('/') && name(tag) != "meta" {
            open.push(name(tag));
            if ["script", "style"].contains(&name(tag).as_str()) {
                rest = &rest[rest.find(&format!("</{}>", name(tag))).unwrap()..];
            }
        }
    }
    open
}

#[test]
fn every_set_of_runs_gives_a_well_formed_page_of_numbers() {
    for (name, runs) in sets::sets() {
        let page = page_of(&reports(&runs), Some(&load(4, 30)));
        assert_eq!(unbalanced(&page), Vec::<String>::new(), "{name}");
        let body = &page[page.find("<body>").unwrap()..page.rfind("<script>").unwrap()];
        for nonsense in ["NaN", "inf", "None", "Some("] {
            assert!(!body.contains(nonsense), "{name}: {nonsense}");
        }
        assert!(!page.contains(HOSTILE) && !page.contains("<b>"), "{name}: text is not escaped");
    }
}

#[test]
fn chapters_are_tables_and_a_chart() {
    let (name, runs) = sets::sets().into_iter().next().unwrap();
    let page = page_of(&reports(&runs), None);
    let start = page.find("<section id=\"experiment\"").unwrap_or_else(|| panic!("{name}"));
    let section = &page[start..start + page[start..].find("</section>").unwrap()];
    // The mark stands apart from the digits, and a row without a name has that of the row above.
    assert_eq!(section.matches("certificate\">!</strong>12.5 ±0.3</td>").count(), 2, "{section}");
    assert!(section.contains("<span class=\"unseen\">first</span>"), "{section}");
    for drawn in ["class=\"whisker\"", "class=\"mark s0\"", "class=\"line s0\""] {
        assert!(section.contains(drawn), "{drawn}");
    }
}

#[test]
fn the_stages_of_a_run_are_drawn_to_its_mean() {
    let runs = sets::twelve();
    let reports = reports(&runs);
    let page = page_of(&reports, None);
    let start = page.find("<section id=\"stages\"").unwrap();
    let section = &page[start..start + page[start..].find("</section>").unwrap()];
    let bars = |class: &str| -> Vec<f64> {
        let drawn = section.split(class).skip(1);
        let width = |text: &str| {
            let text = &text[text.find("width=\"").unwrap() + 7..];
            text[..text.find('"').unwrap()].parse().unwrap()
        };
        drawn.map(width).filter(|width| *width != 24.0).collect() // a key
    };
    let [load, work, store] = ["0", "1", "2"].map(|at| bars(&format!("<g class=\"stage{at}\">")));
    assert_eq!((load.len(), work.len()), (store.len(), store.len()));
    assert!(load.len() >= 2 * reports.len(), "a bar each for waiting and running");
    for ((load, work), store) in load.iter().zip(&work).zip(&store) {
        assert!((work / load - 2.5).abs() < 0.05 && (store / load - 1.5).abs() < 0.05, "{load}");
    }
    assert!(section.contains("&lt;work&gt;") && !section.contains("<work>"));
}

#[test]
fn the_check_of_balance_sees_what_is_wrong() {
    assert_eq!(unbalanced("<p><i>a</i></p><meta a>"), Vec::<String>::new());
    assert_eq!(unbalanced("<p><i>a</p></i>").len(), 1);
    assert_eq!(unbalanced("<p>"), ["p"]);
}

#[test]
fn however_many_runs_the_page_is_bounded_and_says_what_it_leaves_out() {
    let all = reports(&sets::twelve());
    let mut many = Vec::new();
    for copy in 0..10 {
        many.extend(all.iter().cloned().map(|mut run| {
            run.name = format!("{}_{copy}", run.name);
            run
        }));
    }
    let worst = load(64, 128);
    let page = page_of(&many[..28], Some(&worst));
    assert!(page.len() < 3_000_000, "{}", page.len());
    let page = page_of(&many, Some(&worst));
    assert!(page.len() < 6_000_000, "{}", page.len());
    assert!(page.contains("more runs are not drawn"));
}
