// swift-tools-version: 6.0
import PackageDescription

// Apple's platforms take the library as an XCFramework, which nothing here makes yet; elsewhere it is linked as it is,
// with `-L`.
#if os(macOS)
let library: Target = .binaryTarget(name: "DelisteningFFI", path: "Delistening.xcframework")
#else
let library: Target = .systemLibrary(name: "DelisteningFFI")
#endif

var targets: [Target] = [
    library,
    // Swift 6.0's own checks of concurrency end with an assertion in what UniFFI writes.
    .target(name: "Delistening", dependencies: ["DelisteningFFI"], swiftSettings: [.swiftLanguageMode(.v5)]),
]

// Tests and examples need a library whose clock they may move.
if Context.environment["DELISTENING_SIMULATION"] != nil {
    targets += [
        .executableTarget(name: "OfflineMonth", dependencies: ["Delistening"], path: "Examples/OfflineMonth"),
        .testTarget(name: "DelisteningTests", dependencies: ["Delistening"]),
    ]
}

let package = Package(
    name: "Delistening",
    platforms: [.iOS(.v16), .macOS(.v13), .tvOS(.v16)],
    products: [.library(name: "Delistening", targets: ["Delistening"])],
    targets: targets
)
