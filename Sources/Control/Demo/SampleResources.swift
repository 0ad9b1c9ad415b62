// The resources of gateways/samples, inside the binary: `isthmus demo` needs no file.
// Written by scripts/embed-resources; a test keeps them equal to the files, which are the truth.

public enum SampleResources {
    /// The folder they are a copy of, in the project and below `share/isthmus`.
    public static let folder = "gateways/samples"

    /// Name and text of each file, by name.
    public static let files: [(name: String, text: String)] = [
        (
            "curl.yaml",
            #"""
            # curl: a place inside the mesh to call from, as the pod of Istio's samples/curl.
            # No application runs there. Its sidecar is a proxy for whoever calls by it (curl -x),
            # and carries each request to the service that its URL names, on any of its ports.
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata:
              name: curl
            spec:
              address: 127.0.0.17
              labels: {app: curl}
              serviceAccount: curl
            ---
            apiVersion: networking.istio.io/v1
            kind: Sidecar
            metadata:
              name: curl
            spec:
              workloadSelector:
                labels: {app: curl}
              egress:
              - bind: 127.0.2.17
                captureMode: NONE
                hosts: ["./*"]

            """#
        ),
        (
            "httpbin.yaml",
            #"""
            # httpbin answers as its paths say: with this status, so much later, with what it was
            # sent. As Istio's samples/httpbin, in two versions for circuit breaking and mirroring.
            apiVersion: v1
            kind: Service
            metadata:
              name: httpbin
              labels: {app: httpbin, service: httpbin}
            spec:
              ports:
              - {port: 8000, targetPort: 9080, name: http}
              selector: {app: httpbin}
            ---
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata:
              name: httpbin-v1
            spec:
              address: 127.0.0.31
              labels: {app: httpbin, version: v1}
              serviceAccount: httpbin
            ---
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata:
              name: httpbin-v2
            spec:
              address: 127.0.0.32
              labels: {app: httpbin, version: v2}
              serviceAccount: httpbin

            """#
        ),
        (
            "tcp-echo.yaml",
            #"""
            # tcp-echo sends every line back, version 1 with "one" before it, version 2 with "two".
            # As Istio's samples/tcp-echo/tcp-echo-services.yaml.
            apiVersion: v1
            kind: Service
            metadata:
              name: tcp-echo
              labels: {app: tcp-echo, service: tcp-echo}
            spec:
              ports:
              - {port: 9000, targetPort: 9080, name: tcp}
              selector: {app: tcp-echo}
            ---
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata:
              name: tcp-echo-v1
            spec:
              address: 127.0.0.33
              labels: {app: tcp-echo, version: v1}
              serviceAccount: tcp-echo
            ---
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata:
              name: tcp-echo-v2
            spec:
              address: 127.0.0.34
              labels: {app: tcp-echo, version: v2}
              serviceAccount: tcp-echo

            """#
        ),
    ]
}
