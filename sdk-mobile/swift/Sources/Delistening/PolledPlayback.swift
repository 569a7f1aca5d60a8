// A player that has to be asked what it does.

/// Tells a session what a player is seen to do, where the player does not tell it itself. Look at the player about four
/// times a second and say what you see; what has not changed is told once.
public struct PolledPlayback {
    private let session: PlaySession
    private var playing = false
    private var rate: Double?
    private var volume: (Double, Bool)?
    private var over = false

    /// Where the player was last, in milliseconds of media time.
    public private(set) var positionMs: Int64 = 0

    public init(session: PlaySession) {
        self.session = session
    }

    /// Whether sound comes out, and where the player is; where that cannot be told at the moment, it is where it was.
    public mutating func saw(playing: Bool, positionMs: Int64? = nil) {
        guard !over else { return }
        self.positionMs = positionMs ?? self.positionMs
        switch (self.playing, playing) {
        case (false, true): session.playing(positionMs: self.positionMs)
        case (true, true): session.position(positionMs: self.positionMs)
        case (true, false): session.paused(positionMs: self.positionMs)
        case (false, false): break
        }
        self.playing = playing
    }

    /// The playback rate; 1 is normal speed.
    public mutating func saw(rate: Double) {
        guard !over, self.rate != rate else { return }
        self.rate = rate
        session.rate(rate: rate)
    }

    /// Volume, from 0 to 1, and mute.
    public mutating func saw(volume: Double, muted: Bool) {
        if over { return }
        if let told = self.volume, told == (volume, muted) { return }
        self.volume = (volume, muted)
        session.volume(volume: volume, muted: muted)
    }

    /// The position was moved.
    public mutating func seeked(toMs: Int64) {
        guard !over else { return }
        session.seeked(fromMs: positionMs, toMs: toMs)
        positionMs = toMs
    }

    /// Ends the session; what is seen later is not told.
    public mutating func ended(_ reason: EndReason, positionMs: Int64? = nil) {
        guard !over else { return }
        over = true
        session.ended(reason: reason, positionMs: positionMs ?? self.positionMs)
    }
}
