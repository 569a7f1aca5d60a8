// What the tests share: a folder of its own, and tokens of a backend that does not exist.

import Delistening
import Foundation
import XCTest

/// Nothing listens there.
let nowhere = "http://127.0.0.1:9/"

struct NoBackend: Error {}

let noToken: @Sendable (TokenRequest) async throws -> String = { _ in throw NoBackend() }

class TelemetryTestCase: XCTestCase {
    private(set) var folder = ""

    override func setUpWithError() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("delistening-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        folder = url.path
    }

    override func tearDownWithError() throws {
        try FileManager.default.removeItem(atPath: folder)
    }

    func open(observer: TelemetryObserver? = nil) throws -> Telemetry {
        try Telemetry(TelemetryOptions(endpoint: nowhere, folder: folder), observer: observer, token: noToken)
    }
}

/// Does the same on each of `count` threads at once, and waits for them.
func onThreads(_ count: Int, _ work: @escaping @Sendable () -> Void) {
    let group = DispatchGroup()
    for _ in 0..<count {
        group.enter()
        Thread.detachNewThread {
            work()
            group.leave()
        }
    }
    group.wait()
}

extension Telemetry {
    /// Three events.
    func playOnce() {
        let play = session(track: Track(id: "track-1", durationMs: 400, offline: true))
        play.playing(positionMs: 0)
        play.position(positionMs: 100)
        play.ended(reason: .completed, positionMs: 240)
    }
}

extension SyncOutcome {
    /// How many events wait.
    var events: Int64? {
        if case .pending(let status) = self { status.events } else { nil }
    }
}
