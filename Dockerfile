# Isthmus in a container: built with the Swift image, run on Debian without a toolchain.
# The Swift runtime is inside the binary, so the second stage adds five libraries and a user.

FROM swift:6.3-bookworm AS build
WORKDIR /src
COPY scripts/install-deps scripts/install-deps
RUN scripts/install-deps build
# Dependencies change seldom: their layer is kept as long as the manifest stays.
COPY Package.* ./
RUN swift package resolve
COPY Makefile ./
COPY Sources Sources
COPY Tests Tests
RUN make build \
    && install -D -m 0755 .build/release/isthmus /out/isthmus \
    && strip --strip-debug /out/isthmus

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libc-ares2 libnghttp2-14 libre2-9 libsqlite3-0 libssl3 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 isthmus \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin isthmus \
    && mkdir -p /etc/isthmus
COPY --from=build /out/isthmus /usr/local/bin/isthmus
COPY gateways /usr/share/isthmus/gateways
COPY LICENSE /usr/share/doc/isthmus/LICENSE
WORKDIR /usr/share/isthmus
USER 10001:10001

# Ports 80 and 443 of the resources are served on 8080 and 8443, which need no privilege.
EXPOSE 8080 8443 15021
STOPSIGNAL SIGTERM

# 200 only while every listener is bound and the gateway is not draining. bash opens the socket:
# there is no HTTP client in the image, and none is needed for one line.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/bin/bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/15021 && printf 'GET /healthz/ready HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]

# docker run -v ./resources:/etc/isthmus:ro -p 80:8080 isthmus
ENTRYPOINT ["isthmus"]
CMD ["gateway", "-f", "/etc/isthmus", "--port-map", "80=8080,443=8443"]
