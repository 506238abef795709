//! A family of metrics, and how several become a page. Knows none by name.

use super::Format;
use crate::histogram::Times;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, MetricEncoder, NoLabelSet, prometheus_text, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;

/// What every name begins with.
const PREFIX: &str = "merklekv";

/// Metrics of one name, told apart by their labels.
#[derive(Clone, Debug)]
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) unit: Option<Unit>,
    pub(super) kind: MetricType,
    pub(super) samples: Vec<Sample>,
}

/// One metric.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) labels: Vec<(&'static str, String)>,
    pub(super) value: Value,
}

/// What it is now.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Counter(u64),
    Gauge(f64),
    Histogram(Times),
    /// Only the labels say something.
    Info,
}

impl Family {
    /// A number that only grows while the node runs.
    pub(super) fn counter(name: &'static str, help: &'static str, value: u64) -> Family {
        Family::counters(name, help, [(Vec::new(), value)])
    }

    /// Several of them.
    pub(super) fn counters(
        name: &'static str,
        help: &'static str,
        values: impl IntoIterator<Item = (Vec<(&'static str, String)>, u64)>,
    ) -> Family {
        let samples = values.into_iter();
        let samples =
            samples.map(|(labels, value)| Sample { labels, value: Value::Counter(value) });
        Family { name, help, unit: None, kind: MetricType::Counter, samples: samples.collect() }
    }

    /// A number that rises and falls.
    pub(super) fn gauge(name: &'static str, help: &'static str, value: f64) -> Family {
        Family::gauges(name, help, [(Vec::new(), value)])
    }

    /// Several of them.
    pub(super) fn gauges(
        name: &'static str,
        help: &'static str,
        values: impl IntoIterator<Item = (Vec<(&'static str, String)>, f64)>,
    ) -> Family {
        let samples = values.into_iter();
        let samples = samples.map(|(labels, value)| Sample { labels, value: Value::Gauge(value) });
        Family { name, help, unit: None, kind: MetricType::Gauge, samples: samples.collect() }
    }

    /// Times, in seconds.
    pub(super) fn histograms(
        name: &'static str,
        help: &'static str,
        values: impl IntoIterator<Item = (Vec<(&'static str, String)>, Times)>,
    ) -> Family {
        let samples = values.into_iter();
        let samples =
            samples.map(|(labels, times)| Sample { labels, value: Value::Histogram(times) });
        let kind = MetricType::Histogram;
        Family { name, help, unit: Some(Unit::Seconds), kind, samples: samples.collect() }
    }

    /// A fact without a number.
    pub(super) fn info(
        name: &'static str,
        help: &'static str,
        labels: Vec<(&'static str, String)>,
    ) -> Family {
        let samples = vec![Sample { labels, value: Value::Info }];
        Family { name, help, unit: None, kind: MetricType::Info, samples }
    }

    /// The unit, which becomes the end of the name.
    pub(super) fn in_unit(self, unit: Unit) -> Family {
        Family { unit: Some(unit), ..self }
    }
}

/// The page that these families make.
pub(super) fn encode(families: Vec<Family>, format: Format) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(Families(families)));
    let mut page = String::new();
    match format {
        Format::OpenMetrics => text::encode(&mut page, &registry)?,
        Format::Prometheus => prometheus_text::encode(&mut page, &registry)?,
    }
    Ok(page)
}

#[derive(Debug)]
struct Families(Vec<Family>);

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        for Family { name, help, unit, kind, samples } in &self.0 {
            let mut metric = encoder.encode_descriptor(name, help, unit.as_ref(), *kind)?;
            for sample in samples {
                sample.encode(&mut metric)?;
            }
        }
        Ok(())
    }
}

impl Sample {
    fn encode(&self, metric: &mut MetricEncoder<'_>) -> Result<(), fmt::Error> {
        match &self.value {
            Value::Info => metric.encode_info(&self.labels),
            value if self.labels.is_empty() => value.encode(metric),
            value => value.encode(&mut metric.encode_family(&self.labels)?),
        }
    }
}

impl Value {
    fn encode(&self, metric: &mut MetricEncoder<'_>) -> Result<(), fmt::Error> {
        match self {
            Value::Counter(value) => metric.encode_counter::<NoLabelSet, _, f64>(value, None),
            Value::Gauge(value) => metric.encode_gauge(value),
            Value::Histogram(times) => metric.encode_histogram::<NoLabelSet>(
                times.total_seconds,
                times.count(),
                &times.classes,
                None,
            ),
            Value::Info => Ok(()),
        }
    }
}
