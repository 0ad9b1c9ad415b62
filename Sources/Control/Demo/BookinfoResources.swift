// The resources of gateways/bookinfo, inside the binary: `isthmus demo` needs no file.
// Written by scripts/embed-resources; a test keeps them equal to the files, which are the truth.

public enum BookinfoResources {
    /// The folder they are a copy of, in the project and below `share/isthmus`.
    public static let folder = "gateways/bookinfo"

    /// Name and text of each file, by name.
    public static let files: [(name: String, text: String)] = [
        (
            "destination-rules.yaml",
            #"""
            # The versions of each service, as subsets that routes can name.
            # As Istio's samples/bookinfo/networking/destination-rule-all.yaml.
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
            # The door: port 8080, any host, and the five paths of the Bookinfo application.
            # As Istio's samples/bookinfo/networking/bookinfo-gateway.yaml.
            apiVersion: networking.istio.io/v1
            kind: Gateway
            metadata:
              name: bookinfo-gateway
            spec:
              # Which gateways serve it: `isthmus gateway` has this label unless told otherwise.
              selector:
                istio: ingressgateway
              servers:
              - port:
                  number: 8080
                  name: http
                  protocol: HTTP
                hosts:
                - "*"
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata:
              name: bookinfo
            spec:
              hosts:
              - "*"
              gateways:
              - bookinfo-gateway
              http:
              - match:
                - uri:
                    exact: /productpage
                - uri:
                    prefix: /static
                - uri:
                    exact: /login
                - uri:
                    exact: /logout
                - uri:
                    prefix: /api/v1/products
                route:
                - destination:
                    host: productpage
                    port:
                      number: 9080

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
            "workloads.yaml",
            #"""
            # The six workloads: what Pods are in Kubernetes. `isthmus demo` runs each at its own
            # address.
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata:
              name: productpage-v1
            spec:
              address: 127.0.0.21
              labels: {app: productpage, version: v1}
              serviceAccount: bookinfo-productpage
            ---
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata:
              name: details-v1
            spec:
              address: 127.0.0.22
              labels: {app: details, version: v1}
              serviceAccount: bookinfo-details
            ---
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata:
              name: reviews-v1
            spec:
              address: 127.0.0.23
              labels: {app: reviews, version: v1}
              serviceAccount: bookinfo-reviews
            ---
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata:
              name: reviews-v2
            spec:
              address: 127.0.0.24
              labels: {app: reviews, version: v2}
              serviceAccount: bookinfo-reviews
            ---
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata:
              name: reviews-v3
            spec:
              address: 127.0.0.25
              labels: {app: reviews, version: v3}
              serviceAccount: bookinfo-reviews
            ---
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata:
              name: ratings-v1
            spec:
              address: 127.0.0.26
              labels: {app: ratings, version: v1}
              serviceAccount: bookinfo-ratings

            """#
        ),
    ]
}
