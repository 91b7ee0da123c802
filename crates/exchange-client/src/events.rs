//! The event stream: hints, one after the other (D9).
//!
//! Only what the exchange uses of server-sent events is read: `data` lines, ended by an empty line. Comments are
//! signs of life; other fields, and events of a kind that this client does not know, are passed over.

use std::collections::VecDeque;

use exchange_protocol::Event;
use http::{HeaderValue, Method, header};
use reqwest::{RequestBuilder, Response};

use crate::{ClientError, ExchangeClient, SignedIn, transport::next_bytes_within};

/// Longest line that is kept; hints have some sixty bytes.
const LINE_BYTES_MAX: usize = 4 * 1_024;

impl SignedIn {
    /// Opens the event stream.
    pub async fn events(&self) -> Result<EventStream, ClientError> {
        self.client.open_events(self.request(Method::GET, "/v1/events")).await
    }
}

impl ExchangeClient {
    /// Opens the event stream of a terminal at which nobody is signed in: hints about 受信一覧 alone (D13).
    pub async fn events(&self) -> Result<EventStream, ClientError> {
        self.open_events(self.request(Method::GET, "/v1/events", None)).await
    }

    async fn open_events(&self, request: RequestBuilder) -> Result<EventStream, ClientError> {
        let request = request.header(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
        Ok(EventStream {
            response: self.send(request).await?,
            idle: self.timeouts().events_idle,
            reader: EventReader::default(),
        })
    }
}

/// An open event stream.
pub struct EventStream {
    response: Response,
    idle: std::time::Duration,
    reader: EventReader,
}

impl EventStream {
    /// The next hint; none when the server ended the stream. Silence for longer than the time-out is an interruption.
    pub async fn next(&mut self) -> Result<Option<Event>, ClientError> {
        loop {
            if let Some(event) = self.reader.events.pop_front() {
                return Ok(Some(event));
            }
            match next_bytes_within(&mut self.response, self.idle).await? {
                Some(bytes) => self.reader.push(&bytes)?,
                None => return Ok(None),
            }
        }
    }
}

/// Puts events together from bytes that are cut anywhere.
#[derive(Default)]
struct EventReader {
    line: Vec<u8>,
    data: Vec<u8>,
    /// The line feed that follows a carriage return belongs to it.
    after_return: bool,
    events: VecDeque<Event>,
}

impl EventReader {
    fn push(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        for byte in bytes {
            match byte {
                b'\n' if self.after_return => self.after_return = false,
                b'\n' | b'\r' => {
                    self.after_return = *byte == b'\r';
                    self.end_line()?;
                }
                _ => {
                    self.after_return = false;
                    if self.line.len() == LINE_BYTES_MAX {
                        return Err(ClientError::malformed("a line of the event stream is too long"));
                    }
                    self.line.push(*byte);
                }
            }
        }
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), ClientError> {
        if self.line.is_empty() {
            // Unknown kinds come from newer servers: the lists tell the truth without them.
            self.events.extend(serde_json::from_slice::<Event>(&self.data).ok());
            self.data.clear();
        } else if let Some(value) = self.line.strip_prefix(b"data:") {
            let value = value.strip_prefix(b" ").unwrap_or(value);
            if self.data.len() + value.len() > LINE_BYTES_MAX {
                return Err(ClientError::malformed("an event is too long"));
            }
            if !self.data.is_empty() {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(value);
        }
        self.line.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] = b": hello\n\nevent: hint\ndata: {\"event\":\"inbox\",\"upto\":7}\n\nid: 3\r\n\
        data:{\"event\":\"outbox\",\r\ndata: \"upto\":8}\r\n\r\ndata: {\"event\":\"weather\"}\n\n:\n\ndata: \
        {\"event\":\"signed_out\"}\r\rdata: {\"event\":\"inbox\"";

    fn expected() -> Vec<Event> {
        vec![Event::Inbox { upto: 7 }, Event::Outbox { upto: 8 }, Event::SignedOut]
    }

    #[test]
    fn reads_the_same_events_wherever_the_bytes_are_cut() {
        for size in 1..=STREAM.len() {
            let mut reader = EventReader::default();
            for piece in STREAM.chunks(size) {
                reader.push(piece).unwrap();
            }
            assert_eq!(Vec::from(reader.events), expected(), "in pieces of {size}");
        }
        for cut in 0..STREAM.len() {
            let mut reader = EventReader::default();
            reader.push(&STREAM[..cut]).unwrap();
            reader.push(&STREAM[cut..]).unwrap();
            assert_eq!(Vec::from(reader.events), expected(), "cut at {cut}");
        }
    }

    #[test]
    fn a_line_without_an_end_is_refused_instead_of_kept() {
        let mut reader = EventReader::default();
        assert!(reader.push(&[b'x'; LINE_BYTES_MAX]).is_ok());
        assert!(reader.push(b"x").is_err());
        let mut reader = EventReader::default();
        let long = [b"data:".as_slice(), &[b'x'; LINE_BYTES_MAX - 5], b"\n"].concat();
        assert!(reader.push(&long).is_ok());
        assert!(reader.push(&long).is_err());
    }
}
