//! What can go wrong while drawing. In practice that is the disk: the font is
//! embedded and pictures are encoded in memory, so the other variants mean a bug
//! here or a picture too tall for the format.

use std::io;
use std::path::PathBuf;

/// Why a picture was not drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VizError {
    /// The file system refused the picture: look at the folder, its rights and the free space.
    #[error("cannot write picture {}: {source}", path.display())]
    Write {
        /// The picture.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The picture is too large to encode: draw fewer runs at once.
    #[error("cannot encode a picture of {width} × {height} pixels: {source}")]
    Encode {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// What the encoder said.
        source: png::EncodingError,
    },
    /// The embedded font cannot be read.
    #[error("the embedded font is damaged: {0}")]
    Font(#[from] ab_glyph::InvalidFont),
}
