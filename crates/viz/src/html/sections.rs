//! The sections of the page, in the order in which a reader needs them.
//!
//! A section without content is left out, so that no heading stands above nothing.

use super::text::{escaped, shown, with_interval};
use super::{
    Page, PageRun, Part, certificate, chapter, curves, load, origin, parts, rates, services,
    stages, table, verdict,
};

/// Id, name and body of each.
pub(super) fn sections(
    page: &Page<'_>,
    parts: &[Part<'_>],
) -> Vec<(&'static str, &'static str, String)> {
    let each = |draw: fn(&Part<'_>) -> Vec<String>| -> String {
        let cell =
            |part: &Part<'_>, figure: String| format!("<div>{}{figure}</div>", part.heading());
        let cells =
            parts.iter().flat_map(|part| draw(part).into_iter().map(move |it| cell(part, it)));
        match cells.collect::<String>() {
            cells if cells.is_empty() => cells,
            cells => format!("<div class=\"figures\">{cells}</div>"),
        }
    };
    let (comparison, legend) = match page.runs.is_empty() {
        true => ("<p>Nothing was measured.</p>".to_owned(), String::new()),
        false => (parts.iter().map(table::table).collect(), table::legend(page.runs)),
    };
    let all = [
        ("verdict", "Verdict", verdict::verdict(page)),
        ("comparison", "Comparison", comparison + &legend),
        ("experiment", "The experiment", chapter::chapters(page.chapters)),
        ("throughput", "Throughput", each(|part| vec![rates::rates(part)])),
        ("latency", "Latency", each(curves::curves)),
        ("parts", "Where the time goes", each(|part| parts::parts(part).into_iter().collect())),
        ("stages", "By stage", each(|part| stages::stages(part).into_iter().collect())),
        ("services", "Services", services::services(page.runs)),
        ("time", "Over time", load::load(parts)),
        ("certificate", "Certificate", certificate::certificate(page.runs, parts)),
        ("theory", "Theory", theory(page)),
        ("notes", "Remarks", notes(page.runs)),
        ("repeat", "Repeat it", origin::repeat(page)),
        ("origin", "Origin", origin::provenance(page.runs)),
    ];
    all.into_iter().filter(|(_, _, body)| !body.is_empty()).collect()
}

fn theory(page: &Page<'_>) -> String {
    if page.theory.is_empty() {
        return String::new();
    }
    let rows = page.theory.iter().map(|it| {
        let (measured, interval) = it.measured;
        let within = match interval {
            Some([low, high]) if (low..=high).contains(&it.predicted) => "inside",
            Some(_) => "outside",
            None => "no interval",
        };
        let off = 100.0 * (measured / it.predicted - 1.0);
        let off = if off.is_finite() { format!("{off:+.1} %") } else { "–".to_owned() };
        format!(
            "<tr><th scope=\"row\">{}</th><td class=\"word\">{}</td><td \
             class=\"word\">{}</td><td>{}</td><td>{}</td>\
             <td>{off}</td><td class=\"word\">{within}</td><td class=\"word long\">{}</td></tr>",
            escaped(&it.run),
            escaped(&it.system),
            escaped(&it.measure),
            shown(Some(it.predicted)),
            with_interval(Some(measured), interval),
            escaped(&it.source)
        )
    });
    let rows: String = rows.collect();
    format!(
        "<p>What queueing theory says of these runs, for a system that has run for ever; a run \
         starts empty, \
         and nineteen intervals of twenty hold the truth.</p>\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" \
         aria-label=\"Theory\"><table><caption>Measured against theory</caption>\
         <thead><tr><th scope=\"col\">run</th><th scope=\"col\">system</th><th \
         scope=\"col\">measure</th>\
         <th scope=\"col\">theory</th><th scope=\"col\">measured</th><th scope=\"col\">off by</th>\
         <th scope=\"col\">theory is … the interval</th><th \
         scope=\"col\">source</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

/// The remarks of the runs, each once, with the runs that it is about.
fn notes(runs: &[PageRun<'_>]) -> String {
    let mut notes: Vec<(&str, Vec<&str>)> = Vec::new();
    for run in runs {
        // What the certificate says stands there.
        let checks = &run.report.metrics.certificate.checks;
        let told = |note: &&String| checks.iter().all(|check| check.detail != **note);
        for note in run.report.metrics.notes.iter().filter(told) {
            match notes.iter_mut().find(|(known, _)| known == note) {
                Some((_, about)) => about.push(&run.report.name),
                None => notes.push((note, vec![&run.report.name])),
            }
        }
    }
    let items = notes.iter().map(|(note, about)| {
        let about = match about.len() {
            n if n == runs.len() => String::new(),
            1..=4 => format!(" <span class=\"small\">({})</span>", escaped(&about.join(", "))),
            n => format!(" <span class=\"small\">({n} of {} runs)</span>", runs.len()),
        };
        format!("<li>{}{about}</li>", escaped(note))
    });
    let items: String = items.collect();
    if items.is_empty() { items } else { format!("<ul>{items}</ul>") }
}
