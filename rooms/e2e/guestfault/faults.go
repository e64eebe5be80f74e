// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"kchat/server/route"
	"kchat/wire"
)

// pause waits, and says whether there is time for more before the end.
func pause(ctx context.Context, d time.Duration, end time.Time) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return time.Now().Before(end)
	}
}

// chance is what happens at random, the same with the same seed. It can be used by several at once, who then share what comes.
type chance struct {
	mu   sync.Mutex
	dice *rand.Rand
}

func newChance(seed, stream uint64) *chance {
	return &chance{dice: rand.New(rand.NewPCG(seed, stream))}
}

// below is a number from 0 to n-1.
func (c *chance) below(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dice.IntN(n)
}

// between is a time from a to b.
func (c *chance) between(a, b time.Duration) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return a + time.Duration(c.dice.Int64N(int64(b-a)))
}

// losses: TCP has to mend what the cable does, and takes its time for it.
func losses(ctx context.Context, t *town) error {
	err := t.cable.forecast(weather{
		delayNS: int64(10 * time.Millisecond), jitterNS: int64(8 * time.Millisecond),
		loss: 0.08, double: 0.05, reorder: 0.25, damage: 0.01, seed: t.seed,
	})
	if err != nil {
		return err
	}
	pause(ctx, t.span, time.Time{})
	again := 0
	err = t.until(ctx, "a packet that is sent again", func() bool {
		return t.cable.in(func() (err error) {
			again, err = retransmitted()
			return err
		}) == nil && again > 0
	})
	t.times = again
	t.note("%d segments sent again by the people", again)
	return errors.Join(err, t.cable.forecast(weather{}))
}

// retransmitted is how many TCP segments were sent again in the network namespace of this thread (RFC 4022).
func retransmitted() (int, error) {
	text, err := os.ReadFile("/proc/thread-self/net/snmp")
	if err != nil {
		return 0, err
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "Tcp:" {
			continue
		}
		if names == nil {
			names = fields
			continue
		}
		for i, name := range names {
			if name == "RetransSegs" {
				return strconv.Atoi(fields[i])
			}
		}
	}
	return 0, errors.New("/proc/net/snmp does not say how many segments were sent again")
}

// end ends a connection as the fault wants it.
type end func(*net.TCPConn) error

// byReset ends it with a RST.
func byReset(c *net.TCPConn) error { return errors.Join(c.SetLinger(0), c.Close()) }

// bySilence ends it without a packet: a socket that is being repaired tells nobody (tcp_close() in net/ipv4/tcp.c).
func bySilence(c *net.TCPConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	err = raw.Control(func(fd uintptr) { set = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_REPAIR, 1) })
	return errors.Join(err, set, c.Close())
}

// resets: see end.
func resets(ctx context.Context, t *town) error { return t.storm(ctx, byReset) }

// vanish: see end.
func vanish(ctx context.Context, t *town) error { return t.storm(ctx, bySilence) }

const (
	stormLeast    = 5               // connections that end in a storm, however long it takes, and as many of each stranger
	strangerWaits = 5 * time.Second // for a connection: the server takes only so many strangers at once
)

// storm ends connections of people, one after the other, while strangers come and end theirs.
func (t *town) storm(ctx context.Context, how end) error {
	var strangers sync.WaitGroup
	defer strangers.Wait()
	ended, stop := 0, time.Now().Add(t.span)
	crowd := make(chan int, 4)
	for i := range cap(crowd) {
		strangers.Go(func() { crowd <- t.comeAndGo(ctx, how, stop, newChance(t.seed, uint64(i+1))) })
	}
	for pause(ctx, t.chance.between(50*time.Millisecond, 400*time.Millisecond), stop) || ended < stormLeast && ctx.Err() == nil {
		line := t.somebody().line()
		if err := how(line); err != nil && !errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("end a connection: %w", err)
		} else if err == nil {
			ended++
		}
	}
	came := 0
	for range cap(crowd) {
		came += <-crowd
	}
	t.times = ended + came
	t.note("%d connections ended, and %d of strangers", ended, came)
	return ctx.Err()
}

// comeAndGo connects and ends it at any point of a greeting, again and again; it returns how often.
func (t *town) comeAndGo(ctx context.Context, how end, stop time.Time, chance *chance) (times int) {
	hello := wire.AppendFrame(nil, wire.Header{Type: wire.TypeHello}, wire.Hello{Version: wire.Version, Agent: "stranger"})
	for pause(ctx, chance.between(0, 20*time.Millisecond), stop) || times < stormLeast && ctx.Err() == nil {
		limited, cancel := context.WithTimeout(ctx, strangerWaits)
		c, err := t.cable.dial(limited, t.address)
		cancel()
		if err != nil {
			continue
		}
		_, err = c.Write(hello[:chance.below(len(hello)+1)])
		if err == nil && chance.below(2) == 0 {
			_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			_, _ = io.ReadFull(c, make([]byte, wire.HeaderLen))
		}
		if how(c) == nil {
			times++
		}
	}
	return times
}

// links takes one end of the cable down and up again, then the other; in the end for longer than a server waits.
func links(ctx context.Context, t *town) error {
	down := func(conn *route.Conn, link *net.Interface) error { return conn.Down(link.Index) }
	times, stop := 0, time.Now().Add(t.span)
	for far := false; ; far = !far {
		over := !time.Now().Before(stop)
		if err := t.cable.at(far, down); err != nil {
			return err
		}
		times++
		wait := t.chance.between(50*time.Millisecond, time.Second)
		if over {
			wait = t.span
		}
		pause(ctx, wait, stop)
		if err := t.cable.plug(far); err != nil || over {
			t.times = times
			t.note("%d times down and up", times)
			return err
		}
		pause(ctx, t.chance.between(200*time.Millisecond, 2*time.Second), stop)
	}
}

// jumps sets the clock by hours and days, forward and back.
func jumps(ctx context.Context, t *town) error {
	began, start := time.Now(), time.Now().Round(0)
	times, stop := 0, began.Add(t.span)
	for pause(ctx, t.chance.between(50*time.Millisecond, 500*time.Millisecond), stop) {
		by := t.chance.between(-48*time.Hour, 48*time.Hour)
		if err := setClock(start.Add(time.Since(began) + by)); err != nil {
			return err
		}
		times++
	}
	t.times = times
	t.note("the clock jumped %d times", times)
	return setClock(start.Add(time.Since(began)))
}

func setClock(to time.Time) error {
	ts := unix.NsecToTimespec(to.UnixNano())
	if err := unix.ClockSettime(unix.CLOCK_REALTIME, &ts); err != nil {
		return fmt.Errorf("set the clock: %w", err)
	}
	return nil
}

// hunger has another program take all memory, until the kernel ends it; and once more.
func hunger(ctx context.Context, t *town) error {
	times, stop := 0, time.Now().Add(t.span)
	for over := false; !over; over = !time.Now().Before(stop) {
		err := exec.CommandContext(ctx, "/proc/self/exe", "starve").Run()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() >= 0 { // a signal leaves no exit code
			return fmt.Errorf("a program that takes all memory: %w", err)
		}
		times++
		pause(ctx, 200*time.Millisecond, stop)
	}
	t.times = times
	t.note("memory was gone %d times", times)
	return nil
}

// starve takes memory until the kernel kills this process, as the first that it finds.
func starve() error {
	if err := os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0); err != nil {
		return err
	}
	const chunk = 1 << 20
	for {
		memory, err := unix.Mmap(-1, 0, chunk, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_POPULATE)
		if err != nil {
			return fmt.Errorf("take memory: %w", err)
		}
		memory[0] = 1
	}
}
