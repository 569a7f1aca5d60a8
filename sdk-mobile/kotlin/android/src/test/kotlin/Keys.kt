// The key store on what stands in for the Android Keystore: keys in the memory of this process, which no caller may choose
// a nonce for.

package com.delistening.sdk.android.test

import android.content.Context
import android.content.pm.PackageManager
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.StrongBoxUnavailableException
import com.delistening.sdk.android.KeystoreKeyStore
import java.io.File
import java.io.InputStream
import java.io.OutputStream
import java.security.Key
import java.security.KeyStoreSpi
import java.security.Provider
import java.security.SecureRandom
import java.security.Security
import java.security.cert.Certificate
import java.security.spec.AlgorithmParameterSpec
import java.util.Collections
import java.util.Date
import java.util.Enumeration
import javax.crypto.KeyGenerator
import javax.crypto.KeyGeneratorSpi
import javax.crypto.SecretKey
import kotlin.random.Random
import kotlin.test.assertContains
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertNull

private val entries = mutableMapOf<String, SecretKey>()
private val asked = mutableListOf<KeyGenParameterSpec>()

class Entries : KeyStoreSpi() {
    override fun engineLoad(stream: InputStream?, password: CharArray?) = Unit

    override fun engineGetKey(alias: String, password: CharArray?): Key? = entries[alias]

    override fun engineDeleteEntry(alias: String) {
        entries.remove(alias)
    }

    override fun engineContainsAlias(alias: String) = alias in entries

    override fun engineIsKeyEntry(alias: String) = alias in entries

    override fun engineIsCertificateEntry(alias: String) = false

    override fun engineAliases(): Enumeration<String> = Collections.enumeration(entries.keys)

    override fun engineSize() = entries.size

    override fun engineGetCertificate(alias: String): Certificate? = null

    override fun engineGetCertificateChain(alias: String): Array<Certificate>? = null

    override fun engineGetCertificateAlias(certificate: Certificate): String? = null

    override fun engineGetCreationDate(alias: String): Date? = null

    override fun engineSetKeyEntry(alias: String, key: Key, password: CharArray?, chain: Array<out Certificate>?) = refuse()

    override fun engineSetKeyEntry(alias: String, key: ByteArray, chain: Array<out Certificate>?) = refuse()

    override fun engineSetCertificateEntry(alias: String, certificate: Certificate) = refuse()

    override fun engineStore(stream: OutputStream?, password: CharArray?) = refuse()

    private fun refuse(): Nothing = throw UnsupportedOperationException()
}

class Generator : KeyGeneratorSpi() {
    private lateinit var spec: KeyGenParameterSpec

    override fun engineInit(spec: AlgorithmParameterSpec, random: SecureRandom?) {
        this.spec = spec as KeyGenParameterSpec
    }

    override fun engineInit(random: SecureRandom?) = throw UnsupportedOperationException()

    override fun engineInit(size: Int, random: SecureRandom?) = throw UnsupportedOperationException()

    override fun engineGenerateKey(): SecretKey {
        asked.add(spec)
        if (spec.isStrongBoxBacked) throw StrongBoxUnavailableException()
        val made = KeyGenerator.getInstance("AES").apply { init(spec.keySize) }.generateKey()
        return made.also { entries[spec.keystoreAlias] = it }
    }
}

private class Keystore : Provider("AndroidKeyStore", "1", "keys in memory") {
    init {
        put("KeyStore.AndroidKeyStore", Entries::class.java.name)
        put("KeyGenerator.AES", Generator::class.java.name)
    }
}

private class Phone(override val noBackupFilesDir: File) : Context() {
    override val applicationContext get() = this
    override val packageManager = object : PackageManager() {
        override fun hasSystemFeature(featureName: String) = true
    }

    override fun <T> getSystemService(serviceClass: Class<T>): T = error("not asked for")

    override fun registerComponentCallbacks(callback: android.content.ComponentCallbacks) = error("not asked for")

    override fun unregisterComponentCallbacks(callback: android.content.ComponentCallbacks) = error("not asked for")
}

fun keystore(folder: File) {
    folder.mkdirs()
    Security.addProvider(Keystore())
    val keys = KeystoreKeyStore(Phone(folder), "the-key")
    assertNull(keys.load())
    val key = Random.nextBytes(32)
    keys.save(key)
    assertContentEquals(key, keys.load())
    assertEquals(listOf(true, false), asked.map { it.isStrongBoxBacked })
    val spec = asked.last()
    assertEquals(listOf(256, 3), listOf(spec.keySize, spec.purposes))
    assertEquals(listOf("GCM") to listOf("NoPadding"), spec.blockModes to spec.encryptionPaddings)

    // Encrypted, with a nonce of its own each time, and whole.
    val file = File(folder, "the-key")
    val stored = file.readBytes()
    assertEquals(12 + 32 + 16, stored.size)
    keys.save(key)
    assertEquals(2, asked.size)
    assertEquals(false, stored.contentEquals(file.readBytes()))
    file.writeBytes(stored.also { it[20] = (it[20] + 1).toByte() })
    assertFailsWith<java.security.GeneralSecurityException> { keys.load() }

    // Without its key it is not begun anew: that would be another device.
    entries.clear()
    assertContains(assertFailsWith<IllegalStateException> { keys.load() }.message!!, "no longer has the key")
    keys.save(key)
    keys.erase()
    assertNull(keys.load())
    assertEquals(emptySet(), entries.keys)
}
