// The player's adapter, on a player that does what Media3's documentation says, in its order.

package com.delistening.sdk.android.test

import android.os.Handler
import android.os.Looper
import androidx.media3.common.MediaItem
import androidx.media3.common.PlaybackException
import androidx.media3.common.PlaybackParameters
import androidx.media3.common.Player
import com.delistening.sdk.Telemetry
import com.delistening.sdk.TelemetryEvent
import com.delistening.sdk.TelemetryObserver
import com.delistening.sdk.TelemetryOptions
import com.delistening.sdk.TokenProvider
import com.delistening.sdk.Track
import com.delistening.sdk.android.ExoPlayerAdapter
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.test.assertEquals
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.time.Duration.Companion.seconds

/** A player of a playlist whose state the test sets; [told] tells its listeners. */
private class TestPlayer(private val items: List<MediaItem>) : Player {
    private val listeners = mutableListOf<Player.Listener>()
    private var index = 0
    override val applicationLooper = Looper()
    override val currentMediaItem get() = items.getOrNull(index)
    override var contentPosition = 0L
    override val isPlaying get() = playWhenReady && playbackState == Player.STATE_READY
    override var isPlayingAd = false
    override var playWhenReady = false
    override var playbackState = Player.STATE_IDLE
    override var playerError: PlaybackException? = null
    override var playbackParameters = PlaybackParameters(1f)
    override var volume = 1f

    val watched get() = listeners.isNotEmpty()

    override fun addListener(listener: Player.Listener) {
        listeners.add(listener)
    }

    override fun removeListener(listener: Player.Listener) {
        listeners.remove(listener)
    }

    fun told(tell: Player.Listener.() -> Unit = {}) = listeners.toList().forEach {
        it.tell()
        it.onEvents(this, Player.Events())
    }

    fun state(now: Int) {
        playbackState = now
        told { onPlaybackStateChanged(now) }
    }

    fun move(toItem: Int, toMs: Long, reason: Int, transition: Int? = null) {
        val old = Player.PositionInfo(index, contentPosition)
        index = toItem
        contentPosition = toMs
        told {
            onPositionDiscontinuity(old, Player.PositionInfo(toItem, toMs), reason)
            if (transition != null) onMediaItemTransition(currentMediaItem, transition)
        }
    }

    /** Plays on for a quarter of a second. */
    fun quarter() {
        contentPosition += 250
        Handler.posted.toList().also { Handler.posted.clear() }.forEach(Runnable::run)
    }
}

private class Failure(override val errorCodeName: String) : PlaybackException()

suspend fun player(folder: String) {
    val told = ConcurrentLinkedQueue<String>()
    val observer = TelemetryObserver { if (it is TelemetryEvent.Event) told.add(it.json) }
    val options = TelemetryOptions("http://127.0.0.1:9/", folder)
    Telemetry(options, TokenProvider { error("there is no backend") }, observer).use { telemetry ->
        val player = TestPlayer(listOf("one", "two", "jingle", "three").map(::MediaItem))
        val adapter = ExoPlayerAdapter(player, telemetry) { item ->
            Track(item.mediaId, durationMs = 60_000).takeIf { item.mediaId != "jingle" }
        }
        assertNull(adapter.session)

        player.playWhenReady = true
        player.state(Player.STATE_BUFFERING)
        assertNotNull(adapter.session)
        player.state(Player.STATE_READY)
        player.quarter()
        assertEquals(1, Handler.posted.size)
        // A pause for an advertisement, a stall, a seek, another rate, another volume.
        player.isPlayingAd = true
        player.told()
        assertEquals(0, Handler.posted.size)
        player.isPlayingAd = false
        player.told()
        player.state(Player.STATE_BUFFERING)
        player.state(Player.STATE_READY)
        player.move(0, 30_000, Player.DISCONTINUITY_REASON_SEEK)
        player.playbackParameters = PlaybackParameters(2f)
        player.told { onPlaybackParametersChanged(player.playbackParameters) }
        player.told { onDeviceVolumeChanged(0, false) }
        player.contentPosition = 60_000
        player.move(1, 0, Player.DISCONTINUITY_REASON_AUTO_TRANSITION, Player.MEDIA_ITEM_TRANSITION_REASON_AUTO)
        player.quarter()
        // To one that is not told of, and on.
        player.move(2, 0, Player.DISCONTINUITY_REASON_SEEK, Player.MEDIA_ITEM_TRANSITION_REASON_SEEK)
        player.quarter()
        assertNull(adapter.session)
        player.move(3, 0, Player.DISCONTINUITY_REASON_AUTO_TRANSITION, Player.MEDIA_ITEM_TRANSITION_REASON_AUTO)
        player.quarter()
        player.playerError = Failure("ERROR_CODE_IO_NETWORK_CONNECTION_FAILED")
        player.playbackState = Player.STATE_IDLE
        player.told {
            onPlaybackStateChanged(Player.STATE_IDLE)
            onPlayerError(player.playerError!!)
        }
        assertEquals(0, Handler.posted.size)
        // The listener tries again, hears it to its end, and hears it once more.
        player.playerError = null
        player.state(Player.STATE_READY)
        player.state(Player.STATE_ENDED)
        player.move(3, 0, Player.DISCONTINUITY_REASON_SEEK)
        player.state(Player.STATE_READY)
        player.quarter()
        adapter.close()
        assertEquals(false, player.watched)
        assertEquals(0, Handler.posted.size)
        telemetry.sync(30.seconds)
    }
    fun field(json: String, name: String) = Regex(""""$name":"?([^",}]+)""").find(json)?.groupValues?.get(1)
    val plays = told.groupBy { field(it, "session") }.values.map { play ->
        play.map { json ->
            val what = listOf("track", "type", "reason", "code", "engine", "from_ms", "to_ms", "rate", "muted", "position_ms")
            what.mapNotNull { name -> field(json, name) }.joinToString(" ")
        }
    }
    plays.forEach { println(it.joinToString("|")) }
}
