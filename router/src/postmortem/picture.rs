//! The times as a picture: one below the other, as far apart as people can read, with what lies between.

use watchfire_core::text::without_markup;

use super::{PostMortem, lasting};

const WIDTH: usize = 720;
const ROW: usize = 44;

/// A file by itself.
pub(super) fn alone(report: &PostMortem) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", drawn(report))
}

/// A part of a page.
pub(super) fn drawn(report: &PostMortem) -> String {
    let height = ROW * report.times.len() + 16;
    let name = format!("Times of incident {}", report.incident);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"{}\" font-family=\"system-ui,sans-serif\" font-size=\"14\" fill=\"currentColor\">\n",
        without_markup(&name),
    );
    let mut before: Option<i64> = None;
    for (row, time) in report.times.iter().enumerate() {
        let y = ROW * row + 24;
        if let Some(before) = before {
            let (above, middle) = (y - ROW + 6, y - ROW / 2 + 4);
            svg += &format!(
                "<line x1=\"170\" x2=\"170\" y1=\"{above}\" y2=\"{}\" stroke=\"currentColor\" stroke-width=\"2\"/>\n\
                 <text x=\"158\" y=\"{middle}\" text-anchor=\"end\" font-size=\"12\" opacity=\".75\">+ {}</text>\n",
                y - 6,
                lasting(time.after_seconds - before),
            );
        }
        let by = time.by.written(without_markup, without_markup);
        let by = if by.is_empty() { by } else { format!(", {by}") };
        svg += &format!(
            "<circle cx=\"170\" cy=\"{y}\" r=\"6\"/>\n\
             <text x=\"190\" y=\"{}\"><tspan font-weight=\"600\">{}</tspan>{by} \
             <tspan opacity=\".75\">{}</tspan></text>\n",
            y + 5,
            without_markup(time.what),
            without_markup(&report.second(time.at)),
        );
        before = Some(time.after_seconds);
    }
    svg + "</svg>\n"
}
