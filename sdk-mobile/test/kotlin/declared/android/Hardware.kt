package android.hardware

class Sensor {
    companion object {
        const val TYPE_ACCELEROMETER = 1
    }
}

class SensorEvent(@JvmField val values: FloatArray)

interface SensorEventListener {
    fun onSensorChanged(event: SensorEvent)

    fun onAccuracyChanged(sensor: Sensor, accuracy: Int)
}

abstract class SensorManager {
    abstract fun getDefaultSensor(type: Int): Sensor?

    abstract fun registerListener(listener: SensorEventListener, sensor: Sensor, samplingPeriodUs: Int): Boolean

    abstract fun unregisterListener(listener: SensorEventListener)
}
