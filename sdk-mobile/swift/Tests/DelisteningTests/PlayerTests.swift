// What adapters are made of: players that are asked, and requests through URLSession.

import Delistening
import Foundation
import XCTest

final class PlayerTests: TelemetryTestCase {
    func testWhatAPlayerIsSeenToDoIsToldOnce() async throws {
        let events = TelemetryEvents()
        let told = events.stream()
        let telemetry = try open(observer: events)
        var playback = PolledPlayback(session: telemetry.session(track: Track(id: "t", durationMs: 400)))
        playback.saw(playing: false)
        for _ in 0..<2 { playback.saw(volume: 0.5, muted: false) }
        playback.saw(playing: true, positionMs: 0)
        playback.saw(playing: true, positionMs: 100)
        // A node that does not play tells no position.
        for _ in 0..<3 { playback.saw(playing: false) }
        playback.saw(playing: true, positionMs: 100)
        for _ in 0..<2 { playback.saw(rate: 1.5) }
        playback.seeked(toMs: 300)
        playback.ended(.skipped)
        playback.ended(.completed, positionMs: 400)
        playback.saw(playing: true, positionMs: 400)
        let outcome = await telemetry.shutDown(within: .zero)
        var seen: [String] = []
        for await event in told {
            if case .error(let code, _, _) = event { seen.append(code) }
            guard case .event(let json) = event else { continue }
            let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
            seen.append(object?["type"] as? String ?? "")
            guard seen.last == "play.ended" else { continue }
            XCTAssertEqual(object?["reason"] as? String, "skipped")
            XCTAssertEqual(object?["position_ms"] as? Int, 300)
            break
        }
        XCTAssertEqual(outcome.events, Int64(seen.count))
        let sought = ["play.started", "play.progress", "play.paused", "play.resumed", "play.seeked", "play.ended"]
        XCTAssertEqual(seen, sought)
    }

    func testURLSessionBringsAnswersAsTheyAreAndLeavesNothingBehind() async throws {
        let server = try XCTUnwrap(ProcessInfo.processInfo.environment["DELISTENING_HTTP"])
        let uploads = URL(fileURLWithPath: folder).appendingPathComponent("uploads")
        try FileManager.default.createDirectory(at: uploads, withIntermediateDirectories: true)
        try Data("{}".utf8).write(to: uploads.appendingPathComponent("of-an-earlier-process"))
        let transport = try URLSessionTransport(configuration: .default, folder: uploads)
        let ask = { (method: String, path: String) async throws -> HttpResponse in
            let type = method == "POST" ? "application/json" : nil
            let body = Data((method == "POST" ? "the body" : "").utf8)
            return try await transport.send(
                request: HttpRequest(url: server + path, method: method, contentType: type, body: body))
        }
        for method in ["POST", "GET"] {
            let late = try await ask(method, "/late")
            XCTAssertEqual([late.status, UInt16(late.retryAfter ?? "") ?? 0], [429, 17])
            let echo = method == "POST" ? "POST application/json the body" : "GET undefined "
            XCTAssertEqual(String(decoding: late.body, as: UTF8.self), echo)
            let moved = try await ask(method, "/moved")
            XCTAssertEqual(moved.status, 302)
            for path in ["/gone", "/endless"] {
                do {
                    _ = try await ask(method, path)
                    XCTFail("\(method) \(path) was answered")
                } catch is CallbackError {}
            }
        }
        let waiting = Task { try await ask("POST", "/never") }
        waiting.cancel()
        do {
            _ = try await waiting.value
            XCTFail("it was answered")
        } catch is CallbackError {}
        while try !FileManager.default.contentsOfDirectory(atPath: uploads.path).isEmpty { await Task.yield() }
    }
}
