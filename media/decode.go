// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Info is what can be told of a picture without decoding its pixels.
type Info struct {
	MIME        string // by the contents
	Ext         string // the usual ending for the contents, with its dot
	Size        int64  // of the file, bytes
	Width       int    // pixels, as shown: the orientation is accounted for
	Height      int
	Orientation Orientation   // of the stored pixels
	Frames      int           // 1 for a still picture
	Duration    time.Duration // of all frames played once; 0 for a still picture
	Location    bool          // the metadata says where it was taken
	Mislabelled bool          // the name says another picture format than the contents
}

// Probe looks at a picture file: its kind, size and limits, but not its pixels. Errors are those of [Inspect] and
// of opening the file.
func Probe(path string) (Info, error) {
	f, err := os.Open(path)
	if err != nil {
		return Info{}, fmt.Errorf("look at picture: %w", err)
	}
	defer f.Close()
	return ProbeReader(filepath.Base(path), f)
}

// ProbeReader is Probe for a stream. The name may be empty.
func ProbeReader(name string, r io.Reader) (Info, error) {
	data, err := readPicture(r, MaxPictureBytes)
	if err != nil {
		return Info{}, fmt.Errorf("look at picture %s: %w", filepath.Base(name), err)
	}
	return Inspect(name, data)
}

// ReadFile reads a picture file whole, refusing one that is too large or no picture before it is in memory.
func ReadFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	defer f.Close()
	data, err := readPicture(f, MaxPictureBytes)
	if err != nil {
		return nil, fmt.Errorf("read picture %s: %w", filepath.Base(path), err)
	}
	return data, nil
}

// readPicture reads at most limit bytes, and only the beginning of what is no picture.
func readPicture(r io.Reader, limit int) ([]byte, error) {
	head := make([]byte, SniffLen)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	head = head[:n]
	if n < SniffLen || pictureExt(Sniff(head)) == "" {
		return head, nil
	}
	all := bytes.NewBuffer(head) // grows by doubling
	if _, err := all.ReadFrom(io.LimitReader(r, int64(limit-n+1))); err != nil {
		return nil, err
	}
	if all.Len() > limit {
		return nil, ErrTooManyBytes
	}
	return all.Bytes(), nil
}

// Inspect tells what a picture is and whether it keeps the limits. The contents decide, not the name, which may be
// empty. Errors: [ErrEmpty], [ErrNotPicture], [ErrMislabelled], [ErrTruncated], [ErrCorrupt], [ErrZeroSize],
// [ErrSideTooLong], [ErrTooManyPixels], [ErrTooManyBytes].
func Inspect(name string, data []byte) (Info, error) {
	info, _, err := inspect(name, data)
	if err != nil && name != "" {
		return info, fmt.Errorf("look at picture %s: %w", filepath.Base(name), err)
	}
	if err != nil {
		return info, fmt.Errorf("look at picture: %w", err)
	}
	return info, nil
}

// inspect is Inspect, and gives the format found.
func inspect(name string, data []byte) (Info, format, error) {
	info := Info{Size: int64(len(data)), Frames: 1, Orientation: OrientNormal}
	f, err := formatOf(data)
	claimed := mimeOfName(name)
	if errors.Is(err, ErrNotPicture) && claimed != "" {
		return info, f, fmt.Errorf("%w: the contents are %s", ErrMislabelled, Sniff(data))
	}
	if err != nil {
		return info, f, err
	}
	info.MIME, info.Ext = f.mime, pictureExt(f.mime)
	info.Mislabelled = claimed != "" && claimed != f.mime
	if len(data) > MaxPictureBytes {
		return info, f, ErrTooManyBytes
	}
	config, err := configGuarded(data, f)
	if err != nil {
		return info, f, err
	}
	if err := checkSize(config.Width, config.Height); err != nil {
		return info, f, err
	}
	parts, _ := f.parts(data) // what is broken behind the header shows when the pixels are decoded
	facts := factsOf(parts)
	info.Orientation, info.Location = facts.orientation, facts.location
	info.Width, info.Height = facts.orientation.size(config.Width, config.Height)
	a, err := f.animation(data)
	if err != nil {
		return info, f, err
	}
	if a != nil {
		info.Frames, info.Duration = len(a.frames), a.duration()
	}
	return info, f, nil
}

// checkSize applies the limits to a size in pixels.
func checkSize(w, h int) error {
	switch {
	case w <= 0 || h <= 0:
		return fmt.Errorf("%w: it is %d x %d", ErrZeroSize, w, h)
	case w > MaxSide || h > MaxSide:
		return fmt.Errorf("%w: it is %d x %d", ErrSideTooLong, w, h)
	case w*h > MaxPixels:
		return fmt.Errorf("%w: it is %d x %d", ErrTooManyPixels, w, h)
	}
	return nil
}

// Decode decodes a picture after it was found to keep the limits; of an animation, the first frame. Errors are
// those of [Inspect]. The context bounds the time a picture made to be slow can take.
func Decode(ctx context.Context, data []byte) (*Picture, error) {
	info, f, err := inspect("", data)
	if err != nil {
		return nil, fmt.Errorf("decode picture: %w", err)
	}
	p := &Picture{Info: info}
	a, err := f.animation(data)
	if err != nil {
		return nil, fmt.Errorf("decode picture: %w", err)
	}
	if a != nil {
		p.plan, p.planErr = a, a.check()
		if f.mime == MIMEWebP || p.planErr == nil { // a GIF's own decoder shows the first frame of any animation
			return p, p.firstFrame(ctx)
		}
	}
	if p.stored, err = decodeGuarded(ctx, data, f.decode); err != nil {
		return nil, fmt.Errorf("decode picture: %w", err)
	}
	w, h := info.Orientation.size(info.Width, info.Height) // as they are stored: turning twice is not turning
	if canvas := image.Rect(0, 0, w, h); p.stored.Bounds() != canvas {
		p.stored = placed{p.stored, canvas}
	}
	return p, nil
}

// placed is a picture that covers only a part of its canvas, or reaches over it, as the frames of a GIF may: around it
// nothing is there.
type placed struct {
	image.Image
	canvas image.Rectangle
}

// Bounds implements image.Image.
func (p placed) Bounds() image.Rectangle { return p.canvas }

// ColorModel implements image.Image.
func (p placed) ColorModel() color.Model { return color.RGBA64Model }

// At implements image.Image.
func (p placed) At(x, y int) color.Color {
	if !image.Pt(x, y).In(p.Image.Bounds()) {
		return color.RGBA64{}
	}
	return p.Image.At(x, y)
}

// firstFrame decodes the first frame of an animation onto its canvas.
func (p *Picture) firstFrame(ctx context.Context) error {
	if p.planErr != nil && !errors.Is(p.planErr, ErrAnimationLimit) {
		return fmt.Errorf("decode picture: %w", p.planErr)
	}
	player := p.player()
	if _, err := player.Next(ctx); err != nil {
		return fmt.Errorf("decode picture: %w", err)
	}
	p.stored = player.canvas
	return nil
}

// configGuarded reads the size from a picture's header.
func configGuarded(data []byte, f format) (config image.Config, err error) {
	r := &watchedReader{ctx: context.Background(), r: bytes.NewReader(data)}
	defer r.explain(&err)
	return f.config(r)
}

// decodeGuarded decodes pixels whose number has been checked.
func decodeGuarded(ctx context.Context, data []byte, decode func(io.Reader) (image.Image, error)) (m image.Image, err error) {
	r := &watchedReader{ctx: ctx, r: bytes.NewReader(data)}
	defer r.explain(&err)
	return decode(r)
}

// watchedReader gives a decoder its bytes and notes why it stopped giving.
type watchedReader struct {
	ctx context.Context
	r   *bytes.Reader
	end bool // the decoder wanted more than there is
}

func (w *watchedReader) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := w.r.Read(p)
	w.end = w.end || err != nil
	return n, err
}

// ReadByte spares the decoders that look for it a buffer which would read ahead.
func (w *watchedReader) ReadByte() (byte, error) {
	b, err := w.r.ReadByte()
	w.end = w.end || err != nil
	return b, err
}

// explain turns a decoder's error into one of ours. It must be deferred directly: a decoder's panic over a
// stranger's bytes is damage in the picture, not an end of the program.
func (w *watchedReader) explain(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: the decoder gave up: %v", ErrCorrupt, r)
		return
	}
	switch {
	case *err == nil:
	case w.ctx.Err() != nil:
		*err = w.ctx.Err()
	case w.end || errors.Is(*err, io.ErrUnexpectedEOF):
		*err = fmt.Errorf("%w: %w", ErrTruncated, *err)
	default:
		*err = fmt.Errorf("%w: %w", ErrCorrupt, *err)
	}
}
