// The resources of gateways/outside, inside the binary: `isthmus demo` needs no file.
// Written by scripts/embed-resources; a test keeps them equal to the files, which are the truth.

public enum OutsideResources {
    /// The folder they are a copy of, in the project and below `share/isthmus`.
    public static let folder = "gateways/outside"

    /// Name and text of each file, by name.
    public static let files: [(name: String, text: String)] = [
        (
            "application.yaml",
            #"""
            # What stands behind the front door: a book service, and pages that say how they were
            # reached.
            apiVersion: v1
            kind: Service
            metadata:
              name: application
              namespace: outside
            spec:
              ports:
              - {port: 9080, targetPort: 9080, name: http}
              selector: {app: application}
            ---
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata:
              name: application
              namespace: outside
            spec:
              address: 127.0.1.41
              labels: {app: application}

            """#
        ),
        (
            "gateway.yaml",
            #"""
            # The front door of hosts that are not in the mesh: 9080 for HTTP, 9443 for HTTPS with a
            # certificate of another authority than the mesh's, ports that anybody may bind.
            # secure.example.com knows its clients by certificates of their own.
            apiVersion: networking.istio.io/v1
            kind: Gateway
            metadata:
              name: outside
              namespace: outside
            spec:
              selector:
                istio: outside
              servers:
              - port: {number: 9080, name: http, protocol: HTTP}
                hosts: ["*"]
              - port: {number: 9443, name: https, protocol: HTTPS}
                hosts: [books.example.com, news.example.com, "*.wiki.example.com"]
                tls:
                  mode: SIMPLE
                  credentialName: public
              - port: {number: 9443, name: https-clients, protocol: HTTPS}
                hosts: [secure.example.com]
                tls:
                  mode: MUTUAL
                  credentialName: clients
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata:
              name: outside
              namespace: outside
            spec:
              hosts: ["*"]
              gateways: [outside]
              http:
              - route:
                - destination:
                    host: application.outside.svc.cluster.local
                    port: {number: 9080}

            """#
        ),
    ]
}
