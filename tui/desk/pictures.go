// SPDX-License-Identifier: GPL-2.0-only

package desk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"kchat/media"
	"kchat/rooms"
	"kchat/tui"
)

// Blobs is a media store for a client.
type Blobs struct {
	store  *media.Store
	videos *Videos
}

// NewBlobs wraps a store. Films that come can be shown by videos, of the same store, if that is not nil.
func NewBlobs(store *media.Store, videos *Videos) Blobs {
	if videos == nil {
		videos = NewVideos(store)
	}
	return Blobs{store, videos}
}

// ReceiveVideo implements rooms.Films.
func (b Blobs) ReceiveVideo(t rooms.Transfer, from, most uint64) (rooms.FilmWriter, error) {
	return b.videos.receive(t, from, most)
}

// Has implements rooms.Blobs.
func (b Blobs) Has(hash rooms.Hash) bool { return b.store.Has(media.Hash(hash)) }

// Open implements rooms.Blobs.
func (b Blobs) Open(hash rooms.Hash) (io.ReadSeekCloser, error) {
	return b.store.Open(media.Hash(hash))
}

// Partial implements rooms.Blobs.
func (b Blobs) Partial(hash rooms.Hash) (uint64, error) { return b.store.Partial(media.Hash(hash)) }

// Receive implements rooms.Blobs.
func (b Blobs) Receive(hash rooms.Hash, size, offset uint64) (rooms.BlobWriter, error) {
	in, err := b.store.Receive(media.Hash(hash), size, offset)
	if errors.Is(err, media.ErrBusy) {
		return nil, fmt.Errorf("%w: %w", rooms.ErrElsewhere, err)
	}
	if err != nil {
		return nil, err
	}
	return incoming{in}, nil
}

// incoming is a blob on its way into a media store, for a client.
type incoming struct{ *media.Incoming }

// Expect implements rooms.BlobWriter.
func (in incoming) Expect(hash rooms.Hash, size uint64) { in.Incoming.Expect(media.Hash(hash), size) }

// Commit implements rooms.BlobWriter.
func (in incoming) Commit() error {
	err := in.Incoming.Commit()
	if errors.Is(err, media.ErrHash) {
		return fmt.Errorf("%w: %w", rooms.ErrDamaged, err)
	}
	return err
}

// Together these bound what pictures take of the memory.
const (
	maxDecoded = 64 << 20 // bytes of pixels that are kept because they may be wanted again
	decoders   = 2        // at the same time; see media.MaxPixels for what one takes
)

// Pictures decodes pictures from a blob store, and puts those into it that are to be sent.
type Pictures struct {
	store   *media.Store
	decoded *media.Cache[media.Hash, *media.Picture]
	turn    chan struct{} // holds a decoder
}

// NewPictures returns the pictures of a store.
func NewPictures(store *media.Store) *Pictures { return newPictures(store, maxDecoded) }

func newPictures(store *media.Store, limit int) *Pictures {
	return &Pictures{
		store: store, turn: make(chan struct{}, decoders),
		decoded: media.NewCache[media.Hash](limit, (*media.Picture).Weight),
	}
}

// Has implements tui.Pictures.
func (p *Pictures) Has(hash rooms.Hash) bool { return p.store.Has(media.Hash(hash)) }

// Path implements tui.Pictures.
func (p *Pictures) Path(hash rooms.Hash) string { return p.store.Path(media.Hash(hash)) }

// Attach implements tui.Pictures. Pictures leave without their metadata, such as the place where they were taken.
func (p *Pictures) Attach(ctx context.Context, path string, kind rooms.StreamKind) (tui.Prepared, error) {
	if kind == rooms.StreamImage {
		return p.attachImage(ctx, path)
	}
	att, err := p.attachFile(ctx, path, kind)
	return tui.Prepared{Attachment: att}, err
}

func (p *Pictures) attachImage(ctx context.Context, path string) (tui.Prepared, error) {
	mime, err := sniffFile(path)
	if err != nil {
		return tui.Prepared{}, err
	}
	var out media.Outgoing
	if isForeign(mime) {
		out, err = p.convert(ctx, path)
	} else {
		out, err = media.Prepare(path)
	}
	if err != nil {
		return tui.Prepared{}, err
	}
	hash, size, err := p.store.Put(bytes.NewReader(out.Data))
	return tui.Prepared{
		Attachment: rooms.Attachment{
			Hash: rooms.Hash(hash), Size: size, MIME: out.MIME, Name: out.Name,
			Width: uint32(out.Width), Height: uint32(out.Height), Duration: out.Duration,
		},
		PlaceRemoved: out.Stripped.Location,
	}, err
}

// sniffed is how many bytes tell what a file is.
const sniffed = 512

func (p *Pictures) attachFile(ctx context.Context, path string, kind rooms.StreamKind) (rooms.Attachment, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe would wait for somebody
	if err != nil {
		return rooms.Attachment{}, fmt.Errorf("open what is to be sent: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return rooms.Attachment{}, errors.Join(err, fmt.Errorf("%s is not a file", path))
	}
	head := make([]byte, sniffed)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return rooms.Attachment{}, fmt.Errorf("read %s: %w", path, err)
	}
	mime := media.Sniff(head[:n])
	if kind == rooms.StreamVideo && !strings.HasPrefix(mime, "video/") {
		return rooms.Attachment{}, fmt.Errorf("%s is not a video: the contents are %s", path, mime)
	}
	in, err := p.store.Receive(media.Hash{}, uint64(info.Size()), 0) // with room for all of it
	if err != nil {
		return rooms.Attachment{}, err
	}
	defer in.Close()
	if _, err := io.Copy(in, untilDone{ctx, io.MultiReader(bytes.NewReader(head[:n]), f)}); err != nil {
		return rooms.Attachment{}, fmt.Errorf("read %s: %w", path, err)
	}
	if err := in.Commit(); err != nil {
		return rooms.Attachment{}, fmt.Errorf("read %s: %w", path, err)
	}
	hash, size := in.Sum()
	return rooms.Attachment{Hash: rooms.Hash(hash), Size: size, MIME: mime, Name: media.SafeName(path)}, nil
}

// untilDone reads until a context ends.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (u untilDone) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.r.Read(p)
}

// Load implements tui.Pictures.
func (p *Pictures) Load(ctx context.Context, hash rooms.Hash) (*media.Picture, error) {
	if m, ok := p.decoded.Get(media.Hash(hash)); ok {
		return m, nil
	}
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-p.turn }()
	if m, ok := p.decoded.Get(media.Hash(hash)); ok { // by who had the turn before
		return m, nil
	}
	f, err := p.store.Open(media.Hash(hash)) // notes that it is used
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := p.decode(ctx, p.store.Path(media.Hash(hash)))
	if err != nil {
		return nil, err
	}
	p.decoded.Put(media.Hash(hash), m)
	return m, nil
}

// Preview implements tui.Pictures. What was previewed is not kept.
func (p *Pictures) Preview(ctx context.Context, path string) (*media.Picture, error) {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-p.turn }()
	return p.decode(ctx, path)
}

// decode decodes a file, with the help of ffmpeg if it is of a kind that we do not know.
func (p *Pictures) decode(ctx context.Context, path string) (*media.Picture, error) {
	mime, err := sniffFile(path)
	if err != nil {
		return nil, err
	}
	var data []byte
	if isForeign(mime) {
		data, err = foreign(ctx, path, mime)
	} else {
		data, err = media.ReadFile(path)
	}
	if err != nil {
		return nil, err
	}
	return media.Decode(ctx, data)
}

// Kind implements tui.Pictures.
func (p *Pictures) Kind(path string) (rooms.StreamKind, bool) {
	mime, err := sniffFile(path)
	switch {
	case err != nil:
		return 0, false
	case strings.HasPrefix(mime, "image/"):
		return rooms.StreamImage, true
	case strings.HasPrefix(mime, "video/"):
		return rooms.StreamVideo, true
	}
	return 0, false
}
