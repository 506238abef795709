//! Hands spans to a queue from which a thread of the exporter takes them. Whoever records a span
//! waits for nothing; what finds the queue full is dropped.

use super::TracingError;
use super::post::Post;
use merkle_kv_core::config::Tracing;
use merkle_kv_core::trace::{Sampling, Span, Stage};
use merkle_kv_core::version::{NodeId, Version};
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor,
};
use std::time::{Duration, SystemTime};

/// Spans that wait to be sent; about half a megabyte.
const QUEUED_SPANS: usize = 2_048;

/// How long a span waits for others to be sent with.
const SEND_INTERVAL: Duration = Duration::from_secs(1);

/// How long the last spans may take when the node stops.
const FINISH_LIMIT: Duration = Duration::from_secs(2);

/// What gives spans away; empty if nothing is traced.
#[derive(Debug)]
pub(crate) struct Tracer(Option<Exporting>);

#[derive(Debug)]
struct Exporting {
    sampling: Sampling,
    node: NodeId,
    scope: InstrumentationScope,
    processor: BatchSpanProcessor,
}

impl Tracer {
    /// Starts the exporter, if the configuration asks for it. A collector that is away keeps
    /// nobody from starting.
    pub(crate) fn start(config: Option<&Tracing>, node: &str) -> Result<Tracer, TracingError> {
        let Some(Tracing { collector, one_in }) = config else {
            return Ok(Tracer(None));
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Post::to(collector)?)
            .with_endpoint(format!("http://{collector}/v1/traces"))
            .build()?;
        let settings = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUED_SPANS)
            .with_scheduled_delay(SEND_INTERVAL)
            .build();
        let mut processor =
            BatchSpanProcessor::builder(exporter).with_batch_config(settings).build();
        let resource = Resource::builder_empty()
            .with_service_name("merkle-kv")
            .with_attribute(KeyValue::new("service.instance.id", node.to_owned()))
            .with_attribute(KeyValue::new("service.version", merkle_kv_core::VERSION))
            .build();
        processor.set_resource(&resource);
        Ok(Tracer(Some(Exporting {
            sampling: Sampling(*one_in),
            node: NodeId::of(node),
            scope: InstrumentationScope::builder("merkle-kv").build(),
            processor,
        })))
    }

    /// Which writes are traced; nothing if none is.
    pub(crate) fn sampling(&self) -> Option<Sampling> {
        self.0.as_ref().map(|exporting| exporting.sampling)
    }

    /// The time, if anybody wants to know.
    pub(crate) fn now(&self) -> Option<SystemTime> {
        self.0.as_ref().map(|_| SystemTime::now())
    }

    /// The traced ones of some writes.
    pub(crate) fn pick(&self, versions: impl Iterator<Item = Version>) -> Vec<Version> {
        match &self.0 {
            Some(exporting) => {
                versions.filter(|version| exporting.sampling.takes(*version)).collect()
            }
            None => Vec::new(),
        }
    }

    /// A stage of these writes, which are traced, has ended.
    pub(crate) fn record(&self, stage: Stage, versions: &[Version], began: Option<SystemTime>) {
        if let (Some(exporting), Some(began), false) = (&self.0, began, versions.is_empty()) {
            let ended = SystemTime::now();
            for version in versions {
                exporting.export(*version, stage, (began, ended));
            }
        }
    }

    /// Sends what waits. Takes no longer than a stop may wait for it.
    pub(crate) fn finish(&self) {
        if let Some(exporting) = &self.0 {
            // What cannot be sent now is lost, as spans may be.
            let _ = exporting.processor.shutdown_with_timeout(FINISH_LIMIT);
        }
    }
}

impl Exporting {
    fn export(&self, version: Version, stage: Stage, (began, ended): (SystemTime, SystemTime)) {
        let span = Span { version, stage, node: self.node };
        let context = SpanContext::new(
            TraceId::from_bytes(span.trace_id().to_be_bytes()),
            SpanId::from_bytes(span.id().to_be_bytes()),
            TraceFlags::SAMPLED,
            false,
            TraceState::NONE,
        );
        self.processor.on_end(SpanData {
            span_context: context,
            parent_span_id: span
                .parent_id()
                .map_or(SpanId::INVALID, |parent| SpanId::from_bytes(parent.to_be_bytes())),
            parent_span_is_remote: stage == Stage::Apply,
            span_kind: match stage {
                Stage::Command => SpanKind::Server,
                Stage::Store => SpanKind::Internal,
                Stage::Publish => SpanKind::Producer,
                Stage::Apply => SpanKind::Consumer,
            },
            name: stage.name().into(),
            start_time: began,
            end_time: ended,
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: self.scope.clone(),
        });
    }
}
