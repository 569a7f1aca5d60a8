@_exported import Foundation

public struct CMTime: Sendable {
    public init(value: Int64, timescale: Int32) {}
    public var seconds: Double { fatalError() }
}

public final class NSKeyValueObservation {
    public func invalidate() { fatalError() }
}

public struct NSKeyValueObservedChange<Value> {}

public struct NSKeyValueObservingOptions: OptionSet, Sendable {
    public let rawValue: UInt
    public init(rawValue: UInt) { self.rawValue = rawValue }
}

@MainActor
public class AVPlayer {
    public enum TimeControlStatus: Int, Sendable { case paused, waitingToPlayAtSpecifiedRate, playing }

    nonisolated public init() {}
    public var currentItem: AVPlayerItem? { fatalError() }
    public var timeControlStatus: TimeControlStatus { fatalError() }
    public var rate: Float { fatalError() }
    public var volume: Float { fatalError() }
    public var isMuted: Bool { fatalError() }

    nonisolated public func observe<Value>(
        _ keyPath: KeyPath<AVPlayer, Value>, options: NSKeyValueObservingOptions = [],
        changeHandler: @escaping @Sendable (AVPlayer, NSKeyValueObservedChange<Value>) -> Void
    ) -> NSKeyValueObservation { fatalError() }

    nonisolated public func addPeriodicTimeObserver(
        forInterval interval: CMTime, queue: DispatchQueue?, using block: @escaping @Sendable (CMTime) -> Void
    ) -> Any { fatalError() }
    nonisolated public func removeTimeObserver(_ observer: Any) { fatalError() }
}

@MainActor
public class AVPlayerItem {
    nonisolated public static let didPlayToEndTimeNotification = Notification.Name("")
    nonisolated public static let failedToPlayToEndTimeNotification = Notification.Name("")
    public func currentTime() -> CMTime { fatalError() }
}

public typealias AVAudioFramePosition = Int64
public typealias AVAudioFrameCount = UInt32

public class AVAudioNode {}

public class AVAudioMixerNode: AVAudioNode {
    public var outputVolume: Float { fatalError() }
}

public class AVAudioEngine {
    public var mainMixerNode: AVAudioMixerNode { fatalError() }
    public var isRunning: Bool { fatalError() }
}

public class AVAudioTime {
    public var sampleTime: AVAudioFramePosition { fatalError() }
    public var sampleRate: Double { fatalError() }
}

public class AVAudioFormat {
    public var sampleRate: Double { fatalError() }
}

public class AVAudioFile {
    public var processingFormat: AVAudioFormat { fatalError() }
    public var length: AVAudioFramePosition { fatalError() }
}

public enum AVAudioPlayerNodeCompletionCallbackType: Int, Sendable { case dataConsumed, dataRendered, dataPlayedBack }

public class AVAudioPlayerNode: AVAudioNode {
    public var volume: Float { fatalError() }
    public var isPlaying: Bool { fatalError() }
    public var lastRenderTime: AVAudioTime? { fatalError() }
    public func playerTime(forNodeTime time: AVAudioTime) -> AVAudioTime? { fatalError() }
    public func play() { fatalError() }
    public func stop() { fatalError() }
    public func scheduleSegment(
        _ file: AVAudioFile, startingFrame: AVAudioFramePosition, frameCount: AVAudioFrameCount, at when: AVAudioTime?,
        completionCallbackType: AVAudioPlayerNodeCompletionCallbackType,
        completionHandler: (@Sendable (AVAudioPlayerNodeCompletionCallbackType) -> Void)?
    ) { fatalError() }
}

public class AVAudioUnitTimePitch: AVAudioNode {
    public var rate: Float { fatalError() }
}

public class AVAudioSession {
    public struct Port: RawRepresentable, Hashable, Sendable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public static let builtInSpeaker = Port(rawValue: "Speaker")
        public static let builtInReceiver = Port(rawValue: "Receiver")
        public static let headphones = Port(rawValue: "Headphones")
        public static let bluetoothA2DP = Port(rawValue: "BluetoothA2DPOutput")
        public static let bluetoothLE = Port(rawValue: "BluetoothLE")
        public static let bluetoothHFP = Port(rawValue: "BluetoothHFP")
        public static let airPlay = Port(rawValue: "AirPlay")
        public static let carAudio = Port(rawValue: "CarAudio")
    }

    public static func sharedInstance() -> AVAudioSession { fatalError() }
    public var currentRoute: AVAudioSessionRouteDescription { fatalError() }
}

public class AVAudioSessionRouteDescription {
    public var outputs: [AVAudioSessionPortDescription] { fatalError() }
}

public class AVAudioSessionPortDescription {
    public var portType: AVAudioSession.Port { fatalError() }
}

extension AVPlayer {
    @discardableResult
    public func seek(to time: CMTime) async -> Bool { fatalError() }
}
