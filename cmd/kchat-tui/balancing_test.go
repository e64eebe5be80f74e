// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kchat/rooms"
)

// community is servers of one person that share their accounts, each in a microVM and at an address of its own.
type community struct {
	*person
	ports [2]string
	net   string // the first three numbers of their addresses, which no other test has
}

func (c *community) address(i int) string { return fmt.Sprintf("%s.%d:%s", c.net, i+1, c.ports[i]) }

func (c *community) start(t *testing.T, i int, args ...string) {
	t.Helper()
	host, port, _ := strings.Cut(c.address(i), ":")
	c.mustRun(t, append([]string{"server", "start", "--port", port, "--listen", host}, args...)...)
	t.Cleanup(func() { _, _, _ = c.run(t, "", "server", "stop", "--port", port) })
}

func newCommunity(t *testing.T) *community {
	c := &community{person: newPerson(t), ports: [2]string{freePort(t), freePort(t)}}
	c.net = fmt.Sprintf("127.%d.%d", 1+rand.IntN(250), rand.IntN(250))
	c.start(t, 0, "--name", "cellar")
	c.start(t, 1, "--name", "attic", "--accounts", filepath.Join(c.dir, "data", "kchat", "server-"+c.ports[0], "accounts.json"))
	return c
}

// refused runs a command that has to fail with these words.
func (p *person) refused(t *testing.T, words string, args ...string) {
	t.Helper()
	if out, stderr, code := p.run(t, "", args...); code == 0 || !strings.Contains(stderr, words) {
		t.Errorf("kchat-tui %s: exit code %d, %q%q, not %q", strings.Join(args, " "), code, out, stderr, words)
	}
}

// peers are the lines of "server peer list".
func (c *community) peers(t *testing.T, i int) []map[string]any {
	t.Helper()
	return objects(t, c.mustRun(t, "server", "peer", "list", "--json", "--port", c.ports[i]))
}

// befriend makes the two servers peers, and waits until each hears the other.
func (c *community) befriend(t *testing.T) {
	t.Helper()
	c.mustRun(t, "server", "peer", "add", "attic", c.address(1), "--port", c.ports[0])
	c.mustRun(t, "server", "peer", "add", "cellar", c.address(0), "--port", c.ports[1])
	for i := range c.ports {
		await(t, "the peer's first word", func() bool { return c.peers(t, i)[0]["state"] == "live" })
	}
}

// talker is a client that talks without pause, and notes what it hears.
type talker struct {
	*headless
	name  string
	ended chan struct{}

	mu    sync.Mutex // protects what follows
	said  []string   // by us, in order
	acked map[string]bool
	heard map[string]rooms.Position // of the other
	moved int
	odd   []string // what should not happen
}

func (c *community) talker(t *testing.T, i int, name, room string) *talker {
	t.Helper()
	connect := &connection{server: c.address(i), user: name}
	dir := t.TempDir()
	h, err := connect.start(t.Context(), room, "a password of "+name, filepath.Join(dir, "history.db"), filepath.Join(dir, "blobs"), nil)
	if err != nil {
		t.Fatal(err)
	}
	w := &talker{headless: h, name: name, ended: make(chan struct{}), acked: map[string]bool{}, heard: map[string]rooms.Position{}}
	go func() {
		defer close(w.ended)
		for e := range h.Events() {
			w.take(e)
		}
	}()
	t.Cleanup(func() {
		h.Close()
		<-w.ended
		if err := h.close(); err != nil {
			t.Error(err)
		}
	})
	await(t, name+" in the room", func() bool { return h.Roster(room) != nil })
	return w
}

func (w *talker) take(e rooms.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := e.(type) {
	case rooms.Moved:
		w.moved++
	case rooms.Parted:
		if e.Err != nil {
			w.odd = append(w.odd, e.Err.Error())
		}
	case rooms.MessageChanged:
		m := e.Message
		switch own := strings.HasPrefix(m.Text, w.name+" "); {
		case own && m.State == rooms.StateSent:
			w.acked[m.Text] = true
		case own && m.State == rooms.StateFailed: // alone it is for a moment where the other has gone ahead
			w.odd = append(w.odd, fmt.Sprintf("%q is %v: %s", m.Text, m.State, m.Failure))
		case !own:
			w.heard[m.Text] = m.Pos
		}
	}
}

// unacked is how many words of a talker wait for their acknowledgement at most.
const unacked = 50

// talk says something every few milliseconds until ctx ends.
func (w *talker) talk(ctx context.Context, room string) error {
	for ; ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		w.mu.Lock()
		if len(w.said)-len(w.acked) >= unacked {
			w.mu.Unlock()
			continue
		}
		text := fmt.Sprintf("%s %d", w.name, len(w.said))
		w.said = append(w.said, text)
		w.mu.Unlock()
		if _, err := w.Send(rooms.Draft{Room: room, Text: text}); err != nil {
			return err
		}
	}
	return nil
}

// unsettled is what was said by w and not acknowledged, not heard by the other, or heard elsewhere than it was said; empty:
// all is well.
func (w *talker) unsettled(other *talker) (what []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	other.mu.Lock()
	defer other.mu.Unlock()
	var before rooms.Position
	for _, text := range w.said {
		at, heard := other.heard[text]
		switch {
		case !w.acked[text]:
			what = append(what, text+" is not acknowledged")
		case !heard:
			what = append(what, text+" is not heard")
		case before.Compare(at) >= 0:
			what = append(what, fmt.Sprintf("%s stands at %v, the one before it at %v", text, at, before))
		}
		before = at
	}
	if len(other.heard) > len(w.said) {
		what = append(what, fmt.Sprintf("%d words were heard of %d", len(other.heard), len(w.said)))
	}
	return what
}

func (w *talker) count() (acked, moved int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.acked), w.moved
}

func TestServersOfACommunityShareTheirRoomsAndAreDrainedUnderTalk(t *testing.T) {
	c := newCommunity(t)
	first, second := c.status(t, c.ports[0]), c.status(t, c.ports[1])
	if first.Community != second.Community || first.Server == second.Server || first.Name != "cellar" || second.Name != "attic" {
		t.Fatalf("%+v, %+v", first, second)
	}
	// An account made at the one holds at the other, a moment later.
	c.account(t, c.ports[0], "mina")
	c.account(t, c.ports[1], "joon")
	for _, port := range c.ports {
		await(t, "both accounts", func() bool { return c.status(t, port).Counters["accounts"] == 2 })
	}
	c.befriend(t)

	mina := c.talker(t, 0, "mina", "lobby")
	joon := c.talker(t, 1, "joon", "lobby") // who asks elsewhere is led to where mina is
	home := slices.IndexFunc(c.ports[:], func(port string) bool { return len(c.admin(t, port, "rooms")) == 1 })
	if home < 0 || len(c.admin(t, c.ports[1-home], "rooms")) != 0 {
		t.Fatal("the room has not one home")
	}
	ctx, stop := context.WithCancel(t.Context())
	var talk sync.WaitGroup
	for _, w := range []*talker{mina, joon} {
		talk.Go(func() {
			if err := w.talk(ctx, "lobby"); err != nil {
				t.Error(err)
			}
		})
	}
	await(t, "some talk", func() bool { acked, _ := mina.count(); return acked > 50 })
	from, to := c.ports[home], c.ports[1-home]
	names := [2]string{"cellar", "attic"}
	lines := c.admin(t, from, "drain", names[1-home])
	if last := lines[len(lines)-1]; last["rooms_left"] != 0.0 || last["successor"] != names[1-home] {
		t.Errorf("the last line is %v", last)
	}
	before, _ := mina.count()
	await(t, "talk at the new home", func() bool { acked, moved := mina.count(); return acked > before+50 && moved == 1 })
	stop()
	talk.Wait()
	defer func() {
		if t.Failed() {
			t.Logf("of mina's words: %q\nof joon's: %q", mina.unsettled(joon), joon.unsettled(mina))
		}
	}()
	await(t, "all that was said", func() bool { return len(mina.unsettled(joon))+len(joon.unsettled(mina)) == 0 })
	for _, w := range []*talker{mina, joon} {
		if acked, moved := w.count(); moved != 1 || len(w.odd) != 0 {
			t.Errorf("%s: %d acknowledged, %d moves, %q", w.name, acked, moved, w.odd)
		}
	}
	if rooms := c.admin(t, to, "rooms"); len(rooms) != 1 || rooms[0]["people"] != 2.0 {
		t.Errorf("at the successor: %v", rooms)
	}

	// It stays drained when its machine dies, and when it is stopped and started.
	status := c.status(t, from)
	kill(t, childOf(t, status.PID))
	await(t, "the restart", func() bool {
		out, _, code := c.run(t, "", "server", "status", "--json", "--port", from)
		return code == 0 && objects(t, out)[0]["restarts"] == 1.0
	})
	if d := c.status(t, from).Drain; d == nil || d.Name != names[1-home] || d.RoomsLeft != 0 {
		t.Errorf("after its machine died it is drained: %+v", d)
	}
	c.refused(t, "the rooms of this server go there", "server", "peer", "del", names[1-home], "--port", from)
	await(t, "the successor is heard", func() bool { return c.peers(t, home)[0]["state"] == "live" })
	c.talker(t, home, "mina", "garden")
	if rooms := c.admin(t, from, "rooms"); len(rooms) != 0 {
		t.Errorf("a drained server makes rooms: %v", rooms)
	}
	c.mustRun(t, "admin", "drain", "--off", "--port", from)
	if d := c.status(t, from).Drain; d != nil {
		t.Errorf("it is drained still: %+v", d)
	}
}

func TestWhatIsNoPeerIsRefused(t *testing.T) {
	c := newCommunity(t)
	stranger := newPerson(t)
	port := stranger.startServer(t)
	add := func(args ...string) []string {
		return append([]string{"server", "peer", "add", "--port", c.ports[0]}, args...)
	}
	c.refused(t, "does not share our accounts", add("stranger", "127.0.0.1:"+port)...)
	c.refused(t, "that is this server itself", add("myself", c.address(0))...)
	c.refused(t, "find the host", add("attic", "no-such-host.invalid")...)
	c.refused(t, "is it started", add("attic", "127.0.0.1:"+freePort(t))...)
	c.refused(t, "no name for a peer", add("the attic", c.address(1))...)
	c.refused(t, "no port", add("attic", "127.0.0.1:70000")...)
	nobody := freePort(t)
	c.refused(t, "no server is running at port "+nobody, "server", "peer", "list", "--port", nobody)
	c.refused(t, "no server is running at port "+nobody, "admin", "drain", "attic", "--port", nobody)
	c.refused(t, "there is no such peer", "admin", "drain", "attic", "--port", c.ports[0])
	c.refused(t, "that is this server itself", "admin", "drain", "cellar", "--port", c.ports[0])
	c.refused(t, "say who gets the rooms", "admin", "drain", "--port", c.ports[0])

	c.mustRun(t, add("attic", c.address(1))...)
	c.mustRun(t, add("attic", c.address(1))...) // the same once more changes nothing
	c.refused(t, "there is such a peer already: attic", add("loft", c.address(1))...)
	if list := c.peers(t, 0); len(list) != 1 || list[0]["name"] != "attic" || list[0]["state"] != "silent" || list[0]["heard_ms"] != nil {
		t.Errorf("the peers are %v", list)
	}
	// The other one does not know us yet, so that it says nothing.
	c.refused(t, "nothing is heard of that server", "admin", "drain", "attic", "--port", c.ports[0])
	c.mustRun(t, "admin", "drain", "--off", "--port", c.ports[0]) // as it is
	c.mustRun(t, "server", "peer", "del", "attic", "--port", c.ports[0])
	c.refused(t, "there is no such peer", "server", "peer", "del", "attic", "--port", c.ports[0])
	if list := c.peers(t, 0); len(list) != 0 {
		t.Errorf("the peers are %v", list)
	}
}
