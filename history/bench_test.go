// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kchat/rooms"
)

// The benchmarks run by command only:
//
//	go test ./history -run '^$' -bench 'Save|Queue' -benchtime 20000x
//	KCHAT_BENCH_DIR=/var/tmp/kchat go test ./history -run '^$' -bench Million -benchtime 20x -timeout 30m
//
// The second needs a history of a million messages in 50 rooms (about 400 MB), which it makes when the directory
// does not have it yet. docs/history.md has what they showed.

// chatter makes messages of 4 to 13 words, two thirds of them Korean, whose frequencies fall as in a language.
type chatter struct {
	r     *rand.Rand
	z     *rand.Zipf
	words []string
	now   time.Time
	n     int
}

func newChatter() *chatter {
	c := &chatter{r: rand.New(rand.NewSource(1)), words: make([]string, 20_000), now: noon}
	for i := range c.words {
		letters := 2 + c.r.Intn(3)
		var b strings.Builder
		for j := 0; j < letters; j++ {
			if i%3 == 0 {
				fmt.Fprintf(&b, "%c%c", 'a'+c.r.Intn(26), 'a'+c.r.Intn(26))
			} else {
				b.WriteRune(rune(0xAC00 + int(c.r.ExpFloat64()*900)%11172))
			}
		}
		c.words[i] = b.String()
	}
	c.z = rand.NewZipf(c.r, 1.1, 5, uint64(len(c.words)-1))
	return c
}

// The words that chatter says seldom: once in 100,000 messages.
const seldom = "뷁췗"

func (c *chatter) next() rooms.Message {
	c.n++
	c.now = c.now.Add(time.Duration(c.r.Intn(2_000_000)) * time.Microsecond)
	words := make([]string, 4+c.r.Intn(10))
	for i := range words {
		words[i] = c.words[c.z.Uint64()]
	}
	if c.n%100_000 == 0 {
		words[0] = seldom
	}
	m := said(c.n, strings.Join(words, " "))
	m.Room, m.Time = fmt.Sprintf("room-%d", c.r.Intn(50)), c.now
	m.Sender = rooms.AccountID(1 + c.r.Intn(100))
	m.Name = fmt.Sprintf("person-%d", m.Sender)
	c.r.Read(m.ID[8:])
	return m
}

// BenchmarkSave is a message at a time, each waited for.
func BenchmarkSave(b *testing.B) {
	s, c := openTest(b), newChatter()
	for b.Loop() {
		save(b, s, c.next())
	}
}

// BenchmarkQueue is a busy room: messages as fast as they come, waited for once.
func BenchmarkQueue(b *testing.B) {
	ctx, s, c := context.Background(), openTest(b), newChatter()
	messages := make([]rooms.Message, b.N)
	for i := range messages {
		messages[i] = c.next()
	}
	cpu := cpuTime(b)
	b.ResetTimer()
	for _, m := range messages {
		if err := s.Queue(ctx, m); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Flush(ctx); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	b.ReportMetric(float64((cpuTime(b)-cpu).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

func openMillion(b *testing.B) *Store {
	dir := os.Getenv("KCHAT_BENCH_DIR")
	if dir == "" {
		b.Skip("KCHAT_BENCH_DIR names no directory for a history of a million messages")
	}
	ctx, s := context.Background(), openAt(b, filepath.Join(dir, "million.db"))
	have, err := s.Rooms(ctx, rooms.UUID{}, 0)
	if err != nil {
		b.Fatal(err)
	}
	if len(have) > 0 {
		return s
	}
	c := newChatter()
	for range 1_000_000 {
		if err := s.Queue(ctx, c.next()); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Flush(ctx); err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkMillionSearch finds all hits in a million messages, and reads a first screen of 50 of them. It reports the time
// to that screen and to the end, beside the processor time of it all.
func BenchmarkMillionSearch(b *testing.B) {
	s, c := openMillion(b), newChatter()
	for _, bc := range []struct{ name, query string }{
		{"two-syllable-seldom", seldom},
		{"two-syllable-never", "뛝먬"},
		{"two-syllable-frequent", string([]rune(c.words[1])[:2])},
		{"word-frequent", c.words[1]},
		{"word-middling", c.words[2000]},
		{"english-frequent", c.words[3]},
		{"one-syllable-frequent", string([]rune(c.words[1])[:1])},
		{"one-syllable-seldom", "뷁"},
		{"one-letter", "e"},
		{"frequent-in-room", c.words[1] + " in:room-7"},
		{"seldom-in-room", seldom + " in:room-7"},
		{"person-in-room", "from:person-3 in:room-7"},
		{"two-frequent", c.words[1] + " " + c.words[2]},
		{"frequent-long-ago", c.words[1] + " before:2026-11-25"},
	} {
		b.Run(bc.name, func(b *testing.B) {
			q := query(b, bc.query)
			var first, all time.Duration
			hits := 0
			cpu := cpuTime(b)
			for b.Loop() {
				hits = 0
				begin := time.Now()
				for refs, err := range s.Find(context.Background(), q) {
					if err != nil {
						b.Fatal(err)
					}
					if hits == 0 {
						if _, err := s.Hits(context.Background(), q, refs[:min(len(refs), 50)]); err != nil {
							b.Fatal(err)
						}
						first += time.Since(begin)
					}
					hits += len(refs)
				}
				all += time.Since(begin)
			}
			b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/1000/float64(b.N), "cpu-ms/op")
			b.ReportMetric(float64(first.Microseconds())/1000/float64(b.N), "ms/first50")
			b.ReportMetric(float64(all.Microseconds())/1000/float64(b.N), "ms/all")
			b.ReportMetric(float64(hits), "hits")
		})
	}
}

// cpuTime is what the process has used of the processors: on a busy machine the only time that can be compared.
func cpuTime(b *testing.B) time.Duration {
	var use unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// BenchmarkMillionLike is the way without an index that the search was measured against: LIKE, newest first, over
// all and in one room.
func BenchmarkMillionLike(b *testing.B) {
	s := openMillion(b)
	for name, where := range map[string]string{"all": "", "room": "room = 8 AND "} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				var n int
				if err := s.readers.QueryRow("SELECT count(*) FROM messages WHERE "+where+"text LIKE ?",
					"%"+seldom+"%").Scan(&n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMillionOpen(b *testing.B) {
	path := openMillion(b).Path()
	for b.Loop() {
		s, err := Open(context.Background(), path, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMillionRead(b *testing.B) {
	s := openMillion(b)
	ctx, key := context.Background(), Key{Community: testCommunity, Room: "room-7"}
	middle := rooms.Position{Epoch: 1, Seq: 500_000}
	for name, read := range map[string]func() (any, error){
		"last-100":   func() (any, error) { return s.Last(ctx, key, 100) },
		"before-100": func() (any, error) { return s.Before(ctx, key, middle, 100) },
		"after-100":  func() (any, error) { return s.After(ctx, key, middle, 100) },
		"rooms":      func() (any, error) { return s.Rooms(ctx, testCommunity, 1) },
		"coverage":   func() (any, error) { return s.Coverage(ctx, key) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := read(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
