// SPDX-License-Identifier: GPL-2.0-only

package desk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kchat/media"
	"kchat/media/video"
)

const (
	// foreignSide is how large a picture of another kind may become, in pixels in either direction: its square keeps
	// media.MaxPixels.
	foreignSide = 5000
	// sentQuality is that of a picture which was converted to be sent.
	sentQuality = 92
)

// isForeign reports whether a picture is of a kind that only ffmpeg knows.
func isForeign(mime string) bool {
	ours := []string{media.MIMEPNG, media.MIMEJPEG, media.MIMEGIF, media.MIMEWebP}
	return strings.HasPrefix(mime, "image/") && !slices.Contains(ours, mime)
}

// sniffFile tells the kind of a file by its beginning.
func sniffFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("open what is to be sent: %w", err)
	}
	defer f.Close()
	head := make([]byte, media.SniffLen)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	return media.Sniff(head[:n]), nil
}

// foreign decodes a picture by ffmpeg, and gives it as PNG.
func foreign(ctx context.Context, path, mime string) ([]byte, error) {
	tools, err := video.Find()
	if errors.Is(err, video.ErrNoFFmpeg) {
		return nil, fmt.Errorf("%s needs ffmpeg to be shown: install it (Debian and Ubuntu: apt install ffmpeg), or convert the picture to PNG or JPEG", mime)
	}
	if err != nil {
		return nil, err
	}
	data, err := tools.Still(ctx, path, foreignSide)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", mime, err)
	}
	return data, nil
}

// convert makes a picture of another kind one that everybody can show: a JPEG, or a PNG where something shines through.
// No metadata is left.
func (p *Pictures) convert(ctx context.Context, path string) (media.Outgoing, error) {
	info, err := os.Stat(path)
	if err != nil {
		return media.Outgoing{}, fmt.Errorf("open what is to be sent: %w", err)
	}
	if info.Size() > media.MaxPictureBytes {
		return media.Outgoing{}, fmt.Errorf("%s: %w", filepath.Base(path), media.ErrTooManyBytes)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return media.Outgoing{}, fmt.Errorf("read what is to be sent: %w", err)
	}
	data, err := foreign(ctx, path, media.Sniff(raw))
	if err != nil {
		return media.Outgoing{}, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)) + ".png"
	if m, err := png.Decode(bytes.NewReader(data)); err == nil {
		if o, ok := m.(interface{ Opaque() bool }); ok && o.Opaque() {
			var smaller bytes.Buffer
			if err := jpeg.Encode(&smaller, m, &jpeg.Options{Quality: sentQuality}); err != nil {
				return media.Outgoing{}, fmt.Errorf("convert %s: %w", filepath.Base(path), err)
			}
			data, name = smaller.Bytes(), strings.TrimSuffix(name, ".png")+".jpg"
		}
	}
	out, err := media.PrepareData(name, data)
	out.Stripped.Location = media.HasLocation(raw)
	return out, err
}
