// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"strconv"
	"sync"
	"time"
)

// streamFormats are those a recipient takes: what Remux makes, and other formats that can be played from the front.
const streamFormats = "matroska,webm,mov,mp4,mpegts,ogg"

// queue is how many decoded frames wait to be shown. More would only cost memory: ffmpeg is ahead by itself.
const queue = 3

// DefaultFPS is how many frames a second are shown of a film that does not say.
const DefaultFPS = 25

// DecodeOptions say what frames are wanted.
type DecodeOptions struct {
	Width, Height int     // pixels, as shown
	FPS           float64 // frames a second; 0: DefaultFPS
	Rotation      int     // how far the stored picture is turned clockwise: 0, 90, 180 or 270
	// From passes over the beginning, as when a film goes on in another size after the terminal was resized.
	From time.Duration
	// Sound takes the sound as 16-bit little-endian samples, 48,000 a second, two channels. Writes must not wait
	// for longer than the sound lasts. Nil: no sound is decoded, as it has to be for a film that has none.
	Sound io.Writer
}

// Frame is one picture of a film.
type Frame struct {
	Image *image.RGBA   // opaque; the receiver's to keep
	At    time.Duration // since the beginning of the film, or of the part of it that is decoded
}

// Decoder decodes a film from bytes that may still be on their way. One goroutine may call Next while another calls
// Close.
type Decoder struct {
	opts   DecodeOptions
	ctx    context.Context
	cancel context.CancelCauseFunc
	in     io.Reader
	frames chan Frame
	done   sync.WaitGroup
	end    error // why there are no more frames; set before frames is closed
}

// Decode starts decoding what r gives. The stream has to be one of the kinds that play from the front: Matroska as
// Remux makes it, WebM, MP4 with its index in front or in fragments, MPEG-TS. [ErrNoFFmpeg] says that it cannot be
// started; what is wrong with the film, Next tells. Close has to be called; it closes r if that is an io.Closer,
// which has to end a waiting Read.
func (t Tools) Decode(ctx context.Context, r io.Reader, opts DecodeOptions) (*Decoder, error) {
	if opts.Width <= 0 || opts.Height <= 0 || opts.Width > maxPixels/opts.Height {
		return nil, fmt.Errorf("decode video: %w: frames of %d x %d", ErrTooLarge, opts.Width, opts.Height)
	}
	if opts.FPS <= 0 {
		opts.FPS = DefaultFPS
	}
	d := &Decoder{opts: opts, in: r, frames: make(chan Frame, queue)}
	d.ctx, d.cancel = context.WithCancelCause(ctx)
	if err := d.start(t); err != nil {
		d.cancel(nil)
		return nil, fmt.Errorf("decode video: %w", explain(ctx, err, ""))
	}
	return d, nil
}

// args are those of ffmpeg: frames in a fixed rhythm to standard output, sound to the first extra file.
func (d *Decoder) args() []string {
	filter := fmt.Sprintf("fps=%s,scale=%d:%d:flags=area", strconv.FormatFloat(d.opts.FPS, 'f', -1, 64), d.opts.Width, d.opts.Height)
	switch d.opts.Rotation {
	case 90:
		filter = "transpose=clock," + filter
	case 180:
		filter = "hflip,vflip," + filter
	case 270:
		filter = "transpose=cclock," + filter
	}
	args := append([]string{"-threads", "2", "-noautorotate"}, fromPipe(streamFormats)...)
	skip := []string{}
	if d.opts.From > 0 {
		skip = []string{"-ss", strconv.FormatFloat(d.opts.From.Seconds(), 'f', 3, 64)}
	}
	args = append(append(args, skip...), "-map", "0:V:0", "-vf", filter, "-pix_fmt", "rgba", "-f", "rawvideo", "pipe:1")
	if d.opts.Sound != nil {
		args = append(append(args, skip...), "-map", "0:a:0", "-ac", "2", "-ar", "48000", "-f", "s16le", "pipe:3")
	}
	return args
}

// start runs ffmpeg and a goroutine for each of its ends.
func (d *Decoder) start(t Tools) error {
	cmd, said := t.command(d.ctx, d.args()...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	var sound, soundEnd *os.File
	if d.opts.Sound != nil {
		if sound, soundEnd, err = os.Pipe(); err != nil {
			return err
		}
		cmd.ExtraFiles = []*os.File{soundEnd}
	}
	err = cmd.Start()
	if soundEnd != nil {
		soundEnd.Close() // ffmpeg has its own
	}
	if err != nil {
		if sound != nil {
			sound.Close()
		}
		return err
	}
	d.done.Go(func() {
		_, _ = io.Copy(in, d.in) // a broken pipe means that ffmpeg has ended, and Wait says why
		_ = in.Close()
	})
	if sound != nil {
		d.done.Go(func() {
			defer sound.Close()
			_, _ = io.Copy(d.opts.Sound, sound)
			_, _ = io.Copy(io.Discard, sound) // ffmpeg must not wait for who stopped listening
		})
	}
	d.done.Go(func() {
		defer close(d.frames)
		d.read(out)
		d.end = explain(d.ctx, cmd.Wait(), said.String())
		if d.end == nil {
			d.end = io.EOF
		}
	})
	return nil
}

// read takes frames from ffmpeg until there are no more. How ffmpeg ended tells why better than the pipe does.
func (d *Decoder) read(out io.Reader) {
	for n := 0; ; n++ {
		m := image.NewRGBA(image.Rect(0, 0, d.opts.Width, d.opts.Height))
		if _, err := io.ReadFull(out, m.Pix); err != nil {
			return
		}
		at := d.opts.From + time.Duration(float64(n)/d.opts.FPS*float64(time.Second))
		select {
		case d.frames <- Frame{m, at}:
		case <-d.ctx.Done():
			return
		}
	}
}

// FPS is how many frames there are in a second.
func (d *Decoder) FPS() float64 { return d.opts.FPS }

// Next gives the next frame, waiting for it if need be, and whether it had to wait. At the end of the film the error
// is io.EOF; a film that cannot be decoded gives [ErrNoVideo], [ErrDamaged], [ErrTooLarge] or [ErrCrashed].
func (d *Decoder) Next(ctx context.Context) (f Frame, waited bool, err error) {
	select {
	case f, ok := <-d.frames:
		return d.frame(f, ok, false)
	default:
	}
	select {
	case f, ok := <-d.frames:
		return d.frame(f, ok, true)
	case <-ctx.Done():
		return Frame{}, true, context.Cause(ctx)
	}
}

func (d *Decoder) frame(f Frame, ok, waited bool) (Frame, bool, error) {
	if ok {
		return f, waited, nil
	}
	if errors.Is(d.end, io.EOF) {
		return Frame{}, waited, io.EOF
	}
	return Frame{}, waited, fmt.Errorf("decode video: %w", d.end)
}

// errClosed is why a decoder ends that is closed.
var errClosed = errors.New("the video was closed")

// Close ends ffmpeg and waits until nothing of it is left.
func (d *Decoder) Close() error {
	d.cancel(errClosed)
	var err error
	if c, ok := d.in.(io.Closer); ok {
		err = c.Close()
	}
	d.done.Wait()
	return err
}
