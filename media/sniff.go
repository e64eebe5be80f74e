// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"bytes"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// The MIME types of the pictures this package decodes by itself.
const (
	MIMEPNG  = "image/png"
	MIMEJPEG = "image/jpeg"
	MIMEGIF  = "image/gif"
	MIMEWebP = "image/webp"
)

// mimeOther is the type of bytes that nothing is known about (RFC 2046, 4.5.1).
const mimeOther = "application/octet-stream"

// SniffLen is how many leading bytes Sniff looks at.
const SniffLen = 512

// A signature is a run of bytes at an offset that tells a format.
type signature struct {
	offset int
	magic  string
	mime   string
}

// signatures lists the formats told apart by their first bytes. Longer and more certain ones stand first.
func signatures() []signature {
	return []signature{
		{0, "\x89PNG\r\n\x1a\n", MIMEPNG},
		{0, "\xff\xd8\xff", MIMEJPEG},
		{0, "GIF87a", MIMEGIF},
		{0, "GIF89a", MIMEGIF},
		{8, "WEBPVP8", MIMEWebP},
		{4, "ftypavif", "image/avif"},
		{4, "ftypavis", "image/avif"},
		{4, "ftypheic", "image/heic"},
		{4, "ftypheix", "image/heic"},
		{4, "ftypmif1", "image/heif"},
		{4, "ftypqt  ", "video/quicktime"},
		{4, "ftypM4A ", "audio/mp4"},
		{4, "ftyp", "video/mp4"},
		{4, "moov", "video/quicktime"},
		{4, "mdat", "video/quicktime"},
		{8, "AVI LIST", "video/x-msvideo"},
		{8, "WAVEfmt ", "audio/wav"},
		{0, "OggS", "application/ogg"},
		{0, "fLaC", "audio/flac"},
		{0, "ID3", "audio/mpeg"},
		{0, "FLV\x01", "video/x-flv"},
		{0, "\x00\x00\x01\xba", "video/mpeg"},
		{0, "II*\x00", "image/tiff"},
		{0, "MM\x00*", "image/tiff"},
		{0, "\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl"},
		{0, "\xff\x0a", "image/jxl"},
		{0, "%PDF-", "application/pdf"},
		{0, "PK\x03\x04", "application/zip"},
		{0, "\x1f\x8b\x08", "application/gzip"},
		{0, "\xfd7zXZ\x00", "application/x-xz"},
		{0, "(\xb5/\xfd", "application/zstd"},
		{0, "7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"},
		{0, "\x7fELF", "application/x-executable"},
	}
}

// Sniff tells a MIME type from the first bytes of a file, at most [SniffLen] of them. Bytes that are UTF-8 text
// give text/plain, unknown ones application/octet-stream.
func Sniff(head []byte) string {
	head = head[:min(len(head), SniffLen)]
	for _, s := range signatures() {
		if len(head) >= s.offset && bytes.HasPrefix(head[s.offset:], []byte(s.magic)) {
			return s.mime
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1a, 0x45, 0xdf, 0xa3}): // EBML: the document type follows near by
		if bytes.Contains(head[:min(len(head), 64)], []byte("webm")) {
			return "video/webm"
		}
		return "video/x-matroska"
	case len(head) > 188 && head[0] == 0x47 && head[188] == 0x47: // two MPEG-TS packets
		return "video/mp2t"
	case len(head) > 14 && head[0] == 'B' && head[1] == 'M' && head[14] == 40 && head[15] == 0:
		return "image/bmp"
	case isText(head):
		return "text/plain"
	}
	return mimeOther
}

// isText reports whether the bytes look like the beginning of a UTF-8 text.
func isText(head []byte) bool {
	if len(head) == 0 {
		return false
	}
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		if r == utf8.RuneError && n <= 1 && utf8.FullRune(head) {
			return false
		}
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f' {
			return false
		}
		head = head[n:]
	}
	return true
}

// pictureExt gives the usual ending for a picture type, "" for other types.
func pictureExt(mime string) string {
	switch mime {
	case MIMEPNG:
		return ".png"
	case MIMEJPEG:
		return ".jpg"
	case MIMEGIF:
		return ".gif"
	case MIMEWebP:
		return ".webp"
	}
	return ""
}

// mimeOfName gives the picture type a file's name claims, "" when it claims none.
func mimeOfName(name string) string {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".png", ".apng":
		return MIMEPNG
	case ".jpg", ".jpeg", ".jpe", ".jfif":
		return MIMEJPEG
	case ".gif":
		return MIMEGIF
	case ".webp":
		return MIMEWebP
	}
	return ""
}
