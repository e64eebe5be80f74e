// SPDX-License-Identifier: GPL-2.0-only

package client_test

import (
	"context"
	"iter"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kchat/rooms"
)

// forgetful is a store that keeps nothing, so that the client alone is measured.
type forgetful struct{}

func (forgetful) Save(context.Context, ...rooms.Message) error { return nil }
func (forgetful) Stored(context.Context, rooms.UUID, string) (rooms.Position, error) {
	return rooms.Position{}, nil
}

func (forgetful) Outbox(context.Context, rooms.UUID, rooms.AccountID) ([]rooms.Message, error) {
	return nil, nil
}

func (forgetful) Missing(context.Context, rooms.UUID, string, rooms.Position, rooms.Position, bool) error {
	return nil
}
func (forgetful) Forget(context.Context, rooms.UUID, string, rooms.MessageID) error { return nil }
func (forgetful) Own(context.Context, rooms.UUID, string, rooms.AccountID, rooms.Position, rooms.Position) iter.Seq2[rooms.Message, error] {
	return func(func(rooms.Message, error) bool) {}
}

// BenchmarkReceive is package rooms alone: from the socket to the events, with the author in the same process. Its
// processor time and allocations are those of both; the author's own are small.
func BenchmarkReceive(b *testing.B) {
	address := twin(b)
	a := newAuthor(b, address)
	c, err := rooms.New(rooms.Config{
		Address: address, User: "Ben", Password: password, Agent: "bench", Store: forgetful{}, Rooms: []string{room},
	})
	if err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Run(context.Background()) }()
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		var last rooms.Position
		for e := range c.Events() {
			m, ok := e.(rooms.MessageChanged)
			if !ok {
				continue
			}
			if m.Message.Pos.Seq != last.Seq+1 {
				b.Errorf("after %v: %v", last, m.Message.Pos)
			}
			last = m.Message.Pos
			if last.Seq%256 == 0 || last.Seq >= uint64(b.N) {
				a.arrive(int64(last.Seq))
			}
		}
	}()
	b.Cleanup(func() {
		c.Close()
		<-heard
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	a.listen(b, "Ben")
	runtime.GC()
	begin := cpuTime(b)
	b.ReportAllocs()
	b.ResetTimer()
	a.flood(b, line, b.N)
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	b.ReportMetric(float64((cpuTime(b)-begin).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

// cpuTime is what the process has used of the processors: on a busy machine the only time that can be compared.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var use unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
