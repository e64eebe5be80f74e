// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"sync"
	"testing"
)

// Keys of the waiting room.
const (
	ctrlP = "\x10"
	ctrlT = "\x14"
	ctrlY = "\x19"
)

// seats notes where clients were asked to sit down.
type seats struct {
	mu  sync.Mutex
	all []Seat
	err error
}

func (s *seats) sit(_ context.Context, at Seat) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, at)
	return s.err
}

func (s *seats) taken() []Seat {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

func TestTheLineForAFriendIsCopiedToTheClipboardOfTheTerminal(t *testing.T) {
	s := newStage(t, 100, 30, nil)
	s.logIn()
	s.type_("/join zoo")
	s.press(enter)
	s.wait("Only you are in #zoo")
	s.press(ctrlY)
	s.wait("The line was copied.")
	line := "kchat-tui login --server 192.168.0.7:10106 --room zoo"
	s.until("OSC 52 with the line", func() bool {
		return s.term.Wrote("\x1b]52;c;" + base64.StdEncoding.EncodeToString([]byte(line)))
	})
}

func TestASecondSeatIsAnotherClientInThisRoom(t *testing.T) {
	second := &seats{}
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) { cfg.Host.SecondSeat = second.sit })
	s.logIn()
	s.press(ctrlT)
	s.wait("Opening a second seat")
	s.until("the seat", func() bool {
		return slices.Equal(second.taken(), []Seat{{Address: "127.0.0.1:10106", Room: "lobby"}})
	})
	second.mu.Lock()
	second.err = errors.New("there is neither tmux nor a desktop here")
	second.mu.Unlock()
	s.press(ctrlT)
	s.wait("neither tmux nor a desktop", "kchat-tui login --server 192.168.0.7:10106")
}

func TestThePracticePartnerComesIntoARoomForPractice(t *testing.T) {
	partner := &seats{}
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) { cfg.Host.Partner = partner.sit })
	s.logIn()
	s.press(ctrlP)
	s.wait("#practice-1 practice", "Only you are in #practice-1")
	s.until("the partner", func() bool {
		return slices.Equal(partner.taken(), []Seat{{Address: "127.0.0.1:10106", Room: "practice-1"}})
	})
	partner.mu.Lock()
	partner.err = errors.New("this is not your own server")
	partner.mu.Unlock()
	s.type_("/practice")
	s.press(enter)
	s.wait("The practice partner did not come: this is not your own server")
}
