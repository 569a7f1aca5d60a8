// A listener's month without a network, and the sync at its end, in two commands:
//
//     OfflineMonth play FOLDER ENDPOINT FROM_DAY TO_DAY     plays eight tracks a day and dies in the middle of one
//     OfflineMonth sync FOLDER ENDPOINT [UPLOADS]           sends everything; through URLSession, with a folder for it
//
// The days pass at once: the library is built with the feature `simulation`, whose clock a program may move. ENDPOINT is
// a server in development (`npm start`), which gives anybody on this machine a token.

import Delistening
import Foundation
#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

let days: Int64 = 30
let day: Int64 = 24 * 60 * 60 * 1_000
let length: Int64 = 45_000
let perDay: Int64 = 8

struct Refused: Error {
    let answer: String
}

func token(from server: String, for device: String) async throws -> String {
    var request = URLRequest(url: URL(string: server + "/dev/token")!)
    request.httpMethod = "POST"
    request.setValue("application/json", forHTTPHeaderField: "content-type")
    request.httpBody = Data(#"{"device":"\#(device)","listener":"listener-1"}"#.utf8)
    let (body, _) = try await URLSession.shared.data(for: request)
    guard let answer = try JSONSerialization.jsonObject(with: body) as? [String: Any],
        let token = answer["token"] as? String
    else { throw Refused(answer: String(decoding: body, as: UTF8.self)) }
    return token
}

func open(
    _ folder: String, _ server: String, observer: TelemetryObserver? = nil, transport: HttpTransport? = nil
) throws -> Telemetry {
    let options = TelemetryOptions(endpoint: server, folder: folder)
    return try Telemetry(options, observer: observer, transport: transport) {
        try await token(from: server, for: $0.device)
    }
}

func begin(_ telemetry: Telemetry, _ number: Int64) -> PlaySession {
    let track = Track(id: "track-\(number)", artist: "artist-\(number % 7)", durationMs: length, offline: true)
    let play = telemetry.session(track: track)
    play.playing(positionMs: 0)
    return play
}

/// Has time pass when telemetry has taken up what it was told before: it reads the same clock.
func pass(_ ms: Int64, _ telemetry: Telemetry) async {
    _ = await telemetry.evidence()
    simulatePassing(ms: ms)
}

func hear(_ play: PlaySession, until end: Int64, _ telemetry: Telemetry) async {
    for position in stride(from: 5_000, through: end, by: 5_000) {
        await pass(5_000, telemetry)
        play.position(positionMs: position)
    }
}

func playMonth(_ folder: String, _ server: String, from: Int64, to: Int64) async throws {
    simulatePast(agoMs: (days - from) * day)
    let telemetry = try open(folder, server)
    telemetry.online(online: false)
    for number in (from * perDay)..<(to * perDay) {
        let play = begin(telemetry, number)
        await hear(play, until: length, telemetry)
        play.ended(reason: .completed, positionMs: length)
        await pass(day / perDay - length, telemetry)
    }
    let broken = begin(telemetry, -1)
    await hear(broken, until: 10_000, telemetry)
    // What was told before is on disk when this is answered.
    _ = await telemetry.evidence()
    withExtendedLifetime((telemetry, broken)) {
        // As if the battery had been taken out.
        _ = kill(getpid(), SIGKILL)
    }
}

/// Counts what it is told; read it when telemetry has ended.
final class Counter: TelemetryObserver, @unchecked Sendable {
    private(set) var (receipts, dropped, errors) = (0, 0, [String]())

    func onEvent(event: TelemetryEvent) {
        switch event {
        case .receipt: receipts += 1
        case .dropped: dropped += 1
        case .error(let code, _, _): errors.append(code)
        default: break
        }
    }
}

func syncAll(_ folder: String, _ server: String, uploads: String?) async throws {
    let counter = Counter()
    let transport = try uploads.map {
        try URLSessionTransport(configuration: .default, folder: URL(fileURLWithPath: $0))
    }
    let telemetry = try open(folder, server, observer: counter, transport: transport)
    let outcome = await telemetry.sync(within: .seconds(120))
    _ = await telemetry.shutDown(within: .zero)
    print("\(outcome) receipts=\(counter.receipts) dropped=\(counter.dropped) errors=\(counter.errors)")
}

let arguments = CommandLine.arguments.dropFirst()
switch (arguments.first, Array(arguments.dropFirst())) {
case ("play", let rest) where rest.count == 4:
    try await playMonth(rest[0], rest[1], from: Int64(rest[2])!, to: Int64(rest[3])!)
case ("sync", let rest) where rest.count == 2 || rest.count == 3:
    try await syncAll(rest[0], rest[1], uploads: rest.count == 3 ? rest[2] : nil)
default:
    print("OfflineMonth play FOLDER ENDPOINT FROM_DAY TO_DAY | OfflineMonth sync FOLDER ENDPOINT [UPLOADS]")
    exit(2)
}
