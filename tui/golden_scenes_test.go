// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kchat/history"
	"kchat/rooms"
	"kchat/tui/styles"
	"kchat/wire"
)

// stories are what the golden screens are taken from, each made anew for each run of it.
var stories = map[string]func(t *testing.T) story{
	"login":     loginStory,
	"no-server": noServerStory,
	"talk":      talkStory,
	"lists":     listsStory,
	"files":     filesStory,
	"trouble":   troubleStory,
}

// either waits until the screen has one of some words: those of the languages, or of two sets of signs.
func (s *stage) either(these ...string) {
	s.t.Helper()
	s.until(strings.Join(these, " or "), func() bool {
		screen := s.term.Screen()
		return slices.ContainsFunc(these, func(one string) bool { return strings.Contains(screen, one) })
	})
}

// comes waits until something holds in the chat.
func (s *stage) comes(what string, holds func(c *chat) bool) {
	s.t.Helper()
	s.until(what, func() bool {
		is := false
		s.within(func() { is = s.model.chat != nil && holds(s.model.chat) })
		return is
	})
}

// fill fills a form in and sends it.
func (s *stage) fill(values ...string) {
	for i, value := range values {
		s.type_("\x15" + value)
		if i < len(values)-1 {
			s.press(tab)
		}
	}
	s.press(enter)
}

// fails ends the client as a login that the server refuses does; the next one has another client.
func (s *stage) fails(err error) {
	failed := s.client
	s.client = newFakeClient()
	s.gate.mu.Lock()
	s.gate.client = s.client
	s.gate.mu.Unlock()
	failed.err <- err
}

// opens waits until the gate has been opened so often.
func (s *stage) opens(n int) {
	s.t.Helper()
	s.until("the session to open", func() bool {
		s.gate.mu.Lock()
		defer s.gate.mu.Unlock()
		return len(s.gate.opened) == n
	})
}

func loginStory(*testing.T) story {
	prepare := func(s *stage, cfg *Config) {
		s.gate.info.Invite = true
		s.gate.known = rooms.Pin{Server: rooms.UUID{1}, Name: "home"}
	}
	return story{prepare, []scene{
		{"login-choices", func(s *stage) { s.wait("lab", "127.0.0.1:10106") }},
		{"login-form", func(s *stage) {
			s.press(enter)
			s.either("› ", "> ")
			s.type_("mina")
			s.press(tab)
			s.type_("비밀 words")
			s.wait("mina")
		}},
		{"login-under-way", func(s *stage) { s.press(enter); s.opens(1) }},
		{"login-refused", func(s *stage) {
			s.fails(&rooms.ServerError{Number: wire.ErrAuth, Sentence: "Name or password is wrong."})
		}},
		{"login-pinned", func(s *stage) { s.fill("words of mina"); s.opens(2); s.fails(rooms.ErrPinned) }},
	}}
}

func noServerStory(*testing.T) story {
	prepare := func(s *stage, _ *Config) {
		s.gate.probeErr = rooms.ErrNoServer
		s.gate.savedUser = []string{"mina"}
		for i := range 40 {
			s.archive.entries = append(s.archive.entries, entry(uint64(i+1), joon, fmt.Sprintf("kept %d", i+1)))
		}
		s.archive.saved = map[string]SavedRoom{"lobby": {Community: community, Name: "lobby"}, "정원": {Community: community, Name: "정원"}}
	}
	without := func(s *stage) { s.either("No server found", "서버가 없습니다", "找不到伺服器") }
	return story{prepare, []scene{
		{"no-server", without},
		{"other-address", func(s *stage) { s.press(down, down, enter); s.type_(" wrong host") }},
		{"saved-talk", func(s *stage) {
			s.press(esc)
			s.gone("wrong host")
			without(s) // it is looked for again
			s.press(down, down, down, enter)
			s.wait("kept 40")
		}},
	}}
}

// inLobby logs in, in whatever language.
func (s *stage) inLobby() {
	s.t.Helper()
	s.wait("lab")
	s.press(enter)
	s.either("› ", "> ") // the form
	s.fill("mina", "secret words")
	s.opens(1)
	s.happen(rooms.Connecting{Attempt: 1}, rooms.Online{Server: s.gate.info, Me: s.client.me})
	s.wait("#lobby", "192.168.0.7:10106")
}

// spoken is the event of a message that came.
func spoken(seq uint64, by rooms.Person, text string) rooms.Event {
	return rooms.MessageChanged{Message: said(seq, by, text)}
}

// do types a command.
func (s *stage) do(command string) {
	s.type_(command)
	s.press(enter)
}

// evening is a talk with all that can be said in it, of three people, over two days.
func evening(me rooms.Person) []rooms.Event {
	yesterday := said(1, lena, "Tomorrow at noon, then.")
	yesterday.Time = noon.Add(-20 * time.Hour)
	code := said(11, joon, "그래서 **이것만** 바꾸면 됩니다:\n```go\nfunc main() {\n\tfmt.Println(\"안녕, kernel\") // 42\n}\n```\n> quoted words\n- first\n- second, see https://example.org/a/rather/long/path/to/something/that/must/be/wrapped?with=a&query=string")
	mine := said(12, me, "*seen*, `thanks` 👍")
	mine.State, mine.Stored, mine.Present = rooms.StateDelivered, 2, 2
	gone := said(13, lena, "wrong room")
	acts := said(15, lena, "/me puts the kettle on")
	all := append([]rooms.Event{rooms.MessageChanged{Message: yesterday}}, discussion(me)...)
	for _, m := range []rooms.Message{code, mine, gone, about(rooms.KindDelete, gone, said(14, lena, "")), acts, said(16, joon, "mina, 차 한잔 어때? 👨\u200d👩\u200d👧\u200d👦")} {
		all = append(all, rooms.MessageChanged{Message: m})
	}
	return append(all, rooms.TypingChanged{Room: "lobby", Person: joon.ID, Typing: true})
}

func talkStory(*testing.T) story {
	prepare := func(s *stage, _ *Config) { s.client.people = []rooms.Person{s.client.me, lena} }
	return story{prepare, []scene{
		{"alone", func(s *stage) { s.inLobby(); s.pass(time.Second); s.wait("lena") }},
		{"alone-draft", func(s *stage) { s.do("is anybody there?\x1b\rI wait."); s.wait("I wait.") }},
		{"two", func(s *stage) { s.type_(clearLine); s.company(joon); s.gone("lena"); s.pass(2 * flashFor) }},
		{"talk", func(s *stage) {
			s.company(joon, lena)
			s.happen(append([]rooms.Event{rooms.Live{Room: "lobby"}}, evening(s.client.me)...)...)
			s.wait("차 한잔")
		}},
		{"talk-above", func(s *stage) { s.press(pgup) }},
		{"typing-below", func(s *stage) {
			s.type_("a long line that wraps, 그리고 한글도 함께 넘어가는 긴 줄입니다 \x1b\rand another")
			s.wait("another")
		}},
		{"selected", func(s *stage) {
			s.type_(clearLine)
			s.press(ctrlEnd, up)
			s.comes("the selection", func(c *chat) bool { return c.selected() != nil })
		}},
		{"menu", func(s *stage) { s.press("m") }},
		{"palette", func(s *stage) { s.press(esc); s.press("+") }},
		{"reply", func(s *stage) { s.press("q", "r"); s.type_("물론이죠"); s.wait("물론이죠") }},
		{"threads", func(s *stage) {
			s.type_(clearLine)
			s.gone("물론이죠")
			s.press(esc)
			s.press(altT)
			s.wait("2", "점심은")
		}},
		{"thread", func(s *stage) { s.press(enter); s.wait("and soup tomorrow") }},
		{"edit", func(s *stage) { s.press(esc); s.do("/edit"); s.wait("*seen*") }},
		{"delete", func(s *stage) { s.press(esc); s.do("/delete") }},
		{"person", func(s *stage) { s.press(esc); s.inPeople(lena) }},
		{"rooms", func(s *stage) { s.press(esc); s.hidePeople(); s.press(f2) }},
	}}
}

// inPeople clicks on somebody in the list of people, which is opened where it is not beside the talk.
func (s *stage) inPeople(of rooms.Person) {
	s.t.Helper()
	width, _ := s.term.Size()
	if width < widthForPeople {
		s.press(f3)
	}
	at := -1
	s.comes(of.Name+" in the list of people", func(c *chat) bool {
		for y := range c.lay.people.Dy() {
			if c.peoplePane.at(y) == of.ID {
				at = y + c.lay.people.Min.Y
			}
		}
		return at >= 0
	})
	s.press(fmt.Sprintf("\x1b[<0;%d;%dM\x1b[<0;%d;%dm", width-8, at+1, width-8, at+1))
}

// hidePeople hides the list of people where it lies over the talk.
func (s *stage) hidePeople() {
	if width, _ := s.term.Size(); width < widthForPeople {
		s.press(f3)
	}
}

// Keys of these stories.
const (
	clearLine = "\x15\x7f\x15" // of two lines too
	pgdown    = "\x1b[6~"
	altT      = "\x1bt"
	altU      = "\x1bu"
	altM      = "\x1bm"
	altUp     = "\x1b[1;3A"
	ctrlK     = "\x0b"
	f3        = "\x1bOR"
)

// kept is a history of 900 messages, some of which are searched for, and one of another room.
func kept(me rooms.Person) []history.Entry {
	var all []history.Entry
	for i := range 900 {
		words := fmt.Sprintf("line %d.", i+1)
		switch i + 1 {
		case 100, 450, 800:
			words = fmt.Sprintf("오늘 주간회의록 %d번을 올렸어요", i+1)
		case 820:
			words = "Mina, the minutes are up: https://example.org/minutes"
		case 880:
			words = "@mina 이것도 봐 주세요"
		}
		e := entry(uint64(i+1), joon, words)
		e.Message.Time = noon.Add(time.Duration(i-900) * time.Minute)
		all = append(all, e)
	}
	away := said(7, lena, "회의는 garden에서")
	away.Room = "garden"
	return append(all, history.Entry{Message: away})
}

func listsStory(t *testing.T) story {
	dusk, err := styles.Parse("dusk", []byte("accent = \"#ff8800\""))
	if err != nil {
		t.Fatal(err)
	}
	prepare := func(s *stage, cfg *Config) {
		s.archive.entries = kept(s.client.me)
		s.archive.saved = map[string]SavedRoom{
			"lobby":  {Community: community, Name: "lobby", Open: true, Read: rooms.Position{Epoch: 1, Seq: 900}},
			"garden": {Community: community, Name: "garden", Open: true, Favourite: true, Read: rooms.Position{Epoch: 1, Seq: 6}},
			"정원사":    {Community: community, Name: "정원사", Open: true, Draft: "half a thought"},
		}
		cfg.Themes = themes{"dusk": dusk, styles.Auto: styles.Themes()[0]}
		s.client.people = []rooms.Person{s.client.me, joon, lena}
		s.client.rooms = []rooms.RoomInfo{{Name: "lobby", People: 2, Topic: "어디서나 커널에서"}, {Name: "kernel", People: 1}}
		s.client.status = rooms.Status{Kernel: "6.12.48+deb13-cloud-amd64", Module: "1.0", Counters: []rooms.Counter{
			{Name: "PEOPLE", Value: 2}, {Name: "ROOMS", Value: 1}, {Name: "MESSAGES", Value: 1234}, {Name: "FRAMES_OUT", Value: 11234}, {Name: "UPTIME_MS", Value: 3723000},
		}}
	}
	return story{prepare, []scene{
		{"history", func(s *stage) {
			s.inLobby()
			s.do("/join lobby")
			s.company(joon, lena)
			s.wait("line 900.", "어디서나")
			s.pass(2 * flashFor)
		}},
		{"new-below", func(s *stage) {
			s.press(pgup)
			s.gone("line 900.")
			s.happen(rooms.Live{Room: "lobby"}, spoken(901, joon, "come down"), spoken(902, lena, "mina?"))
		}},
		{"new-line", func(s *stage) {
			s.press(ctrlEnd)
			s.wait("come down")
			s.press(altUp)
			s.gone("come down")
			for i := range 40 {
				s.happen(spoken(uint64(903+i), joon, fmt.Sprint("said meanwhile ", i+1)))
			}
			s.comes("them to be counted", func(c *chat) bool { return c.book.find("lobby").unread == 40 })
			s.do("/join lobby")
			s.wait("said meanwhile 40")
		}},
		{"new-line-above", func(s *stage) { s.press(altU); s.gone("said meanwhile 40") }},
		{"switcher", func(s *stage) {
			s.press(ctrlEnd)
			s.wait("said meanwhile 40")
			s.press(ctrlK)
		}},
		{"switcher-typed", func(s *stage) { s.type_("ㅈㅇ"); s.wait("ㅈㅇ") }},
		{"mentions", func(s *stage) { s.press(esc); s.press(altM); s.wait("minutes are up") }},
		{"search", func(s *stage) { s.press(esc); s.press(ctrlG) }},
		{"search-hits", func(s *stage) { s.type_("회의"); s.wait("800", "100") }},
		{"search-none", func(s *stage) { s.type_("록 없"); s.wait("없") }},
		{"search-filters", func(s *stage) { s.type_(clearLine + "회의 fr"); s.wait("from:") }},
		{"search-people", func(s *stage) { s.press(tab); s.wait("from:mina") }},
		{"search-wrong", func(s *stage) { s.type_(clearLine + "before:someday"); s.wait("someday") }},
		{"search-place", func(s *stage) {
			s.type_(clearLine + "회의록")
			s.looked("회의록", 3)
			s.press(down, enter)
			s.wait("line 449.")
		}},
		{"popup-commands", func(s *stage) { s.press(esc); s.wait("line 900."); s.pass(2 * flashFor); s.type_("/") }},
		{"popup-argument", func(s *stage) { s.type_("theme "); s.wait("contrast") }},
		{"popup-names", func(s *stage) { s.type_(clearLine + "@"); s.wait("@lena") }},
		{"popup-emoji", func(s *stage) { s.type_(clearLine + "fine :smi"); s.wait(":smi") }},
		{"emoji", func(s *stage) { s.type_(clearLine); s.press(altE) }},
		{"emoji-found", func(s *stage) { s.type_("tad"); s.wait("tada") }},
		{"help", func(s *stage) { s.press(esc); s.press(f1); s.wait("/join") }},
		{"help-below", func(s *stage) { s.press(slices.Repeat([]string{pgdown}, 20)...) }},
		{"themes", func(s *stage) { s.press(esc); s.do("/theme"); s.wait("dusk"); s.press(down) }},
		{"kernel", func(s *stage) { s.press(esc); s.press(f4); s.wait("1h2m3s") }},
		{"answers", func(s *stage) { s.press(f4); ; s.do("/rooms"); s.wait("#kernel") }},
		{"passwd", func(s *stage) { s.do("/passwd"); s.fill("one", "two") }},
	}}
}

func filesStory(t *testing.T) story {
	folder := t.TempDir()
	t.Setenv("HOME", folder) // the name of a temporary folder is another one each time
	for name, words := range map[string]string{"바다.png": "a", "evening.png": "bb", "a name that is much too long for any list of files in a terminal.png": "ccc"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(words), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "Trips"), 0o700); err != nil {
		t.Fatal(err)
	}
	prepare := func(s *stage, cfg *Config) {
		cfg.Pictures = &fakePictures{here: map[rooms.Hash]bool{{7}: true}}
		cfg.Files, cfg.AskAbove, cfg.Folder = &fakeFiles{found: map[rooms.Hash]Found{{7}: {Here: true}}}, 1<<20, folder
	}
	return story{prepare, []scene{
		{"picture", func(s *stage) {
			s.inLobby()
			s.company(joon)
			s.happen(rooms.Live{Room: "lobby"}, rooms.MessageChanged{Message: sunset(1)})
			s.wait("sun.png", "어디서나")
			s.pass(2 * flashFor)
		}},
		{"file-offered", func(s *stage) {
			s.offer(2, "수업 자료.zip", 50<<20)
		}},
		{"file-coming", func(s *stage) {
			moving := s.offer(3, "notes.zip", 900_000)
			moving.Done = 400_000
			s.happen(rooms.TransferChanged{Transfer: moving})
		}},
		{"gallery", func(s *stage) {
			s.archive.mu.Lock()
			s.archive.entries = []history.Entry{{Message: sunset(1)}}
			s.archive.mu.Unlock()
			s.do("/gallery")
			s.wait("1/1")
		}},
		{"viewer", func(s *stage) { s.press(enter); s.wait("%"); s.pass(flashFor + time.Second) }},
		{"picker", func(s *stage) { s.press(esc); s.do("/send-image"); s.wait("evening.png") }},
		{"picker-none", func(s *stage) { s.type_("zzz"); s.wait("zzz"); s.gone("evening.png") }},
		{"send-it", func(s *stage) {
			s.press(esc)
			s.term.SendText("\x1b[200~" + "~/evening.png\x1b[201~")
		}},
	}}
}

func troubleStory(*testing.T) story {
	prepare := func(*stage, *Config) {}
	refused := rooms.Message{
		Community: community, Room: "lobby", ID: rooms.MessageID{0xaa, 9}, Time: noon, Sender: 1, Name: "mina",
		Kind: rooms.KindText, Text: "first words", State: rooms.StateFailed, Failure: "The room is full.",
	}
	waiting := refused
	waiting.ID, waiting.Text, waiting.State, waiting.Failure = rooms.MessageID{0xaa, 1}, "written in the dark", rooms.StateWaiting, ""
	start, end := rooms.Position{Epoch: 1, Seq: 1}, rooms.Position{Epoch: 1, Seq: 4}
	return story{prepare, []scene{
		{"mistyped", func(s *stage) { s.inLobby(); s.company(joon); s.do("/histroy load") }},
		{"wrong-use", func(s *stage) { s.do(clearLine + "/history nonsense") }},
		{"pasted-lines", func(s *stage) {
			s.type_(clearLine)
			s.term.SendText("\x1b[200~first\nsecond\tand\nthird\x1b[201~")
		}},
		{"not-sent", func(s *stage) {
			s.press(esc)
			s.happen(rooms.MessageChanged{Message: refused})
			s.wait("first words")
			s.press(up)
		}},
		{"gap", func(s *stage) {
			s.press(esc)
			s.happen(
				rooms.MessageChanged{Message: said(1, joon, "before")}, rooms.GapChanged{Room: "lobby", From: start, To: end, State: rooms.GapGivenUp},
				rooms.MessageChanged{Message: said(5, joon, "after")},
			)
		}},
		{"hostile", func(s *stage) {
			s.happen(
				spoken(6, rooms.Person{ID: 9, Name: "e\x1b[31mvil\u202e", State: rooms.Present}, "\x1b[2J\x1b]0;owned\a abc\u202edef\ttab z"+strings.Repeat("\u0316", 90)+" 👨\u200d👩\u200d👧\u200d👦 한글"),
				spoken(7, lena, strings.Repeat("x", 200)+strings.Repeat("가", 100)),
			)
		}},
		{"lost", func(s *stage) {
			s.happen(rooms.Disconnected{Err: rooms.ErrNoServer, Retry: 4 * time.Second})
			s.comes("the loss", func(c *chat) bool { return !c.link.online })
			s.do("written in the dark")
			s.wait("written in the dark")
			s.happen(rooms.MessageChanged{Message: waiting})
		}},
		{"quit-asked", func(s *stage) {
			s.happen(rooms.Online{Server: s.gate.info, Me: s.client.me})
			s.company(joon)
			s.comes("the connection", func(c *chat) bool { return c.link.online && c.book.current.joined })
			s.press("\x03")
		}},
		{"no-room", func(s *stage) { s.pass(2 * flashFor); s.do("/part"); s.gone("written in the dark") }},
		{"session-ended", func(s *stage) { s.fails(errors.New("the server said no")) }},
	}}
}
