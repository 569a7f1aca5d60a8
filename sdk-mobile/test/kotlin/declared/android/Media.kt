package android.media

abstract class AudioDeviceInfo {
    abstract val type: Int

    companion object {
        const val TYPE_BUILTIN_EARPIECE = 1
        const val TYPE_BUILTIN_SPEAKER = 2
        const val TYPE_WIRED_HEADSET = 3
        const val TYPE_WIRED_HEADPHONES = 4
        const val TYPE_BLUETOOTH_SCO = 7
        const val TYPE_BLUETOOTH_A2DP = 8
        const val TYPE_HDMI = 9
        const val TYPE_IP = 20
        const val TYPE_USB_HEADSET = 22
        const val TYPE_HEARING_AID = 23
        const val TYPE_REMOTE_SUBMIX = 25
        const val TYPE_BLE_HEADSET = 26
        const val TYPE_BLE_SPEAKER = 27
    }
}

abstract class AudioManager {
    abstract fun getDevices(flags: Int): Array<AudioDeviceInfo>

    companion object {
        const val GET_DEVICES_OUTPUTS = 2
    }
}
