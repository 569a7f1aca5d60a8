#if canImport(Darwin)
import Foundation

extension Telemetry {
    /// A folder in Application Support that is in no backup, and whose files can be read from the first unlock after a
    /// restart on, so also in the background while the device is locked. Made if it is missing.
    public static func folder(named name: String = "Delistening") throws -> String {
        let support = try FileManager.default.url(
            for: .applicationSupportDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
        var folder = support.appendingPathComponent(name, isDirectory: true)
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true,
            attributes: [.protectionKey: FileProtectionType.completeUntilFirstUserAuthentication])
        var values = URLResourceValues()
        values.isExcludedFromBackup = true
        try folder.setResourceValues(values)
        return folder.path
    }
}
#endif
