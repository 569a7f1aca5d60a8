#if canImport(CoreMotion) && canImport(UIKit) && canImport(Darwin) && !os(tvOS) && !os(watchOS)
import AVFoundation
import CoreMotion

/// Tells telemetry how the device moves, as Core Motion recognises it. The app's Info.plist says why, under
/// `NSMotionUsageDescription`. Make it when the listener has agreed; what is told without consent is dropped.
public final class MotionAdapter: @unchecked Sendable {
    private let manager = CMMotionActivityManager()

    /// Nothing where the device does not recognise activities.
    public init?(telemetry: Telemetry) {
        guard CMMotionActivityManager.isActivityAvailable() else { return nil }
        manager.startActivityUpdates(to: OperationQueue()) { seen in
            guard let seen, let activity = Self.activity(seen) else { return }
            telemetry.activity(activity: activity, confidence: Self.confidence(seen.confidence))
        }
    }

    private static func activity(_ seen: CMMotionActivity) -> Activity? {
        // In a car that waits, a device is both in a vehicle and still.
        if seen.automotive { return .vehicle }
        if seen.running { return .running }
        if seen.walking { return .walking }
        return seen.stationary ? .still : nil
    }

    private static func confidence(_ seen: CMMotionActivityConfidence) -> Double {
        switch seen {
        case .high: 0.9
        case .medium: 0.6
        default: 0.3
        }
    }

    deinit {
        manager.stopActivityUpdates()
    }
}

extension PlaySession {
    /// Tells where the sound comes out at this moment. Call it when a play begins, and when
    /// `AVAudioSession.routeChangeNotification` is posted.
    public func outputIsCurrentRoute() {
        guard let port = AVAudioSession.sharedInstance().currentRoute.outputs.first?.portType else { return }
        let route =
            switch port {
            case .builtInSpeaker, .builtInReceiver: "speaker"
            case .headphones: "headphones"
            case .bluetoothA2DP, .bluetoothLE, .bluetoothHFP: "bluetooth"
            case .airPlay: "cast"
            case .carAudio: "car"
            default: "other"
            }
        output(route: route)
    }
}
#endif
