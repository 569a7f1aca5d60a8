// Media3: what a player tells and is asked.

package androidx.media3.common

import android.os.Looper

class MediaItem(@JvmField val mediaId: String)

class PlaybackParameters(@JvmField val speed: Float)

abstract class PlaybackException : Exception() {
    abstract val errorCodeName: String
}

interface Player {
    class PositionInfo(@JvmField val mediaItemIndex: Int, @JvmField val contentPositionMs: Long)

    class Events

    interface Listener {
        fun onEvents(player: Player, events: Events) {}

        fun onPositionDiscontinuity(oldPosition: PositionInfo, newPosition: PositionInfo, reason: Int) {}

        fun onMediaItemTransition(mediaItem: MediaItem?, reason: Int) {}

        fun onPlaybackStateChanged(playbackState: Int) {}

        fun onPlayerError(error: PlaybackException) {}

        fun onPlaybackParametersChanged(playbackParameters: PlaybackParameters) {}

        fun onVolumeChanged(volume: Float) {}

        fun onDeviceVolumeChanged(volume: Int, muted: Boolean) {}
    }

    val applicationLooper: Looper
    val currentMediaItem: MediaItem?
    val contentPosition: Long
    val isPlaying: Boolean
    val isPlayingAd: Boolean
    val playWhenReady: Boolean
    val playbackState: Int
    val playerError: PlaybackException?
    val playbackParameters: PlaybackParameters
    val volume: Float

    fun addListener(listener: Listener)

    fun removeListener(listener: Listener)

    companion object {
        const val STATE_IDLE = 1
        const val STATE_BUFFERING = 2
        const val STATE_READY = 3
        const val STATE_ENDED = 4
        const val DISCONTINUITY_REASON_AUTO_TRANSITION = 0
        const val DISCONTINUITY_REASON_SEEK = 1
        const val DISCONTINUITY_REASON_SEEK_ADJUSTMENT = 2
        const val DISCONTINUITY_REASON_REMOVE = 4
        const val MEDIA_ITEM_TRANSITION_REASON_REPEAT = 0
        const val MEDIA_ITEM_TRANSITION_REASON_AUTO = 1
        const val MEDIA_ITEM_TRANSITION_REASON_SEEK = 2
        const val MEDIA_ITEM_TRANSITION_REASON_PLAYLIST_CHANGED = 3
    }
}
