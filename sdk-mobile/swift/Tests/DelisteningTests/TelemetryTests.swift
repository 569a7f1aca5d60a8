// Telemetry as an app in Swift uses it, without a server: errors, concurrency, cancellation, lifetimes.

import Delistening
import Foundation
import XCTest

final class TelemetryTests: TelemetryTestCase {
    func testTelemetryThatCannotBeOpenedThrowsWhatIsWrong() async throws {
        XCTAssertThrowsError(try Telemetry(TelemetryOptions(endpoint: "plays.example.com", folder: folder), token: noToken)) {
            guard case TelemetryError.InvalidEndpoint(let endpoint, _) = $0 else { return XCTFail("\($0)") }
            XCTAssertEqual(endpoint, "plays.example.com")
            let sentence = "endpoint plays.example.com cannot be used: it must begin with http:// or https://"
            XCTAssertEqual(["\($0)", $0.localizedDescription], [sentence, sentence])
        }
        let unnamed = TelemetryOptions(endpoint: nowhere, folder: folder, logKeys: ["no key"])
        XCTAssertThrowsError(try Telemetry(unnamed, token: noToken)) {
            guard case TelemetryError.InvalidOption(let option, _) = $0 else { return XCTFail("\($0)") }
            XCTAssertEqual(option, "log_keys")
        }
        for every in [-1, .nan] as [TimeInterval] {
            let options = TelemetryOptions(endpoint: nowhere, folder: folder, auditEvery: every)
            XCTAssertThrowsError(try Telemetry(options, token: noToken)) {
                guard case TelemetryError.InvalidOption("audit_every", _) = $0 else { return XCTFail("\($0)") }
            }
        }
        let file = folder + "/file"
        try Data().write(to: URL(fileURLWithPath: file))
        XCTAssertThrowsError(try Telemetry(TelemetryOptions(endpoint: nowhere, folder: file), token: noToken)) {
            guard case TelemetryError.FolderUnusable(let folder, _) = $0 else { return XCTFail("\($0)") }
            XCTAssertEqual(folder, file)
        }
        let telemetry = try open()
        XCTAssertThrowsError(try open()) {
            guard case TelemetryError.FolderInUse = $0 else { return XCTFail("\($0)") }
        }
        _ = await telemetry.shutDown(within: .seconds(60))
        try Data("no key".utf8).write(to: URL(fileURLWithPath: folder + "/device.key"))
        XCTAssertThrowsError(try open()) {
            guard case TelemetryError.KeyUnusable = $0 else { return XCTFail("\($0)") }
        }
    }

    func testPlaysOfManyThreadsAreAllKept() async throws {
        let telemetry = try open()
        onThreads(8) { for _ in 0..<25 { telemetry.playOnce() } }
        let outcome = await telemetry.sync(within: .seconds(60))
        XCTAssertEqual(outcome.events, 8 * 25 * 3)
        let last = await telemetry.shutDown(within: .seconds(60))
        XCTAssertEqual(last.events, 8 * 25 * 3)
    }

    func testWhatACallbackThrowsIsToldAsAnEvent() async throws {
        let events = TelemetryEvents()
        let told = events.stream()
        let telemetry = try open(observer: events)
        telemetry.playOnce()
        telemetry.session(track: Track(id: "")).playing(positionMs: -1)
        _ = await telemetry.sync(within: .seconds(60))
        _ = await telemetry.shutDown(within: .zero)
        var codes: [String] = []
        for await event in told {
            guard case .error(let code, let message, _) = event else { continue }
            codes.append(code)
            if code == "bad-token" {
                XCTAssert(message.contains("NoBackend"), message)
                break
            }
        }
        XCTAssertEqual(codes, ["invalid-argument", "invalid-argument", "bad-token"])
    }

    func testACancelledSyncReturnsAtOnceAndACallbackIsCancelledAtTheEnd() async throws {
        let (cancelled, told) = AsyncStream.makeStream(of: Void.self)
        let telemetry = try Telemetry(TelemetryOptions(endpoint: nowhere, folder: folder)) { _ in
            defer { told.finish() }
            try await Task.sleep(for: .seconds(3_600))
            return ""
        }
        telemetry.playOnce()
        let waiting = Task { await telemetry.sync(within: .seconds(3_600)) }
        let early = await telemetry.sync(within: .milliseconds(50))
        XCTAssertEqual(early.events, 3)
        waiting.cancel()
        let outcome = await waiting.value
        XCTAssertEqual(outcome.events, 3)
        _ = await telemetry.shutDown(within: .zero)
        for await _ in cancelled {}
        // What systems give as the time that is left.
        for within in [-1, .nan, .infinity, .greatestFiniteMagnitude] as [TimeInterval] {
            let after = await telemetry.sync(within: within)
            XCTAssertEqual(after, .stopped)
        }
        let after = await telemetry.sync(within: .seconds(Int64.max))
        XCTAssertEqual(after, .stopped)
        telemetry.playOnce()
    }

    func testAPanicIsAnErrorAndEndsTelemetryAlone() async throws {
        XCTAssertThrowsError(try conformancePanic(message: "asked for")) { XCTAssert("\($0)".contains("asked for")) }
        do {
            try await conformancePanicLater(message: "asked for later")
            XCTFail("it has not panicked")
        } catch {
            XCTAssert("\(error)".contains("asked for later"))
        }
        let events = TelemetryEvents()
        var told = events.stream().makeAsyncIterator()
        let telemetry = try open(observer: events)
        telemetry.playOnce()
        telemetry.conformancePanic(message: "asked for on its thread")
        let outcome = await telemetry.sync(within: .seconds(60))
        XCTAssertEqual(outcome, .stopped)
        while let event = await told.next() {
            guard case .error(let code, let message, let action) = event else { continue }
            XCTAssertEqual([code, "\(action)"], ["core-failed", "stop"])
            XCTAssert(message.contains("asked for on its thread"), message)
            break
        }
        telemetry.playOnce()
        // What was heard before is still there.
        let next = try open()
        let kept = await next.sync(within: .seconds(60))
        XCTAssertEqual(kept.events, 3)
        _ = await next.shutDown(within: .zero)
    }

    func testTheVersionIsThatOfTheCrate() throws {
        XCTAssertEqual(Telemetry.version, try XCTUnwrap(ProcessInfo.processInfo.environment["DELISTENING_VERSION"]))
    }

    func testWhatWaitsIsToldAtOnceAndWhenItChanges() async throws {
        let events = TelemetryEvents()
        let telemetry = try open(observer: events)
        telemetry.playOnce()
        let outcome = await telemetry.sync(within: .seconds(60))
        for await status in events.status() {
            XCTAssertEqual(outcome, .pending(status: status))
            break
        }
        let changes = Task {
            for await status in events.status() where status.events == 6 { return true }
            return false
        }
        telemetry.playOnce()
        let seen = await changes.value
        XCTAssert(seen)
        let status = telemetry.status()
        XCTAssertEqual(try JSONDecoder().decode(Status.self, from: JSONEncoder().encode(status)), status)
    }

    func testAKeyIsKeptWhereTheAppWants() async throws {
        let keys = MemoryKeyStore()
        let options = TelemetryOptions(endpoint: nowhere, folder: folder)
        let telemetry = try Telemetry(options, keyStore: keys, token: noToken)
        XCTAssertEqual(keys.key?.count, 32)
        XCTAssertFalse(FileManager.default.fileExists(atPath: folder + "/device.key"))
        try await telemetry.forget()
        XCTAssertNil(keys.key)
        XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder), [])
        do {
            try await telemetry.forget()
            XCTFail("it was forgotten twice")
        } catch TelemetryError.Unavailable {}
    }

    func testMotionPlaceAndOutputAreToldByConsentAlone() async throws {
        let events = TelemetryEvents()
        let told = events.stream()
        let telemetry = try open(observer: events)
        for consent in [Consent(), Consent(motion: true, location: .city, output: true)] {
            telemetry.setConsent(consent: consent)
            telemetry.activity(activity: .walking, confidence: 0.9)
            telemetry.location(latitude: 52.52, longitude: 13.405)
            let play = telemetry.session(track: Track(id: "t", durationMs: 400))
            play.output(route: "headphones")
            play.playing(positionMs: 0)
            play.position(positionMs: 100)
            play.ended(reason: .completed, positionMs: 240)
        }
        _ = await telemetry.shutDown(within: .zero)
        var types: [String] = []
        var plays = 0
        for await event in told {
            guard case .event(let json) = event else { continue }
            let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
            let type = object?["type"] as? String ?? ""
            types.append(type)
            if type == "signal.location" { XCTAssertEqual(object?["cell"] as? String, "u33d") }
            if type == "play.ended" { plays += 1 }
            if plays == 2 { break }
        }
        let play = ["play.started", "play.progress", "play.ended"]
        let sensed = ["play.started", "signal.motion", "signal.location", "play.progress", "play.ended"]
        XCTAssertEqual(types, play + sensed)
    }

    func testAHundredThousandSessionsLeaveNothingBehind() async throws {
        let telemetry = try open()
        func make(_ sessions: Int) async {
            for _ in 0..<sessions {
                let play = telemetry.session(track: Track(id: "track-1"))
                play.position(positionMs: 1)
            }
            // What was put before is taken up before this is answered.
            _ = await telemetry.evidence()
        }
        await make(10_000)
        let before = try resident()
        for _ in 0..<10 { await make(10_000) }
        let grown = try resident() - before
        print("100000 sessions: \(grown / 1024) KiB more")
        // What an allocator keeps for later varies by some megabytes; a session that stays is some 700 bytes.
        XCTAssertLessThan(grown, 9_600_000, "96 bytes of each session are still there")
    }

    /// Bytes of memory that this process holds.
    private func resident() throws -> Int {
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return (Int(fields[1]) ?? 0) * 4_096
    }
}

private final class MemoryKeyStore: KeyStore, @unchecked Sendable {
    private let lock = NSLock()
    private var kept: Data?

    var key: Data? { lock.withLock { kept } }

    func load() -> Data? { key }

    func save(key: Data) { lock.withLock { kept = key } }

    func erase() { lock.withLock { kept = nil } }
}
