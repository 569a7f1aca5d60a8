package android.util

import java.io.File
import java.io.FileOutputStream

/** A file that is written whole or not at all; here without the second file, which is a phone's concern. */
class AtomicFile(val baseFile: File) {
    fun readFully(): ByteArray = baseFile.readBytes()

    fun startWrite() = FileOutputStream(baseFile)

    fun finishWrite(str: FileOutputStream) = str.close()

    fun failWrite(str: FileOutputStream) = str.close()

    fun delete() {
        baseFile.delete()
    }
}
