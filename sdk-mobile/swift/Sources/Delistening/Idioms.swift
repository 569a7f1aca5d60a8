// What the generated bindings leave to be said in Swift's own way: callbacks as closures, durations, cancellation, and
// events as a sequence.

import Foundation

extension Telemetry {
    /// Opens the folder of `options` and begins to send. `token` asks the platform's backend for an access token;
    /// `observer` is told of everything that happens, see `TelemetryEvents`.
    public convenience init(
        _ options: TelemetryOptions,
        observer: TelemetryObserver? = nil,
        keyStore: KeyStore? = nil,
        transport: HttpTransport? = nil,
        token: @escaping @Sendable (TokenRequest) async throws -> String
    ) throws {
        let provider = ClosureTokenProvider(ask: token)
        try self.init(options: options, token: provider, observer: observer, keyStore: keyStore, transport: transport)
    }

    /// The version of the library.
    public static var version: String { sdkVersion() }

    /// Seals and sends now; returns when everything that could be sent was answered, `within` has passed, or the task is
    /// cancelled: what is under way then goes on.
    public func sync(within: Duration) async -> SyncOutcome {
        await untilCancelled { await self.sync(within: within.seconds) }
    }

    /// Ends the open sessions, sends what can be sent `within` that time, and lets go of the folder.
    public func shutDown(within: Duration) async -> SyncOutcome {
        await untilCancelled { await self.shutDown(within: within.seconds) }
    }

    /// The work's outcome, or what waits at the moment of the task's cancellation.
    private func untilCancelled(_ work: @escaping @Sendable () async -> SyncOutcome) async -> SyncOutcome {
        let answer = FirstAnswer()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                answer.wait(continuation)
                Task { answer.give(await work()) }
            }
        } onCancel: {
            answer.give(.pending(status: self.status()))
        }
    }
}

/// Telemetry's events as asynchronous sequences, for any number of readers. Give it to `Telemetry` as its observer.
public final class TelemetryEvents: TelemetryObserver, @unchecked Sendable {
    private let lock = NSLock()
    private var readers: [UUID: AsyncStream<TelemetryEvent>.Continuation] = [:]
    private var waiting = Status(events: 0, batches: 0, acked: 0)

    public init() {}

    /// What happens from now on. A reader that falls behind misses the oldest of `buffered` events.
    public func stream(buffered: Int = 1_000) -> AsyncStream<TelemetryEvent> {
        let (stream, reader) = AsyncStream.makeStream(
            of: TelemetryEvent.self, bufferingPolicy: .bufferingNewest(buffered))
        let id = UUID()
        reader.onTermination = { [weak self] _ in self?.remove(id) }
        lock.withLock { readers[id] = reader }
        return stream
    }

    /// What is waiting now, and each time it changes. A reader that falls behind gets the newest.
    public func status() -> AsyncStream<Status> {
        let (statuses, reader) = AsyncStream.makeStream(of: Status.self, bufferingPolicy: .bufferingNewest(1))
        let events = stream()
        reader.yield(lock.withLock { waiting })
        let task = Task {
            for await event in events {
                if case .status(let status) = event { reader.yield(status) }
            }
            reader.finish()
        }
        reader.onTermination = { _ in task.cancel() }
        return statuses
    }

    public func onEvent(event: TelemetryEvent) {
        let told = lock.withLock {
            if case .status(let status) = event { waiting = status }
            return Array(readers.values)
        }
        for reader in told { reader.yield(event) }
    }

    private func remove(_ id: UUID) {
        _ = lock.withLock { readers.removeValue(forKey: id) }
    }

    deinit {
        for reader in readers.values { reader.finish() }
    }
}

/// What is wrong, in a sentence.
extension TelemetryError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .InvalidEndpoint(let endpoint, let reason): "endpoint \(endpoint) cannot be used: \(reason)"
        case .InvalidOption(let option, let reason): "option \(option) cannot be used: \(reason)"
        case .FolderUnusable(let folder, let reason): "folder \(folder) cannot be used: \(reason)"
        case .FolderInUse(let folder): "folder \(folder) is in use by another telemetry object"
        case .KeyUnusable(let reason): "the device's key cannot be used: \(reason)"
        case .Unavailable(let reason): "telemetry cannot run: \(reason)"
        }
    }
}

/// A token provider from a closure.
private final class ClosureTokenProvider: TokenProvider {
    private let ask: @Sendable (TokenRequest) async throws -> String

    init(ask: @escaping @Sendable (TokenRequest) async throws -> String) {
        self.ask = ask
    }

    func token(request: TokenRequest) async throws -> String {
        do {
            return try await ask(request)
        } catch let error as CallbackError {
            throw error
        } catch {
            throw CallbackError.Failed(reason: String(describing: error))
        }
    }
}

/// Resumes whoever waits once, with the first answer.
private final class FirstAnswer: @unchecked Sendable {
    private let lock = NSLock()
    private var waiter: CheckedContinuation<SyncOutcome, Never>?
    private var answer: SyncOutcome?

    func wait(_ continuation: CheckedContinuation<SyncOutcome, Never>) {
        let early = lock.withLock {
            if answer == nil { waiter = continuation }
            return answer
        }
        if let early { continuation.resume(returning: early) }
    }

    func give(_ outcome: SyncOutcome) {
        let waiting = lock.withLock {
            if answer == nil { answer = outcome }
            defer { waiter = nil }
            return waiter
        }
        waiting?.resume(returning: outcome)
    }
}

extension Duration {
    var seconds: TimeInterval {
        TimeInterval(components.seconds) + TimeInterval(components.attoseconds) / 1e18
    }
}
