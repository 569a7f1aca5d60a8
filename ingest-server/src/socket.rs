//! The socket that connections come in on: one that was handed over by whoever started this process (systemd and others
//! set `LISTEN_FDS`), or one of its own.
//!
//! A socket that is handed from process to process refuses nobody: whoever connects between two of them waits.

use listenfd::ListenFd;
use std::io;
use std::net::{SocketAddr, TcpStream};
use tokio::net::{TcpListener, TcpSocket};

/// Connections that may wait to be accepted; the system may allow fewer.
const BACKLOG: u32 = 4096;

/// A listening socket.
#[derive(Debug)]
pub struct Socket {
    listener: TcpListener,
    inherited: bool,
}

/// The socket that was handed over, if one was. To be asked for once, before there are other threads.
pub fn inherited() -> io::Result<Option<std::net::TcpListener>> {
    ListenFd::from_env().take_tcp_listener(0)
}

impl Socket {
    /// The socket that was handed over, or else one that listens at `address`.
    pub fn open(inherited: Option<std::net::TcpListener>, address: SocketAddr) -> io::Result<Self> {
        if let Some(listener) = inherited {
            listener.set_nonblocking(true)?;
            return Ok(Self { listener: TcpListener::from_std(listener)?, inherited: true });
        }
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // What a former process left in TIME_WAIT does not stand in the way.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(Self { listener: socket.listen(BACKLOG)?, inherited: false })
    }

    /// Where it listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The next connection.
    pub async fn accept(&self) -> io::Result<(tokio::net::TcpStream, SocketAddr)> {
        self.listener.accept().await
    }

    /// Closes it, and gives the connections that were waiting: those of a socket that was handed over wait for the next
    /// process.
    pub fn close(self) -> io::Result<Vec<(TcpStream, SocketAddr)>> {
        if self.inherited {
            return Ok(Vec::new());
        }
        let listener = self.listener.into_std()?;
        let mut waiting = Vec::new();
        loop {
            match listener.accept() {
                Ok(connection) => waiting.push(connection),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(waiting),
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
