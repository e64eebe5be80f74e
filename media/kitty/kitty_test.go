// SPDX-License-Identifier: GPL-2.0-only

package kitty

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/ansi/kitty"
)

func noise(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range m.Pix {
		m.Pix[i] = uint8(r.Uint32())
		if i%4 == 3 {
			m.Pix[i] = 255
		}
	}
	return m
}

// terminal reads sequences as a terminal does: keys of the first one, payloads joined.
func terminal(t *testing.T, seqs [][]byte) (keys map[string]string, payload []byte) {
	t.Helper()
	keys = map[string]string{}
	var all []byte
	for i, seq := range seqs {
		body, ok := bytes.CutPrefix(seq, []byte("\x1b_G"))
		body, ok2 := bytes.CutSuffix(body, []byte("\x1b\\"))
		control, data, _ := bytes.Cut(body, []byte(";"))
		if !ok || !ok2 || len(data) > 4096 || bytes.ContainsRune(body, 0x1b) {
			t.Fatalf("sequence %d is malformed: %.80q", i, seq)
		}
		more := ""
		for pair := range strings.SplitSeq(string(control), ",") {
			k, v, _ := strings.Cut(pair, "=")
			switch {
			case k == "m":
				more = v
			case i == 0:
				keys[k] = v
			case k != "q":
				t.Errorf("sequence %d has the key %s", i, k)
			}
		}
		if want := map[bool]string{true: "0", false: "1"}[i == len(seqs)-1]; more != want {
			t.Errorf("sequence %d of %d: m=%s", i, len(seqs), more)
		}
		if i < len(seqs)-1 && len(data)%4 != 0 {
			t.Errorf("sequence %d has %d bytes of base64", i, len(data))
		}
		all = append(all, data...)
	}
	payload, err := base64.StdEncoding.DecodeString(string(all))
	if err != nil {
		t.Fatal(err)
	}
	return keys, payload
}

func TestTransmittedPictureArrives(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {37, 11}, {200, 100}} {
		m := noise(size.X, size.Y)
		seqs, err := Transmit(Placement{ID: 0xabcdef, Cols: 40, Rows: 12}, m, Direct)
		if err != nil {
			t.Fatal(err)
		}
		keys, payload := terminal(t, seqs)
		for k, want := range map[string]string{
			"a": "T", "U": "1", "q": "2", "f": "24", "o": "z", "t": "d", "i": "11259375", "c": "40", "r": "12",
			"s": fmt.Sprint(size.X), "v": fmt.Sprint(size.Y),
		} {
			if keys[k] != want {
				t.Errorf("key %s is %q, want %q", k, keys[k], want)
			}
		}
		z, err := zlib.NewReader(bytes.NewReader(payload))
		if err != nil {
			t.Fatal(err)
		}
		pixels, err := io.ReadAll(z)
		if err != nil || !bytes.Equal(pixels, rgb(m)) {
			t.Errorf("%v: pixels differ, %v", size, err)
		}
		if size.X == 200 && len(seqs) < 2 {
			t.Error("a large picture was not split")
		}
	}
}

func TestPartOfALargerPictureIsTransmitted(t *testing.T) {
	whole := noise(20, 20)
	part := whole.SubImage(image.Rect(5, 5, 9, 7)).(*image.RGBA)
	got := rgb(part)
	if want := whole.RGBAAt(5, 5); len(got) != 4*2*3 || got[0] != want.R || got[2] != want.B {
		t.Errorf("got %v, want to begin with %v", got, want)
	}
}

func TestThroughTmuxEverySequenceIsWrapped(t *testing.T) {
	p := Placement{ID: 300, Cols: 9, Rows: 9}
	direct, err := Transmit(p, noise(90, 90), Direct)
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := Transmit(p, noise(90, 90), Tmux)
	if err != nil || len(wrapped) != len(direct) {
		t.Fatal(err)
	}
	for i := range direct {
		if want := ansi.TmuxPassthrough(string(direct[i])); string(wrapped[i]) != want {
			t.Errorf("sequence %d: %.60q", i, wrapped[i])
		}
	}
	if got, want := string(Delete(300, Tmux)), ansi.TmuxPassthrough(string(Delete(300, Direct))); got != want {
		t.Errorf("%q", got)
	}
}

func TestPixelsGoThroughAFileToATerminalNearBy(t *testing.T) {
	m := noise(6, 4)
	path, err := WriteTemp(t.TempDir(), m)
	if err != nil || !strings.Contains(filepath.Base(path), "tty-graphics-protocol") {
		t.Fatal(path, err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, rgb(m)) {
		t.Errorf("the file holds something else: %v", err)
	}
	seq, err := TransmitFile(Placement{ID: 300, Cols: 6, Rows: 2}, path, 6, 4, Direct)
	if err != nil {
		t.Fatal(err)
	}
	keys, payload := terminal(t, [][]byte{seq})
	if keys["t"] != "t" || keys["s"] != "6" || keys["v"] != "4" || keys["o"] != "" || keys["S"] != "72" || string(payload) != path {
		t.Errorf("%v, %q", keys, payload)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
	if _, err := WriteTemp(filepath.Join(t.TempDir(), "absent"), m); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent folder: %v", err)
	}
}

func TestPlaceholdersNameTheirPictureRowAndColumn(t *testing.T) {
	for id, pen := range map[uint32]string{7: "\x1b[38;5;7m", 255: "\x1b[38;5;255m", 0x0102ff: "\x1b[38;2;1;2;255m"} {
		lines, err := Cells(Placement{ID: id, Cols: 5, Rows: 3})
		if err != nil || len(lines) != 3 {
			t.Fatal(err)
		}
		for y, line := range lines {
			var want strings.Builder
			want.WriteString(pen)
			for x := range 5 {
				want.WriteString(string([]rune{kitty.Placeholder, kitty.Diacritic(y), kitty.Diacritic(x)}))
			}
			if line != want.String()+"\x1b[39m" || ansi.StringWidth(line) != 5 || ansi.StringWidthWc(line) != 5 {
				t.Errorf("id %d, line %d: %q", id, y, line)
			}
		}
	}
	lines, err := Cells(Placement{ID: 300, Cols: MaxCells, Rows: MaxCells})
	if err != nil || ansi.StringWidth(lines[MaxCells-1]) != MaxCells {
		t.Errorf("the largest: %v", err)
	}
	if kitty.Diacritic(MaxCells-1) == kitty.Diacritic(0) || kitty.Diacritic(MaxCells) != kitty.Diacritic(0) {
		t.Error("MaxCells is not what can be numbered")
	}
}

func TestImpossiblePlacementsAreRefused(t *testing.T) {
	for _, tc := range []struct {
		p    Placement
		want error
	}{
		{Placement{0, 1, 1}, ErrID},
		{Placement{1 << 24, 1, 1}, ErrID},
		{Placement{1, 0, 1}, ErrCells},
		{Placement{1, 1, -1}, ErrCells},
		{Placement{1, 298, 1}, ErrCells},
		{Placement{1, 1, 298}, ErrCells},
	} {
		_, err := Cells(tc.p)
		_, err2 := Transmit(tc.p, noise(1, 1), Direct)
		_, err3 := TransmitFile(tc.p, "/x", 1, 1, Direct)
		for _, err := range []error{err, err2, err3} {
			if !errors.Is(err, tc.want) {
				t.Errorf("%+v: %v", tc.p, err)
			}
		}
	}
}

func TestDeletionFreesTheMemoryAndTheQueryKeepsNothing(t *testing.T) {
	if got := string(Delete(31, Direct)); got != "\x1b_Ga=d,d=I,q=2,i=31\x1b\\" {
		t.Errorf("%q", got)
	}
	if got, want := string(QueryFile(32, "/x", 2, 1, Direct)), "\x1b_Ga=q,f=24,i=32,s=2,v=1,t=t,S=6,m=0;L3g=\x1b\\"; got != want {
		t.Errorf("%q", got)
	}
	if got := string(Query(31, Direct)); got != "\x1b_Ga=q,t=d,f=24,s=1,v=1,i=31;AAAA\x1b\\" {
		t.Errorf("%q", got)
	}
}

func TestIDsAreNeverGivenTwice(t *testing.T) {
	ids := NewIDs(true)
	seen := map[uint32]bool{}
	for range 240 {
		id, err := ids.Take()
		if err != nil || id < 16 || id > 255 || seen[id] {
			t.Fatalf("%d, %v", id, err)
		}
		seen[id] = true
	}
	if _, err := ids.Take(); !errors.Is(err, ErrNoID) {
		t.Errorf("the 241st: %v", err)
	}
	ids.Free(77)
	if id, err := ids.Take(); err != nil || id != 77 || len(ids.InUse()) != 240 {
		t.Errorf("%d, %v", id, err)
	}
	wide := NewIDs(false)
	for range 1000 {
		id, err := wide.Take()
		if err != nil || id < 256 || id >= 1<<24 {
			t.Fatalf("%d, %v", id, err)
		}
	}
	if all := wide.InUse(); len(slices.Compact(slices.Sorted(slices.Values(all)))) != 1000 {
		t.Errorf("%d ids", len(all))
	}
}

func TestFilmNeverSendsUnderTheIDThatIsShown(t *testing.T) {
	ids := NewIDs(false)
	f, err := NewFlip(ids)
	if err != nil || f.Hidden() == f.Shown() {
		t.Fatal(err)
	}
	for range 3 {
		sent := f.Hidden()
		f.Swap()
		if f.Shown() != sent || f.Hidden() == sent {
			t.Errorf("shown %d, hidden %d", f.Shown(), f.Hidden())
		}
	}
	full := NewIDs(true)
	for range 239 {
		if _, err := full.Take(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := NewFlip(full); !errors.Is(err, ErrNoID) || len(full.InUse()) != 239 {
		t.Errorf("with one id left: %v, %d in use", err, len(full.InUse()))
	}
}

// BenchmarkFrame is what a frame costs the program in processor time, inside the sequences and through a file.
func BenchmarkFrame(b *testing.B) {
	at := Placement{ID: 300, Cols: 32, Rows: 9}
	for _, size := range []image.Point{{320, 180}, {480, 270}} {
		m := image.NewRGBA(image.Rectangle{Max: size})
		for i := range m.Pix {
			m.Pix[i] = uint8(i / 640 * (i % 7))
		}
		b.Run(fmt.Sprintf("%dx%d direct", size.X, size.Y), func(b *testing.B) {
			for b.Loop() {
				if _, err := Transmit(at, m, Direct); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("%dx%d file", size.X, size.Y), func(b *testing.B) {
			for b.Loop() {
				path, err := WriteTemp("", m)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := TransmitFile(at, path, size.X, size.Y, Direct); err != nil {
					b.Fatal(err)
				}
				if err := os.Remove(path); err != nil { // as the terminal does
					b.Fatal(err)
				}
			}
		})
	}
}
