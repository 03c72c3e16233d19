//! The verdict, first on the page: who wins, by how much, how sure, and what not to conclude.
//!
//! The sentences come from the caller, who compared the runs; here they only get their places.

use super::text::{escaped, prose};
use super::{More, Page};

/// Headlines that are seen at once; more are folded away.
const MOST: usize = 8;

/// The body of the section.
pub(super) fn verdict(page: &Page<'_>) -> String {
    let verdict = page.verdict;
    let mut text = String::new();
    if let Some(why) = page.incomplete {
        text.push_str(&format!(
            "<p class=\"warning\"><strong>Partial.</strong> {}</p>",
            escaped(why)
        ));
    }
    let (first, rest) = verdict.headlines.split_at(verdict.headlines.len().min(MOST));
    text.push_str(&headlines(first));
    if !rest.is_empty() {
        let (n, rest) = (rest.len(), headlines(rest));
        text.push_str(&format!(
            "<details class=\"data\"><summary>{n} more verdicts</summary>{rest}</details>"
        ));
    }
    if !verdict.claims.is_empty() {
        text.push_str(&claims(&verdict.claims));
    }
    if !verdict.cautions.is_empty() {
        text.push_str(&format!("<h3>What not to conclude</h3>{}", list(&verdict.cautions)));
    }
    if !verdict.parts.is_empty() {
        text.push_str("<details class=\"data\" open><summary>All differences</summary>");
        for (part, sentences) in &verdict.parts {
            if !part.is_empty() {
                text.push_str(&format!("<h4>{}</h4>", escaped(part)));
            }
            text.push_str(&list(sentences));
        }
        text.push_str(&format!("<p class=\"small\">{}</p></details>", escaped(&verdict.legend)));
    }
    if !verdict.more.is_empty() {
        text.push_str("<h3>What would tell more</h3>");
        text.push_str(&verdict.more.iter().map(more).collect::<String>());
    }
    text
}

/// Sentences about the same runs stand below one heading.
fn headlines(all: &[(String, String)]) -> String {
    let told =
        |(_, sentence): &(String, String)| format!("<p class=\"headline\">{}</p>", prose(sentence));
    let same = all.chunk_by(|(one, _), (other, _)| one == other);
    let groups = same.map(|sentences| {
        let heading = match sentences[0].0.as_str() {
            "" => String::new(),
            about => format!("<h3>{}</h3>", escaped(about)),
        };
        heading + &sentences.iter().map(told).collect::<String>()
    });
    groups.collect()
}

fn list(sentences: &[String]) -> String {
    let items = sentences.iter().map(|sentence| format!("<li>{}</li>", prose(sentence)));
    format!("<ul>{}</ul>", items.collect::<String>())
}

fn claims(claims: &[(String, String, String)]) -> String {
    let rows = claims.iter().map(|(claim, verdict, why)| {
        let word = escaped(verdict);
        format!(
            "<tr><th scope=\"row\"><code>{}</code></th><td class=\"word {word}\">{word}</td><td \
             class=\"word\">{}</td></tr>",
            escaped(claim),
            escaped(why)
        )
    });
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" \
         aria-label=\"Expectations\"><table><caption>Expectations of \
         the spec</caption><thead><tr><th scope=\"col\">claim</th><th scope=\"col\">verdict</th>\
         <th scope=\"col\">evidence</th></tr></thead><tbody>{}</tbody></table></div>",
        rows.collect::<String>()
    )
}

fn more(more: &More) -> String {
    match more {
        More::Sentence(sentence) => format!("<p>{}</p>", prose(sentence)),
        More::Command(command) => super::origin::command(command),
    }
}
