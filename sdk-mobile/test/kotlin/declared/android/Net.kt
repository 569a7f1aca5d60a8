package android.net

class Network

abstract class ConnectivityManager {
    open class NetworkCallback {
        open fun onAvailable(network: Network) {}

        open fun onLost(network: Network) {}
    }

    abstract fun registerDefaultNetworkCallback(networkCallback: NetworkCallback)

    abstract fun unregisterNetworkCallback(networkCallback: NetworkCallback)
}
