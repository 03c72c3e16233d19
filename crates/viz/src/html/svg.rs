//! What all charts share: their width, their patterns, an axis, and how lines are told apart.
//!
//! Charts are 520 points wide: at 400 pixels their text is still read, and two fit side by side on
//! a desk. Colour never stands alone: areas have patterns too, lines have dashes and marks.

use super::text::{at, escaped};
use crate::number::ticks;

/// Width of every chart.
pub(super) const WIDTH: f64 = 520.0;
/// Ways to draw a line before they repeat.
pub(super) const LINES: usize = 8;

/// The patterns of areas, once for the page.
pub(super) const PATTERNS: &str = r#"<svg width="0" height="0" class="defs" aria-hidden="true" focusable="false"><defs>
<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V6" class="weave" stroke-width="4"/></pattern>
<pattern id="dots" width="6" height="6" patternUnits="userSpaceOnUse"><circle cx="3" cy="3" r="1.1" class="dot"/></pattern>
<pattern id="bars" width="5" height="5" patternUnits="userSpaceOnUse"><path d="M2.5 0V5" class="weave" stroke-width="1.6"/></pattern>
</defs></svg>
"#;

/// An SVG of this height, named for who cannot see it.
pub(super) fn svg(id: &str, height: f64, name: &str, description: &str, body: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\">\
         <title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>{body}</svg>",
        at(WIDTH),
        at(height),
        escaped(name),
        escaped(description)
    )
}

/// A text; `anchor` is `start`, `middle` or `end`.
pub(super) fn label(x: f64, y: f64, anchor: &str, class: &str, text: &str) -> String {
    format!(
        "<text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\" class=\"{class}\">{}</text>",
        at(x),
        at(y),
        escaped(text)
    )
}

/// A rectangle that tells its value.
pub(super) fn area((x, y, w, h): (f64, f64, f64, f64), class: &str, tip: &str) -> String {
    let place = format!("x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"", at(x), at(y), at(w), at(h));
    let tip = match tip {
        "" => String::new(),
        tip => format!("<title>{}</title>", escaped(tip)),
    };
    // The pattern lies over the colour; the tip belongs to both.
    format!("<g class=\"{class}\"><rect {place}/><rect {place} class=\"over\"/>{tip}</g>")
}

/// A straight line.
pub(super) fn line((x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) -> String {
    format!("<path d=\"M{} {}L{} {}\" class=\"{class}\"/>", at(x1), at(y1), at(x2), at(y2))
}

/// Where values lie across a chart, from `left` to `right`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    left: f64,
    right: f64,
    low: f64,
    high: f64,
    log: bool,
}

impl Scale {
    /// From 0 to `high`.
    pub(super) fn linear(left: f64, right: f64, high: f64) -> Scale {
        let high = if high.is_finite() && high > 0.0 { high } else { 1.0 };
        Scale { left, right, low: 0.0, high, log: false }
    }

    /// Logarithmic from `low` to `high`, if they are positive and far enough apart; linear from 0
    /// else.
    pub(super) fn fitting(left: f64, right: f64, low: f64, high: f64) -> Scale {
        if low > 0.0 && high / low > 20.0 && high.is_finite() {
            Scale { left, right, low: low.log10(), high: high.log10(), log: true }
        } else {
            Scale::linear(left, right, high)
        }
    }

    /// Where a value lies; what is off the scale is at its end.
    pub(super) fn at(&self, value: f64) -> f64 {
        let value = if self.log { value.max(f64::MIN_POSITIVE).log10() } else { value };
        let share = (value - self.low) / (self.high - self.low);
        self.left + (self.right - self.left) * share.clamp(0.0, 1.0)
    }

    /// Values for grid lines, with their labels.
    pub(super) fn ticks(&self, most: usize) -> Vec<(f64, String)> {
        if !self.log {
            return ticks(self.high, most);
        }
        let (first, last) = (self.low.ceil() as i32, self.high.floor() as i32);
        let decades = |steps: &[f64]| {
            let all = (first - 1..=last)
                .flat_map(|power| steps.iter().map(move |s| s * 10_f64.powi(power)));
            let within = all.filter(|value| {
                let value = value.log10();
                value >= self.low - 1e-9 && value <= self.high + 1e-9
            });
            within.collect::<Vec<f64>>()
        };
        let fine = [&[1.0, 2.0, 5.0][..], &[1.0, 3.0], &[1.0]];
        let values = fine.iter().map(|steps| decades(steps)).find(|values| values.len() <= most);
        let values = values.unwrap_or_else(|| {
            let all = decades(&[1.0]);
            let every = all.len().div_ceil(most.max(1));
            all.into_iter().step_by(every).collect()
        });
        values.into_iter().map(|value| (value, tick(value))).collect()
    }
}

/// `0.02`, `5`, `2,000`
fn tick(value: f64) -> String {
    let decimals = (-value.log10().floor()).clamp(0.0, 9.0) as usize;
    match value {
        v if v >= 1_000.0 => crate::number::count(v.round() as u64),
        v => format!("{v:.decimals$}"),
    }
}

/// Grid lines from `top` to `bottom` and labels below, the unit behind the name.
pub(super) fn axis(scale: &Scale, (top, bottom): (f64, f64), most: usize, unit: &str) -> String {
    let mut text = String::new();
    for (value, name) in scale.ticks(most) {
        let x = scale.at(value);
        text.push_str(&line((x, top), (x, bottom), "grid"));
        text.push_str(&label(x, bottom + 15.0, "middle", "tick", &name));
    }
    text + &label(scale.right, bottom + 31.0, "end", "tick", unit)
}

/// A mark for line `index`, so that lines differ in more than colour.
pub(super) fn mark(index: usize, x: f64, y: f64, tip: &str) -> String {
    let path = |points: &[(f64, f64)]| {
        let points = points.iter().map(|(dx, dy)| format!("{} {}", at(x + dx), at(y + dy)));
        format!("M{}Z", points.collect::<Vec<_>>().join("L"))
    };
    let shape = match index % 4 {
        0 => {
            return format!(
                "<circle cx=\"{}\" cy=\"{}\" r=\"3.6\" class=\"mark s{}\">{}</circle>",
                at(x),
                at(y),
                index % LINES,
                title(tip)
            );
        }
        1 => path(&[(-3.4, -3.4), (3.4, -3.4), (3.4, 3.4), (-3.4, 3.4)]),
        2 => path(&[(0.0, -4.4), (4.2, 3.2), (-4.2, 3.2)]),
        _ => path(&[(0.0, -4.6), (4.6, 0.0), (0.0, 4.6), (-4.6, 0.0)]),
    };
    format!("<path d=\"{shape}\" class=\"mark s{}\">{}</path>", index % LINES, title(tip))
}

fn title(tip: &str) -> String {
    if tip.is_empty() { String::new() } else { format!("<title>{}</title>", escaped(tip)) }
}

/// What a line looks like and what it is, as an item of a legend.
pub(super) fn key(index: usize, name: &str) -> String {
    format!(
        "<li><svg viewBox=\"0 0 34 12\" class=\"key\" aria-hidden=\"true\" focusable=\"false\">\
         <path d=\"M1 6H33\" class=\"line s{}\"/>{}</svg>{}</li>",
        index % LINES,
        mark(index, 17.0, 6.0, ""),
        escaped(name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_linear_unless_values_are_far_apart() {
        let near = Scale::fitting(0.0, 100.0, 5.0, 50.0);
        assert_eq!((near.at(0.0), near.at(25.0), near.at(99.0)), (0.0, 50.0, 100.0));
        let far = Scale::fitting(0.0, 100.0, 1.0, 10_000.0);
        assert_eq!((far.at(1.0), far.at(100.0), far.at(0.0)), (0.0, 50.0, 0.0));
        let labels: Vec<String> = far.ticks(6).into_iter().map(|tick| tick.1).collect();
        assert_eq!(labels, ["1", "10", "100", "1,000", "10,000"]);
        let narrow = Scale::fitting(0.0, 100.0, 0.03, 0.9).ticks(6);
        let labels: Vec<String> = narrow.into_iter().map(|tick| tick.1).collect();
        assert_eq!(labels, ["0.05", "0.1", "0.2", "0.5"]);
        assert_eq!(Scale::fitting(0.0, 1.0, 1e-6, 1e9).ticks(6).len(), 6);
        assert_eq!(Scale::linear(0.0, 1.0, f64::NAN).at(0.5), 0.5);
    }
}
