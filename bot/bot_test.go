// SPDX-License-Identifier: GPL-2.0-only

package bot

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"kchat/rooms"
)

// late is when a test gives up: long after any machine would have answered.
const late = time.Minute

// fakeClient is a client whose server is the test.
type fakeClient struct {
	events chan rooms.Event
	drafts chan rooms.Draft
	gone   chan rooms.MessageID // were discarded

	mu   sync.Mutex
	next byte
}

func (f *fakeClient) Events() <-chan rooms.Event { return f.events }
func (f *fakeClient) Typing(string, bool)        {}
func (f *fakeClient) Roster(string) []rooms.Person {
	return []rooms.Person{{ID: 1, Name: "Mina", State: rooms.Present}, {ID: 2, Name: "Echo", Bot: true, State: rooms.Present}}
}

func (f *fakeClient) Send(d rooms.Draft) (rooms.Message, error) {
	if d.Text == "forbidden" {
		return rooms.Message{}, errors.New("this cannot be said")
	}
	f.mu.Lock()
	f.next++
	m := rooms.Message{ID: rooms.MessageID{f.next}, Room: d.Room, Text: d.Text, Kind: d.Kind}
	f.mu.Unlock()
	f.drafts <- d
	return m, nil
}

func (f *fakeClient) Discard(_ string, id rooms.MessageID) error {
	f.gone <- id
	return nil
}

// line is a message that is large, and easily told from others.
func line(n int, bytes int) rooms.Event {
	return rooms.MessageChanged{Message: rooms.Message{ID: rooms.MessageID{255, byte(n >> 8), byte(n)}, Text: strings.Repeat("x", bytes)}}
}

// bench is a Server at work.
type bench struct {
	t      *testing.T
	client *fakeClient
	path   string
	ended  chan error
}

func serve(t *testing.T, patience time.Duration) *bench {
	t.Helper()
	b := &bench{t: t, path: filepath.Join(t.TempDir(), "s"), ended: make(chan error, 1)}
	b.client = &fakeClient{events: make(chan rooms.Event), drafts: make(chan rooms.Draft, 2*PendingMost), gone: make(chan rooms.MessageID, 2*PendingMost)}
	l, err := net.Listen("unix", b.path)
	if err != nil {
		t.Fatal(err)
	}
	s := New(Config{
		Client: b.client, Rooms: []string{"lobby", "ops"}, Patience: patience, Logger: slog.New(slog.DiscardHandler),
		Line: func(e rooms.Event) ([]byte, error) {
			switch e := e.(type) {
			case rooms.Online:
				return []byte(`{"type":"online"}` + "\n"), nil
			case rooms.Live:
				return fmt.Appendf(nil, `{"type":"live","room":%q}`+"\n", e.Room), nil
			case rooms.MessageChanged:
				return fmt.Appendf(nil, `{"type":"message","text":%q,"id":%q}`+"\n", e.Message.Text, e.Message.ID), nil
			}
			return nil, nil
		},
		Fatal: func(e rooms.Event) error {
			if d, is := e.(rooms.Disconnected); is {
				return d.Err
			}
			return nil
		},
		State:   func(rooms.PersonState) string { return "present" },
		Failure: func(err error) any { return map[string]string{"message": err.Error()} },
	})
	ctx, stop := context.WithCancel(t.Context())
	go func() { b.ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-b.ended; err != nil && !errors.Is(err, errStopped) {
			t.Errorf("it ended with %v", err)
		}
	})
	return b
}

var errStopped = errors.New("the server let us go")

// caller is a program.
type caller struct {
	t    *testing.T
	conn *net.UnixConn
	in   *bufio.Reader
}

func (b *bench) call() *caller {
	b.t.Helper()
	conn, err := net.Dial("unix", b.path)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(late))
	return &caller{b.t, conn.(*net.UnixConn), bufio.NewReaderSize(conn, 1<<16)}
}

// says sends a line.
func (c *caller) says(text string) {
	c.t.Helper()
	if _, err := c.conn.Write([]byte(text + "\n")); err != nil {
		c.t.Fatal(err)
	}
}

// hears reads lines up to one of a type.
func (c *caller) hears(kind string) map[string]any {
	c.t.Helper()
	for {
		text, err := c.in.ReadBytes('\n')
		if err != nil {
			c.t.Fatalf("waiting for %s: %v", kind, err)
		}
		var one map[string]any
		if err := json.Unmarshal(text, &one); err != nil {
			c.t.Fatalf("%q: %v", text, err)
		}
		if one["type"] == kind {
			return one
		}
	}
}

// refused reads an answer that is an error, and returns its message.
func (c *caller) refused() string {
	c.t.Helper()
	a := c.hears("answer")
	e, _ := a["error"].(map[string]any)
	if e == nil {
		c.t.Fatalf("no error: %v", a)
	}
	return e["message"].(string)
}

// isCutOff reads until the connection ends.
func (c *caller) isCutOff() (bytes int) {
	c.t.Helper()
	buf := make([]byte, 1<<16)
	for {
		n, err := c.in.Read(buf)
		bytes += n
		if timeout, is := errors.AsType[net.Error](err); is && timeout.Timeout() {
			c.t.Fatal("the connection goes on")
		}
		if err != nil {
			return bytes
		}
	}
}

func TestWhoComesHearsHowThingsStandAndThenWhatHappens(t *testing.T) {
	b := serve(t, late)
	b.client.events <- rooms.Online{}
	b.client.events <- rooms.Live{Room: "ops"}
	c := b.call()
	if h := c.hears("hello"); h["version"] != 1.0 || len(h["rooms"].([]any)) != 2 {
		t.Errorf("%v", h)
	}
	c.hears("online")
	if l := c.hears("live"); l["room"] != "ops" {
		t.Errorf("%v", l)
	}
	b.client.events <- line(1, 5)
	if m := c.hears("message"); m["text"] != "xxxxx" {
		t.Errorf("%v", m)
	}
}

func TestAMessageIsAnsweredWhenTheServerHasSpoken(t *testing.T) {
	b := serve(t, late)
	c := b.call()
	for n, r := range []struct {
		state rooms.State
		says  string
	}{{rooms.StateSent, ""}, {rooms.StateDelivered, ""}, {rooms.StateAlone, "nobody else"}, {rooms.StateFailed, "muted"}} {
		c.says(fmt.Sprintf(`{"id":"a%d","do":"send","room":"ops","text":"hello","reply_to":"%032x"}`, n, 7))
		d := <-b.client.drafts
		if d.Room != "ops" || d.Text != "hello" || d.Kind != rooms.KindText || d.ReplyTo[15] != 7 {
			t.Errorf("%+v", d)
		}
		id := rooms.MessageID{byte(n + 1)}
		b.client.events <- rooms.MessageChanged{Message: rooms.Message{ID: id, Room: "ops", State: rooms.StateSending}}
		b.client.events <- rooms.MessageChanged{Message: rooms.Message{
			ID: id, Room: "ops", State: r.state, Pos: rooms.Position{Epoch: 1, Seq: 9}, Failure: "you are muted",
		}}
		a := c.hears("answer")
		if a["id"] != fmt.Sprintf("a%d", n) {
			t.Errorf("%v", a)
		}
		if r.says == "" {
			if place, _ := a["sent"].(map[string]any); place["seq"] != 9.0 || a["error"] != nil {
				t.Errorf("%v", a)
			}
			continue
		}
		if e, _ := a["error"].(map[string]any); e == nil || !strings.Contains(e["message"].(string), r.says) || a["sent"] != nil {
			t.Errorf("%v", a)
		}
		if gone := <-b.client.gone; gone != id {
			t.Errorf("discarded is %v", gone)
		}
	}
}

func TestAMessageThatIsNotAcknowledgedInTimeIsGivenUp(t *testing.T) {
	b := serve(t, time.Millisecond)
	c := b.call()
	c.says(`{"id":1,"do":"send","room":"ops","text":"hello"}`)
	if says := c.refused(); !strings.Contains(says, "not acknowledged") {
		t.Error(says)
	}
	if gone := <-b.client.gone; gone != (rooms.MessageID{1}) {
		t.Errorf("discarded is %v", gone)
	}
}

func TestWhatElseCanBeAsked(t *testing.T) {
	b := serve(t, late)
	c := b.call()
	id := strings.Repeat("ab", 16)
	for do, kind := range map[string]rooms.Kind{"edit": rooms.KindEdit, "delete": rooms.KindDelete, "react": rooms.KindReact} {
		c.says(fmt.Sprintf(`{"do":%q,"room":"ops","text":"x","target":%q}`, do, id))
		if d := <-b.client.drafts; d.Kind != kind || d.Target[0] != 0xab {
			t.Errorf("%s: %+v", do, d)
		}
	}
	c.says(`{"id":2,"do":"people","room":"ops"}`)
	if a := c.hears("answer"); len(a["people"].([]any)) != 2 || a["id"] != 2.0 {
		t.Errorf("%v", a)
	}
	c.says(`{"id":3,"do":"typing","room":"ops","on":true}`)
	if a := c.hears("answer"); a["done"] != true {
		t.Errorf("%v", a)
	}
}

func TestABadRequestIsAnsweredWithWhatIsWrong(t *testing.T) {
	b := serve(t, late)
	c := b.call()
	for request, says := range map[string]string{
		`hello`:                            "no request",
		`[1]`:                              "no request",
		`{"do":"send","room":"ops"} {}`:    "one object",
		`{"do":"send","rom":"ops"}`:        `"rom"`,
		`{"do":"send","room":7}`:           "no request",
		`{"do":"send","room":"elsewhere"}`: "lobby, ops",
		`{"do":"shout","room":"ops"}`:      "send, edit",
		`{"room":"ops"}`:                   "nothing called",
		`{"do":"edit","room":"ops"}`:       "target",
		`{"do":"send","room":"ops","target":"` + strings.Repeat("0a", 16) + `"}`:  "target",
		`{"do":"edit","room":"ops","target":"12"}`:                                "32 hexadecimal digits",
		`{"do":"edit","room":"ops","target":"` + strings.Repeat("zz", 16) + `"}`:  "32 hexadecimal digits",
		`{"do":"send","room":"ops","text":"forbidden"}`:                           "cannot be said",
		`{"id":{},"do":"people","room":"ops"}`:                                    "id of a request",
		`{"id":"` + strings.Repeat("x", idMost) + `","do":"people","room":"ops"}`: "id of a request",
	} {
		c.says(request)
		if got := c.refused(); !strings.Contains(got, says) {
			t.Errorf("%s: %s", request, got)
		}
	}
	c.says(`{"id":1,"do":"people","room":"ops"}`) // it is none the worse for that
	if a := c.hears("answer"); a["error"] != nil {
		t.Errorf("%v", a)
	}
}

func TestALineAtItsBoundIsTakenAndAboveItTheConnectionEnds(t *testing.T) {
	b := serve(t, late)
	c := b.call()
	request := `{"id":1,"do":"people","room":"ops"}`
	c.says(request + strings.Repeat(" ", LineMost-len(request)-1))
	c.hears("answer")
	go func() { _, _ = c.conn.Write([]byte(strings.Repeat("x", LineMost+2))) }()
	if says := c.refused(); !strings.Contains(says, "at most") {
		t.Error(says)
	}
	c.isCutOff()
}

// TestAProgramThatNeverReadsIsCutOffAndHoldsUpNobody: the other one gets each line as it is told.
func TestAProgramThatNeverReadsIsCutOffAndHoldsUpNobody(t *testing.T) {
	b := serve(t, late)
	reader, sleeper := b.call(), b.call()
	reader.hears("hello")
	sleeper.hears("hello")
	const bytes = 16 << 10
	// What lies in the socket's own buffer comes besides; 16 MiB is more than any system gives one.
	for n := range (16 << 20) / bytes {
		b.client.events <- line(n, bytes)
		if m := reader.hears("message"); m["id"] != (rooms.MessageID{255, byte(n >> 8), byte(n)}).String() {
			t.Fatalf("line %d: %v", n, m["id"])
		}
	}
	if got := sleeper.isCutOff(); got >= 16<<20 {
		t.Errorf("%d bytes were kept for it", got)
	}
	reader.says(`{"id":1,"do":"people","room":"ops"}`)
	reader.hears("answer")
}

func TestRequestsWithoutAnswersAreBounded(t *testing.T) {
	b := serve(t, late)
	c, other := b.call(), b.call()
	for range PendingMost + 1 {
		c.says(`{"do":"send","room":"ops","text":"hello"}`)
	}
	if says := c.refused(); !strings.Contains(says, "64 requests") {
		t.Error(says)
	}
	other.says(`{"do":"send","room":"ops","text":"mine"}`)
	for d := range b.client.drafts {
		if d.Text == "mine" {
			break
		}
	}
	b.client.events <- rooms.MessageChanged{Message: rooms.Message{ID: rooms.MessageID{1}, State: rooms.StateSent}}
	c.hears("answer")
	c.says(`{"id":5,"do":"send","room":"ops","text":"one more"}`)
	if d := <-b.client.drafts; d.Text != "one more" {
		t.Errorf("%+v", d)
	}
}

func TestProgramsAreBounded(t *testing.T) {
	b := serve(t, late)
	var all []*caller
	for range ProgramsMost {
		c := b.call()
		c.hears("hello")
		all = append(all, c)
	}
	last := b.call()
	if says := last.refused(); !strings.Contains(says, "16 programs") {
		t.Error(says)
	}
	last.isCutOff()
	_ = all[0].conn.CloseWrite()
	all[0].isCutOff() // so it is gone, and its place is free
	b.call().hears("hello")
}

func TestWhoEndsItsRequestsStillGetsItsAnswers(t *testing.T) {
	b := serve(t, late)
	c := b.call()
	c.says(`{"id":1,"do":"people","room":"ops"}`)
	_ = c.conn.CloseWrite()
	c.hears("answer")
	c.isCutOff()
}

func TestWhatEndsTheClientEndsAll(t *testing.T) {
	b := serve(t, late)
	c := b.call()
	c.hears("hello")
	b.client.events <- rooms.Disconnected{Err: errStopped}
	c.isCutOff()
	err := <-b.ended
	b.ended <- err
	if !errors.Is(err, errStopped) {
		t.Errorf("%v", err)
	}
}
