package com.delistening.sdk.android

import android.content.Context
import android.content.pm.PackageManager
import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import android.util.AtomicFile
import com.delistening.sdk.KeyStore
import java.io.File
import java.security.ProviderException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec
import java.security.KeyStore as JavaKeyStore

/**
 * Keeps the device's key in a file, encrypted (AES-256-GCM) to a key of the Android Keystore that never leaves the phone's
 * secure hardware, of which there may be a chip of its own (StrongBox). The file is in no backup; restored elsewhere, it
 * could not be read. The key itself is used in the app's memory: the signature that the server asks for, Ed25519, is
 * not made by the Keystore of every phone.
 *
 * Needs no unlocking beyond the first one after a restart, so it can be used in the background. [name] is that of the file
 * and of the Keystore's entry.
 */
class KeystoreKeyStore(context: Context, private val name: String = "com.delistening.sdk.key") : KeyStore {
    private val file = AtomicFile(File(context.noBackupFilesDir, name))
    private val strongBox = Build.VERSION.SDK_INT >= Build.VERSION_CODES.P &&
        context.packageManager.hasSystemFeature(PackageManager.FEATURE_STRONGBOX_KEYSTORE)

    override fun load(): ByteArray? {
        if (!file.baseFile.exists()) return null
        val stored = file.readFully()
        val wrapping = checkNotNull(wrappingKey()) { "the Keystore no longer has the key that the device's key is encrypted to" }
        val cipher = Cipher.getInstance(TRANSFORMATION)
        cipher.init(Cipher.DECRYPT_MODE, wrapping, GCMParameterSpec(TAG_BITS, stored, 0, NONCE_BYTES))
        return cipher.doFinal(stored, NONCE_BYTES, stored.size - NONCE_BYTES)
    }

    override fun save(key: ByteArray) {
        val cipher = Cipher.getInstance(TRANSFORMATION)
        // The Keystore chooses the nonce.
        cipher.init(Cipher.ENCRYPT_MODE, wrappingKey() ?: newWrappingKey())
        check(cipher.iv.size == NONCE_BYTES) { "the Keystore chose a nonce of ${cipher.iv.size} bytes" }
        val wrapped = cipher.iv + cipher.doFinal(key)
        val out = file.startWrite()
        try {
            out.write(wrapped)
        } catch (failure: Throwable) {
            file.failWrite(out)
            throw failure
        }
        // Synchronised to the disk.
        file.finishWrite(out)
    }

    override fun erase() {
        file.delete()
        keystore().deleteEntry(name)
    }

    private fun keystore() = JavaKeyStore.getInstance(KEYSTORE).apply { load(null) }

    private fun wrappingKey() = keystore().getKey(name, null) as SecretKey?

    private fun newWrappingKey(): SecretKey {
        if (strongBox) {
            try {
                return generate { setIsStrongBoxBacked(true) }
            } catch (_: StrongBoxUnavailableException) {
                // The chip has no room or cannot do this; the phone's ordinary secure hardware can.
            } catch (_: ProviderException) {
                // What some chips answer instead.
            }
        }
        return generate {}
    }

    private fun generate(more: KeyGenParameterSpec.Builder.() -> Unit): SecretKey {
        val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
        val parameters = KeyGenParameterSpec.Builder(name, purposes)
            .setKeySize(KEY_BITS)
            .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
            .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
            .apply(more)
            .build()
        val generator = KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, KEYSTORE)
        generator.init(parameters)
        return generator.generateKey()
    }

    private companion object {
        const val KEYSTORE = "AndroidKeyStore"
        const val TRANSFORMATION = "AES/GCM/NoPadding"
        const val KEY_BITS = 256
        const val TAG_BITS = 128
        const val NONCE_BYTES = 12
    }
}
