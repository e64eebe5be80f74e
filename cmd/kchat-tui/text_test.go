// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"strings"
	"testing"

	"kchat/rooms"
	"kchat/wire"
)

func TestPositionsAreTwoNumbers(t *testing.T) {
	if p, err := parsePosition("4294967297:12"); err != nil || p != (rooms.Position{Epoch: 4294967297, Seq: 12}) {
		t.Error(p, err)
	}
	for _, bad := range []string{"", "1", "1:", ":1", "1:2x", "1:2:3", "-1:2", " 1:2", "0x1:2", "18446744073709551616:0"} {
		if p, err := parsePosition(bad); err == nil {
			t.Errorf("%q is %v", bad, p)
		}
	}
}

func TestTextFromStandardInputIsOneMessage(t *testing.T) {
	o := sendOptions{room: "r"}
	most := strings.Repeat("a", wire.TextMax)
	lines := strings.Repeat("a\r\n", wire.TextMax/2)
	for name, in := range map[string]string{"all that fits": most, "with its newline": most + "\r\n", "lines": lines} {
		want := strings.TrimRight(strings.ReplaceAll(in, "\r\n", "\n"), "\n")
		if got, err := o.text(strings.NewReader(in), []string{"-"}); err != nil || got != want {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	for name, in := range map[string]string{"a byte more": most + "a", "much more": strings.Repeat("line\n", 10_000)} {
		if got, err := o.text(strings.NewReader(in), []string{"-"}); exitCode(err) != exitUsage {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

func TestAServerThatStopsCountsAsNoServer(t *testing.T) {
	if code := exitCode(withCode(&rooms.ServerError{Number: wire.ErrShutdown})); code != exitNoServer {
		t.Error(code)
	}
}

func TestARoomThatIsTriedAgainElsewhereDoesNotEndACommand(t *testing.T) {
	away := rooms.Parted{Room: "r", Err: &rooms.MovedError{Room: "r", Retry: true, Err: rooms.ErrNoServer}}
	if err := failure(away, "r", true); err != nil {
		t.Error(err)
	}
	away.Err = &rooms.MovedError{Room: "r", Err: rooms.ErrStranger}
	if err := failure(away, "r", true); exitCode(err) != exitRefused {
		t.Error(err)
	}
}
