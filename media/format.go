// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"bytes"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"
)

// A format is what we know to do with one kind of picture file.
type format struct {
	mime   string
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	// parts cuts a file into its pieces. With an error it gives the pieces before the damage.
	parts func([]byte) ([]part, error)
	// assemble appends to dst the pieces that show the picture, and the orientation if it is not normal.
	assemble func(dst []byte, parts []part, o Orientation) []byte
	// animation describes the frames of a file with more than one; nil frames mean a still picture.
	animation func([]byte) (*animation, error)
}

// formatOf finds the format by the contents, whatever the file is called.
func formatOf(data []byte) (format, error) {
	if len(data) == 0 {
		return format{}, ErrEmpty
	}
	switch mime := Sniff(data); mime {
	case MIMEPNG:
		return format{mime, pngConfig, png.Decode, pngParts, pngAssemble, stillOnly}, nil
	case MIMEJPEG:
		return format{mime, jpeg.DecodeConfig, jpeg.Decode, jpegParts, jpegAssemble, stillOnly}, nil
	case MIMEGIF:
		return format{mime, gif.DecodeConfig, gif.Decode, gifParts, gifAssemble, gifAnimation}, nil
	case MIMEWebP:
		return format{mime, webp.DecodeConfig, webpDecode, webpParts, webpAssemble, webpAnimation}, nil
	default:
		if isBeginning(data) {
			return format{}, fmt.Errorf("%w: only %d bytes are there", ErrTruncated, len(data))
		}
		return format{}, fmt.Errorf("%w: the contents are %s", ErrNotPicture, mime)
	}
}

// isBeginning reports whether the data is shorter than a signature and the beginning of one.
func isBeginning(data []byte) bool {
	for _, magic := range []string{"\x89PNG\r\n\x1a\n", "\xff\xd8\xff", "GIF89a", "GIF87a"} {
		if len(data) < len(magic) && bytes.HasPrefix([]byte(magic), data) {
			return true
		}
	}
	return len(data) < 15 && bytes.HasPrefix(data, []byte("RIFF")) &&
		(len(data) < 9 || bytes.HasPrefix([]byte("WEBPVP8"), data[8:]))
}

func stillOnly([]byte) (*animation, error) { return nil, nil }
