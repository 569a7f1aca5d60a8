#if canImport(AVFoundation) && canImport(Darwin)
import AVFoundation

/// Tells a session what an `AVPlayer` does with one item. Keep it while the item plays; it ends the session when the item
/// ends, when another takes its place, or when it is let go of.
@MainActor
public final class AVPlayerAdapter {
    private let player: AVPlayer
    private let item: AVPlayerItem
    private let session: PlaySession
    private let subscriptions = Subscriptions()
    private var over = false

    /// Nothing where the player has no item yet.
    public init?(player: AVPlayer, telemetry: Telemetry, track: Track) {
        guard let item = player.currentItem else { return nil }
        (self.player, self.item) = (player, item)
        session = telemetry.session(track: track, engine: "avplayer")
        observe()
    }

    private var position: Int64 {
        let seconds = item.currentTime().seconds
        return seconds.isFinite ? Int64(max(0, seconds) * 1_000) : 0
    }

    private func observe() {
        volumeChanged()
        on(\.timeControlStatus) { $0.statusChanged() }
        on(\.rate) { $0.rateChanged() }
        on(\.volume) { $0.volumeChanged() }
        on(\.isMuted) { $0.volumeChanged() }
        on(\.currentItem) { $0.itemChanged() }
        on(AVPlayerItem.didPlayToEndTimeNotification) { $0.end(.completed) }
        on(AVPlayerItem.failedToPlayToEndTimeNotification) {
            $0.session.failed(code: "failed-to-play-to-end", positionMs: $0.position)
        }
        let quarter = CMTime(value: 1, timescale: 4)
        let clock = player.addPeriodicTimeObserver(forInterval: quarter, queue: .main) { [weak self] _ in
            MainActor.assumeIsolated {
                guard let self, !self.over, self.player.timeControlStatus == .playing else { return }
                self.session.position(positionMs: self.position)
            }
        }
        subscriptions.add { [player] in player.removeTimeObserver(clock) }
        statusChanged()
    }

    /// What is observed may change on any thread.
    private func on<Value>(
        _ property: KeyPath<AVPlayer, Value>, _ act: @escaping @MainActor @Sendable (AVPlayerAdapter) -> Void
    ) {
        let observation = player.observe(property, options: []) { [weak self] _, _ in
            Task { @MainActor in if let self, !self.over { act(self) } }
        }
        subscriptions.add { observation.invalidate() }
    }

    private func on(_ name: Notification.Name, _ act: @escaping @MainActor @Sendable (AVPlayerAdapter) -> Void) {
        let token = NotificationCenter.default.addObserver(forName: name, object: item, queue: .main) { [weak self] _ in
            MainActor.assumeIsolated { if let self, !self.over { act(self) } }
        }
        subscriptions.add { NotificationCenter.default.removeObserver(token) }
    }

    private func statusChanged() {
        switch player.timeControlStatus {
        case .playing: session.playing(positionMs: position)
        case .paused: session.paused(positionMs: position)
        case .waitingToPlayAtSpecifiedRate: session.stalled(positionMs: position)
        @unknown default: break
        }
    }

    private func rateChanged() {
        // 0 is a pause, which is told as one.
        if player.rate > 0 { session.rate(rate: Double(player.rate)) }
    }

    private func volumeChanged() {
        session.volume(volume: Double(player.volume), muted: player.isMuted)
    }

    private func itemChanged() {
        if player.currentItem !== item { end(.replaced) }
    }

    /// Call it before the app seeks: `AVPlayer` does not tell where a seek began.
    public func seeking(to seconds: Double) {
        session.seeked(fromMs: position, toMs: Int64(max(0, seconds) * 1_000))
    }

    /// Ends the session; what happens later is not told.
    public func end(_ reason: EndReason) {
        guard !over else { return }
        over = true
        session.ended(reason: reason, positionMs: position)
        subscriptions.cancel()
    }
}

/// What is undone when the adapter ends or is let go of.
private final class Subscriptions: @unchecked Sendable {
    private let lock = NSLock()
    private var undo: [() -> Void] = []

    func add(_ act: @escaping () -> Void) {
        lock.withLock { undo.append(act) }
    }

    func cancel() {
        let all = lock.withLock {
            defer { undo = [] }
            return undo
        }
        all.forEach { $0() }
    }

    deinit {
        cancel()
    }
}
#endif
