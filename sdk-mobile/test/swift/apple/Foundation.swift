// What Foundation declares on Apple's platforms alone: compiled with the files that use it.

import Foundation
import FoundationNetworking

extension URLSessionConfiguration {
    static func background(withIdentifier identifier: String) -> URLSessionConfiguration { fatalError() }
    var isDiscretionary: Bool {
        get { fatalError() }
        set { fatalError() }
    }
}

extension Data.WritingOptions {
    static let completeFileProtectionUntilFirstUserAuthentication = Data.WritingOptions(rawValue: 0x4000_0000)
}
