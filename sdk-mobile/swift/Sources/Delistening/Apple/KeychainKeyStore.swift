#if canImport(Security) && canImport(Darwin)
import Foundation
import Security

/// Keeps the device's key in the Keychain, of this device alone: it is in no backup that another device could read, and
/// can be read from the first unlock after a restart on, so also in the background.
///
/// The Secure Enclave has no Ed25519, so the key is used in memory; where there is an enclave, what the Keychain holds is
/// encrypted to a key that never leaves it (ECIES with P-256).
public final class KeychainKeyStore: KeyStore {
    private let service: String
    private let wraps: Bool

    /// `service` names the entries; `secureEnclave` asks for wrapping, where the device has an enclave.
    public init(service: String = "com.delistening.sdk", secureEnclave: Bool = true) {
        self.service = service
        #if targetEnvironment(simulator)
        wraps = false
        #else
        wraps = secureEnclave
        #endif
    }

    public func load() throws -> Data? {
        var query = entry
        query[kSecReturnData] = true
        var found: CFTypeRef?
        switch SecItemCopyMatching(query as CFDictionary, &found) {
        case errSecItemNotFound: return nil
        case errSecSuccess: break
        case let status: throw failure("read", status)
        }
        guard let stored = found as? Data else { throw CallbackError.Failed(reason: "the Keychain gave no data") }
        return stored.count == 32 ? stored : try unwrapped(stored)
    }

    public func save(key: Data) throws {
        try erase()
        var attributes = entry
        attributes[kSecValueData] = wraps ? try wrapped(key) : key
        attributes[kSecAttrAccessible] = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
        let status = SecItemAdd(attributes as CFDictionary, nil)
        guard status == errSecSuccess else { throw failure("write", status) }
    }

    public func erase() throws {
        for query in [entry, enclaveEntry] {
            let status = SecItemDelete(query as CFDictionary)
            guard status == errSecSuccess || status == errSecItemNotFound else { throw failure("delete", status) }
        }
    }

    private var entry: [CFString: Any] {
        [
            kSecClass: kSecClassGenericPassword, kSecAttrService: service, kSecAttrAccount: "device-key",
            kSecAttrSynchronizable: false,
        ]
    }

    private var enclaveEntry: [CFString: Any] {
        [kSecClass: kSecClassKey, kSecAttrApplicationTag: Data("\(service).enclave".utf8)]
    }

    private static let algorithm = SecKeyAlgorithm.eciesEncryptionCofactorVariableIVX963SHA256AESGCM

    private func wrapped(_ key: Data) throws -> Data {
        var error: Unmanaged<CFError>?
        let access = SecAccessControlCreateWithFlags(
            nil, kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly, .privateKeyUsage, &error)
        guard let access else { throw failure(error) }
        let attributes: [CFString: Any] = [
            kSecAttrKeyType: kSecAttrKeyTypeECSECPrimeRandom, kSecAttrKeySizeInBits: 256,
            kSecAttrTokenID: kSecAttrTokenIDSecureEnclave,
            kSecPrivateKeyAttrs: [
                kSecAttrIsPermanent: true, kSecAttrAccessControl: access,
                kSecAttrApplicationTag: Data("\(service).enclave".utf8),
            ],
        ]
        guard let enclaveKey = SecKeyCreateRandomKey(attributes as CFDictionary, &error),
            let publicKey = SecKeyCopyPublicKey(enclaveKey),
            let sealed = SecKeyCreateEncryptedData(publicKey, Self.algorithm, key as CFData, &error)
        else { throw failure(error) }
        return sealed as Data
    }

    private func unwrapped(_ sealed: Data) throws -> Data {
        var query = enclaveEntry
        query[kSecReturnRef] = true
        var found: CFTypeRef?
        let status = SecItemCopyMatching(query as CFDictionary, &found)
        guard status == errSecSuccess, let found else { throw failure("read", status) }
        var error: Unmanaged<CFError>?
        // The query asks for keys alone.
        let enclaveKey = found as! SecKey
        guard let key = SecKeyCreateDecryptedData(enclaveKey, Self.algorithm, sealed as CFData, &error) else {
            throw failure(error)
        }
        return key as Data
    }

    private func failure(_ what: String, _ status: OSStatus) -> CallbackError {
        let reason = SecCopyErrorMessageString(status, nil).map { $0 as String } ?? "status \(status)"
        return .Failed(reason: "the Keychain could not \(what): \(reason)")
    }

    private func failure(_ error: Unmanaged<CFError>?) -> CallbackError {
        let reason = error.map { String(describing: $0.takeRetainedValue()) } ?? "no reason was given"
        return .Failed(reason: "the Secure Enclave could not be used: \(reason)")
    }
}
#endif
