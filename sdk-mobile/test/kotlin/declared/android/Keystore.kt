package android.security.keystore

import java.security.ProviderException
import java.security.spec.AlgorithmParameterSpec

class StrongBoxUnavailableException : ProviderException()

class KeyGenParameterSpec private constructor(
    val keystoreAlias: String,
    val purposes: Int,
    val keySize: Int,
    val blockModes: List<String>,
    val encryptionPaddings: List<String>,
    val isStrongBoxBacked: Boolean,
) : AlgorithmParameterSpec {
    class Builder(private val keystoreAlias: String, private val purposes: Int) {
        private var size = -1
        private var modes = emptyList<String>()
        private var paddings = emptyList<String>()
        private var strongBox = false

        fun setKeySize(keySize: Int) = apply { size = keySize }

        fun setBlockModes(vararg blockModes: String) = apply { modes = blockModes.toList() }

        fun setEncryptionPaddings(vararg paddings: String) = apply { this.paddings = paddings.toList() }

        fun setIsStrongBoxBacked(isStrongBoxBacked: Boolean) = apply { strongBox = isStrongBoxBacked }

        fun build() = KeyGenParameterSpec(keystoreAlias, purposes, size, modes, paddings, strongBox)
    }
}

object KeyProperties {
    const val PURPOSE_ENCRYPT = 1
    const val PURPOSE_DECRYPT = 2
    const val BLOCK_MODE_GCM = "GCM"
    const val ENCRYPTION_PADDING_NONE = "NoPadding"
    const val KEY_ALGORITHM_AES = "AES"
}
