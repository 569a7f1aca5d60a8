#if canImport(UIKit) && canImport(Darwin) && !os(watchOS)
import Network
import UIKit

/// Tells telemetry when the app leaves the foreground, with time to send what waits, and when the network comes and goes.
/// Keep it as long as the telemetry.
@MainActor
public final class AppLifecycle {
    private let network = NWPathMonitor()
    private let notification: NSObjectProtocol

    public init(telemetry: Telemetry, within: Duration = .seconds(20)) {
        network.pathUpdateHandler = { telemetry.online(online: $0.status == .satisfied) }
        network.start(queue: DispatchQueue(label: "com.delistening.sdk.network"))
        notification = NotificationCenter.default.addObserver(
            forName: UIApplication.didEnterBackgroundNotification, object: nil, queue: .main
        ) { _ in
            telemetry.hidden()
            MainActor.assumeIsolated { Self.send(telemetry, within) }
        }
    }

    private static func send(_ telemetry: Telemetry, _ within: Duration) {
        let work = Task { await telemetry.sync(within: within) }
        let time = UIApplication.shared.beginBackgroundTask(withName: "com.delistening.sdk") { work.cancel() }
        Task { @MainActor in
            _ = await work.value
            UIApplication.shared.endBackgroundTask(time)
        }
    }

    deinit {
        network.cancel()
        NotificationCenter.default.removeObserver(notification)
    }
}
#endif
