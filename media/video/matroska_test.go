// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"testing"
	"time"

	"kchat/media"
)

// made is a stream made by hand: descriptions and clusters.
func made(tracks []byte, clusters ...[]byte) []byte {
	info := appendElement(nil, idScale, []byte{0x0f, 0x42, 0x40})
	info = appendElement(info, idDuration, binary.BigEndian.AppendUint64(nil, math.Float64bits(1500)))
	b := appendElement(Prefix(), idInfo, info)
	b = appendElement(b, idTracks, tracks)
	for _, c := range clusters {
		b = appendElement(b, idCluster, c)
	}
	return b
}

func videoTrack(w, h uint16, more ...byte) []byte {
	v := appendElement(nil, idWidth, binary.BigEndian.AppendUint16(nil, w))
	v = appendElement(v, idHeight, binary.BigEndian.AppendUint16(nil, h))
	v = append(v, more...)
	t := appendElement(nil, idNumber, []byte{3})
	t = appendElement(t, idType, []byte{trackVideo})
	t = appendElement(t, idCodec, []byte("V_TEST"))
	t = appendElement(t, idFrameTime, binary.BigEndian.AppendUint32(nil, 40_000_000))
	return appendElement(nil, idTrack, appendElement(t, idVideo, v))
}

func soundTrack() []byte {
	t := appendElement(nil, idNumber, []byte{1})
	return appendElement(nil, idTrack, appendElement(t, idType, []byte{trackAudio}))
}

func simpleBlock(track, flags byte) []byte {
	return appendElement(nil, idSimple, append([]byte{0x80 | track, 0, 0, flags}, "frame"...))
}

func TestHeaderTellsWhatTheFilmIs(t *testing.T) {
	shown := appendElement(appendElement(nil, idShownW, []byte{4}), idShownH, []byte{3})
	shown = appendElement(shown, idShownUnit, []byte{3}) // a relation only
	b := made(append(soundTrack(), videoTrack(720, 576, shown...)...), simpleBlock(3, 0x80))
	h, err := ParseHeader(b)
	want := Info{Width: 768, Height: 576, FPS: 25, Duration: 1500 * time.Millisecond, Codec: "V_TEST", Audio: true}
	if err != nil || h.Info != want {
		t.Errorf("%+v, %v", h, err)
	}
	for n := range len(b) - 20 {
		if _, err := ParseHeader(b[:n]); err == nil {
			continue // the first cluster has begun
		} else if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
}

func TestHeaderRefusesWithANamedError(t *testing.T) {
	frame := simpleBlock(3, 0x80)
	for name, tc := range map[string]struct {
		data []byte
		want error
	}{
		"sound alone":            {made(soundTrack(), frame), ErrNoVideo},
		"nothing described":      {appendElement(Prefix(), idCluster, frame), ErrNoVideo},
		"no size":                {made(videoTrack(0, 0), frame), ErrDamaged},
		"50,000 x 50,000":        {made(videoTrack(50000, 50000), frame), ErrTooLarge},
		"noise":                  {bytes.Repeat([]byte{0}, 100), ErrDamaged},
		"child beyond parent":    {made(append(appendID(nil, idTrack), 0x90, 1), frame), ErrDamaged},
		"description of 1 TB":    {append(append(Prefix(), appendID(nil, idInfo)...), 0x01, 0, 1, 0, 0, 0, 0, 0), ErrDamaged},
		"nothing but its begin":  {Prefix(), io.ErrUnexpectedEOF},
		"no bytes":               {nil, io.ErrUnexpectedEOF},
		"broad shown by billion": {made(videoTrack(100, 100, appendElement(appendElement(nil, idShownW, []byte{0x7f, 0xff, 0xff, 0xff}), idShownH, []byte{1})...), frame), nil},
	} {
		if _, err := ParseHeader(tc.data); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}

func TestRotationIsWrittenOnce(t *testing.T) {
	checked := append(appendElement(nil, idCRC, []byte{1, 2, 3, 4}), videoTrack(160, 90)...)
	for _, clockwise := range []int{0, 90, 180, 270} {
		once, err := withRotation(checked, clockwise)
		if err != nil {
			t.Fatal(err)
		}
		h, err := newHeader(nil, once)
		if err != nil || h.Rotation != clockwise || (h.Width == 90) != (clockwise%180 == 90) {
			t.Errorf("%d: %+v, %v", clockwise, h, err)
		}
		if bytes.Contains(once, []byte{idCRC, 0x84}) {
			t.Error("a checksum that is wrong now")
		}
		if clockwise == 0 {
			continue
		}
		if twice, err := withRotation(once, 90); err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%d: written over what the file says, %v", clockwise, err)
		}
	}
}

func TestKeyFramesAreFound(t *testing.T) {
	group := func(parts ...[]byte) []byte { return appendElement(nil, idGroup, bytes.Join(parts, nil)) }
	block := appendElement(nil, idBlock, []byte{0x83, 0, 0, 0, 'x'})
	reference := appendElement(nil, idReference, []byte{1})
	for name, tc := range map[string]struct {
		cluster []byte
		want    bool
	}{
		"key first":              {simpleBlock(3, 0x80), true},
		"other first":            {append(simpleBlock(3, 0), simpleBlock(3, 0x80)...), false},
		"sound, then key":        {append(simpleBlock(1, 0x80), simpleBlock(3, 0x80)...), true},
		"sound alone":            {simpleBlock(1, 0x80), false},
		"group":                  {group(block), true},
		"group with a reference": {group(block, reference), false},
		"group, reference first": {group(reference, block), false},
		"empty":                  {nil, false},
		"block too short":        {appendElement(nil, idSimple, []byte{0x83}), false},
	} {
		if got, err := isKey(tc.cluster, 3); err != nil || got != tc.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestSplitterMarksWhereADecoderCanBegin(t *testing.T) {
	key, other := simpleBlock(3, 0x80), simpleBlock(3, 0)
	long := append(bytes.Clone(key), appendElement(nil, 0xec, make([]byte, 2*media.MaxChunk))...)
	s := NewSplitter(bytes.NewReader(made(videoTrack(160, 90), key, other, long, other)), 0)
	var keys []bool
	for {
		c, err := s.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || len(c.Data) > media.MaxChunk {
			t.Fatalf("%d bytes, %v", len(c.Data), err)
		}
		if _, n := s.Sum(); n != c.Offset+uint64(len(c.Data)) {
			t.Errorf("chunk at %d, %d bytes in all", c.Offset, n)
		}
		keys = append(keys, c.Key)
	}
	// The beginning, descriptions, first cluster; a plain one; a key one in three pieces; a plain one.
	want := []bool{true, false, false, false, true, false, false, false}
	if len(keys) != len(want) {
		t.Fatalf("%v", keys)
	}
	for i := range want {
		if keys[i] != want[i] {
			t.Errorf("chunk %d: key %v", i, keys[i])
		}
	}
	if s.Header().Width != 160 {
		t.Errorf("%+v", s.Header())
	}
}

func TestSplitterRefusesWhatIsNoStream(t *testing.T) {
	whole := made(videoTrack(160, 90), simpleBlock(3, 0x80))
	for name, tc := range map[string]struct {
		data []byte
		want error
	}{
		"noise":                {bytes.Repeat([]byte{0}, 64), ErrDamaged},
		"frames before all":    {appendElement(Prefix(), idCluster, simpleBlock(3, 0x80)), ErrDamaged},
		"cut in a cluster":     {whole[:len(whole)-3], ErrDamaged},
		"cluster without size": {append(made(videoTrack(160, 90)), append(appendID(nil, idCluster), 0xff)...), ErrDamaged},
		"sound alone":          {made(soundTrack()), ErrNoVideo},
		"no bytes":             {nil, io.EOF},
	} {
		s := NewSplitter(bytes.NewReader(tc.data), 0)
		var err error
		for err == nil {
			_, err = s.Next()
		}
		if !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
		if _, again := s.Next(); again != err {
			t.Errorf("%s: then %v", name, again)
		}
	}
}

// FuzzParseHeader: a stranger's descriptions never end the program, nor promise pixels beyond the limits.
func FuzzParseHeader(f *testing.F) {
	f.Add(made(videoTrack(160, 90), simpleBlock(3, 0x80)))
	f.Add(made(append(soundTrack(), videoTrack(50000, 50000)...), nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHeader(b)
		if err == nil && (h.Width <= 0 || h.Height <= 0 || h.Width > maxPixels/h.Height) {
			t.Errorf("%+v", h)
		}
	})
}

// FuzzSplitter: any bytes are cut into chunks of legal size that follow each other, or refused.
func FuzzSplitter(f *testing.F) {
	f.Add(made(videoTrack(160, 90), simpleBlock(3, 0x80), simpleBlock(3, 0)), 90)
	f.Fuzz(func(t *testing.T, b []byte, rotation int) {
		s := NewSplitter(bytes.NewReader(b), rotation%4*90)
		next := uint64(0)
		for {
			c, err := s.Next()
			if err != nil {
				return
			}
			if c.Offset != next || len(c.Data) == 0 || len(c.Data) > media.MaxChunk {
				t.Fatalf("%d bytes at %d, expected %d", len(c.Data), c.Offset, next)
			}
			next += uint64(len(c.Data))
		}
	})
}
