package com.delistening.sdk.android

import android.os.Handler
import androidx.media3.common.MediaItem
import androidx.media3.common.PlaybackException
import androidx.media3.common.PlaybackParameters
import androidx.media3.common.Player
import com.delistening.sdk.EndReason
import com.delistening.sdk.PlaySession
import com.delistening.sdk.Telemetry
import com.delistening.sdk.Track

/**
 * Tells telemetry what a Media3 player does: a session for each item that it plays, one after the other. Works with
 * `ExoPlayer` and every other [Player], such as a `MediaController`. Make it, and close it before the player is released,
 * on the thread that the player belongs to.
 *
 * [track] says what an item is; items for which it says null are not told of. Advertisements count as a pause of the track.
 */
class ExoPlayerAdapter(
    private val player: Player,
    private val telemetry: Telemetry,
    private val track: (MediaItem) -> Track?,
) : Player.Listener, AutoCloseable {
    private enum class State { PAUSED, STALLED, PLAYING }

    private val clock = Handler(player.applicationLooper)
    private val tick = Runnable { ticked() }
    private var playing: PlaySession? = null
    private var state = State.PAUSED
    private var deviceMuted = false

    /** Where the player was before it left its last position. */
    private var left: Long? = null

    /** The session of the item that plays, if one does: to tell more, such as where the sound comes out. */
    val session: PlaySession? get() = playing

    init {
        player.addListener(this)
        look()
    }

    override fun onPositionDiscontinuity(oldPosition: Player.PositionInfo, newPosition: Player.PositionInfo, reason: Int) {
        left = oldPosition.contentPositionMs
        val sought = reason == Player.DISCONTINUITY_REASON_SEEK || reason == Player.DISCONTINUITY_REASON_SEEK_ADJUSTMENT
        if (sought && oldPosition.mediaItemIndex == newPosition.mediaItemIndex) {
            playing?.seeked(oldPosition.contentPositionMs, newPosition.contentPositionMs)
        }
    }

    // The player tells of the discontinuity first.
    override fun onMediaItemTransition(mediaItem: MediaItem?, reason: Int) {
        val why = when (reason) {
            Player.MEDIA_ITEM_TRANSITION_REASON_AUTO, Player.MEDIA_ITEM_TRANSITION_REASON_REPEAT -> EndReason.COMPLETED
            Player.MEDIA_ITEM_TRANSITION_REASON_SEEK -> EndReason.SKIPPED
            else -> EndReason.REPLACED
        }
        end(why, left ?: 0)
    }

    override fun onPlaybackStateChanged(playbackState: Int) {
        if (playbackState == Player.STATE_ENDED) end(EndReason.COMPLETED, player.contentPosition)
        // An error leads there too; the listener may try again.
        if (playbackState == Player.STATE_IDLE && player.playerError == null) end(EndReason.STOPPED, player.contentPosition)
    }

    override fun onPlayerError(error: PlaybackException) {
        playing?.failed(error.errorCodeName, player.contentPosition)
    }

    override fun onPlaybackParametersChanged(playbackParameters: PlaybackParameters) = rateChanged()

    override fun onVolumeChanged(volume: Float) = volumeChanged()

    override fun onDeviceVolumeChanged(volume: Int, muted: Boolean) {
        deviceMuted = muted || volume == 0
        volumeChanged()
    }

    /** Called after all of the others. */
    override fun onEvents(player: Player, events: Player.Events) = look()

    /** Ends the session and listens no more. */
    override fun close() {
        player.removeListener(this)
        end(EndReason.UNLOADED, player.contentPosition)
    }

    private fun look() {
        val now = when {
            player.isPlayingAd -> State.PAUSED
            player.isPlaying -> State.PLAYING
            player.playbackState == Player.STATE_BUFFERING && player.playWhenReady -> State.STALLED
            else -> State.PAUSED
        }
        if (playing == null && now != State.PAUSED) begin()
        if (now == state) return
        state = now
        val position = player.contentPosition
        when (now) {
            State.PLAYING -> playing?.playing(position)
            State.STALLED -> playing?.stalled(position)
            State.PAUSED -> playing?.paused(position)
        }
        clock.removeCallbacks(tick)
        if (now == State.PLAYING) clock.postDelayed(tick, QUARTER_MS)
    }

    private fun ticked() {
        playing?.position(player.contentPosition)
        clock.postDelayed(tick, QUARTER_MS)
    }

    private fun begin() {
        val track = player.currentMediaItem?.let(track) ?: return
        playing = telemetry.session(track, engine = "media3")
        // What the session is to be told anew.
        state = State.PAUSED
        rateChanged()
        volumeChanged()
    }

    private fun end(reason: EndReason, position: Long) {
        clock.removeCallbacks(tick)
        playing?.let {
            it.ended(reason, position)
            it.close()
        }
        playing = null
        state = State.PAUSED
        left = null
    }

    private fun rateChanged() {
        playing?.rate(player.playbackParameters.speed.toDouble())
    }

    private fun volumeChanged() {
        playing?.volume(player.volume.toDouble(), muted = deviceMuted || player.volume == 0f)
    }

    private companion object {
        const val QUARTER_MS = 250L
    }
}
