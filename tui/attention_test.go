// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
	"kchat/tui/notify"
)

// onOSC9 is a stage in company on a terminal that is notified by OSC 9, which a test can read.
func onOSC9(t *testing.T) *stage {
	t.Helper()
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) { cfg.Notify = notify.OSC9 })
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	return s
}

// leave and comeBack are the terminal's reports of its focus.
func (s *stage) leave()    { s.program.Send(tea.BlurMsg{}); s.settle() }
func (s *stage) comeBack() { s.program.Send(tea.FocusMsg{}); s.settle() }

// told waits until a notification by OSC 9 has been written.
func (s *stage) told(words string) {
	s.t.Helper()
	s.until("the notification "+words, func() bool { return s.term.Wrote("\x1b]9;" + words + "\a") })
}

// untold asserts that so many notifications were written and no more, once all that happened has been handled.
func (s *stage) untold(n int) {
	s.t.Helper()
	s.settle()
	if got := s.term.Count("\x1b]9;"); got != n {
		s.t.Errorf("%d notifications, not %d", got, n)
	}
}

// bells is how often the bell was rung. The ends of sequences are none.
func (s *stage) bells() int {
	return strings.Count(regexp.MustCompile("\x1b\\][^\a\x1b]*\a").ReplaceAllString(s.term.Raw(), ""), "\a")
}

// in is a message in another room.
func in(room string, m rooms.MessageChanged) rooms.MessageChanged {
	m.Message.Room = room
	return m
}

func TestWhoLooksElsewhereIsToldThatTheyAreMeant(t *testing.T) {
	s := onOSC9(t)
	s.happen(from(joon, 1, "mina: before your eyes"))
	s.wait("before your eyes")
	s.untold(0)
	s.leave()
	s.happen(from(joon, 2, "about something else"), from(s.client.me, 3, "mina, mina"))
	s.wait("mina, mina")
	s.untold(0)
	s.happen(from(joon, 4, "@mina, lunch?"))
	s.told("준호 in #lobby: @mina, lunch?")
	s.untold(1)
}

func TestOfARoomOfTwoEverythingIsTold(t *testing.T) {
	s := onOSC9(t)
	direct := rooms.DirectRoom(1, joon.ID)
	s.happen(rooms.Joined{Room: rooms.RoomInfo{Name: direct, Number: 2, Epoch: 1}, People: []rooms.Person{s.client.me, joon}}, rooms.Live{Room: direct})
	s.leave()
	s.happen(in(direct, from(joon, 1, "just so")))
	s.told("준호: just so")
}

func TestTheRuleOfARoomSaysWhatIsTold(t *testing.T) {
	s := onOSC9(t)
	rule := func(word, answer string) {
		t.Helper()
		s.comeBack()
		s.type_("/notify " + word)
		s.press(enter)
		s.wait(answer)
		s.leave()
		s.pass(alertGap)
	}
	rule("all", "everything in #lobby")
	s.happen(from(joon, 1, "to everybody"))
	s.told("준호 in #lobby: to everybody")
	rule("none", "told of nothing in #lobby")
	s.happen(from(joon, 2, "mina, are you there?"))
	s.wait("are you there?")
	s.untold(1)
	rule("default", "That is the default")
	s.happen(from(joon, 3, "to everybody again"), from(joon, 4, "mina, now?"))
	s.told("준호 in #lobby: mina, now?")
	s.untold(2)
	s.comeBack()
	s.type_("/notify some")
	s.press(enter)
	s.wait("Use it so: /notify [all|mentions|none|default]", "/notify some")
	if got := s.archive.saved["lobby"].Notify; got != notifyUsual {
		t.Errorf("the rule %d is kept", got)
	}
}

func TestARoomsRuleIsKeptForTheNextTime(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, cfg *Config) {
		cfg.Notify = notify.OSC9
		s.archive.saved = map[string]SavedRoom{"lobby": {Community: community, Name: "lobby", Open: true, Notify: notifyAll}}
	})
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	s.leave()
	s.happen(from(joon, 1, "good morning"))
	s.told("준호 in #lobby: good morning")
	s.comeBack()
	s.type_("/notify none")
	s.press(enter)
	s.until("the rule to be kept", func() bool {
		s.archive.mu.Lock()
		defer s.archive.mu.Unlock()
		return s.archive.saved["lobby"].Notify == notifyNone
	})
}

func TestAFloodIsOneNotification(t *testing.T) {
	s := onOSC9(t)
	s.happen(rooms.Joined{Room: rooms.RoomInfo{Name: "garden", Number: 2, Epoch: 1}, People: []rooms.Person{s.client.me, joon}}, rooms.Live{Room: "garden"})
	s.leave()
	for i := range uint64(200) {
		s.happen(from(joon, i+1, fmt.Sprint("mina ", i)))
	}
	s.told("준호 in #lobby: mina 0")
	s.wait("mina 199")
	s.untold(1)
	s.pass(alertGap)
	s.told("kchat: 199 messages in #lobby: 준호: mina 199")
	s.happen(from(joon, 201, "mina"), in("garden", from(joon, 1, "mina")), in("garden", from(joon, 2, "mina")))
	s.wait("#garden")
	s.until("the second one there", func() bool { return strings.Contains(s.term.Screen(), "@2") })
	s.untold(2)
	s.pass(alertGap)
	s.told("kchat: 3 messages: 1 message in #lobby, 2 messages in #garden")
	s.untold(3)
}

func TestWhoComesBackIsNotToldLater(t *testing.T) {
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) { cfg.Notify = notify.OSC99 })
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	s.leave()
	s.happen(from(joon, 1, "mina"), from(joon, 2, "mina again"))
	s.until("the notification", func() bool { return s.term.Wrote(";" + base64.StdEncoding.EncodeToString([]byte("mina")) + "\x1b\\") })
	s.comeBack()
	s.until("it to be taken back", func() bool { return s.term.Wrote(":p=close;\x1b\\") })
	s.pass(alertGap)
	s.settle()
	if s.term.Wrote(base64.StdEncoding.EncodeToString([]byte("mina again"))) {
		t.Error("what was seen was told")
	}
}

func TestNotificationsKeepTheWordsToThemselvesIfAsked(t *testing.T) {
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) { cfg.Notify, cfg.HideWords = notify.OSC9, true })
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	s.leave()
	s.happen(from(joon, 1, "mina, the secret is"), from(joon, 2, "mina, open sesame"))
	s.told("준호 in #lobby")
	s.pass(alertGap)
	s.happen(from(joon, 3, "mina, once more"))
	s.pass(alertGap)
	s.settle()
	for _, secret := range []string{"\x1b]9;준호 in #lobby: ", "open sesame\a"} {
		if s.term.Wrote(secret) {
			t.Errorf("%q was told", secret)
		}
	}
}

func TestATerminalThatDoesNotTellOfItsFocusIsLeftAfterAMinute(t *testing.T) {
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) {
		cfg.Notify = notify.OSC9
		cfg.Options = append(cfg.Options, tea.WithEnvironment([]string{"TERM=linux"}))
	})
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	s.type_("x")
	s.wait("x")
	s.minutes(1)
	s.happen(from(joon, 1, "mina, hello"))
	s.told("준호 in #lobby: mina, hello")
	s.type_("y")
	s.wait("xy")
	s.pass(alertGap)
	s.happen(from(joon, 2, "mina, there you are"))
	s.wait("there you are")
	s.untold(1)
}

func TestATerminalThatTellsOfItsFocusIsLookedAtHoweverLong(t *testing.T) {
	s := onOSC9(t)
	s.comeBack()
	s.minutes(3)
	s.happen(from(joon, 1, "mina, hello"))
	s.wait("mina, hello")
	s.untold(0)
}

func TestTheTitleCountsWhatIsToBeNoticed(t *testing.T) {
	s := onOSC9(t)
	s.leave()
	title := func() string {
		var v string
		s.program.Send(applyMsg{s.model.chat, func(c *chat) tea.Cmd { v = c.windowTitle(); return nil }})
		s.settle()
		return v
	}
	if got := title(); got != "#lobby - kchat" {
		t.Errorf("the title is %q", got)
	}
	s.happen(from(joon, 1, "among others"))
	s.wait("among others")
	if got := title(); got != "* #lobby - kchat" {
		t.Errorf("with something unread the title is %q", got)
	}
	s.happen(from(joon, 2, "mina!"), from(joon, 3, "mina?"))
	s.wait("mina?")
	if got := title(); got != "(2) #lobby - kchat" {
		t.Errorf("with two mentions the title is %q", got)
	}
	s.comeBack()
	if got := title(); got != "#lobby - kchat" {
		t.Errorf("when all is read the title is %q", got)
	}
}

// fakeDesktop shows notifications, or does not.
type fakeDesktop struct {
	mu    sync.Mutex
	shown []notify.Note
	back  int
	err   error
}

func (d *fakeDesktop) Show(_ context.Context, n notify.Note) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shown = append(d.shown, n)
	return d.err
}

func (d *fakeDesktop) Withdraw(context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.back++
	return nil
}

func (d *fakeDesktop) count() (shown, back int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.shown), d.back
}

// withDesktop is a stage in company, on a terminal without notifications.
func withDesktop(t *testing.T, d *fakeDesktop, how notify.Method) *stage {
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) { cfg.Desktop, cfg.Notify = d, how })
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	s.leave()
	return s
}

func TestTheDesktopNotifiesWhereTheTerminalCannot(t *testing.T) {
	d := &fakeDesktop{}
	s := withDesktop(t, d, notify.Auto)
	s.happen(from(joon, 1, "mina, hello"))
	s.until("the notification", func() bool { n, _ := d.count(); return n == 1 })
	if want := (notify.Note{Title: "준호 in #lobby", Body: "mina, hello"}); d.shown[0] != want {
		t.Errorf("%q is shown", d.shown[0])
	}
	s.comeBack()
	s.until("it to be taken back", func() bool { _, back := d.count(); return back == 1 })
}

func TestADesktopThatShowsNothingLeavesTheBell(t *testing.T) {
	d := &fakeDesktop{err: errors.New("no such service")}
	s := withDesktop(t, d, notify.Auto)
	before := s.bells()
	s.happen(from(joon, 1, "mina, hello"))
	s.until("the bell", func() bool { return s.bells() > before })
	s.pass(alertGap)
	s.happen(from(joon, 2, "mina, again"))
	s.until("the bell again", func() bool { return s.bells() > before+1 })
	if n, _ := d.count(); n != 1 {
		t.Errorf("the desktop was asked %d times", n)
	}
}

func TestADesktopThatWasAskedForAndIsNotThereIsSaid(t *testing.T) {
	s := withDesktop(t, &fakeDesktop{err: errors.New("no such service")}, notify.DBus)
	s.happen(from(joon, 1, "mina, hello"))
	s.wait("The desktop shows no notifications: no such service")
}

func TestWhoComesToWhoWaitsAloneRingsOnceInAWhile(t *testing.T) {
	s := newStage(t, 100, 30, nil)
	s.logIn()
	s.wait("Only you are in #lobby")
	before := s.bells()
	gone := joon
	gone.State = rooms.Left
	for range 5 {
		s.happen(rooms.PersonChanged{Room: "lobby", Person: joon})
		s.gone("Only you are in #lobby")
		s.happen(rooms.PersonChanged{Room: "lobby", Person: gone, Was: rooms.Present})
		s.wait("Only you are in #lobby")
	}
	s.until("the bell", func() bool { return s.bells() > before })
	if got := s.bells() - before; got != 1 {
		t.Errorf("%d bells", got)
	}
	s.pass(alertGap)
	s.happen(rooms.PersonChanged{Room: "lobby", Person: joon})
	s.until("another bell", func() bool { return s.bells() == before+2 })
}

func TestWhatIsSaidOfNotificationsIsCompleted(t *testing.T) {
	s := onOSC9(t)
	s.type_("/notify m")
	s.press(tab)
	s.wait("› /notify mentions")
	s.type_("\x15/dnd o")
	s.wait("off")
}

// keeper keeps settings as the disk does.
type keeper struct {
	mu  sync.Mutex
	s   Settings
	err error
}

func (k *keeper) keep(_ context.Context, change func(*Settings)) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err == nil {
		change(&k.s)
	}
	return k.err
}

func (k *keeper) now() Settings {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.s
}

func TestNobodyIsDisturbedWhoAskedForThat(t *testing.T) {
	k := &keeper{}
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) { cfg.Notify, cfg.Keep = notify.OSC9, k.keep })
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	s.type_("/dnd for 1h")
	s.press(enter)
	s.wait("Nothing disturbs you until 13:00")
	s.leave()
	bells := s.bells()
	s.happen(from(joon, 1, "mina, hello"), rooms.Invited{Room: "garden", From: joon})
	s.wait("mina, hello")
	s.untold(0)
	if got := s.bells(); got != bells {
		t.Errorf("%d bells", got-bells)
	}
	if q := k.now().Quiet; !q.On || !q.Until.Equal(noon.Add(time.Hour)) {
		t.Errorf("%+v is kept", q)
	}
	s.pass(time.Hour)
	s.wait("The time without disturbances is over")
	s.gone("do not disturb")
	s.until("that to be kept", func() bool { return !k.now().Quiet.On })
	s.happen(from(joon, 2, "mina, now?"))
	s.told("준호 in #lobby: mina, now?")
}

func TestThatNobodyMayDisturbStandsInTheStatusLine(t *testing.T) {
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) {
		cfg.Settings.Quiet = Quiet{On: true, Until: noon.Add(6 * time.Hour)}
	})
	s.logIn()
	s.wait("do not disturb until 18:00")
	s.type_("/dnd")
	s.press(enter)
	s.wait("Nothing disturbs you until 18:00. /dnd off ends it sooner.")
	s.type_("/dnd off")
	s.press(enter)
	s.wait("You can be disturbed again.")
	s.type_("/dnd")
	s.press(enter)
	s.wait("Nothing disturbs you now.")
	s.pass(flashFor + time.Second)
	s.wait("do not disturb")
	s.type_("/dnd tomorrow")
	s.press(enter)
	s.wait("Use it so: /dnd [for 1h|until 18:00|off]", "/dnd tomorrow")
}

func TestATimeToBeLeftAloneIsReadAsPeopleWriteIt(t *testing.T) {
	c := &chat{env: &env{cfg: &Config{Zone: time.UTC}}}
	for words, want := range map[string]time.Duration{
		"for 1h": time.Hour, "90m": 90 * time.Minute, "until 18:00": 6 * time.Hour, "18:30": 390 * time.Minute,
		"until 9:00": 21 * time.Hour, "12:00": 24 * time.Hour, "for  2h": 2 * time.Hour,
	} {
		if got, ok := c.untilWhen(words, noon); !ok || got.Sub(noon) != want {
			t.Errorf("%q is %v, %t", words, got, ok)
		}
	}
	for _, words := range []string{"for", "25:00", "until", "1", "-1h", "0h", "for 1h please", "18:00:00", "for 99999999999h"} {
		if got, ok := c.untilWhen(words, noon); ok {
			t.Errorf("%q is %v", words, got)
		}
	}
}

func TestASettingThatCannotBeKeptIsSaid(t *testing.T) {
	k := &keeper{err: errors.New("the disk is full")}
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) { cfg.Keep = k.keep })
	s.logIn()
	s.type_("/dnd")
	s.press(enter)
	s.wait("The setting cannot be kept for the next time: the disk is full")
}

func TestOnANarrowScreenTheSilenceStandsBeforeTheServersName(t *testing.T) {
	s := newStage(t, 60, 20, func(_ *stage, cfg *Config) { cfg.Settings.Quiet = Quiet{On: true, Until: noon.Add(time.Hour)} })
	s.logIn()
	s.wait("192.168.0.7:10106 · do not disturb until 13:00", "F1")
}

// A machine that wakes after the time was over, or whose clock went back, is not silent for ever.
func TestAQuietTimeThatIsOverCountsNoMore(t *testing.T) {
	q := Quiet{On: true, Until: noon}
	if q.at(noon) || q.at(noon.Add(time.Hour)) || !q.at(noon.Add(-time.Second)) || !(Quiet{On: true}).at(noon) || (Quiet{}).at(noon) {
		t.Error("the time is not kept")
	}
}

func TestInTmuxItIsAskedWhatIsAround(t *testing.T) {
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) {
		cfg.Host.Outside = func(context.Context) (string, bool) { return "kitty(0.48.2)", true }
		cfg.Options = append(cfg.Options, tea.WithEnvironment([]string{"TERM=tmux-256color", "COLORTERM=truecolor", "TMUX=/tmp/t,1,0"}))
	})
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	s.until("the answer", func() bool {
		var m notify.Method
		s.program.Send(applyMsg{s.model.chat, func(c *chat) tea.Cmd { m = c.notice.Method(); return nil }})
		s.settle()
		return m == notify.OSC99
	})
	s.leave()
	s.happen(from(joon, 1, "mina, hello"))
	s.until("the notification through tmux", func() bool { return s.term.Wrote("\x1bPtmux;\x1b\x1b]99;i=kchat-") })
	if regexp.MustCompile("[^\x1b]\x1b\\]99;").MatchString(s.term.Raw()) {
		t.Error("it was written to tmux itself too")
	}
}
