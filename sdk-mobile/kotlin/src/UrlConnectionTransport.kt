// Requests through the platform's own HTTP client, which on Android keeps to the app's network security configuration.

package com.delistening.sdk

import java.io.ByteArrayOutputStream
import java.io.InputStream
import java.net.HttpURLConnection
import java.net.URL
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope

/**
 * Carries requests by `HttpURLConnection` in place of the SDK's own client: with the certificates that the system, or the
 * app's network security configuration, believes, through its proxies. [open] may give a connection that is set up
 * otherwise, such as `network.openConnection(url)` of an Android `Network`.
 */
class UrlConnectionTransport(
    private val open: (URL) -> HttpURLConnection = { it.openConnection() as HttpURLConnection },
) : HttpTransport {
    override suspend fun send(request: HttpRequest): HttpResponse = coroutineScope {
        val connection = open(URL(request.url))
        val answer = async(Dispatchers.IO) { exchange(connection, request) }
        try {
            answer.await()
        } catch (cancelled: CancellationException) {
            // What waits for the network is woken by that.
            connection.disconnect()
            throw cancelled
        }
    }

    private fun exchange(connection: HttpURLConnection, request: HttpRequest): HttpResponse {
        connection.requestMethod = request.method
        connection.instanceFollowRedirects = false
        connection.useCaches = false
        connection.connectTimeout = CONNECT_MS
        connection.readTimeout = READ_MS
        request.contentType?.let { type ->
            connection.setRequestProperty("Content-Type", type)
            connection.doOutput = true
            connection.setFixedLengthStreamingMode(request.body.size)
            connection.outputStream.use { it.write(request.body) }
        }
        val status = connection.responseCode
        // Refusals come in a stream of their own; there is none where there is no body.
        val body = if (status < 400) connection.inputStream else connection.errorStream
        return HttpResponse(status.toUShort(), connection.getHeaderField("Retry-After"), body?.use(::read) ?: ByteArray(0))
    }

    /** The whole body, or somewhat more than any answer has. */
    private fun read(body: InputStream): ByteArray {
        val read = ByteArrayOutputStream()
        val some = ByteArray(8_192)
        while (read.size() <= MOST) {
            val count = body.read(some)
            if (count < 0) break
            read.write(some, 0, count)
        }
        return read.toByteArray()
    }

    private companion object {
        const val CONNECT_MS = 20_000
        const val READ_MS = 60_000
        const val MOST = 1_048_576
    }
}
