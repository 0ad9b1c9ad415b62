// swift-tools-version: 6.2
// The house: one binary, thirteen rooms, and a list of who may import whom. The list is the same as
// the table in docs/architecture.md; Tests/TidyTests reads the imports of every file against it.
import PackageDescription

/// Every room is compiled the same way, so that moving a file between rooms changes nothing else.
/// Exclusivity is proven in debug builds and by every test; release builds drop the run-time check,
/// which costs a call per class property on the request path. Bounds checks stay on.
let house: [SwiftSetting] = [
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .unsafeFlags(
        ["-enforce-exclusivity=unchecked", "-cross-module-optimization"],
        .when(configuration: .release)),
]

let package = Package(
    name: "isthmus",
    products: [.executable(name: "isthmus", targets: ["isthmus"])],
    dependencies: [
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
    ],
    targets: [
        // C and C++ seams
        .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),
        .systemLibrary(
            name: "CRE2System", pkgConfig: "re2", providers: [.apt(["libre2-dev"])]),
        .target(name: "CRE2", dependencies: ["CRE2System"]),
        .systemLibrary(
            name: "CNGHTTP2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(
            name: "CAres", pkgConfig: "libcares", providers: [.apt(["libc-ares-dev"])]),

        .systemLibrary(
            name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),

        // base
        .target(
            name: "Spec", dependencies: [.product(name: "Yams", package: "Yams")],
            swiftSettings: house),
        .target(name: "Net", dependencies: ["CLinux", "CAres"], swiftSettings: house),
        .target(name: "Telemetry", swiftSettings: house),
        .target(name: "PKI", dependencies: ["COpenSSL"], swiftSettings: house),

        // words
        .target(name: "Store", dependencies: ["Spec"], swiftSettings: house),
        .target(name: "Mesh", dependencies: ["Spec", "CRE2"], swiftSettings: house),

        // wires
        .target(name: "HTTP", dependencies: ["Net", "CNGHTTP2"], swiftSettings: house),

        .target(name: "TLS", dependencies: ["PKI", "Net", "COpenSSL"], swiftSettings: house),

        // work
        .target(
            name: "Proxy", dependencies: ["Mesh", "Telemetry", "HTTP", "TLS", "PKI", "Net"],
            swiftSettings: house),

        .target(name: "Authority", dependencies: ["PKI", "CSQLite"], swiftSettings: house),

        // demo and desk
        .target(name: "Bookinfo", dependencies: ["HTTP", "Net"], swiftSettings: house),
        .target(
            name: "Control",
            dependencies: [
                "Store", "Mesh", "Authority", "Proxy", "Telemetry", "HTTP", "TLS", "PKI", "Net",
                "Spec",
            ],
            swiftSettings: house),

        // tool
        .executableTarget(
            name: "isthmus",
            dependencies: [
                "Authority", "Bookinfo", "Control", "HTTP", "Mesh", "Net", "PKI", "Proxy", "Spec",
                "Store", "TLS", "Telemetry",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: house),

        .testTarget(name: "SpecTests", dependencies: ["Spec"], swiftSettings: house),
        .testTarget(name: "StoreTests", dependencies: ["Store", "Spec"], swiftSettings: house),
        .testTarget(
            name: "MeshTests", dependencies: ["Mesh", "Spec"], exclude: ["Goldens"],
            swiftSettings: house),
        .testTarget(name: "NetTests", dependencies: ["Net"], swiftSettings: house),
        .testTarget(name: "HTTPTests", dependencies: ["HTTP", "Net"], swiftSettings: house),
        .testTarget(name: "TLSTests", dependencies: ["TLS", "PKI", "Net"], swiftSettings: house),
        .testTarget(name: "TelemetryTests", dependencies: ["Telemetry"], swiftSettings: house),
        .testTarget(
            name: "ProxyTests",
            dependencies: ["Proxy", "Mesh", "Telemetry", "HTTP", "TLS", "PKI", "Net", "Spec"],
            swiftSettings: house),
        .testTarget(
            name: "BookinfoTests", dependencies: ["Bookinfo", "HTTP", "Net"],
            swiftSettings: house),
        .testTarget(
            name: "ControlTests",
            dependencies: [
                "Control", "Store", "Mesh", "Authority", "Proxy", "Telemetry", "HTTP", "TLS",
                "PKI", "Net", "Spec",
            ],
            swiftSettings: house),
        .testTarget(name: "PKITests", dependencies: ["PKI"], swiftSettings: house),
        .testTarget(
            name: "AuthorityTests", dependencies: ["Authority", "PKI"], swiftSettings: house),
        .testTarget(name: "TidyTests", swiftSettings: house),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
