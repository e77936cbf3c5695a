# Tierdesk in a container: one image for serve, worker, migrate and the other commands.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p tierdesk-server -p tierdesk-agent

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/tierdesk tierdesk \
 && install -d -o tierdesk -g tierdesk -m 0750 /var/lib/tierdesk/attachments
COPY --from=build /src/target/release/tierdesk /src/target/release/tierdesk-agent /usr/bin/
USER tierdesk
VOLUME /var/lib/tierdesk
EXPOSE 8080
ENTRYPOINT ["/usr/bin/tierdesk"]
CMD ["serve"]
