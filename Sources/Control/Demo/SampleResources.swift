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
                hosts: ["./*", "istio-system/*"]
              # Hosts that nothing describes are refused: tasks show what describing them does.
              outboundTrafficPolicy:
                mode: REGISTRY_ONLY

            """#
        ),
        (
            "details-v2.yaml",
            #"""
            # Version 2 of details: it asks books.example.com, a book service outside of the mesh,
            # as Istio's samples/bookinfo/platform/kube/bookinfo-details-v2.yaml asks Google. Its
            # sidecar lets out what an entry describes and nothing else. The service details does
            # not select it: a rule that wants it gives it the label app: details.
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata:
              name: details-v2
            spec:
              address: 127.0.0.18
              labels: {app: details-v2, version: v2, instance: details-v2}
              serviceAccount: bookinfo-details-v2
            ---
            apiVersion: networking.istio.io/v1
            kind: Sidecar
            metadata:
              name: details-v2
            spec:
              workloadSelector:
                labels: {instance: details-v2}
              ingress:
              - port: {number: 9080, protocol: HTTP, name: http}
                bind: 127.0.0.18
                captureMode: NONE
                defaultEndpoint: 127.0.1.18:9080
              egress:
              - bind: 127.0.2.18
                captureMode: NONE
                hosts: ["./*.example.com", "istio-system/*"]
              outboundTrafficPolicy:
                mode: REGISTRY_ONLY

            """#
        ),
        (
            "egress-gateway.yaml",
            #"""
            # istio-egressgateway: a gateway through which calls leave the mesh, where rules send
            # them there. It listens on what Gateways with the selector istio: egressgateway say;
            # ports 80 and 443 of theirs are bound as 8080 and 8443, as in Istio's own
            # installation.
            apiVersion: v1
            kind: Service
            metadata:
              name: istio-egressgateway
              namespace: istio-system
              labels: {app: istio-egressgateway, istio: egressgateway}
            spec:
              ports:
              - {port: 80, targetPort: 8080, name: http2}
              - {port: 443, targetPort: 8443, name: https}
              selector: {app: istio-egressgateway, istio: egressgateway}
            ---
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata:
              name: istio-egressgateway
              namespace: istio-system
            spec:
              address: 127.0.0.10
              labels: {app: istio-egressgateway, istio: egressgateway}
              serviceAccount: istio-egressgateway-service-account

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
