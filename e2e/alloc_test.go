// SPDX-License-Identifier: GPL-2.0-only

//go:build debugkernel

package e2e

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/server/genl"
	"kchat/server/guest"
	"kchat/server/vm"
	"kchat/server/vmtest"
	"kchat/wire"
)

// The module of a kernel built for tests counts its allocations, and lets one of them fail (kmod/alloc.c).
const (
	failNth     = "/sys/module/kchat/parameters/fail_nth"
	allocations = "/sys/module/kchat/parameters/allocations"
)

// made is how many allocations there were since fail_nth was set.
func made(t *testing.T, s *vmtest.Server) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(s.ReadFile(t, allocations)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestEveryAllocationOfALoadAndOfAStartFailsOnce: each lets the load or the start fail with ENOMEM or does not matter,
// and the next one finds everything as it was.
func TestEveryAllocationOfALoadAndOfAStartFailsOnce(t *testing.T) {
	s := vmtest.Start(t)
	ctx, cancel := s.Timeout(5 * time.Minute)
	defer cancel()
	k := s.Runner.Kernel()
	if err := k.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	unload(t, s)
	load := func(n int) error {
		return s.Runner.Guest().Call(ctx, guest.OpLoad, guest.Load{Path: vm.ModulePath, Params: fmt.Sprintf("fail_nth=%d", n)}, nil)
	}
	loads := 0
	for over := false; !over; {
		loads++
		err := load(loads)
		if err == nil {
			over = made(t, s) < loads
			unload(t, s)
		} else if !errors.Is(err, syscall.ENOMEM) {
			t.Fatalf("allocation %d of a load fails: %v", loads, err)
		}
	}
	if err := load(0); err != nil {
		t.Fatal(err)
	}
	starts := 0
	for over := false; !over; {
		starts++
		s.WriteFile(t, failNth, strconv.Itoa(starts))
		err := k.Start(ctx, genl.Start{Name: "short of memory", Generation: uint32(starts), Iterations: wire.IterationsMin})
		if err == nil {
			over = made(t, s) < starts
			err = k.Stop(ctx)
		}
		if err != nil && !errors.Is(err, syscall.ENOMEM) {
			t.Fatalf("allocation %d of a start fails: %v", starts, err)
		}
	}
	t.Logf("%d allocations of a load and %d of a start failed once", loads-1, starts-1)
	if loads < 5 || starts < 2 {
		t.Error("hardly anything was allocated: does it pass kmod/alloc.h?")
	}
}

// forgetful is a server that waits long for people and forgets them at once when they have gone.
func forgetful(t *testing.T) *vmtest.Server {
	t.Helper()
	s := vmtest.Start(t)
	for name, value := range map[string]uint64{
		"login_ms": 120_000, "silence_ms": 120_000, "lost_ms": 240_000, "stall_ms": 120_000, "failures_account": 1000, "failures_address": 10_000,
		"session_ms": 100, "room_idle_ms": 0, "stream_linger_ms": 0,
	} {
		s.SetParam(t, name, value)
	}
	return s
}

// TestEveryAllocationOfAChatFailsOnce: whichever it is, people are answered or their connection ends; nobody waits for
// ever, and when all have gone, nothing of them is left.
func TestEveryAllocationOfAChatFailsOnce(t *testing.T) {
	s := forgetful(t)
	last := 0
	for n := 1; last == 0; n++ {
		c := &chat{s: s, n: n}
		s.WriteFile(t, failNth, strconv.Itoa(n))
		err := c.run(t.Context())
		if made(t, s) < n {
			last = n - 1
			if err != nil {
				t.Errorf("a chat in which nothing failed: after %q: %v", c.doing, err)
			}
		}
		s.WriteFile(t, failNth, "0")
		if errors.Is(err, peer.ErrNothing) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("allocation %d fails, and somebody waits for ever: %s: %v", n, c.doing, err)
		}
		if c.close(); !c.gone(t) {
			t.Fatalf("allocation %d failed at %q (%v), and something is left: %v", n, c.doing, err, status(t, s).Counters)
		}
	}
	t.Logf("%d allocations failed once", last)
	if last < 30 {
		t.Error("hardly anything was allocated: does it pass kmod/alloc.h?")
	}
}

// chat is two people who do what people do, each time under new names.
type chat struct {
	s     *vmtest.Server
	n     int
	a, b  *peer.Conn
	room  *peer.Room
	said  peer.Frame
	doing string // the step under way
}

func (c *chat) run(ctx context.Context) error {
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"register", c.register},
		{"log in", c.logIn},
		{"join", c.join},
		{"talk", c.talk},
		{"ask", c.ask},
		{"stream", c.stream},
		{"cancel a stream", c.cancel},
		{"say it again", c.again},
		{"be refused", c.refused},
		{"resume", c.resume},
		{"netlink", c.netlink},
		{"part", c.part},
	} {
		c.doing = step.what
		if err := step.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (c *chat) close() {
	for _, conn := range []*peer.Conn{c.a, c.b} {
		if conn != nil {
			_ = conn.Close() // it may be closed already
		}
	}
}

// gone waits until the server keeps nothing of the chat.
func (c *chat) gone(t *testing.T) bool {
	t.Helper()
	left := []uint16{
		wire.CounterConnections, wire.CounterSessions, wire.CounterPeople, wire.CounterRooms, wire.CounterStreams, wire.CounterLogBytes,
	}
	for deadline := time.Now().Add(world.slow(patience)); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var sum uint64
		for _, counter := range left {
			sum += status(t, c.s).Counters[counter]
		}
		if sum == 0 {
			return true
		}
	}
	return false
}

func (c *chat) name(who string) string { return fmt.Sprintf("%s-%d", who, c.n) }

// verifier is what the server keeps of the one password.
func (c *chat) verifier() (wire.Keys, error) {
	return wire.DeriveKeys("secret", [wire.SaltLen]byte{byte(c.n), byte(c.n >> 8), 1}, wire.IterationsMin)
}

func (c *chat) register(context.Context) (err error) {
	if c.a, err = peer.Dial(c.s.Addr); err != nil {
		return err
	}
	if err := c.a.Hello(); err != nil {
		return err
	}
	keys, err := c.verifier()
	if err != nil {
		return err
	}
	_, err = c.a.Ask(wire.TypeRegister, 0, wire.Register{
		Iterations: keys.Iterations, Salt: keys.Salt, StoredKey: keys.StoredKey, ServerKey: keys.ServerKey, Name: c.name("a"),
	}, wire.TypeRegistered)
	return err
}

func (c *chat) logIn(ctx context.Context) error {
	keys, err := c.verifier()
	if err != nil {
		return err
	}
	if err := c.s.Runner.Kernel().SetAccount(ctx, genl.Account{
		Number: firstAccount + uint64(c.n), Name: c.name("b"), Login: c.name("b"),
		Salt: keys.Salt, StoredKey: keys.StoredKey, ServerKey: keys.ServerKey,
	}); err != nil {
		return err
	}
	if c.b, err = peer.Dial(c.s.Addr); err != nil {
		return err
	}
	if err := c.b.Hello(); err != nil {
		return err
	}
	if err := c.b.Login(c.name("b"), "secret"); err != nil {
		return err
	}
	return c.a.Login(c.name("a"), "secret")
}

func (c *chat) join(context.Context) (err error) {
	if c.room, err = c.a.Join(wire.Join{Name: c.name("room")}); err != nil {
		return err
	}
	if _, err = c.b.Join(wire.Join{Name: c.name("room")}); err != nil {
		return err
	}
	_, err = c.a.Presence(peer.Limit, c.room.Number, c.b.Me.Account, wire.PersonPresent)
	return err
}

// talk says something short, something that fills pages, and a topic. The author gets it back, then the other has it.
func (c *chat) talk(context.Context) error {
	for _, say := range []struct {
		kind wire.Type
		text string
	}{{wire.TypeMsg, "short"}, {wire.TypeMsg, strings.Repeat("long ", 2000)}, {wire.TypeTopic, "about memory"}} {
		f, err := c.a.Ask(say.kind, c.room.Number, wire.Talk{Text: []byte(say.text)}, say.kind)
		if err != nil {
			return err
		}
		if c.said, err = c.b.Reply(f.ID, say.kind); err != nil {
			return err
		}
	}
	for _, conn := range []*peer.Conn{c.a, c.b} {
		if err := conn.Send(wire.Header{Type: wire.TypeStored, Room: c.room.Number}, wire.Stored{Epoch: c.said.Epoch, Seq: c.said.Seq}); err != nil {
			return err
		}
	}
	_, err := c.a.Find(peer.Limit, func(f peer.Frame) bool { return f.Type == wire.TypeDelivered })
	return err
}

func (c *chat) ask(context.Context) error {
	for _, question := range []struct {
		kind wire.Type
		room uint32
		body wire.Body
		want wire.Type
	}{
		{wire.TypeWhois, 0, wire.Whois{Account: c.b.Me.Account}, wire.TypePerson},
		{wire.TypePeople, 0, wire.Number{}, wire.TypePeopleAre},
		{wire.TypeRooms, 0, wire.Number{}, wire.TypeRoomsAre},
		{wire.TypeStatus, 0, wire.Empty{}, wire.TypeStatusIs},
	} {
		if _, err := c.a.Ask(question.kind, question.room, question.body, question.want); err != nil {
			return err
		}
	}
	f, err := c.a.Ask(wire.TypeDirect, 0, wire.Direct{To: c.b.Me.Account, Data: []byte("for you alone")}, wire.TypeOK)
	if err != nil {
		return err
	}
	_, err = c.b.Reply(f.ID, wire.TypeDirect)
	return err
}

// errNotOffered says that a stream was begun, and the other did not hear of it.
var errNotOffered = errors.New("STREAM_BEGIN does not come")

// offered is whether STREAM_BEGIN has come. It does not go through the log: it is lost where there is no memory to hand
// it over. The connection must go on all the same, and what comes after PONG was sent after it.
func (c *chat) offered(id wire.ID) error {
	for range 2 {
		if _, err := c.b.Ask(wire.TypePing, 0, wire.Empty{}, wire.TypePong); err != nil {
			return err
		}
	}
	for _, f := range c.b.Passed() {
		if f.ID == id && f.Type == wire.TypeStreamBegin {
			return nil
		}
	}
	return errNotOffered
}

// taken begins a file that the other takes.
func (c *chat) taken(data []byte) (id wire.ID, err error) {
	id, err = c.a.Request(wire.TypeStreamBegin, c.room.Number, begin(wire.StreamFile, data))
	if err != nil {
		return id, err
	}
	if _, err := c.a.Reply(id, wire.TypeStreamCredit); err != nil {
		return id, err
	}
	if err := c.offered(id); err != nil {
		return id, err
	}
	if err := c.b.Send(wire.Header{Type: wire.TypeStreamAccept, ID: id}, wire.Number{}); err != nil {
		return id, err
	}
	f, err := c.b.Find(peer.Limit, ofStream(id))
	if err == nil && f.Type != wire.TypeStreamStart {
		err = &peer.Unexpected{Want: wire.TypeStreamStart, Got: f}
	}
	return id, err
}

// ofStream is what comes of a stream to who takes it.
func ofStream(id wire.ID) func(peer.Frame) bool {
	return func(f peer.Frame) bool { return f.ID == id && f.Type != wire.TypeStreamBegin }
}

func (c *chat) stream(context.Context) error {
	data := blob(3 * wire.ChunkMax)
	id, err := c.taken(data)
	if err != nil {
		return err
	}
	sender := &who{Conn: c.a, in: c.room.Number}
	if err := sender.pour(id, data, 0, uint64(len(data))); err != nil {
		return err
	}
	for {
		f, err := c.b.Find(peer.Limit, ofStream(id))
		switch {
		case err != nil:
			return err
		case f.Type == wire.TypeStreamEnd:
			return nil
		case f.Type != wire.TypeStreamChunk:
			return &peer.Unexpected{Want: wire.TypeStreamChunk, Got: f}
		}
	}
}

// cancel breaks a stream off that the other has taken and is told so.
func (c *chat) cancel(context.Context) error {
	id, err := c.taken(blob(10))
	if err != nil {
		return err
	}
	if err := c.a.Send(wire.Header{Type: wire.TypeStreamCancel, ID: id}, wire.StreamCancel{}); err != nil {
		return err
	}
	_, err = c.b.Find(peer.Limit, func(f peer.Frame) bool { return f.ID == id && f.Type == wire.TypeStreamCancel })
	return err
}

// again says something twice by the same id, as who has not heard that it was taken.
func (c *chat) again(context.Context) error {
	id := peer.NewID()
	for _, want := range []wire.Type{wire.TypeMsg, wire.TypeAck} {
		if err := c.a.Say(c.room.Number, id, "twice"); err != nil {
			return err
		}
		if _, err := c.a.Reply(id, want); err != nil {
			return err
		}
	}
	return nil
}

// refused leaves a room that there is not.
func (c *chat) refused(context.Context) error {
	_, err := c.a.Ask(wire.TypePart, 1<<31, wire.Empty{}, wire.TypeError)
	return err
}

func (c *chat) resume(context.Context) error {
	again, err := peer.Dial(c.s.Addr)
	if err != nil {
		return err
	}
	old := c.b
	c.b = again
	err = again.Hello()
	if err == nil {
		err = again.Resume(old.Me.Session, old.Key, wire.ResumeSession)
	}
	_ = old.Close() // it was replaced
	if err != nil {
		return err
	}
	_, err = again.Join(wire.Join{Name: c.name("room"), Epoch: c.said.Epoch, Seq: c.said.Seq})
	return err
}

func (c *chat) netlink(ctx context.Context) error {
	k := c.s.Runner.Kernel()
	_, accounts := k.Accounts(ctx)
	_, rooms := k.Rooms(ctx)
	_, sessions := k.Sessions(ctx)
	return errors.Join(accounts, rooms, sessions, k.DeleteAccount(ctx, firstAccount+uint64(c.n)))
}

func (c *chat) part(context.Context) error {
	_, err := c.a.Part(c.room.Number)
	return err
}

// TestSlabAllocationsBelowTheModuleFailNowAndThen: not only its own, but those that the network and the rest of the
// kernel make for it, each fiftieth of all that has the module on its stack.
func TestSlabAllocationsBelowTheModuleFailNowAndThen(t *testing.T) {
	const rounds, failslab = 40, "/sys/kernel/debug/failslab/"
	s := forgetful(t)
	from, to := s.ModuleText(t)
	for _, setting := range [][2]string{
		{"task-filter", "N"},
		{"ignore-gfp-wait", "N"},
		{"verbose", "0"},
		{"times", "-1"},
		{"interval", "50"},
		{"stacktrace-depth", "32"},
		{"require-start", fmt.Sprintf("%#x", from)},
		{"require-end", fmt.Sprintf("%#x", to)},
		{"probability", "100"}, // last: from here on it fails
	} {
		s.WriteFile(t, failslab+setting[0], setting[1])
	}
	broke := map[string]int{}
	for n := range rounds {
		c := &chat{s: s, n: n + 1}
		err := c.run(t.Context())
		c.close()
		switch {
		case errors.Is(err, peer.ErrNothing) || errors.Is(err, context.DeadlineExceeded):
			t.Errorf("round %d: somebody waits for ever: %s: %v", n, c.doing, err)
		case err != nil:
			broke[c.doing]++
		}
	}
	s.WriteFile(t, failslab+"probability", "0")
	t.Logf("%d chats; ended early: %v", rounds, broke)
	if len(broke) == 0 {
		t.Error("nothing failed")
	}
	c := &chat{s: s, n: rounds + 1}
	if err := c.run(t.Context()); err != nil {
		t.Errorf("with memory again: %s: %v", c.doing, err)
	}
	if c.close(); !c.gone(t) {
		t.Errorf("something is left: %v", status(t, s).Counters)
	}
}

// TestEveryAllocationBehindADoorFailsOnce: what comes from other servers, from an administrator or through
// the device finds no memory at each place where it needs some, and as soon as there is memory again, it goes well.
func TestEveryAllocationBehindADoorFailsOnce(t *testing.T) {
	doors := []string{"udp", "device", "netlink"}
	s := startDoors(t, doors)
	for _, door := range doors {
		t.Run(door, func(t *testing.T) {
			ctx, cancel := s.Timeout(10 * time.Minute)
			defer cancel()
			out, err := s.Exec(ctx, "/bin/guestfuzz", "-given=/fuzz/"+door, "-starve", door)
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			t.Log(out)
			inputs, failed := 0, 0
			if _, err := fmt.Sscanf(out, "%d inputs, %d allocations failed", &inputs, &failed); err != nil || failed == 0 {
				t.Errorf("nothing was allocated: does it pass kmod/alloc.h? %v", err)
			}
		})
	}
}
