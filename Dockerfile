# syntax=docker/dockerfile:1
# A node in a container: docker build -t merkle-kv .
# Every key of the configuration is a variable, see docs/configuration.md; data is in /var/lib/merkle-kv.

FROM rust:1.89-bookworm AS build
WORKDIR /build
COPY . .
RUN cargo build --profile dist --locked && install -D target/dist/merkle-kv /out/merkle-kv

FROM debian:bookworm-slim
RUN groupadd --system --gid 7379 merkle-kv \
    && useradd --system --uid 7379 --gid merkle-kv --home-dir /var/lib/merkle-kv --create-home merkle-kv
COPY --from=build /out/merkle-kv /usr/bin/merkle-kv
COPY deploy/container.toml /etc/merkle-kv/merkle-kv.toml
COPY LICENSE /usr/share/doc/merkle-kv/LICENSE

USER merkle-kv
WORKDIR /var/lib/merkle-kv
VOLUME /var/lib/merkle-kv
EXPOSE 7379
# The node's own signal; its stop takes ten seconds at most, and the journal a little more.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/usr/bin/merkle-kv", "cli", "127.0.0.1:7379", "PING"]
ENTRYPOINT ["/usr/bin/merkle-kv"]
CMD ["--config", "/etc/merkle-kv/merkle-kv.toml"]
