@_exported import Foundation

public typealias CFTypeRef = AnyObject
public typealias OSStatus = Int32
public final class CFString: Hashable, @unchecked Sendable {
    public static func == (one: CFString, other: CFString) -> Bool { fatalError() }
    public func hash(into hasher: inout Hasher) { fatalError() }
}
public typealias CFDictionary = NSDictionary
public typealias CFData = NSData
public final class CFError {}
public final class SecKey {}
public final class SecAccessControl {}
public final class CFAllocator {}

public struct SecKeyAlgorithm: Sendable {
    public static let eciesEncryptionCofactorVariableIVX963SHA256AESGCM = SecKeyAlgorithm()
}

public struct SecAccessControlCreateFlags: OptionSet, Sendable {
    public let rawValue: UInt
    public init(rawValue: UInt) { self.rawValue = rawValue }
    public static let privateKeyUsage = SecAccessControlCreateFlags(rawValue: 1 << 30)
}

public let (errSecSuccess, errSecItemNotFound): (OSStatus, OSStatus) = (0, -25_300)
public let (kSecReturnData, kSecReturnRef, kSecValueData) = (CFString(), CFString(), CFString())
public let (kSecAttrAccessible, kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly) = (CFString(), CFString())
public let (kSecClass, kSecClassGenericPassword, kSecClassKey) = (CFString(), CFString(), CFString())
public let (kSecAttrService, kSecAttrAccount, kSecAttrSynchronizable) = (CFString(), CFString(), CFString())
public let (kSecAttrApplicationTag, kSecAttrKeyType, kSecAttrKeySizeInBits) = (CFString(), CFString(), CFString())
public let (kSecAttrKeyTypeECSECPrimeRandom, kSecAttrTokenID, kSecAttrTokenIDSecureEnclave) = (CFString(), CFString(), CFString())
public let (kSecPrivateKeyAttrs, kSecAttrIsPermanent, kSecAttrAccessControl) = (CFString(), CFString(), CFString())

public func SecItemCopyMatching(_ query: CFDictionary, _ result: UnsafeMutablePointer<CFTypeRef?>?) -> OSStatus { fatalError() }
public func SecItemAdd(_ attributes: CFDictionary, _ result: UnsafeMutablePointer<CFTypeRef?>?) -> OSStatus { fatalError() }
public func SecItemDelete(_ query: CFDictionary) -> OSStatus { fatalError() }
public func SecCopyErrorMessageString(_ status: OSStatus, _ reserved: UnsafeMutableRawPointer?) -> NSString? { fatalError() }
public func SecAccessControlCreateWithFlags(
    _ allocator: CFAllocator?, _ protection: CFTypeRef, _ flags: SecAccessControlCreateFlags,
    _ error: UnsafeMutablePointer<Unmanaged<CFError>?>?
) -> SecAccessControl? { fatalError() }
public func SecKeyCreateRandomKey(
    _ parameters: CFDictionary, _ error: UnsafeMutablePointer<Unmanaged<CFError>?>?
) -> SecKey? { fatalError() }
public func SecKeyCopyPublicKey(_ key: SecKey) -> SecKey? { fatalError() }
public func SecKeyCreateEncryptedData(
    _ key: SecKey, _ algorithm: SecKeyAlgorithm, _ plaintext: CFData, _ error: UnsafeMutablePointer<Unmanaged<CFError>?>?
) -> CFData? { fatalError() }
public func SecKeyCreateDecryptedData(
    _ key: SecKey, _ algorithm: SecKeyAlgorithm, _ ciphertext: CFData, _ error: UnsafeMutablePointer<Unmanaged<CFError>?>?
) -> CFData? { fatalError() }
