// swift-tools-version: 6.0
import PackageDescription

// Tests and examples need a library whose clock they may move: the one that is built here, linked with `-L`. So does
// Linux. Apps on Apple's platforms take the XCFramework that `npm run build:apple` makes.
let simulation = Context.environment["DELISTENING_SIMULATION"] != nil
#if os(macOS)
let library: Target =
    simulation
    ? .systemLibrary(name: "DelisteningFFI")
    : .binaryTarget(name: "DelisteningFFI", path: "Delistening.xcframework")
#else
let library: Target = .systemLibrary(name: "DelisteningFFI")
#endif

var targets: [Target] = [
    library,
    // Swift 6.0's own checks of concurrency end with an assertion in what UniFFI writes.
    .target(name: "Delistening", dependencies: ["DelisteningFFI"], swiftSettings: [.swiftLanguageMode(.v5)]),
]

if simulation {
    targets += [
        .executableTarget(name: "OfflineMonth", dependencies: ["Delistening"], path: "Examples/OfflineMonth"),
        .testTarget(name: "DelisteningTests", dependencies: ["Delistening"]),
    ]
}

let package = Package(
    name: "Delistening",
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [.library(name: "Delistening", targets: ["Delistening"])],
    targets: targets
)
