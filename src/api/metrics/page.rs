//! The text format itself.

use std::fmt::{Display, Write};

use crate::base::meter::Reading;

/// What kind of number a family is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A page of numbers. Names are ours, and need no check; values of labels are escaped.
#[derive(Debug, Default)]
pub struct Page(String);

impl Page {
    /// Begins a family: its samples follow.
    pub fn family(&mut self, name: &str, kind: Kind, help: &str) {
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {}", kind.name()));
    }

    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels = labelled(labels);
        self.line(format_args!("{name}{labels} {value}"));
    }

    /// A family of one sample.
    pub fn one(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    /// A histogram's samples.
    pub fn durations(&mut self, name: &str, labels: &[(&str, &str)], reading: &Reading) {
        let bucket = format!("{name}_bucket");
        for (bound, count) in &reading.up_to {
            let bound = bound.to_string();
            self.sample(&bucket, &[labels, &[("le", bound.as_str())]].concat(), count);
        }
        self.sample(&bucket, &[labels, &[("le", "+Inf")]].concat(), reading.count);
        self.sample(&format!("{name}_sum"), labels, reading.sum);
        self.sample(&format!("{name}_count"), labels, reading.count);
    }

    pub fn finish(self) -> Vec<u8> {
        self.0.into_bytes()
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a text cannot fail.
        writeln!(self.0, "{line}").ok();
    }
}

fn labelled(labels: &[(&str, &str)]) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let one = |(name, value): &(&str, &str)| format!("{name}=\"{}\"", escaped(value));
    format!("{{{}}}", labels.iter().map(one).collect::<Vec<_>>().join(","))
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::meter::Durations;

    #[test]
    fn a_family_is_told_once_and_its_samples_follow() {
        let mut page = Page::default();
        page.one("a_total", Kind::Counter, "What.", 3);
        page.family("b", Kind::Gauge, "More.");
        page.sample("b", &[("x", "1\"2\\3\n4"), ("y", "z")], 0.5);
        let text = String::from_utf8(page.finish()).unwrap();
        assert_eq!(
            text,
            "# HELP a_total What.\n# TYPE a_total counter\na_total 3\n# HELP b More.\n# TYPE b gauge\n\
             b{x=\"1\\\"2\\\\3\\n4\",y=\"z\"} 0.5\n"
        );
    }

    #[test]
    fn a_histogram_ends_with_all_of_its_durations() {
        let durations = Durations::default();
        durations.add(Duration::from_millis(3));
        durations.add(Duration::from_hours(3));
        let mut page = Page::default();
        page.durations("d_seconds", &[("a", "b")], &durations.read());
        let text = String::from_utf8(page.finish()).unwrap();
        assert!(text.contains("d_seconds_bucket{a=\"b\",le=\"0.0025\"} 0\n"), "{text}");
        assert!(text.contains("d_seconds_bucket{a=\"b\",le=\"0.005\"} 1\n"), "{text}");
        assert!(text.contains("d_seconds_bucket{a=\"b\",le=\"+Inf\"} 2\n"), "{text}");
        assert!(text.ends_with("d_seconds_sum{a=\"b\"} 10800.003\nd_seconds_count{a=\"b\"} 2\n"), "{text}");
    }
}
