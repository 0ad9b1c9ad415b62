// The resources of gateways/egress/book-service, inside the binary: `isthmus demo` needs no file.
// Written by scripts/embed-resources; a test keeps them equal to the files, which are the truth.

public enum BookServiceResources {
    /// The folder they are a copy of, in the project and below `share/isthmus`.
    public static let folder = "gateways/egress/book-service"

    /// Name and text of each file, by name.
    public static let files: [(name: String, text: String)] = [
        (
            "book-service.yaml",
            #"""
            # books.example.com may be called, and calls to its port 80 go over TLS to port 443; as
            # Istio's samples/bookinfo/networking/egress-rule-google-apis.yaml.
            apiVersion: networking.istio.io/v1
            kind: ServiceEntry
            metadata:
              name: books
            spec:
              hosts: [books.example.com]
              ports:
              # targetPort: where the demo's outside listens; real hosts need none.
              - {number: 80, targetPort: 9080, name: http, protocol: HTTP}
              - {number: 443, targetPort: 9443, name: https, protocol: HTTPS}
              resolution: DNS
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata:
              name: books
            spec:
              hosts: [books.example.com]
              http:
              - match:
                - port: 80
                route:
                - destination:
                    host: books.example.com
                    port: {number: 443}
            ---
            apiVersion: networking.istio.io/v1
            kind: DestinationRule
            metadata:
              name: books
            spec:
              host: books.example.com
              trafficPolicy:
                portLevelSettings:
                - port: {number: 443}
                  tls:
                    mode: SIMPLE

            """#
        ),
        (
            "details-v2.yaml",
            #"""
            # Version 2 of details, which asks an outside book service, joins its service and gets
            # all requests; as Istio's virtual-service-details-v2.yaml.
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata:
              name: details-v2
            spec:
              address: 127.0.0.18
              labels: {app: details, version: v2, instance: details-v2}
              serviceAccount: bookinfo-details-v2
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
              - name: v2
                labels: {version: v2}
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata:
              name: details
            spec:
              hosts: [details]
              http:
              - route:
                - destination: {host: details, subset: v2}

            """#
        ),
    ]
}
