// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"kchat/rooms"
)

// browsed is a browser that notes what it was to show.
type browsed struct {
	mu    sync.Mutex
	links []string
	err   error
}

func (b *browsed) open(_ context.Context, link string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.links = append(b.links, link)
	return b.err
}

func (b *browsed) has(links ...string) func() bool {
	return func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return slices.Equal(b.links, links)
	}
}

func withBrowser(t *testing.T, words string) (*stage, *browsed) {
	t.Helper()
	b := &browsed{}
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) { cfg.Host.OpenLink = b.open })
	s.logIn()
	s.company(joon)
	s.happen(from(joon, 1, words))
	s.wait("12:0")
	return s, b
}

func (s *stage) copies(what string) {
	s.t.Helper()
	s.until("the clipboard to have "+what, func() bool {
		return s.term.Wrote("\x1b]52;c;" + base64.StdEncoding.EncodeToString([]byte(what)))
	})
}

func TestALinkThatSaysWhereItLeadsIsOpenedByOneKey(t *testing.T) {
	s, b := withBrowser(t, "look at https://example.com/a?b=c.")
	s.press(up)
	s.wait("o open the link")
	s.press("m")
	s.wait("copy the link")
	s.press("o")
	s.until("it to be opened", b.has("https://example.com/a?b=c"))
	s.wait("Opened: https://example.com/a?b=c")
	s.press(up, "l")
	s.copies("https://example.com/a?b=c")
	b.mu.Lock()
	b.err = ErrNoBrowser
	b.mu.Unlock()
	s.press(up, "o")
	s.wait("No browser is to be found here, so it was copied: https://example.com/a?b=c")
	b.mu.Lock()
	b.err = errors.New("firefox: exit status 1")
	b.mu.Unlock()
	s.press(up, "o")
	s.wait("The link was not opened: firefox: exit status 1")
}

func TestWhereALinkLeadsIsShownWholeWhereItsWordsSayAnotherThing(t *testing.T) {
	s, b := withBrowser(t, "[https://bank.example](https://evil.example/"+strings.Repeat("x", 100)+"/end)")
	s.press(up, "o")
	s.wait("Where this leads", "https://evil.example/xxx", "xx/end", "it says: https://bank.example")
	s.settle()
	if !b.has()() {
		t.Error("it was opened before that")
	}
	s.press(esc)
	s.gone("Where this leads")
	s.press("o", enter)
	s.until("it to be opened", b.has("https://evil.example/"+strings.Repeat("x", 100)+"/end"))
}

func TestOfSeveralLinksOneIsChosen(t *testing.T) {
	s, b := withBrowser(t, "https://one.example and www.two.example, or <mailto:anna@three.example>, and https://one.example again")
	s.press(up, "o")
	s.wait("3 links of this message", "https://one.example", "https://www.two.example", "mailto:anna@three.example")
	s.press(down, "c")
	s.copies("https://www.two.example")
	s.press(up, "o", down, down, enter)
	s.until("it to be opened", b.has("mailto:anna@three.example"))
}

func TestWhatOnlyLooksLikeALinkIsNone(t *testing.T) {
	s, b := withBrowser(t, "file:///etc/passwd javascript:alert(1) [x](ssh://host) `https://in.code` https://%zz ftp://host")
	s.press(up, "o")
	s.wait("There is no link in this message.")
	s.press("l")
	s.settle()
	if !b.has()() {
		t.Errorf("opened: %q", b.links)
	}
}

func TestACommandIsForTheMessageThatWasSelected(t *testing.T) {
	s := inCompany(t)
	s.happen(from(joon, 1, "lunch?"), from(joon, 2, "or tea?"))
	s.wait("or tea?")
	s.press(up, up)
	s.type_("/react 🍜")
	s.wait("for 준호: lunch?")
	s.press(enter)
	s.until("it to be sent", func() bool { return len(s.client.drafts()) == 1 })
	s.type_("/react 🍵")
	s.press(enter)
	s.until("it to be sent", func() bool { return len(s.client.drafts()) == 2 })
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	for i, of := range []rooms.MessageChanged{from(joon, 1, ""), from(joon, 2, "")} {
		if got := s.client.sent[i]; got.Target != of.Message.ID || got.Kind != rooms.KindReact {
			t.Errorf("%d: %+v", i, got)
		}
	}
}

func TestReplyWithoutWordsLetsOneChoose(t *testing.T) {
	s := inCompany(t)
	s.happen(from(joon, 1, "lunch?"), from(joon, 2, "or tea?"))
	s.wait("or tea?")
	s.type_("/reply")
	s.press(enter)
	s.wait("choose", "Enter reply", "▌ or tea?")
	s.press(up)
	s.wait("▌ lunch?")
	s.press(enter)
	s.wait("replying to 준호: lunch?")
	s.press(esc)
	s.gone("replying to")
	s.type_("/react")
	s.press(enter)
	s.wait("Enter react")
	s.press(esc)
	s.gone("Enter react")
	s.press(up)
	s.wait("r reply") // and nothing is chosen any more
}
