#if canImport(BackgroundTasks) && canImport(Darwin) && !os(macOS)
import BackgroundTasks

/// Sends what waits when the system has the app run in the background. The identifier stands in the app's Info.plist under
/// `BGTaskSchedulerPermittedIdentifiers`, with the background mode `fetch`.
public enum BackgroundSync {
    /// Call it before the app has finished launching. `telemetry` gives the app's one object.
    public static func register(
        identifier: String, within: Duration = .seconds(25), telemetry: @escaping @Sendable () -> Telemetry?
    ) {
        BGTaskScheduler.shared.register(forTaskWithIdentifier: identifier, using: nil) { task in
            schedule(identifier: identifier)
            guard let telemetry = telemetry() else { return task.setTaskCompleted(success: false) }
            let work = Task {
                // Also when it is cancelled, this returns.
                let outcome = await telemetry.sync(within: within)
                task.setTaskCompleted(success: outcome == .complete)
            }
            task.expirationHandler = { work.cancel() }
        }
    }

    /// Asks the system for a run, not before `after` has passed; it decides. Call it when the app leaves the foreground.
    @discardableResult
    public static func schedule(identifier: String, after: Duration = .seconds(4 * 3_600)) -> Bool {
        let request = BGAppRefreshTaskRequest(identifier: identifier)
        request.earliestBeginDate = Date(timeIntervalSinceNow: after.seconds)
        return (try? BGTaskScheduler.shared.submit(request)) != nil
    }
}
#endif
