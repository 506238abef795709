//! Spans of traced writes, for a collector that speaks OTLP: what a write waits for on its way from
//! a client to the other nodes. Built in only with the feature `otlp`; without it nothing is
//! measured, and everything here is empty.
//!
//! Which writes are traced, and how their spans are called on every node, is core's
//! ([`merkle_kv_core::trace`]).

#[cfg(not(feature = "otlp"))]
mod off;
#[cfg(feature = "otlp")]
mod otlp;
#[cfg(feature = "otlp")]
mod post;

#[cfg(not(feature = "otlp"))]
pub(crate) use off::Tracer;
#[cfg(feature = "otlp")]
pub(crate) use otlp::Tracer;

#[cfg(feature = "otlp")]
#[cfg(feature = "broker")]
#[cfg(test)]
mod tests;

/// Why nothing can be traced.
#[derive(Debug, thiserror::Error)]
pub enum TracingError {
    /// The program has no exporter.
    #[cfg(not(feature = "otlp"))]
    #[error(
        "tracing.otlp_collector is set, but this program was built without the otlp feature; build \
         it with --features otlp, or take the key away"
    )]
    NotBuilt,
    /// The exporter does not start.
    #[cfg(feature = "otlp")]
    #[error("the exporter of spans does not start: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// It cannot connect to anything.
    #[cfg(feature = "otlp")]
    #[error("the exporter of spans has no runtime: {0}")]
    Runtime(#[from] std::io::Error),
}
