//! The host's end of an emulated UART: a socket with a deadline for what is under way.
//!
//! A device answers a line after it has read it, and its UART takes a byte at a time. So the
//! longer the lines that wait for their answers, the longer the wait; an end it always has. Of a
//! longer answer the first line is enough to know that the line it answers has been read.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long QEMU may take to start, and a device to answer, beside the time for its bytes.
pub const TIMEOUT: Duration = Duration::from_secs(120);

/// What a device takes in at the least, in bytes a second: a sixth of what an emulated UART
/// without a FIFO does on a busy host.
const SLOWEST_RATE: u64 = 1_000;

/// A socket that counts the bytes of the lines that are not answered yet.
#[derive(Debug)]
pub struct Connection {
    socket: TcpStream,
    /// The length of each line that has been sent and not answered, in bytes.
    unanswered: VecDeque<u64>,
    /// The bytes sent since the last line feed.
    unfinished: u64,
}

impl Connection {
    /// Takes over `socket`.
    ///
    /// # Errors
    /// If the socket cannot be made to wait.
    pub fn new(socket: TcpStream) -> io::Result<Self> {
        socket.set_nonblocking(false)?;
        socket.set_nodelay(true)?;
        // Of a byte: a write ends when some were taken.
        socket.set_write_timeout(Some(TIMEOUT))?;
        Ok(Self {
            socket,
            unanswered: VecDeque::new(),
            unfinished: 0,
        })
    }

    /// How long the device may be silent.
    fn patience(&self) -> Duration {
        let bytes = self.unanswered.iter().sum::<u64>() + self.unfinished;
        TIMEOUT + Duration::from_secs(bytes / SLOWEST_RATE)
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(Some(self.patience()))?;
        let count = self.socket.read(buffer)?;
        let answers = buffer[..count].iter().filter(|&&byte| byte == b'\n');
        // The greeting answers nothing, and neither does the rest of an answer of several lines:
        // while one of those is under way, no other line waits for its own.
        let answered = answers.count().min(self.unanswered.len());
        self.unanswered.drain(..answered);
        Ok(count)
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.socket.write(bytes)?;
        for &byte in &bytes[..count] {
            self.unfinished += 1;
            if byte == b'\n' {
                self.unanswered.push_back(self.unfinished);
                self.unfinished = 0;
            }
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Both ends: the host's, and the device's.
    fn connection() -> (Connection, TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let device = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (socket, _) = listener.accept().unwrap();
        (Connection::new(socket).unwrap(), device)
    }

    #[test]
    fn the_deadline_grows_with_what_is_sent_and_shrinks_with_each_answer() {
        let (mut host, mut device) = connection();
        let swallow = device.try_clone().unwrap();
        let sent = 3_000_000 + 2_000;
        let swallow = thread::spawn(move || io::copy(&mut swallow.take(sent), &mut io::sink()));
        let mut line = vec![b'x'; 2_999_999];
        line.push(b'\n');
        host.write_all(&line).unwrap();
        host.write_all(&[b'y'; 2_000]).unwrap();
        assert_eq!(swallow.join().unwrap().unwrap(), sent);

        device.write_all(b"half an ").unwrap();
        let mut answer = [0; 8];
        host.read_exact(&mut answer).unwrap();
        let allowed = host.socket.read_timeout().unwrap();
        assert_eq!(allowed, Some(TIMEOUT + Duration::from_secs(3_002)));
        device.write_all(b"answer\n").unwrap();
        host.read_exact(&mut answer[..7]).unwrap();
        assert_eq!(host.patience(), TIMEOUT + Duration::from_secs(2));
    }

    #[test]
    fn a_greeting_is_the_answer_to_nothing() {
        let (mut host, mut device) = connection();
        device.write_all(b"ready\n").unwrap();
        host.read_exact(&mut [0; 6]).unwrap();
        assert_eq!(host.socket.read_timeout().unwrap(), Some(TIMEOUT));
        host.write_all(&[b'\n'; 1_000]).unwrap();
        assert_eq!(host.patience(), TIMEOUT + Duration::from_secs(1));
    }
}
