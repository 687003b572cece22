//! A receiver that costs little: reads HTTP requests, counts their bytes, answers 200. Prints its
//! port, then serves until standard input ends; the bytes counted are its last line.
#![expect(
    clippy::print_stdout,
    reason = "the port and the sum are for the caller"
)]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";

fn serve(stream: &TcpStream, bytes: &AtomicU64) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(256 * 1024, stream);
    let mut line = String::new();
    loop {
        let mut length = 0;
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line == "\r\n" {
                break;
            }
            if let Some(("content-length", value)) = line
                .to_ascii_lowercase()
                .split_once(':')
                .map(|(name, value)| (name, value.trim()))
            {
                length = value.parse().unwrap_or(0);
            }
        }
        let read = io::copy(&mut reader.by_ref().take(length), &mut io::sink())?;
        bytes.fetch_add(read, Ordering::Relaxed);
        (&*stream).write_all(ANSWER)?;
    }
}

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    let bytes = Arc::new(AtomicU64::new(0));
    let counted = bytes.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let bytes = bytes.clone();
            std::thread::spawn(move || serve(&stream, &bytes));
        }
    });
    io::copy(&mut io::stdin(), &mut io::sink())?;
    println!("{}", counted.load(Ordering::Relaxed));
    Ok(())
}
