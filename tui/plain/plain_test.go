// SPDX-License-Identifier: GPL-2.0-only

package plain

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"kchat/history"
	"kchat/rooms"
	"kchat/tui/words"
	"kchat/wire"
)

var (
	mina = rooms.Person{ID: 1, Name: "mina", State: rooms.Present}
	joon = rooms.Person{ID: 2, Name: "joon", State: rooms.Present}
	noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
)

// fake is a client, and what it has kept. Everything that it does it does in the goroutine of the chat.
type fake struct {
	Client
	events  chan rooms.Event
	here    []rooms.Person
	said    []rooms.Draft
	resent  []rooms.MessageID
	kept    []history.Entry
	unsent  []rooms.Message
	draft   string
	refuses error
}

func (f *fake) Events() <-chan rooms.Event          { return f.events }
func (f *fake) Me() (rooms.Person, bool)            { return mina, true }
func (f *fake) Roster(string) []rooms.Person        { return f.here }
func (f *fake) Read(string, rooms.Position)         {}
func (f *fake) OthersPresent(string) (n int)        { return max(0, len(f.here)-1) }
func (f *fake) SetAway(context.Context, bool) error { return f.refuses }

func (f *fake) Send(d rooms.Draft) (rooms.Message, error) {
	f.said = append(f.said, d)
	return rooms.Message{ID: rooms.MessageID{byte(len(f.said)), 9}, Room: d.Room, Text: d.Text, Sender: mina.ID}, nil
}

func (f *fake) Join(context.Context, string, rooms.JoinOptions) (rooms.RoomInfo, error) {
	return rooms.RoomInfo{}, f.refuses
}

func (f *fake) Resend(_ string, id rooms.MessageID) error {
	f.resent = append(f.resent, id)
	return nil
}

func (f *fake) Last(_ context.Context, _ history.Key, n int) ([]history.Entry, error) {
	return f.kept[max(0, len(f.kept)-n):], nil
}

func (f *fake) Message(_ context.Context, _ history.Key, id rooms.MessageID) (history.Entry, bool, error) {
	i := slices.IndexFunc(f.kept, func(e history.Entry) bool { return e.Message.ID == id })
	if i < 0 {
		return history.Entry{}, false, nil
	}
	return f.kept[i], true, nil
}

func (f *fake) Unsent(context.Context, history.Key) ([]rooms.Message, error) { return f.unsent, nil }
func (f *fake) Draft(context.Context, history.Key) (string, error)           { return f.draft, nil }
func (f *fake) SetDraft(_ context.Context, _ history.Key, text string) error {
	f.draft = text
	return nil
}

// message is the nth one of somebody.
func message(n uint64, who rooms.Person, said string) rooms.Message {
	return rooms.Message{
		Room: "lobby", ID: rooms.MessageID{byte(n)}, Pos: rooms.Position{Epoch: 1, Seq: n}, Time: noon.Add(time.Duration(n) * time.Minute),
		Sender: who.ID, Name: who.Name, Kind: rooms.KindText, Text: said,
	}
}

// chat is a chat in which these things happen and these lines are typed, one after the other: a string is typed, a
// func changes what the client knows, anything else is an event. It returns what was written.
func chat(t *testing.T, f *fake, language string, steps ...any) string {
	t.Helper()
	said, err := words.Load(language)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	c := &Chat{
		Config:  Config{Client: f, Archive: f, Words: said, Out: &out, Room: "lobby", Zone: time.UTC},
		current: "lobby", rooms: make(map[string]*room),
	}
	start := []any{
		rooms.Online{Server: rooms.ServerInfo{Name: "lab"}, Me: mina},
		rooms.Joined{Room: rooms.RoomInfo{Name: "lobby"}, People: f.here},
		rooms.Live{Room: "lobby"},
	}
	for _, step := range append(start, steps...) {
		switch step := step.(type) {
		case string:
			c.line(t.Context(), step)
		case func():
			step()
		case rooms.Event:
			c.event(t.Context(), step)
		}
	}
	if c.err != nil {
		t.Fatal(c.err)
	}
	if at := strings.IndexFunc(out.String(), func(r rune) bool { return r != '\n' && r < ' ' || r >= 0x7f && r < 0xa0 }); at >= 0 {
		t.Errorf("a control character was written: %q", out.String()[at:])
	}
	return out.String()
}

// says compares what was written with these lines, each of which has to come, in their order.
func says(t *testing.T, out string, lines ...string) {
	t.Helper()
	rest := out
	for _, line := range lines {
		_, after, found := strings.Cut("\n"+rest, "\n"+line+"\n")
		if !found {
			t.Fatalf("%q does not come where it should in\n%s", line, out)
		}
		rest = after
	}
}

func TestWhatIsSaidComesInLines(t *testing.T) {
	f := &fake{here: []rooms.Person{mina, joon}, kept: []history.Entry{{Message: message(1, joon, "before")}}}
	answer := message(4, joon, "yes")
	answer.ReplyTo = rooms.MessageID{1}
	edit := message(5, joon, "yes!")
	edit.Kind = rooms.KindEdit
	react := message(6, joon, "👍")
	react.Kind, react.Target = rooms.KindReact, rooms.MessageID{1}
	file := message(7, joon, "look")
	file.Attached = &rooms.Attachment{Name: "cat.png", Size: 2048}
	away := joon
	away.State = rooms.Away
	left := joon
	left.State = rooms.Left
	out := chat(t, f, "en",
		rooms.MessageChanged{Message: message(2, joon, "hello\nthere")},
		rooms.MessageChanged{Message: message(2, joon, "hello\nthere")}, // as often as its state changes
		rooms.MessageChanged{Message: message(3, joon, "/me waves")},
		rooms.MessageChanged{Message: answer}, rooms.MessageChanged{Message: edit}, rooms.MessageChanged{Message: react},
		rooms.MessageChanged{Message: file},
		rooms.PersonChanged{Room: "lobby", Person: away, Was: rooms.Present},
		rooms.PersonChanged{Room: "lobby", Person: joon, Was: rooms.Away},
		func() { f.here = f.here[:1] },
		rooms.PersonChanged{Room: "lobby", Person: left, Was: rooms.Present},
	)
	says(t, out, "Connected to lab as mina.", "12:01 joon: before", "In #lobby: joon.", "12:02 joon: hello", "  there", "12:03 * joon waves",
		"12:04 joon, answering “before”: yes", "12:05 joon changed what they said to: yes!", "12:06 joon reacted with 👍 to: before",
		"12:07 joon: look [cat.png, 2.0 KiB]", "joon is away.", "joon is back.", "joon left.",
		"Nobody else is in #lobby: nothing can be sent until somebody comes.")
	if n := strings.Count(out, "hello"); n != 1 {
		t.Errorf("it was read out %d times:\n%s", n, out)
	}
}

func TestNothingThatStrangersWriteIsMoreThanText(t *testing.T) {
	bad := "\x1b[2J\x1b]0;title\x07\u009b31mred\rover\x00\x7f"
	joon := rooms.Person{ID: 2, Name: "jo" + bad, State: rooms.Present}
	f := &fake{here: []rooms.Person{mina, joon}, kept: []history.Entry{{Message: message(1, joon, bad)}}, draft: bad}
	topic := message(3, joon, bad)
	topic.Kind = rooms.KindTopic
	file := message(4, joon, bad)
	file.Attached = &rooms.Attachment{Name: bad}
	for _, language := range words.Languages() {
		chat(t, f, language, // which looks for control characters
			rooms.MessageChanged{Message: message(2, joon, bad)}, rooms.MessageChanged{Message: topic}, rooms.MessageChanged{Message: file},
			rooms.Invited{Room: bad, From: joon}, rooms.Moved{Room: "lobby", To: rooms.ServerInfo{Name: bad}},
			rooms.Parted{Room: "lobby", Err: &rooms.ServerError{Number: 999, Sentence: bad}},
			"/"+bad, "/join "+bad+bad, "/help")
	}
}

func TestAloneIsSaidInWordsAndNothingIsLost(t *testing.T) {
	f := &fake{here: []rooms.Person{mina}}
	out := chat(t, f, "en", "anybody?", func() {
		if len(f.said) != 0 || f.draft != "anybody?" {
			t.Errorf("sent %v, kept %q", f.said, f.draft)
		}
	}, "/resend", func() { f.here = append(f.here, joon) },
		rooms.PersonChanged{Room: "lobby", Person: joon, Was: rooms.Offline}, "/resend")
	says(t, out, "Nobody else is in #lobby: nothing can be sent until somebody comes.",
		"Not sent: nobody else is in #lobby. Your words are kept; /resend says them.",
		"Nobody else is in #lobby: nothing can be sent until somebody comes.", "joon came in.", "Somebody is in #lobby: it is open.")
	if len(f.said) != 1 || f.said[0].Text != "anybody?" || f.draft != "" {
		t.Errorf("sent %v, kept %q", f.said, f.draft)
	}
	// What was kept is told at the next start.
	f = &fake{here: []rooms.Person{mina}, draft: "anybody?"}
	says(t, chat(t, f, "en"), "Kept from before, and not sent: anybody?. /resend says it.")
}

func TestWhatTheServerRefusesIsSaidInTheLanguageAndSentAgain(t *testing.T) {
	f := &fake{here: []rooms.Person{mina, joon}}
	refused := message(0, mina, "hello")
	refused.ID, refused.State, refused.Failure = rooms.MessageID{1, 9}, rooms.StateFailed, wire.ErrMuted.Error()
	alone := refused
	alone.ID, alone.State = rooms.MessageID{2, 9}, rooms.StateAlone
	sent := refused
	sent.State, sent.Pos = rooms.StateSent, rooms.Position{Epoch: 1, Seq: 1}
	f.unsent = []rooms.Message{refused, alone}
	out := chat(t, f, "zh_TW.UTF-8", "hello", rooms.MessageChanged{Message: refused}, rooms.MessageChanged{Message: alone},
		"/resend", rooms.MessageChanged{Message: sent})
	says(t, out, "沒有送出：hello。你在這個聊天室被禁言了。 你寫的內容會留著，/resend 再試一次。",
		"沒有送出：#lobby 裡沒有其他人。你寫的內容會留著，/resend 送出。", "已送出：hello")
	if !slices.Equal(f.resent, []rooms.MessageID{{1, 9}, {2, 9}}) {
		t.Errorf("sent again: %v", f.resent)
	}
}

func TestCommandsSayWhatIsWrongWithThem(t *testing.T) {
	f := &fake{here: []rooms.Person{mina, joon}, refuses: context.DeadlineExceeded}
	out := chat(t, f, "en", "/nosuch", "/join", "/history many", "/away", "//slash", "/me waves", "",
		rooms.Disconnected{Err: io.EOF, Retry: time.Second}, "/who", "later")
	says(t, out, "There is no command /nosuch here. /help lists them.", "Use it so: /join ROOM", "Use it so: /history [N]",
		"That failed: context deadline exceeded", "The connection broke: EOF. It is tried again.", "/who needs a connection.",
		"No connection. What you send waits.")
	var texts []string
	for _, d := range f.said {
		texts = append(texts, d.Text)
	}
	if !slices.Equal(texts, []string{"/slash", "/me waves", "later"}) {
		t.Errorf("sent %q", texts)
	}
}

func TestTheChatEndsWithItsInput(t *testing.T) {
	said, err := words.Load("en")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{events: make(chan rooms.Event)}
	for _, typed := range []string{"", "/quit\nmore\n", "/help\n"} {
		var out strings.Builder
		if err := Run(t.Context(), Config{Client: f, Archive: f, Words: said, In: strings.NewReader(typed), Out: &out, Room: "lobby", Chosen: true}); err != nil {
			t.Errorf("%q: %v", typed, err)
		}
		if !strings.HasPrefix(out.String(), "TERM=dumb") || !strings.Contains(out.String(), "#lobby") {
			t.Errorf("%q: %q", typed, out.String())
		}
	}
	broken, end := io.Pipe()
	_ = broken.Close()
	if err := Run(t.Context(), Config{Client: f, Archive: f, Words: said, In: strings.NewReader(""), Out: end, Room: "lobby"}); err == nil {
		t.Error("an output that is gone is no mistake")
	}
}
