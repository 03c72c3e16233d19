//! `report.html` of a real run in a real browser, as a reader would use it.
//!
//! Needs Chromium, and therefore the feature `browser`; without the browser it fails. What is
//! looked at by eye is left as PNG in the temporary folder of the target folder.

#![allow(clippy::unwrap_used, reason = "a test that fails panics, in its helpers too")]
#![allow(clippy::expect_used, reason = "the same")]
#![allow(clippy::panic, reason = "the same")]

mod devtools;
mod tab;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use tab::{Complaints, Tab};

/// Two parts, the name of one of which is an attack; six runs; a closed form; a claim.
const SPEC: &str = r#"
name: page
environment: sim
repetitions: 5
cluster: {nodes: 4, slots: 2}
workload: {tasks: 4000, warmup: 200, arrivals: {load: 0.8}}
pipeline: {stages: [{name: "work", service: {exponential: {mean: 20ms}}}]}
schedulers: [fifo, round_robin, random]
expect: ["p99(open_fifo) < p99(open_random)"]
configurations:
  open: {part: "open <script>alert(1)</script> & <b>bold</b>"}
  closed: {part: "closed", workload: {arrivals: {closed: {in_flight: 16}}}}
"#;

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
    let _ = fs::remove_dir_all(&folder); // of the last time, if there was one
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("page.yaml"), SPEC).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_sage"))
        .current_dir(&folder)
        .args(["run", "page.yaml", "--output", "out"])
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    folder
});

fn open(width: u32, dark: bool) -> Tab {
    Tab::open(&FOLDER.join("out/report.html"), width, dark)
}

fn metrics(run: &str) -> Value {
    let path = FOLDER.join(format!("out/{run}_metrics.json"));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_page_opens_without_a_word_and_asks_for_nothing() {
    let mut tab = open(1200, false);
    assert_eq!(tab.complaints(), Complaints::default());
    // Names of parts are shown as they were written, and nothing in them is run or made bold.
    let shown =
        tab.text("document.querySelector('#comparison caption').firstChild.textContent.trim()");
    assert_eq!(shown, "open <script>alert(1)</script> & <b>bold</b>");
    assert_eq!(tab.value("document.querySelectorAll('b').length"), 0);
    for heading in
        ["Verdict", "Comparison", "Throughput", "Latency", "Over time", "Theory", "Origin"]
    {
        let found = tab.value(&format!(
            "[...document.querySelectorAll('h2')].some((it) => it.textContent === {heading:?})"
        ));
        assert_eq!(found, true, "{heading}");
    }
    let headline = tab.text("document.querySelector('.headline').textContent");
    assert!(headline.contains("the lowest p99 latency"), "{headline}");
}

#[test]
fn what_would_be_a_complaint_is_seen_as_one() {
    let path = FOLDER.join("bad.html");
    let page = "<!DOCTYPE html><img \
                src=\"http://127.0.0.1:9/x.png\"><script>console.error('a');throw 1</script>";
    fs::write(&path, page).unwrap();
    let found = Tab::open(&path, 800, false).complaints();
    assert_eq!(found.requests, ["http://127.0.0.1:9/x.png"]);
    assert!(found.console.len() >= 2, "{found:?}");
}

#[test]
fn a_click_and_a_key_sort_the_table() {
    let mut tab = open(1200, false);
    let column = tab.value(
        "[...document.querySelectorAll('#comparison \
         table')[0].tHead.rows[0].cells].findIndex((it) => it.textContent.trim() === 'p99 ms')",
    );
    let head = format!("#comparison th:nth-child({}) button", column.as_u64().unwrap() + 1);
    let order = "[...document.querySelector('#comparison tbody').rows].map((row) => \
                 row.cells[0].title.slice(7, -2))";
    let sort = format!("document.querySelector({head:?}).parentNode.getAttribute('aria-sort')");
    let mut expected: Vec<(f64, String)> = ["open_fifo", "open_round_robin", "open_random"]
        .map(|run| (metrics(run)["p99_latency_ms"].as_f64().unwrap(), run.to_owned()))
        .into();
    expected.sort_by(|one, other| one.0.total_cmp(&other.0));
    let names =
        |expected: &[(f64, String)]| -> Value { expected.iter().map(|it| it.1.clone()).collect() };

    assert_eq!(tab.text(&sort), "none");
    tab.click(&head);
    assert_eq!((tab.value(order), tab.text(&sort)), (names(&expected), "ascending".to_owned()));
    // The focus is on the button now: the same by keyboard.
    tab.key("Enter", 13, "\r");
    expected.reverse();
    assert_eq!((tab.value(order), tab.text(&sort)), (names(&expected), "descending".to_owned()));
    let said = tab.text("document.getElementById('said').textContent");
    assert_eq!(said, "Sorted by p99 ms, descending");
    assert_eq!(tab.complaints(), Complaints::default());
}

#[test]
fn hovering_a_chart_shows_its_values() {
    let mut tab = open(1200, false);
    let tip =
        "document.getElementById('tip').hidden ? '' : document.getElementById('tip').textContent";
    assert_eq!(tab.text(tip), "");
    tab.hover("#throughput g[data-tip]");
    let rate = metrics("open_fifo")["throughput_tasks_per_sec"].as_f64().unwrap();
    let shown = tab.text(tip);
    assert!(shown.starts_with(&format!("fifo · late: {rate:.1}")), "{shown}");
    tab.hover("#latency .mark[data-tip]");
    assert!(tab.text(tip).contains("p50"));
    tab.hover(".probe[data-kind=heat]");
    let shown = tab.text(tip);
    assert!(shown.starts_with("node-") && shown.ends_with("% busy"), "{shown}");
    // And by keyboard, for who has no mouse: said, too.
    tab.value("document.querySelectorAll('.probe[data-kind=heat]')[1].focus()");
    tab.key("ArrowRight", 39, "");
    tab.key("ArrowDown", 40, "");
    let said = tab.text("document.getElementById('said').textContent");
    assert!(said.starts_with("node-1, 0 to "), "{said}");
    assert_eq!(tab.complaints(), Complaints::default());
}

#[test]
fn of_many_runs_two_are_chosen_to_be_seen_over_time() {
    let mut tab = open(1200, false);
    let seen = "[...document.querySelectorAll('.panel')].filter((it) => !it.hidden).map((it) => \
                it.dataset.panel).join()";
    assert_eq!(tab.text(seen), "0,1");
    tab.value(
        "(() => { const it = document.querySelector('select'); it.value = '4'; \
         it.dispatchEvent(new Event('change')); })()",
    );
    assert_eq!(tab.text(seen), "1,4");
}

#[test]
fn the_data_of_a_chart_can_be_saved() {
    let mut tab = open(1200, false);
    let folder = tempfile::tempdir().unwrap();
    tab.download_to(folder.path());
    tab.click("#latency figure .save");
    tab.downloaded();
    let text = fs::read_to_string(folder.path().join("latency.csv")).unwrap();
    assert!(text.starts_with("run,share,latency_ms\n"), "{text}");
    let last = text.lines().rfind(|line| line.starts_with("open_fifo,")).unwrap();
    let max = metrics("open_fifo")["latency_ms"]["end_to_end"]["max"].as_f64().unwrap();
    assert_eq!(last, format!("open_fifo,1,{max}"));
    tab.click("#time .panel:not([hidden]) .save");
    tab.downloaded();
    let text = fs::read_to_string(folder.path().join("load.csv")).unwrap();
    assert!(
        text.starts_with("start_s,waiting_in_scheduler,waiting_at_nodes,node-0_busy_percent,"),
        "{text}"
    );
    assert!(text.lines().count() > 64);
}

#[test]
fn at_every_width_and_in_every_theme_it_fits_and_reads() {
    let mut tab = open(1200, false);
    for (width, theme) in [(1200, "light"), (1200, "dark"), (400, "light"), (400, "dark")] {
        tab.look(width, theme, "");
        assert!(extent(&mut tab) <= u64::from(width), "{} at {width}", extent(&mut tab));
        for selector in ["body", ".common", "nav a", "figcaption", "td small"] {
            let ratio = contrast(&mut tab, selector);
            assert!(ratio >= 4.5, "{theme} {selector}: {ratio}");
        }
        let picture = tab.picture();
        assert_eq!(&picture[..8], b"\x89PNG\r\n\x1a\n");
        let pixels = u32::from_be_bytes(picture[16..20].try_into().unwrap());
        assert_eq!(pixels, width);
        fs::write(FOLDER.join(format!("report_{width}_{theme}.png")), picture).unwrap();
    }
    // Themes differ, and paper is white.
    tab.look(1200, "dark", "");
    let dark = paper(&mut tab);
    tab.look(1200, "light", "");
    let light = paper(&mut tab);
    assert_eq!(light, "rgb(255, 255, 255)");
    assert_ne!(dark, light);
    tab.look(794, "dark", "print"); // A4 at 96 dpi
    assert_eq!(paper(&mut tab), "rgb(255, 255, 255)");
    assert_eq!(tab.value("getComputedStyle(document.querySelector('.save')).display"), "none");
    assert!(extent(&mut tab) <= 794, "{} on paper", extent(&mut tab));
}

/// How wide the page is: more than its window, if it can be scrolled sideways.
fn extent(tab: &mut Tab) -> u64 {
    tab.value("document.documentElement.scrollWidth").as_u64().unwrap()
}

fn paper(tab: &mut Tab) -> String {
    tab.text("getComputedStyle(document.documentElement).backgroundColor")
}

/// The contrast of text and page, WCAG 2.
fn contrast(tab: &mut Tab, selector: &str) -> f64 {
    let expression = format!(
        "(() => {{ const light = (rgb) => {{ const [r, g, b] = rgb.match(/[\\d.]+/g).map((x) => \
         {{ x /= 255; \
         return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4; }}); \
         return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05; }}; \
         const text = light(getComputedStyle(document.querySelector({selector:?})).color); \
         const page = light(getComputedStyle(document.documentElement).backgroundColor); \
         return Math.max(text, page) / Math.min(text, page); }})()"
    );
    tab.value(&expression).as_f64().unwrap()
}

#[test]
fn who_does_not_see_it_is_told_the_same() {
    let mut tab = open(1200, false);
    let tree = tab.call("Accessibility.getFullAXTree", &serde_json::json!({}));
    let nodes = tree["nodes"].as_array().unwrap();
    let of = |role: &str| -> Vec<&Value> {
        nodes
            .iter()
            .filter(|node| node["role"]["value"] == role && node["ignored"] != true)
            .collect()
    };
    for (role, least) in
        [("image", 6), ("table", 3), ("button", 20), ("combobox", 2), ("region", 3)]
    {
        let found = of(role);
        assert!(found.len() >= least, "{} {role}", found.len());
        for node in found {
            let name = node["name"]["value"].as_str().unwrap_or_default();
            assert!(!name.trim().is_empty(), "a {role} without a name: {node}");
        }
    }
    let levels = tab
        .value("[...document.querySelectorAll('h1,h2,h3,h4')].map((it) => Number(it.tagName[1]))");
    let levels: Vec<u64> =
        levels.as_array().unwrap().iter().map(|it| it.as_u64().unwrap()).collect();
    assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1);
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    assert_eq!(
        tab.value(
            "new Set([...document.querySelectorAll('[id]')].map((it) => \
                          it.id)).size === document.querySelectorAll('[id]').length"
        ),
        true
    );
    // Every table says what it is and what its heads are about.
    let heads = "[...document.querySelectorAll('table')].every((it) => it.caption && \
                 [...it.querySelectorAll('th')].every((th) => th.scope))";
    assert_eq!(tab.value(heads), true);
}
