#if canImport(AVFoundation) && canImport(Darwin)
import AVFoundation

/// Tells a session what an `AVPlayer` does with one item. Keep it while the item plays; it ends the session when the item
/// ends, when another takes its place, or when it is let go of.
@MainActor
public final class AVPlayerAdapter {
    private let player: AVPlayer
    private let item: AVPlayerItem
    private let session: PlaySession
    private var observations: [NSKeyValueObservation] = []
    private var notifications: [NSObjectProtocol] = []
    private var clock: Any?
    private var over = false

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
        session.volume(volume: Double(player.volume), muted: player.isMuted)
        observations = [
            player.observe(\.timeControlStatus, options: [.initial, .new]) { [weak self] _, _ in
                Task { @MainActor in self?.statusChanged() }
            },
            player.observe(\.rate) { [weak self] player, _ in
                if player.rate > 0 { self?.session.rate(rate: Double(player.rate)) }
            },
            player.observe(\.volume) { [weak self] player, _ in
                self?.session.volume(volume: Double(player.volume), muted: player.isMuted)
            },
            player.observe(\.isMuted) { [weak self] player, _ in
                self?.session.volume(volume: Double(player.volume), muted: player.isMuted)
            },
            player.observe(\.currentItem) { [weak self] _, _ in
                Task { @MainActor in self?.itemChanged() }
            },
        ]
        on(AVPlayerItem.didPlayToEndTimeNotification) { $0.end(.completed) }
        on(AVPlayerItem.failedToPlayToEndTimeNotification) {
            $0.session.failed(code: "failed-to-play-to-end", positionMs: $0.position)
        }
        let quarter = CMTime(value: 1, timescale: 4)
        clock = player.addPeriodicTimeObserver(forInterval: quarter, queue: .main) { [weak self] _ in
            MainActor.assumeIsolated {
                guard let self, self.player.timeControlStatus == .playing else { return }
                self.session.position(positionMs: self.position)
            }
        }
    }

    private func on(_ name: Notification.Name, _ act: @escaping @MainActor @Sendable (AVPlayerAdapter) -> Void) {
        let token = NotificationCenter.default.addObserver(forName: name, object: item, queue: .main) { [weak self] _ in
            MainActor.assumeIsolated { if let self { act(self) } }
        }
        notifications.append(token)
    }

    private func statusChanged() {
        guard !over else { return }
        switch player.timeControlStatus {
        case .playing: session.playing(positionMs: position)
        case .paused: session.paused(positionMs: position)
        case .waitingToPlayAtSpecifiedRate: session.stalled(positionMs: position)
        @unknown default: break
        }
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
        observations = []
        notifications.forEach(NotificationCenter.default.removeObserver)
        if let clock { player.removeTimeObserver(clock) }
    }
}
#endif
