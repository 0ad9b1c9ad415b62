// The resources of gateways/mtls, inside the binary: `isthmus demo` needs no file.
// Written by scripts/embed-resources; a test keeps them equal to the files, which are the truth.

public enum MeshResources {
    /// The folder they are a copy of, in the project and below `share/isthmus`.
    public static let folder = "gateways/mtls"

    /// Name and text of each file, by name.
    public static let files: [(name: String, text: String)] = [
        (
            "destination-rules.yaml",
            #"""
            # The versions of each service, as subsets that routes can name. Nothing about TLS: a
            # sidecar stands before every workload, and who calls one finds that out (auto mTLS).
            apiVersion: networking.istio.io/v1
            kind: DestinationRule
            metadata:
              name: productpage
            spec:
              host: productpage
              subsets:
              - name: v1
                labels: {version: v1}
            ---
            apiVersion: networking.istio.io/v1
            kind: DestinationRule
            metadata:
              name: details
            spec:
              host: details
              subsets:
              - name: v1
                labels: {version: v1}
            ---
            apiVersion: networking.istio.io/v1
            kind: DestinationRule
            metadata:
              name: reviews
            spec:
              host: reviews
              subsets:
              - name: v1
                labels: {version: v1}
              - name: v2
                labels: {version: v2}
              - name: v3
                labels: {version: v3}
            ---
            apiVersion: networking.istio.io/v1
            kind: DestinationRule
            metadata:
              name: ratings
            spec:
              host: ratings
              subsets:
              - name: v1
                labels: {version: v1}

            """#
        ),
        (
            "gateway.yaml",
            #"""
            # The door: HTTP on 8080, HTTPS on 8443 with the certificate of a Secret. Behind it the
            # gateway is a peer of the mesh like any sidecar: it needs an identity of its own.
            apiVersion: networking.istio.io/v1
            kind: Gateway
            metadata:
              name: bookinfo-gateway
            spec:
              selector:
                istio: ingressgateway
              servers:
              - port: {number: 8080, name: http, protocol: HTTP}
                hosts: ["*"]
              - port: {number: 8443, name: https, protocol: HTTPS}
                hosts: ["*"]
                tls:
                  mode: SIMPLE
                  credentialName: bookinfo-credential
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata:
              name: bookinfo
            spec:
              hosts: ["*"]
              gateways: [bookinfo-gateway]
              http:
              - match:
                - uri: {exact: /productpage}
                - uri: {prefix: /static}
                - uri: {exact: /login}
                - uri: {exact: /logout}
                - uri: {prefix: /api/v1/products}
                route:
                - destination:
                    host: productpage
                    port: {number: 9080}

            """#
        ),
        (
            "security.yaml",
            #"""
            # Every workload of the namespace takes mutual TLS of the mesh and nothing else.
            # PERMISSIVE would take plain text as well, DISABLE plain text alone; a selector, and
            # ports below it, narrow it down.
            apiVersion: security.istio.io/v1
            kind: PeerAuthentication
            metadata:
              name: default
            spec:
              mtls:
                mode: STRICT

            """#
        ),
        (
            "services.yaml",
            #"""
            # The four services by the names that rules use. What stands behind each is chosen by
            # label from the workloads.
            apiVersion: v1
            kind: Service
            metadata:
              name: productpage
              labels: {app: productpage, service: productpage}
            spec:
              ports:
              - {port: 9080, targetPort: 9080, name: http}
              selector: {app: productpage}
            ---
            apiVersion: v1
            kind: Service
            metadata:
              name: details
              labels: {app: details, service: details}
            spec:
              ports:
              - {port: 9080, targetPort: 9080, name: http}
              selector: {app: details}
            ---
            apiVersion: v1
            kind: Service
            metadata:
              name: reviews
              labels: {app: reviews, service: reviews}
            spec:
              ports:
              - {port: 9080, targetPort: 9080, name: http}
              selector: {app: reviews}
            ---
            apiVersion: v1
            kind: Service
            metadata:
              name: ratings
              labels: {app: ratings, service: ratings}
            spec:
              ports:
              - {port: 9080, targetPort: 9080, name: http}
              selector: {app: ratings}

            """#
        ),
        (
            "sidecars.yaml",
            #"""
            # What each workload's sidecar listens on. Packets are not captured: a sidecar takes
            # requests at the workload's address and hands them to the application on 127.0.1.x;
            # the application sends its own to the sidecar on 127.0.2.x, which goes by their Host.
            # On a machine of its own a workload would have 127.0.0.1 for both.
            apiVersion: networking.istio.io/v1
            kind: Sidecar
            metadata:
              name: productpage-v1
            spec:
              workloadSelector:
                labels: {app: productpage, version: v1}
              ingress:
              - port: {number: 9080, protocol: HTTP, name: http}
                bind: 127.0.0.11
                captureMode: NONE
                defaultEndpoint: 127.0.1.11:9080
              egress:
              - port: {number: 9080, protocol: HTTP, name: http}
                bind: 127.0.2.11
                captureMode: NONE
                hosts: ["./*"]
            ---
            apiVersion: networking.istio.io/v1
            kind: Sidecar
            metadata:
              name: details-v1
            spec:
              workloadSelector:
                labels: {app: details, version: v1}
              ingress:
              - port: {number: 9080, protocol: HTTP, name: http}
                bind: 127.0.0.12
                captureMode: NONE
                defaultEndpoint: 127.0.1.12:9080
              egress:
              # Calls nobody, so it sees nobody.
              - port: {number: 9080, protocol: HTTP, name: http}
                bind: 127.0.2.12
                captureMode: NONE
                hosts: ["~/*"]
            ---
            apiVersion: networking.istio.io/v1
            kind: Sidecar
            metadata:
              name: reviews-v1
            spec:
              workloadSelector:
                labels: {app: reviews, version: v1}
              ingress:
              - port: {number: 9080, protocol: HTTP, name: http}
                bind: 127.0.0.13
                captureMode: NONE
                defaultEndpoint: 127.0.1.13:9080
              egress:
              - port: {number: 9080, protocol: HTTP, name: http}
                bind: 127.0.2.13
                captureMode: NONE
                hosts: ["./*"]
            ---
            apiVersion: networking.istio.io/v1
            kind: Sidecar
            metadata:
              name: reviews-v2
            spec:
              workloadSelector:
                labels: {app: reviews, version: v2}
              ingress:
              - port: {number: 9080, protocol: HTTP, name: http}
                bind: 127.0.0.14
                captureMode: NONE
                defaultEndpoint: 127.0.1.14:9080
              egress:
              - port: {number: 9080, protocol: HTTP, name: http}
                bind: 127.0.2.14
                captureMode: NONE
                hosts: ["./*"]
            ---
            apiVersion: networking.istio.io/v1
            kind: Sidecar
            metadata:
              name: reviews-v3
            spec:
              workloadSelector:
                labels: {app: reviews, version: v3}
              ingress:
              - port: {number: 9080, protocol: HTTP, name: http}
                bind: 127.0.0.15
                captureMode: NONE
                defaultEndpoint: 127.0.1.15:9080
              egress:
              - port: {number: 9080, protocol: HTTP, name: http}
                bind: 127.0.2.15
                captureMode: NONE
                hosts: ["./*"]
            ---
            apiVersion: networking.istio.io/v1
            kind: Sidecar
            metadata:
              name: ratings-v1
            spec:
              workloadSelector:
                labels: {app: ratings, version: v1}
              ingress:
              - port: {number: 9080, protocol: HTTP, name: http}
                bind: 127.0.0.16
                captureMode: NONE
                defaultEndpoint: 127.0.1.16:9080
              egress:
              # Calls nobody, so it sees nobody.
              - port: {number: 9080, protocol: HTTP, name: http}
                bind: 127.0.2.16
                captureMode: NONE
                hosts: ["~/*"]

            """#
        ),
        (
            "workloads.yaml",
            #"""
            # The six workloads. Each address is where its sidecar takes requests; the application
            # itself listens where only the sidecar knows, see sidecars.yaml.
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata:
              name: productpage-v1
            spec:
              address: 127.0.0.11
              labels: {app: productpage, version: v1}
              serviceAccount: bookinfo-productpage
            ---
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata:
              name: details-v1
            spec:
              address: 127.0.0.12
              labels: {app: details, version: v1}
              serviceAccount: bookinfo-details
            ---
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata:
              name: reviews-v1
            spec:
              address: 127.0.0.13
              labels: {app: reviews, version: v1}
              serviceAccount: bookinfo-reviews
            ---
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata:
              name: reviews-v2
            spec:
              address: 127.0.0.14
              labels: {app: reviews, version: v2}
              serviceAccount: bookinfo-reviews
            ---
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata:
              name: reviews-v3
            spec:
              address: 127.0.0.15
              labels: {app: reviews, version: v3}
              serviceAccount: bookinfo-reviews
            ---
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata:
              name: ratings-v1
            spec:
              address: 127.0.0.16
              labels: {app: ratings, version: v1}
              serviceAccount: bookinfo-ratings

            """#
        ),
    ]
}
