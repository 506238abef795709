//! The bytes of a connection on their way, encrypted or not. Knows no socket: it says what to write
//! and where to put what was read.

use crate::wire::Decoder;
use std::io;

/// Room for encrypted bytes that were read: two records of the largest size.
const SEALED_BYTES: usize = 32 * 1024;

/// Encrypts and decrypts.
pub(crate) trait Cipher: Send + Sync {
    /// Encrypts what is to be sent, and adds what the encryption itself has to say.
    fn seal(&mut self, plain: &[u8], sealed: &mut Vec<u8>) -> io::Result<()>;

    /// Decrypts what has arrived. Fails if it is not encrypted as agreed, or the other end says
    /// that nothing more will come.
    fn open(&mut self, sealed: &[u8], decoder: &mut Decoder) -> io::Result<()>;

    /// Whether both ends still agree on how to encrypt.
    fn is_handshaking(&self) -> bool;
}

/// Commands that wait to be sent, and replies that arrive.
pub(crate) struct Link {
    pub(crate) decoder: Decoder,
    /// Commands that are not encrypted yet, if they are to be.
    outgoing: Vec<u8>,
    sealing: Option<Sealing>,
}

struct Sealing {
    cipher: Box<dyn Cipher>,
    outgoing: Vec<u8>,
    incoming: Vec<u8>,
}

impl Link {
    pub(crate) fn new(reply_limit: usize, cipher: Option<Box<dyn Cipher>>) -> Link {
        let sealing = cipher.map(|cipher| Sealing {
            cipher,
            outgoing: Vec::new(),
            incoming: vec![0; SEALED_BYTES],
        });
        Link { decoder: Decoder::new(reply_limit), outgoing: Vec::new(), sealing }
    }

    pub(crate) fn is_handshaking(&self) -> bool {
        self.sealing.as_ref().is_some_and(|sealing| sealing.cipher.is_handshaking())
    }

    /// Where commands are written.
    pub(crate) fn outgoing(&mut self) -> &mut Vec<u8> {
        &mut self.outgoing
    }

    /// What to write to the socket.
    pub(crate) fn sealed(&mut self) -> io::Result<&[u8]> {
        let Some(sealing) = &mut self.sealing else { return Ok(&self.outgoing) };
        sealing.cipher.seal(&self.outgoing, &mut sealing.outgoing)?;
        Ok(&sealing.outgoing)
    }

    /// That has been written.
    pub(crate) fn sent(&mut self) {
        self.outgoing.clear();
        if let Some(sealing) = &mut self.sealing {
            sealing.outgoing.clear();
        }
    }

    /// Where to put what is read from the socket; never empty.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        match &mut self.sealing {
            None => self.decoder.space(),
            Some(sealing) => &mut sealing.incoming,
        }
    }

    /// So many bytes have been put where `space` said.
    pub(crate) fn received(&mut self, count: usize) -> io::Result<()> {
        match &mut self.sealing {
            None => self.decoder.received(count),
            Some(Sealing { cipher, incoming, .. }) => {
                cipher.open(&incoming[..count], &mut self.decoder)?;
            }
        }
        Ok(())
    }
}
