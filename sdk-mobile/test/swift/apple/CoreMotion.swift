@_exported import Foundation

public enum CMMotionActivityConfidence: Int, Sendable { case low, medium, high }

public class CMMotionActivity {
    public var automotive: Bool { fatalError() }
    public var running: Bool { fatalError() }
    public var walking: Bool { fatalError() }
    public var stationary: Bool { fatalError() }
    public var confidence: CMMotionActivityConfidence { fatalError() }
}

public class CMMotionActivityManager {
    public init() {}
    public class func isActivityAvailable() -> Bool { fatalError() }
    public func startActivityUpdates(
        to queue: OperationQueue, withHandler handler: @escaping @Sendable (CMMotionActivity?) -> Void
    ) { fatalError() }
    public func stopActivityUpdates() { fatalError() }
}
