//! A chart with its caption and its data.
//!
//! Nobody should have to read a number off a picture: under each chart its values are a table,
//! which the script saves as CSV.

use super::text::escaped;

/// A figure; `data` is a table or whatever else holds the values.
pub(super) fn figure(name: &str, legend: &str, svg: &str, caption: &str, data: &str) -> String {
    let legend = match legend {
        "" => String::new(),
        items => format!("<ul class=\"legend\">{items}</ul>"),
    };
    format!(
        "<figure data-name=\"{}\">{legend}{svg}<figcaption>{}</figcaption>{data}</figure>",
        escaped(name),
        escaped(caption)
    )
}

/// The values of a chart, folded away. The first column names the row.
pub(super) fn data(caption: &str, head: &[String], rows: &[Vec<String>]) -> String {
    let head: String =
        head.iter().map(|cell| format!("<th scope=\"col\">{}</th>", escaped(cell))).collect();
    let body: String = rows
        .iter()
        .map(|cells| {
            let cells = cells.iter().enumerate().map(|(i, cell)| match i {
                0 => format!("<th scope=\"row\">{}</th>", escaped(cell)),
                _ => format!("<td>{}</td>", escaped(cell)),
            });
            format!("<tr>{}</tr>", cells.collect::<String>())
        })
        .collect();
    let caption = escaped(caption);
    format!(
        "<details class=\"data\"><summary>Data</summary><div class=\"scroll\" tabindex=\"0\" \
         role=\"region\" aria-label=\"{caption}\"><table><caption>{caption}</caption>\
         <thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></details>"
    )
}
