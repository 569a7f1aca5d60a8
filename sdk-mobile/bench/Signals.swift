// What a signal costs an app in Swift: the same as `signals.rs` and `Signals.kt` do. Prints microseconds.

import Foundation

@main
struct Signals {
    static let signals = 100_000
    static let rounds = 6

    struct NoBackend: Error {}

    static func main() async throws {
        let options = TelemetryOptions(endpoint: "http://127.0.0.1:9/", folder: CommandLine.arguments[1])
        let telemetry = try Telemetry(options) { _ in throw NoBackend() }
        let play = telemetry.session(track: Track(id: "track-1", durationMs: 180_000), engine: "bench")
        play.playing(positionMs: 0)
        var best = Double.infinity
        let clock = ContinuousClock()
        for _ in 0..<rounds {
            let begin = clock.now
            for _ in 0..<signals { play.position(positionMs: 100) }
            // Every signal is taken up when this is answered.
            _ = await telemetry.evidence()
            best = min(best, (clock.now - begin) / .microseconds(signals))
        }
        print(best)
    }
}
