// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"testing"

	"kchat/rooms"
)

// around offers servers one after the other, as discovery does.
func around(servers ...Around) func(context.Context, []Around) (Around, error) {
	return func(ctx context.Context, seen []Around) (Around, error) {
		if len(seen) < len(servers) {
			return servers[len(seen)], nil
		}
		<-ctx.Done()
		return Around{}, ctx.Err()
	}
}

func TestServersAroundAreOfferedAndChosenByHand(t *testing.T) {
	for name, known := range map[string]bool{"a stranger": false, "one that is known": true} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, 100, 30, func(s *stage, cfg *Config) {
				s.gate.probeErr = rooms.ErrNoServer
				cfg.User, cfg.Password = "mina", "words" // else it would log in by itself
				if known {
					s.gate.known = rooms.Pin{Server: serverID, Name: "lab"}
				}
				cfg.Host.Discover = around(
					Around{Address: "10.0.0.7:10106", Server: serverID, Name: "lab", People: 3},
					Around{Address: "[fe80::1%eth0]:10106", Server: rooms.UUID{6}, Name: "evil\x1b[2J\u202ename", People: 1},
				)
			})
			s.wait("No server found", "looked for", "lab", "10.0.0.7:10106", "3 people", "evil", "fe80::1%eth0", "1 person")
			if !known {
				s.golden("around-100x30")
			}
			s.gate.mu.Lock()
			s.gate.probeErr = nil
			s.gate.mu.Unlock()
			s.press(down, down, down, down, enter)
			if known {
				s.wait("Logging in as mina")
				return
			}
			s.wait("Log in", "Create account", "10.0.0.7:10106")
			s.gate.mu.Lock()
			defer s.gate.mu.Unlock()
			if len(s.gate.opened) != 0 {
				t.Errorf("to a server that nobody here knows was logged in: %+v", s.gate.opened)
			}
		})
	}
}

func TestNoMoreServersAreOfferedThanFit(t *testing.T) {
	s := newStage(t, 100, 40, func(s *stage, cfg *Config) {
		s.gate.probeErr = rooms.ErrNoServer
		cfg.Host.Discover = func(_ context.Context, seen []Around) (Around, error) {
			if len(seen) >= mostAround {
				t.Errorf("asked for more than %d", mostAround)
			}
			return Around{Address: "10.0.0.7:10106", Server: rooms.UUID{byte(len(seen))}, Name: string(rune('a' + len(seen)))}, nil
		}
	})
	s.wait("No server found", "f \u00b7 10.0.0.7:10106")
}
