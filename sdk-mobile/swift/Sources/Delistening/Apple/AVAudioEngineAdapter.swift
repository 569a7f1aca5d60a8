#if canImport(AVFoundation) && canImport(Darwin)
import AVFoundation

/// Plays a file through a node of an `AVAudioEngine`, and tells a session what is heard of it. The engine tells nothing by
/// itself and is looked at four times a second: an interruption, or a change of its configuration, is seen as a pause. Keep
/// it while the file plays; let go of, it ends the session where it was.
@MainActor
public final class AVAudioEngineAdapter {
    private let engine: AVAudioEngine
    private let node: AVAudioPlayerNode
    private let pitch: AVAudioUnitTimePitch?
    private var playback: PolledPlayback
    private var timer: Timer?
    /// Where the node's own time began.
    private var beganMs: Int64 = 0
    /// How often something was scheduled: what is stopped is told as played back too.
    private var schedule = 0

    /// `node` is attached and connected; `pitch`, where there is one, changes the rate behind it.
    public init(
        engine: AVAudioEngine, node: AVAudioPlayerNode, pitch: AVAudioUnitTimePitch? = nil, telemetry: Telemetry,
        track: Track
    ) {
        (self.engine, self.node, self.pitch) = (engine, node, pitch)
        playback = PolledPlayback(session: telemetry.session(track: track, engine: "avaudioengine"))
        timer = Timer.scheduledTimer(withTimeInterval: 0.25, repeats: true) { [weak self] timer in
            guard let self else { return timer.invalidate() }
            MainActor.assumeIsolated { self.look() }
        }
    }

    /// Plays `file` from a position on; call it again to seek. The engine runs. When the file was played to its end, the
    /// session ends.
    public func play(_ file: AVAudioFile, fromMs: Int64 = 0) {
        let rate = file.processingFormat.sampleRate
        let first = min(AVAudioFramePosition(Double(max(0, fromMs)) / 1_000 * rate), file.length)
        look()
        schedule += 1
        node.stop()
        if schedule > 1 { playback.seeked(toMs: fromMs) }
        beganMs = fromMs
        guard first < file.length else { return end(.completed) }
        let length = Int64(Double(file.length) / rate * 1_000)
        node.scheduleSegment(
            file, startingFrame: first, frameCount: AVAudioFrameCount(file.length - first), at: nil,
            completionCallbackType: .dataPlayedBack
        ) { [weak self, schedule] _ in
            Task { @MainActor in self?.playedBack(schedule, length) }
        }
        node.play()
        playback.saw(playing: true, positionMs: fromMs)
    }

    /// Ends the session; what happens later is not told.
    public func end(_ reason: EndReason) {
        look()
        playback.ended(reason)
        timer?.invalidate()
    }

    private func playedBack(_ which: Int, _ lengthMs: Int64) {
        guard which == schedule else { return }
        playback.ended(.completed, positionMs: lengthMs)
        timer?.invalidate()
    }

    private func look() {
        let volume = Double(engine.mainMixerNode.outputVolume * node.volume)
        playback.saw(volume: min(1, max(0, volume)), muted: false)
        if let pitch { playback.saw(rate: Double(pitch.rate)) }
        playback.saw(playing: node.isPlaying && engine.isRunning, positionMs: positionMs)
    }

    /// Unknown while the node does not play.
    private var positionMs: Int64? {
        guard let rendered = node.lastRenderTime, let time = node.playerTime(forNodeTime: rendered),
            time.sampleRate > 0
        else { return nil }
        return beganMs + Int64(Double(max(0, time.sampleTime)) / time.sampleRate * 1_000)
    }
}
#endif
