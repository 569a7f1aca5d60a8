@_exported import Foundation

public class BGTaskRequest {
    public var earliestBeginDate: Date? {
        get { fatalError() }
        set { fatalError() }
    }
}

public class BGAppRefreshTaskRequest: BGTaskRequest {
    public init(identifier: String) {}
}

public class BGTask {
    public var expirationHandler: (() -> Void)? {
        get { fatalError() }
        set { fatalError() }
    }
    public func setTaskCompleted(success: Bool) { fatalError() }
}

public final class BGTaskScheduler: @unchecked Sendable {
    public static let shared = BGTaskScheduler()
    @discardableResult
    public func register(
        forTaskWithIdentifier identifier: String, using queue: DispatchQueue?, launchHandler: @escaping (BGTask) -> Void
    ) -> Bool { fatalError() }
    public func submit(_ request: BGTaskRequest) throws { fatalError() }
}
