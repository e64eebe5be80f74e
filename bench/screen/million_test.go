// SPDX-License-Identifier: GPL-2.0-only

//go:build bench

package screen

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kchat/history"
	"kchat/rooms"
	"kchat/server"
)

// What the history holds that everything is measured with.
const (
	inAll   = 1_000_000 // messages
	inRoom  = 100_000   // of them in room-0
	inRooms = 50
)

// million puts a history of a million messages in fifty open rooms into dir, as anna's. It is made once and kept in the
// cache.
func million(t *testing.T, dir string) {
	t.Helper()
	cache, err := server.CacheDir()
	must(t, err)
	kept := filepath.Join(cache, "bench", fmt.Sprintf("million-%d.db", inRoom))
	if _, err := os.Stat(kept); err != nil {
		must(t, os.MkdirAll(filepath.Dir(kept), 0o755))
		fmt.Println("making a history of a million messages, once …")
		makeMillion(t, kept+".new")
		must(t, os.Rename(kept+".new", kept))
	}
	at := filepath.Join(dir, "data", "kchat", "anna", "history.db")
	must(t, os.MkdirAll(filepath.Dir(at), 0o700))
	from, err := os.Open(kept)
	must(t, err)
	defer from.Close()
	to, err := os.OpenFile(at, os.O_CREATE|os.O_WRONLY, 0o600)
	must(t, err)
	_, err = io.Copy(to, from)
	must(t, err)
	must(t, to.Close())
}

func makeMillion(t *testing.T, path string) {
	t.Helper()
	must(t, os.RemoveAll(path))
	ctx := t.Context()
	s, err := history.Open(ctx, path, history.Options{})
	must(t, err)
	random := rand.New(rand.NewPCG(1, 106))
	words := vocabulary(random)
	zipf := rand.NewZipf(random, 1.1, 5, uint64(len(words)-1))
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	next := make([]uint64, inRooms)
	for i := range inAll {
		at := 0
		if i%(inAll/inRoom) != 0 {
			at = 1 + random.IntN(inRooms-1)
		}
		next[at]++
		now = now.Add(time.Duration(random.IntN(50)) * time.Second)
		said := make([]string, 4+random.IntN(10))
		for j := range said {
			said[j] = words[zipf.Uint64()]
		}
		m := rooms.Message{
			Community: community, Room: fmt.Sprintf("room-%d", at), Pos: rooms.Position{Epoch: 1, Seq: next[at]}, Time: now,
			Sender: rooms.AccountID(10 + i%40), Name: fmt.Sprintf("person-%d", i%40), Kind: rooms.KindText, Text: strings.Join(said, " "),
		}
		binary.BigEndian.PutUint64(m.ID[8:], uint64(i+1))
		must(t, s.Queue(ctx, m))
	}
	must(t, s.Flush(ctx))
	for at := range inRooms {
		must(t, s.SetOpen(ctx, history.Key{Community: community, Room: fmt.Sprintf("room-%d", at)}, true))
	}
	must(t, s.Close())
}

// vocabulary is words of two to four syllables, two thirds of them Korean.
func vocabulary(random *rand.Rand) []string {
	words := make([]string, 20_000)
	for i := range words {
		var b strings.Builder
		for range 2 + random.IntN(3) {
			if i%3 == 0 {
				fmt.Fprintf(&b, "%c%c", 'a'+random.IntN(26), 'a'+random.IntN(26))
			} else {
				b.WriteRune(rune(0xAC00 + random.IntN(11172)))
			}
		}
		words[i] = b.String()
	}
	return words
}
